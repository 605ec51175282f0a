"""Fewer points for the same shape, at a cost that grows with the number of points whatever their
order. Arrays of shape (n, 2): degrees, lon before lat. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely

CHUNK = 64  # points that Douglas-Peucker sees at once: its worst case is the square of them
FINEST_DEGREES = 0.00005  # about 5 m: what thinning may move a point at first
COARSEST_DEGREES = 1.0
PAIRS_AT_ONCE = 100_000  # of edges compared in one step

Points = Any  # a float array of shape (n, 2)


def thinned(lines: Sequence[Points], most: int) -> list[Points]:
    """The lines with at most `most` points together, where that many can be reached.

    Each pass runs Douglas-Peucker on pieces of `CHUNK` points and moves a point by at most its
    tolerance. A pass either halves the points, or the next has twice the tolerance."""
    tolerance = FINEST_DEGREES
    while tolerance < COARSEST_DEGREES:
        before = sum(map(len, lines))
        lines = [_pass(line, tolerance) for line in lines]
        after = sum(map(len, lines))
        if after * 2 <= before and after > CHUNK:
            continue
        if after <= most:
            break
        tolerance *= 2
    return list(lines)


def _pass(line: Points, tolerance: float) -> Points:
    """One pass over a line. Its first and last point stay."""
    if len(line) < 3:
        return line
    # Neighbours share a point, so that what joins them is kept.
    starts = np.arange(0, len(line) - 1, CHUNK - 1)
    pieces = [line[start : start + CHUNK] for start in starts]
    owner = np.repeat(np.arange(len(pieces)), [len(piece) for piece in pieces])
    chunks = shapely.linestrings(np.concatenate(pieces), indices=owner)
    simple = shapely.simplify(chunks, tolerance, preserve_topology=False)
    points = shapely.get_coordinates(simple)
    points = np.concatenate([line[:1], points, line[-1:]])
    moved = np.any(points[1:] != points[:-1], axis=1)
    return points[np.concatenate([[True], moved])]


def crossings(rings: Sequence[Points], most: int) -> int:
    """How many pairs of edges cross, touch or overlap; corners that both have, and edges that both
    run along, do not count. Counting ends past `most`.

    Compares every edge with every later one: at most n²/2 steps, so thin the rings first."""
    edges = np.concatenate([np.hstack([ring[:-1], ring[1:]]) for ring in rings])
    low = np.minimum(edges[:, :2], edges[:, 2:])
    high = np.maximum(edges[:, :2], edges[:, 2:])
    rows = max(1, PAIRS_AT_ONCE // len(edges))
    found = 0
    for start in range(0, len(edges), rows):
        stop = min(start + rows, len(edges))
        near = np.all(low[start:stop, None] <= high[None, start:], axis=2)
        near &= np.all(high[start:stop, None] >= low[None, start:], axis=2)
        # Rows begin at `start` as columns do: the upper triangle holds every pair once.
        first, second = np.nonzero(np.triu(near, 1))
        first, second = _astride(edges, start + first, start + second)
        second, first = _astride(edges, second, first)
        found += _meeting(edges[first], edges[second])
        if found > most:
            break
    return found


def _astride(edges: Points, first: Any, second: Any) -> tuple[Any, Any]:
    """The pairs of edges, by index, whose second does not lie on one side of the first."""
    ax, ay, bx, by = edges.T
    x, y = ax[first], ay[first]
    east, north = (bx - ax)[first], (by - ay)[first]
    begin = east * (ay[second] - y) - north * (ax[second] - x)
    end = east * (by[second] - y) - north * (bx[second] - x)
    kept = np.sign(begin) * np.sign(end) <= 0
    return first[kept], second[kept]


def _meeting(first: Points, second: Points) -> int:
    """How many of the pairs, each astride the other and their boxes meeting, count."""
    a, b, c, d = first[:, :2], first[:, 2:], second[:, :2], second[:, 2:]
    ends = [np.all(p == q, axis=1) for p in (a, b) for q in (c, d)]
    same = (ends[0] & ends[3]) | (ends[1] & ends[2])
    overlap = np.minimum(np.maximum(a, b), np.maximum(c, d)) - np.maximum(
        np.minimum(a, b), np.minimum(c, d)
    )
    way = b - a
    parallel = np.ones(len(a), dtype=bool)
    for end in (c, d):
        parallel &= way[:, 0] * (end - a)[:, 1] == way[:, 1] * (end - a)[:, 0]
    along = parallel & np.any(overlap > 0, axis=1)
    return int(np.count_nonzero(~same & (along | ~np.any(ends, axis=0))))
