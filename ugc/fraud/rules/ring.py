"""Who hangs together, and the drawing of it. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

# A tie is (kind, id, id). Of `referral` the first brought the second.
Tie = tuple[str, int, int]
REFERRAL = "referral"
DRAWN = 40
SIZE, CENTRE, RADIUS = 360, 180, 158


def components(ids: Iterable[int], ties: Iterable[Tie]) -> list[list[int]]:
    """The groups of `ids` that ties connect (union–find), each sorted, the smallest id first."""
    above = {each: each for each in ids}

    def root(each: int) -> int:
        while above[each] != each:
            above[each] = above[above[each]]
            each = above[each]
        return each

    for _, one, other in ties:
        if one in above and other in above:
            first, second = sorted((root(one), root(other)))
            above[second] = first
    groups: dict[int, list[int]] = {}
    for each in sorted(above):
        groups.setdefault(root(each), []).append(each)
    return [groups[first] for first in sorted(groups)]


@dataclass(frozen=True)
class Dot:
    """One of the ring at (`x`, `y`) in units of the drawing; `number` is that of the table."""

    number: int
    member_id: int
    x: int
    y: int


@dataclass(frozen=True)
class Line:
    kind: str
    x1: int
    y1: int
    x2: int
    y2: int


@dataclass(frozen=True)
class Drawing:
    size: int
    dots: list[Dot]
    lines: list[Line]
    left_out: int


def ordered(ids: Iterable[int], ties: Sequence[Tie]) -> list[int]:
    """Who brought most of the ring comes first, then by id: the order of table and drawing."""
    people = set(ids)
    brought: dict[int, int] = {}
    for kind, one, other in ties:
        if kind == REFERRAL and one in people and other in people:
            brought[one] = brought.get(one, 0) + 1
    return sorted(people, key=lambda each: (-brought.get(each, 0), each))


def drawing(ids: Iterable[int], ties: Sequence[Tie]) -> Drawing:
    """A circle of numbered dots, who brought three or more of them in the middle; at most `DRAWN`,
    the rest is counted."""
    people = ordered(ids, ties)
    shown = people[:DRAWN]
    led = (
        sum(1 for kind, one, other in ties if kind == REFERRAL and one == people[0])
        if people
        else 0
    )
    around = shown[1:] if led >= 3 else shown
    at: dict[int, tuple[int, int]] = {}
    if led >= 3:
        at[shown[0]] = (CENTRE, CENTRE)
    for place, each in enumerate(around):
        turn = 2 * math.pi * place / max(1, len(around)) - math.pi / 2
        radius = RADIUS if len(shown) > 1 else 0
        at[each] = (
            round(CENTRE + radius * math.cos(turn)),
            round(CENTRE + radius * math.sin(turn)),
        )
    # Who shares a browser shares its network: one line says so.
    browsers = {(one, other) for kind, one, other in ties if kind == "browser"}
    lines = [
        Line(kind, *at[one], *at[other])
        for kind, one, other in dict.fromkeys(ties)
        if one in at and other in at and not (kind == "network" and (one, other) in browsers)
    ]
    # Dashed lines first: referrals are drawn over them.
    lines.sort(key=lambda line: line.kind == REFERRAL)
    dots = [Dot(number, each, *at[each]) for number, each in enumerate(shown, start=1)]
    return Drawing(SIZE, dots, lines, len(people) - len(shown))
