"""My contacts as three rings: who stands where. Pure, and stable: all keep their place until
their part of a ring has to be cut finer, so that a newcomer takes an empty one."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

SIZE = 480  # of the drawing, in its own units; its middle is the reader
RADII = (0, 92, 156, 212)
DOTS = (24, 11, 7, 5)  # half the width of a person, by degree
# The ring of the 1st degree is cut into so many equal parts; who brought others takes more of them.
PARTS = (8, 12, 18, 24)
# Children from which on a contact takes so many parts.
WIDTHS = ((4, 3), (1, 2), (0, 1))
# Inside a contact's part of the next ring: so many places, as many as have room.
PLACES = (1, 2, 3, 5, 8)
ROOM = {2: 17.0, 3: 12.5}  # that one place needs along its ring
EDGE = 0.94  # of a part is used, so that neighbours stay apart


@dataclass(frozen=True)
class Person:
    """A contact of the tree. `key` is theirs for this reader only and anonymous; `via` is the
    key of who brought them, '' for the reader; `children` are all that they brought, drawn or
    not."""

    key: str
    degree: int
    name: str
    via: str
    children: int = 0


@dataclass(frozen=True)
class Dot:
    """A person, or `more` of them that have no place of their own (then `name` is '')."""

    key: str
    degree: int
    name: str
    x: float
    y: float
    radius: int
    from_x: float
    from_y: float
    more: int = 0


@dataclass(frozen=True)
class Rings:
    dots: list[Dot] = field(default_factory=list)
    size: int = SIZE
    radii: tuple[int, ...] = RADII[1:]


def most(degree: int) -> int:
    """How many people one circle, or one person's part of it, has places for at most."""
    return PARTS[-1] if degree == 1 else PLACES[-1]


def _width(children: int) -> int:
    return next(width for least, width in WIDTHS if children >= least)


def _at(degree: int, turn: float) -> tuple[float, float]:
    """`turn` is a part of a full turn, from the top, clockwise."""
    angle = 2 * math.pi * turn - math.pi / 2
    middle = SIZE / 2
    return (
        round(middle + RADII[degree] * math.cos(angle), 1),
        round(middle + RADII[degree] * math.sin(angle), 1),
    )


def _beside(number: int, places: int) -> float:
    """Where in a part the place `number` is, the middle ones first: -0.5 to 0.5 of its width."""
    middle = (places - 1) / 2
    order = sorted(range(places), key=lambda place: (abs(place - middle), place))
    return (order[number] - middle) / places


def _places(degree: int, count: int, width: float) -> int:
    """How many places `count` people get in a part of `width` (of a turn)."""
    room = max(1, int(2 * math.pi * RADII[degree] * width / ROOM[degree]))
    fitting = [places for places in PLACES if places <= room]
    return next((places for places in fitting if places >= count), fitting[-1])


def _fitting(known: list[Person], firsts: int) -> tuple[list[Person], int]:
    """Who of the 1st degree has a place of their own, and how many parts of the turn they take.

    The last part stays free for the others."""
    shown: list[Person] = []
    taken = 0
    for number, person in enumerate(known):
        width = _width(person.children)
        rest = firsts - number - 1
        if taken + width + (1 if rest else 0) > PARTS[-1]:
            break
        shown.append(person)
        taken += width
    return shown, taken


def rings(people: Iterable[Person], firsts: int) -> Rings:
    """The drawing of `people`, the longest there first within each degree; `firsts` is how many the
    1st degree has in all."""
    below: dict[str, list[Person]] = defaultdict(list)
    for person in people:
        below[person.via].append(person)
    dots: list[Dot] = []
    middle = SIZE / 2

    def inner(above: Person, degree: int, turn: float, width: float, x: float, y: float) -> None:
        width *= EDGE
        known = below[above.key]
        places = _places(degree, above.children, width)
        shown = known if above.children <= places else known[: places - 1]
        for number, person in enumerate(shown):
            at = turn + width * _beside(number, places)
            px, py = _at(degree, at)
            dots.append(Dot(person.key, degree, person.name, px, py, DOTS[degree], x, y))
            if degree < 3 and person.children:
                inner(person, degree + 1, at, width / places, px, py)
        if above.children > len(shown):
            px, py = _at(degree, turn + width * _beside(len(shown), places))
            more = above.children - len(shown)
            dots.append(Dot(f"{above.key}+", degree, "", px, py, DOTS[degree], x, y, more))

    shown, taken = _fitting(below[""], firsts)
    more = firsts - len(shown)
    parts = next(parts for parts in PARTS if parts >= taken + (1 if more else 0))
    begin = 0
    for person in shown:
        width = _width(person.children)
        turn = (begin + (width - 1) / 2) / parts
        begin += width
        px, py = _at(1, turn)
        dots.append(Dot(person.key, 1, person.name, px, py, DOTS[1], middle, middle))
        if person.children:
            inner(person, 2, turn, width / parts, px, py)
    if more:
        px, py = _at(1, (parts - 1) / parts)
        dots.append(Dot("+", 1, "", px, py, DOTS[1], middle, middle, more))
    return Rings(dots)
