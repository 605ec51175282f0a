"""Which things of an OpenStreetMap extract are places, what is taken of what the file says of them,
and which are the same thing as before. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol

from ugc.core import names, telephones, websites
from ugc.geography import geo
from ugc.places.models import EXTRACT_SOURCE
from ugc.places.rules import categories, describing, written

SOURCE = {
    "code": EXTRACT_SOURCE,
    "name": "OpenStreetMap",
    "attribution": "© OpenStreetMap contributors",
    "licence": "ODbL 1.0",
    "url": "https://www.openstreetmap.org/copyright",
}
# A thing under another id is the same as a place of its kind so near with so similar a name
# (similarity of trigrams, 0 to 1). Of the same id with a name less alike than `UNLIKE` and of
# another kind, it is another thing.
NEAR_M, ALIKE, UNLIKE = 80, 0.6, 0.3
# Sets of aspects whose categories may name the same thing: a café that is a restaurant.
FAMILIES = frozenset({"food", "stay", "visit", "shop"})
ANY_KIND = "other"  # a category that says nothing of what a place is
# Of another version, all that was read before is compared again.
VERSION = "1"
# Nearer than this a file's point says the same as that of people (metres).
SAME_SPOT_M = 30
DETAILS = frozenset({"address", "phone", "website", "opening_hours"})
NUMBERS_MOST = 3  # telephone numbers of one value that are tried

_BY_KIND = {
    kind: category.code
    for category in categories.CATEGORIES.values()
    for kind in (category.osm, *category.also)
    if kind
}


class Thing(Protocol):
    """A row of `extract_places`, with its point in degrees."""

    kinds: list[str]
    name: str
    street: str
    number: str
    phone: str
    website: str
    opening_hours: str
    lon: float
    lat: float


@dataclass(frozen=True, slots=True)
class Said:
    """What is taken of a thing, as forms store it; `left_out` names values that are not what they
    should be."""

    name: str
    category: str
    address: str
    phone: str
    website: str
    opening_hours: str
    point: geo.Point
    left_out: tuple[str, ...] = ()

    def values(self) -> dict[str, str | geo.Point]:
        return {
            "name": self.name, "category": self.category, "address": self.address,
            "phone": self.phone, "website": self.website, "opening_hours": self.opening_hours,
            "point": self.point,
        }  # fmt: skip


def category_of(kinds: Iterable[str]) -> str | None:
    """The category of the first kind that has one; any other shop is a `shop`; None for what is no
    place."""
    kinds = list(kinds)
    found = next((_BY_KIND[kind] for kind in kinds if kind in _BY_KIND), None)
    is_shop = any(kind.startswith("shop=") for kind in kinds)
    return found or ("shop" if is_shop else None)


def family_of(category: str) -> str:
    """What categories that may name the same thing have in common; the code itself for others."""
    known = categories.CATEGORIES.get(category)
    return known.aspect_set if known and known.aspect_set in FAMILIES else category


FAMILY_OF = {code: family_of(code) for code in categories.CATEGORIES}


def mark_of(category: str, content_hash: str) -> str:
    """What a link keeps of a thing: the version of these rules, its category, and the hash of what
    the file says."""
    return f"{VERSION}:{category}:{content_hash}"


def category_in(mark: str) -> str:
    return mark.split(":")[1]


def said_of(thing: Thing, country: str | None) -> Said | None:
    """What is taken of a thing; None for what is no place, or has no name that can be shown.
    `country` (ISO 3166) tells numbers without a country code."""
    category = category_of(thing.kinds)
    name = names.cleaned_name(thing.name)
    if category is None or not name or len(name) > describing.NAME_MAX:
        return None
    address = f"{thing.street} {thing.number}" if thing.street and thing.number else ""
    read = {
        "phone": _read(thing.phone, lambda text: _phone(text, country), describing.PHONE_MAX),
        "website": _read(thing.website, _website, describing.WEBSITE_MAX),
        "opening_hours": _read(thing.opening_hours, written.normal_hours, describing.HOURS_MAX),
        "address": _read(address, names.cleaned_name, describing.ADDRESS_MAX),
    }
    return Said(
        name=name,
        category=category,
        point=geo.Point(thing.lon, thing.lat).public,
        left_out=tuple(key for key, value in read.items() if value is None),
        **{key: value or "" for key, value in read.items()},
    )


def _read(text: str, make: Callable[[str], str], most: int) -> str | None:
    """What `make` makes of a text; None when it cannot, or when that is too long."""
    try:
        made = make(text) if text else ""
    except ValueError:
        return None
    return made if len(made) <= most else None


def _phone(text: str, country: str | None) -> str:
    """The first of several numbers that can be one."""
    for part in text.replace(",", ";").split(";")[:NUMBERS_MOST]:
        try:
            return telephones.normal_phone(part.strip(), country)
        except ValueError:
            continue
    raise ValueError(text)


def _website(text: str) -> str:
    try:
        return websites.normal_website(text)
    except ValueError:
        return websites.normal_website(text.split(";")[0].strip())


def object_url(osm: str) -> str:
    """The page of OpenStreetMap about a thing."""
    kinds = {"n": "node", "w": "way", "r": "relation"}
    return f"https://www.openstreetmap.org/{kinds[osm[0]]}/{osm[1:].partition('~')[0]}"


def plain(name: str) -> str:
    """A name without case, accents and signs, for comparing."""
    split = unicodedata.normalize("NFKD", name.casefold())
    return "".join(char for char in split if char.isalnum())


@dataclass
class Zones:
    """Time zones of many points. A cell whose corners and middle are of one zone is of that zone;
    asking the library takes some milliseconds."""

    cells: dict[tuple[int, int], str | None] = field(default_factory=dict)

    def at(self, point: geo.Point) -> str:
        column, row = int(point.lon // CELL), int(point.lat // CELL)
        if (column, row) not in self.cells:
            self.cells[column, row] = _zone_of_cell(column, row)
        return self.cells[column, row] or describing.timezone_at(point)


CELL = 0.1  # degrees


def _zone_of_cell(column: int, row: int) -> str | None:
    spots = [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0), (0.5, 0.5)]
    points = (
        geo.Point(
            max(-180.0, min(180.0, (column + right) * CELL)),
            max(-90.0, min(90.0, (row + up) * CELL)),
        )
        for right, up in spots
    )
    zones = {describing.timezone_at(point) for point in points}
    return zones.pop() if len(zones) == 1 else None
