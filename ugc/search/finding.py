"""The one search: capabilities register what they find by words, and everything that is found is
ranked by one measure. See docs/decisions/0044-search.md."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain

from flask_babel import lazy_gettext

from ugc.core import names
from ugc.core.access import Actor
from ugc.core.db import Session
from ugc.geography import geo
from ugc.search.likeness import words

TEXT_MOST = 100  # characters that are read of what was typed
AT_MOST = 60  # characters of a position
LEAST = 2  # characters, of which at least one is a letter or a number
LIMIT = 20
ENOUGH = 0.5  # of likeness: below it, a name is a guess, which is shown when there is nothing else
MEANT = 0.72  # of likeness: a name that a form takes without asking
SAID = 0.8  # of likeness: a name that holds the words as they were typed
# What distance takes of a score at most, and the kilometres at which it does.
FAR, FAR_KM = 0.3, 10_000
ELSEWHERE_KM = 4_000  # a city farther than this comes after every match within `HERE_KM`
HERE_KM = 150
UNPLACED = 0.05  # what a thing without a place loses, as if it were some kilometres away
LIFE = 0.12  # what the liveliest thing gains


@dataclass(frozen=True)
class Area:
    """A city, a town or a part of one that words name; degrees, WGS 84."""

    name: str
    detail: str
    lon: float
    lat: float
    population: int = 0
    radius_m: int = 10_000
    likeness: float = 1.0

    @property
    def point(self) -> geo.Point:
        return geo.Point(self.lon, self.lat)


@dataclass(frozen=True)
class Search:
    """`text` is what was typed, cleaned; `within` are the ways to take an area off its end or its
    beginning: (the other words, the area). `near` is the middle of the reader's map. Without
    `guesses` finders leave out names that only resemble the text."""

    text: str
    near: geo.Point | None = None
    within: tuple[tuple[str, Area], ...] = ()
    limit: int = 8
    guesses: bool = True

    @property
    def words(self) -> tuple[str, ...]:
        return words(self.text)


@dataclass(frozen=True)
class Found:
    """An answer. `likeness` and `life` are 0 to 1; `url` is the page of its own, "" when it is a
    point of the map, which is then shown at `zoom`. `is_exact` is false for a street whose house
    number is not known. `stars` are mean and count of ratings."""

    kind: str
    title: str
    detail: str = ""
    likeness: float = 1.0
    life: float = 0.0
    icon: str = "map-pin"
    lon: float | None = None
    lat: float | None = None
    url: str = ""
    zoom: int = 16
    is_exact: bool = True
    is_meant: bool | None = None
    stars: tuple[float, int] | None = None
    metres: float | None = None
    score: float = field(default=0.0, compare=False)

    @property
    def meant(self) -> bool:
        """Whether a form may take it for what was typed without asking."""
        return self.likeness >= MEANT if self.is_meant is None else self.is_meant

    @property
    def point(self) -> geo.Point | None:
        if self.lon is None or self.lat is None:
            return None
        return geo.Point(self.lon, self.lat)

    @property
    def link(self) -> str:
        """The page of its own, else the map there."""
        if self.url or self.lon is None or self.lat is None:
            return self.url
        return f"/?lat={round(self.lat, 6)!r}&lon={round(self.lon, 6)!r}&zoom={self.zoom}"

    @property
    def is_somewhere(self) -> bool:
        """Whether it is a part of the map and no thing on it."""
        return not self.url and self.lon is not None

    @property
    def kind_name(self) -> str:
        return str(KINDS[self.kind])


KINDS = {
    "position": lazy_gettext("Coordinates"),
    "address": lazy_gettext("Address"),
    "street": lazy_gettext("Street"),
    "corner": lazy_gettext("Corner"),
    "area": lazy_gettext("Part of the city"),
    "city": lazy_gettext("City"),
    "place": lazy_gettext("Place"),
    "category": lazy_gettext("Places"),
    "brand": lazy_gettext("Brand"),
    "member": lazy_gettext("Member"),
    "report": lazy_gettext("Report"),
    "reports": lazy_gettext("Reports"),
    "review": lazy_gettext("Review"),
}

Finder = Callable[[Session, Actor, Search], Iterable[Found]]
AreaFinder = Callable[[Session, Sequence[str]], Iterable[tuple[str, Area]]]


@dataclass(frozen=True)
class _Finder:
    find: Finder
    is_of_map: bool
    guesses: bool


_finders: dict[str, _Finder] = {}
_area_finders: dict[str, AreaFinder] = {}
_homes: list[Callable[[], geo.Point | None]] = []


def register(name: str, finder: Finder, *, is_of_map: bool = False, guesses: bool = False) -> None:
    """`finder` answers what it knows for a search, without regard to what others find. `is_of_map`:
    all that it finds has a position, so that fields which ask for one ask it too. `guesses`: it
    knows names that only resemble the text, and is asked for them when none was meant."""
    _finders[name] = _Finder(finder, is_of_map, guesses)


def registered() -> list[str]:
    """What is looked for, by name."""
    return [*_finders, *_area_finders]


def register_areas(name: str, finder: AreaFinder) -> None:
    """`finder(session, names)` answers (name, area) for each of the names that is one's."""
    _area_finders[name] = finder


