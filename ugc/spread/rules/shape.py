"""The shape of cascades: structural virality, and what of a cascade a brand may see. Pure.

A cascade is a tree: its top (the brand, or a member who came by no link) and all who
came by its links and by those of who came. Formulas: docs/spread.md."""

from __future__ import annotations

import datetime as dt
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ugc.spread.rules import disclosure

LARGEST = 5  # cascades that are told
HUBS = 12  # drawn members of one cascade, the top apart
DEPTH_TOLD = 9  # deeper is "10 or more": a chain's depth would count its people


@dataclass(frozen=True)
class Reached:
    """A member came to the root by the link of `sharer` (None: the root's own)."""

    member: int
    sharer: int | None
    at: dt.datetime


@dataclass
class Tree:
    """`parent` maps all but the top to who brought them, the earlier before the later."""

    top: int
    parent: dict[int, int]
    times: list[dt.datetime]

    @property
    def size(self) -> int:
        """People who came; the top did not come."""
        return len(self.parent)


def trees(reaches: Iterable[Reached], root_id: int) -> list[Tree]:
    """The cascades of a root, the largest first; `reaches` in any order."""
    reaches = list(reaches)
    parents = {each.member: root_id if each.sharer is None else each.sharer for each in reaches}
    times = {each.member: each.at for each in reaches}
    below: dict[int, list[int]] = defaultdict(list)
    for member, parent in parents.items():
        below[parent].append(member)
    found = []
    for top in [parent for parent in below if parent not in parents]:
        parent_of: dict[int, int] = {}
        level = [top]
        while level:
            following = []
            for parent in level:
                for member in sorted(below.get(parent, ()), key=lambda m: (times[m], m)):
                    parent_of[member] = parent
                    following.append(member)
            level = following
        found.append(Tree(top, parent_of, sorted(times[member] for member in parent_of)))
    return sorted(found, key=lambda tree: (-tree.size, tree.top))


def virality(parent: Mapping[int, int]) -> float:
    """Structural virality, the mean distance between two nodes of a tree (Goel et al. 2015):
    ν = 1/(n(n−1)) · ΣΣ d(i, j), in O(n): an edge that parts s nodes from the other n − s lies on
    s·(n − s) paths (Wiener index). `parent` names parents before their children; 0 below two."""
    size: dict[int, int] = defaultdict(lambda: 1)
    for child in reversed(parent):
        size[parent[child]] += size[child]
    nodes = len(parent) + 1
    if nodes < 2:
        return 0.0
    wiener = sum(size[child] * (nodes - size[child]) for child in parent)
    return 2 * wiener / (nodes * (nodes - 1))


def told_virality(value: float) -> float:
    """Coarse, so that a broadcast of ten and one of nineteen look alike: halves below 5, whole
    numbers below 10, then 10."""
    if value >= 10:
        return 10.0
    return round(value) * 1.0 if value >= 5 else round(value * 2) / 2


