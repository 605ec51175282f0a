"""The worst shapes that a file can hold."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

from ugc.watches.rules.geometry import Line

MANY = 50_000


NOISE = random.Random(4)


def zigzag(n: int, wide: float = 1e-5, high: float = 1e-3) -> Line:
    return [(i * wide, (i % 2) * high) for i in range(n)]


def spiral(n: int, turns: float = 40, size: float = 0.3) -> Line:
    angles = [i / n * turns * math.tau for i in range(n)]
    return [(size * i / n * math.cos(a), size * i / n * math.sin(a)) for i, a in enumerate(angles)]


def star(n: int, size: float = 0.3, lon: float = 0) -> Line:
    """Every edge crosses nearly every other."""
    step = math.pi * (1 - 1 / n)
    return [(lon + size * math.cos(i * step), size * math.sin(i * step)) for i in range(n)]


def comb(n: int, *, upright: bool = False, slant: float = 0) -> Line:
    """A valid border of long teeth: two across each other meet n²/16 times."""
    width = 0.4 / (n // 4)
    line = [(0.0, 0.0)]
    for i in range(n // 4):
        x = i * width
        line += [(x, 0.4), (x + width / 2, 0.4), (x + width / 2, 0.001), (x + width, 0.001)]
    line = [(x + slant * y, y) for x, y in [*line, (0.4, 0.0)]]
    return [(y, x) for x, y in line] if upright else line


def round_the_pole(n: int) -> Line:
    return [(i * 170 % 360, 89.99999) for i in range(n)]


def cloud(n: int) -> Line:
    return [(NOISE.random() / 3, NOISE.random() / 3) for _ in range(n)]


def needle(n: int) -> Line:
    """No area, and half the Earth long."""
    return [(i * 179 / n, (i % 2) * 1e-9) for i in range(n)]


SHAPES: dict[str, Callable[[int], Line]] = {
    "zigzag": zigzag,
    "steep zigzag": lambda n: zigzag(n, 1e-6, 0.2),
    "spiral": spiral,
    "star": star,
    "star over the antimeridian": lambda n: star(n, lon=179.9),
    "comb": comb,
    "slanted comb": lambda n: comb(n, slant=5),
    "round the pole": round_the_pole,
    "cloud": cloud,
    "needle": needle,
    "one point": lambda n: [(1.0, 1.0)] * n,
    "two points": lambda n: [(i % 2 * 0.1, 0.0) for i in range(n)],
    "one way and back": lambda n: [(abs(i - n / 2) * 1e-5, 0.0) for i in range(n)],
}