def register_home(home: Callable[[], geo.Point | None]) -> None:
    """`home()` says where a reader is taken to look who does not say it."""
    _homes.append(home)


def home() -> geo.Point | None:
    """Where this site is at home, None when it has no such place."""
    return next((point for each in _homes if (point := each()) is not None), None)


def looked_at(text: str) -> geo.Point | None:
    """The middle of a reader's map, as their browser says it ("latitude, longitude"); None for
    what is no position. Raises Invalid for one that is not on the map."""
    return geo.Point.parsed(text[:AT_MOST], "at") if text else None


def cleaned(text: str) -> str:
    """What is read of a typed text: "" when nothing can be looked for."""
    text = names.cleaned_name(text[: 4 * TEXT_MOST])[:TEXT_MOST].strip()
    return text if len(text) >= LEAST and any(c.isalnum() for c in text) else ""


def find(
    session: Session,
    actor: Actor,
    text: str,
    near: geo.Point | None = None,
    *,
    of_map: bool = False,
    limit: int = LIMIT,
) -> list[Found]:
    """What is found by words, the best first, as `actor` may see it. `near` is where they look;
    `of_map` leaves out what has no position."""
    text = cleaned(text)
    if not text:
        return []
    search = Search(text, near, _within(session, text, near), guesses=False)
    finders = {name: finder for name, finder in _finders.items() if finder.is_of_map or not of_map}
    found = {name: list(each.find(session, actor, search)) for name, each in finders.items()}
    # Thousands of names are like a few letters: they are compared only where none was meant.
    if not any(_is_said(each, near) for each in chain(*found.values())):
        search = replace(search, guesses=True)
        for name, finder in finders.items():
            if finder.guesses:
                found[name] = list(finder.find(session, actor, search))
    return ranked(list(chain(*found.values())), near)[:limit]


def _is_said(found: Found, near: geo.Point | None) -> bool:
    """Whether it is what the words say, without errors, and where they were said."""
    return found.likeness >= SAID and found.meant and _is_here(found, near)


def _is_here(found: Found, near: geo.Point | None) -> bool:
    point = found.point
    return point is not None and (near is None or near.metres_to(point) < HERE_KM * 1000)


# What stands between a thing and its town, and what means "where I am".
_BETWEEN = re.compile(
    r"\s+(?:en|in|a|de|del|d['’]|im|i|på|cerca de|near|bei|près de|prop de)$", re.I
)
_HERE = re.compile(
    r"[\s,]+(?:cerca(?: de (?:m[ií]|aqu[ií]))?|near (?:me|here|by)|nearby|aqu[ií]|aprop"
    r"|(?:a )?prop(?: meu)?|in der nähe|lähellä|nära(?: mig)?)$",
    re.I,
)


def without_here(text: str) -> str:
    """A text without "near me" at its end."""
    return _HERE.sub("", text).strip()


