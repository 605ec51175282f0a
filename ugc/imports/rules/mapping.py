"""What a mapping says. `schemas.load_mapping` makes it from TOML and checks it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping as Table
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

REPORTS, PLACES, REVIEWS = "reports", "places", "reviews"
KINDS = (REPORTS, PLACES, REVIEWS)


@dataclass(frozen=True)
class Field:
    """Where a value comes from: the first of `paths` that is not empty, all of them joined by
    `join`, or a hash of them; `const` where the file does not say. `values` translates, `default`
    stands in for what is empty or unknown; `html` turns mark-up into plain text; `format` is of
    times; `scale` is the lowest and highest rating of the source."""

    paths: tuple[str, ...] = ()
    join: str | None = None
    hashed: bool = False
    const: str | None = None
    values: Table[str, str] = field(default_factory=dict)
    default: str | None = None
    html: bool = False
    format: str = "iso"
    scale: tuple[float, float] | None = None


@dataclass(frozen=True)
class Position:
    """Where the coordinates are: two fields, one field that holds both (`pair`: a list or a text
    such as "(42.35, -71.06)"), or a GeoJSON geometry. `crs` is an EPSG number."""

    x: str = ""
    y: str = ""
    pair: str = ""
    lat_first: bool = False
    geometry: str = ""
    crs: int = 4326


@dataclass(frozen=True)
class KindMapping:
    """How one kind of file is read. `fields` by our own names."""

    formats: tuple[str, ...]
    fields: Table[str, Field]
    encoding: str = "utf-8"
    delimiter: str = ","
    items: str = ""
    missing: frozenset[str] = frozenset()
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    position: Position | None = None
    subratings: Table[str, Field] = field(default_factory=dict)
    place_source: str = ""
    region: str | None = None  # ISO 3166, of telephone numbers that name no country

    def columns(self) -> list[tuple[str, ...]]:
        """The columns that a CSV file must have: one of each group."""
        groups: list[tuple[str, ...]] = []
        for one in [*self.fields.values(), *self.subratings.values()]:
            if one.join is not None or one.hashed:
                groups.extend((path,) for path in one.paths)
            elif one.paths:
                groups.append(one.paths)
        if self.position is not None:
            p = self.position
            groups.extend((path,) for path in (p.x, p.y, p.pair, p.geometry) if path)
        return groups


@dataclass(frozen=True)
class Source:
    code: str
    name: str
    attribution: str
    licence: str
    url: str | None = None


@dataclass(frozen=True)
class Mapping:
    """`fingerprint` changes with anything the mapping says."""

    source: Source
    kinds: Table[str, KindMapping]
    fingerprint: str


def fingerprint(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