def half_days(tree: Tree) -> int:
    """Whole days from the first to the moment when half of all had come."""
    half = tree.times[(tree.size - 1) // 2]
    return (half - tree.times[0]).days


def _depths(tree: Tree) -> dict[int, int]:
    """How many links lie between the top and each."""
    depths = {tree.top: 0}
    for member, parent in tree.parent.items():
        depths[member] = depths[parent] + 1
    return depths


def depth(tree: Tree) -> int:
    """Of the farthest, in links."""
    return max(_depths(tree).values())


@dataclass(frozen=True)
class Hub:
    """A drawn member (the top is number 0): brought at least ten people by themselves. `above` is
    the number of the hub they hang from, `direct` whether that one brought them; `people` that they
    brought, in full tens; `member` for looking up who agreed to be named, never shown."""

    number: int
    above: int
    direct: bool
    people: int
    member: int


@dataclass(frozen=True)
class Told:
    """What a brand sees of a cascade."""

    people: int
    depth: int
    virality: float
    half_days: int
    hubs: list[Hub]

    def stored(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def loaded(cls, stored: Mapping[str, Any]) -> Told:
        return cls(**{**stored, "hubs": [Hub(**hub) for hub in stored["hubs"]]})


def told(tree: Tree, most: int) -> Told | None:
    """What may be told when the figures of the root tell at most so many people in it; None for
    fewer than ten.

    People are drawn by who brought them, in full tens, and a member only who brought ten or more:
    of all others nothing tells that they are there. The parts are no more than the whole."""
    people = min(disclosure.full(tree.size), most)
    if people < disclosure.STEP:
        return None
    depths = _depths(tree)
    brought: dict[int, int] = defaultdict(int)
    for parent in tree.parent.values():
        brought[parent] += 1
    by_top = min(disclosure.full(brought[tree.top]), people)
    rest = people - by_top
    chosen: list[int] = []
    for member in sorted(brought, key=lambda m: (-brought[m], depths[m], m)):
        count = disclosure.full(brought[member])
        if member != tree.top and 0 < count <= rest and len(chosen) < HUBS:
            chosen.append(member)
            rest -= count
    numbers = {tree.top: 0}
    hubs = [Hub(0, 0, True, by_top, tree.top)]
    for member in sorted(chosen, key=lambda m: (depths[m], m)):
        above = tree.parent[member]
        direct = above in numbers
        while above not in numbers:
            above = tree.parent[above]
        numbers[member] = len(hubs)
        hubs.append(
            Hub(len(hubs), numbers[above], direct, disclosure.full(brought[member]), member)
        )
    return Told(
        people,
        min(max(depths.values()), DEPTH_TOLD + 1),
        told_virality(virality(tree.parent)),
        half_days(tree),
        hubs,
    )


def largest(reaches: Iterable[Reached], root_id: int, most: int) -> list[Told]:
    """The largest cascades that may be told; together of no more people than the figures tell."""
    found = []
    for tree in trees(reaches, root_id)[:LARGEST]:
        shown = told(tree, most)
        if shown is not None:
            most -= shown.people
            found.append(shown)
    return found


# The drawing -------------------------------------------------------------------------------

WIDTH, COLUMN, ROW, MARGIN = 320, 92, 74, 50
# Round a hub stands a dot for each ten that it brought, up to so many.
DOTS, DOT_RADIUS, DOT_GAP = 12, 3, 7
LABEL = 14  # below the last row


@dataclass(frozen=True)
class Spot:
    """A hub where it is drawn; `radius` grows with the square root of how many it brought. `tens`
    are the middles of the dots round it."""

    hub: Hub
    x: int
    y: int
    radius: int
    from_x: int
    from_y: int
    tens: list[tuple[float, float]]

    @property
    def reach(self) -> int:
        """From its middle to the far side of its dots."""
        return self.radius + DOT_GAP + DOT_RADIUS


@dataclass(frozen=True)
class Drawing:
    width: int
    height: int
    spots: list[Spot]


def drawing(cascade: Told) -> Drawing:
    """From left to right, one column a step, children under one another; no two spots touch."""
    below: dict[int, list[Hub]] = defaultdict(list)
    for hub in cascade.hubs[1:]:
        below[hub.above].append(hub)
    most = max((hub.people for hub in cascade.hubs), default=1) or 1
    spots: list[Spot] = []
    row = 0
    columns = 0

    def place(hub: Hub, column: int, from_x: int, from_y: int) -> None:
        nonlocal row, columns
        columns = max(columns, column)
        x, y = MARGIN + COLUMN * column, MARGIN + ROW * row
        radius = round(6 + 9 * (hub.people / most) ** 0.5)
        count = min(DOTS, hub.people // disclosure.STEP)
        turns = [2 * math.pi * (number - (count - 1) / 2) / DOTS for number in range(count)]
        dots = [
            (
                round(x + (radius + DOT_GAP) * math.sin(turn), 1),
                round(y - (radius + DOT_GAP) * math.cos(turn), 1),
            )
            for turn in turns
        ]
        spots.append(Spot(hub, x, y, radius, from_x, from_y, dots))
        for number, child in enumerate(below[hub.number]):
            if number:
                row += 1
            place(child, column + 1, x, y)

    place(cascade.hubs[0], 0, MARGIN, MARGIN)
    width = max(WIDTH, MARGIN * 2 + COLUMN * columns)
    return Drawing(width, MARGIN * 2 + ROW * row + LABEL, spots)