def _splits(text: str) -> list[tuple[str, str]]:
    """(what, where) as a text may be read: after its last comma, else its last or first words."""
    head, comma, tail = text.rpartition(",")
    if comma and head.strip(" ,") and any(c.isalpha() for c in tail):
        return [(head.strip(" ,"), tail.strip())]
    said = text.split()
    ways = []
    for count in range(min(3, len(said) - 1), 0, -1):
        ways.append((" ".join(said[:-count]), " ".join(said[-count:])))
    for count in range(min(2, len(said) - 1), 0, -1):
        ways.append((" ".join(said[count:]), " ".join(said[:count])))
    return [
        (what, where)
        for what, where in ways
        if len(where) > 2 and not any(c.isdecimal() for c in where)
    ]


def _within(session: Session, text: str, near: geo.Point | None) -> tuple[tuple[str, Area], ...]:
    splits = _splits(text)
    if not splits:
        return ()
    areas: dict[str, list[Area]] = {}
    wanted = sorted({where for _what, where in splits})
    for finder in list(_area_finders.values()):
        for name, area in finder(session, wanted):
            areas.setdefault(name, []).append(area)
    ways = []
    for what, where in splits:
        known = areas.get(where)
        if known:
            area = max(known, key=lambda each: _weight(each, near))
            bare = _BETWEEN.sub("", f" {what}").strip()
            ways.append((bare or what, area))
    return tuple(ways[:2])


def _weight(area: Area, near: geo.Point | None) -> float:
    """The likest, the larger and the nearer of areas of one name."""
    far = _far(near.metres_to(area.point)) if near is not None else 0.0
    return area.likeness + math.log(1 + area.population) / 60 - far


def _far(metres: float) -> float:
    """What a distance takes of a score: about as much for each tenfold of it."""
    share = math.log10(1 + metres / 1000) / math.log10(1 + FAR_KM)
    return FAR * min(1.0, share)


def ranked(found: Sequence[Found], near: geo.Point | None) -> list[Found]:
    """The best first, each once: match, then distance and life. A city of another continent comes
    after every match near by; guesses are kept only when there is nothing better."""
    scored = [_scored(each, near) for each in found]
    best = {
        (each.kind, each.url or (each.title, each.detail, _about(each))): each
        for each in sorted(scored, key=lambda one: one.score)
    }
    kept = _without_twins(sorted(best.values(), key=lambda each: -each.score))
    if any(each.likeness >= ENOUGH for each in kept):
        kept = [each for each in kept if each.likeness >= ENOUGH]
    is_here = any(
        each.metres is not None and each.metres < HERE_KM * 1000 and each.likeness >= MEANT
        for each in kept
    )
    return sorted(
        kept, key=lambda each: (is_here and _is_elsewhere(each), -each.score, each.title, each.url)
    )


def _about(found: Found) -> tuple[float, float] | None:
    """Where it is, to a hundredth of a degree."""
    point = found.point
    return (round(point.lon, 2), round(point.lat, 2)) if point is not None else None


TWINS_M = {"city": 5_000, "area": 5_000}


def _without_twins(found: Sequence[Found]) -> list[Found]:
    """One of a town that is known from two sources, of a square that is a street too."""
    kept: list[Found] = []
    for each in found:
        if not (each.is_somewhere and any(_are_twins(each, other) for other in kept)):
            kept.append(each)
    return kept


def _are_twins(one: Found, other: Found) -> bool:
    if not other.is_somewhere or words(one.title) != words(other.title):
        return False
    if "address" in (one.kind, other.kind) or (one.kind == other.kind == "street"):
        return False
    reach = min(TWINS_M.get(one.kind, 500), TWINS_M.get(other.kind, 500))
    here, there = one.point, other.point
    return here is not None and there is not None and here.metres_to(there) < reach


def _is_elsewhere(found: Found) -> bool:
    return (
        found.kind == "city" and found.metres is not None and (found.metres > ELSEWHERE_KM * 1000)
    )


def _scored(found: Found, near: geo.Point | None) -> Found:
    point = found.point
    metres = near.metres_to(point) if near is not None and point is not None else None
    lost = _far(metres) if metres is not None else UNPLACED
    score = found.likeness + LIFE * min(1.0, found.life) - lost
    if not found.is_exact:
        score -= 0.02
    return replace(found, metres=metres, score=score)
