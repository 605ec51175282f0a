"""Points and boxes as they enter: checked, WGS 84 lon/lat, ±180° handled. Columns are
`geometry(Point, 4326)`; distances in metres are measured on the spheroid by `::geography`."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext
from geoalchemy2 import Geography, Geometry

from ugc.core.errors import Invalid

EARTH_RADIUS_M = 6_371_008.8  # mean radius, IUGG
MAX_BOUNDS_AREA = 360.0 * 180.0  # square degrees
_METRE = Decimal("0.00001")  # degrees: 1.1 m north, less to the east

_BAD_POINT = lazy_gettext(
    "These coordinates are not on the map. Give latitude (-90 to 90) and longitude (-180 to 180), "
    "such as 40.4168, -3.7038."
)
_PAIR = re.compile(r"([-+]?\d{1,3}(?:\.\d+)?)(?:\s*[,;]\s*|\s+)([-+]?\d{1,3}(?:\.\d+)?)")
PAIR_MAX = 100  # characters


def to_a_metre(degrees: float) -> float:
    """Degrees as public coordinates tell them: five decimals, halves away from zero. The database
    rounds in the same way (`to_a_metre`, a trigger on each table of public points)."""
    return float(Decimal(repr(round(degrees, 7))).quantize(_METRE, ROUND_HALF_UP))


@dataclass(frozen=True)
class Point:
    """A position in degrees, WGS 84."""

    lon: float
    lat: float

    @classmethod
    def checked(cls, lon: Any, lat: Any, field: str = "location") -> Point:
        """The point, its longitude brought into [-180, 180]. Raises Invalid on `field`."""
        try:
            x, y = float(lon), float(lat)
        except (TypeError, ValueError):
            raise Invalid(fields={field: [_BAD_POINT]}) from None
        if not (math.isfinite(x) and math.isfinite(y)) or abs(y) > 90 or abs(x) > 540:
            raise Invalid(fields={field: [_BAD_POINT]})
        if abs(x) > 180:
            x = (x + 180) % 360 - 180
        return cls(round(x, 7), round(y, 7))

    @classmethod
    def parsed(cls, text: str) -> Point | None:
        """`lat, lon` as people type it; None when the text is no pair of numbers."""
        match = _PAIR.fullmatch(text.strip()) if len(text) <= PAIR_MAX else None
        return cls.checked(match[2], match[1]) if match else None

    @property
    def public(self) -> Point:
        """The point as all may read it: rounded to a metre."""
        return Point(to_a_metre(self.lon), to_a_metre(self.lat))

    @property
    def ewkt(self) -> str:
        return f"SRID=4326;POINT({self.lon!r} {self.lat!r})"

    def sql(self) -> sa.ColumnElement[Any]:
        return sa.func.ST_SetSRID(sa.func.ST_MakePoint(self.lon, self.lat), 4326)

    def metres_to(self, other: Point) -> float:
        """Great-circle distance in metres (haversine); within 0.6 % of the spheroid."""
        p1, p2 = math.radians(self.lat), math.radians(other.lat)
        dp, dl = p2 - p1, math.radians(other.lon - self.lon)
        a = math.sin(dp / 2) ** 2 + math.cos(p1) * math.cos(p2) * math.sin(dl / 2) ** 2
        return 2 * EARTH_RADIUS_M * math.asin(min(1.0, math.sqrt(a)))


@dataclass(frozen=True)
class Bounds:
    """A box in degrees. West of east may be greater: then it crosses the antimeridian."""

    west: float
    south: float
    east: float
    north: float

    @classmethod
    def parsed(cls, text: str, field: str = "bbox") -> Bounds:
        """`west,south,east,north` (RFC 7946 order). Raises Invalid on `field`."""
        bad = lazy_gettext("bbox takes four numbers: west,south,east,north in degrees.")
        try:
            west, south, east, north = (float(part) for part in text.split(","))
        except ValueError:
            raise Invalid(fields={field: [bad]}) from None
        values = (west, south, east, north)
        if (
            not all(map(math.isfinite, values))
            or south > north
            or abs(south) > 90
            or abs(north) > 90
        ):
            raise Invalid(fields={field: [bad]})
        if east - west >= 360:
            west, east = -180.0, 180.0
        else:
            west = west if -180 <= west <= 180 else (west + 180) % 360 - 180
            east = east if -180 <= east <= 180 else (east + 180) % 360 - 180
        return cls(west, south, east, north)

    @property
    def centre(self) -> Point:
        width = self.east - self.west if self.west <= self.east else self.east - self.west + 360
        return Point.checked(self.west + width / 2, (self.south + self.north) / 2)

    @property
    def area(self) -> float:
        """In square degrees."""
        return sum((e - w) * (n - s) for w, s, e, n in self.parts)

    @property
    def parts(self) -> list[tuple[float, float, float, float]]:
        """One box, or two when it crosses the antimeridian."""
        if self.west <= self.east:
            return [(self.west, self.south, self.east, self.north)]
        return [
            (self.west, self.south, 180.0, self.north),
            (-180.0, self.south, self.east, self.north),
        ]

    def contains(self, column: Any) -> sa.ColumnElement[bool]:
        """`column && box`, which a GiST index on the geometry answers."""
        return sa.or_(
            *(column.op("&&")(sa.func.ST_MakeEnvelope(*part, 4326)) for part in self.parts)
        )


WORLD = Bounds(-180, -85, 180, 85)  # about what Web Mercator shows
FIRST_LOOK = (-3.7, 40.2, 4.8)  # lon, lat, zoom: the peninsula


def point_column(**kwargs: Any) -> Any:
    """`geometry(Point, 4326)` without an implicit index: each table names its own."""
    return sa.orm.mapped_column(Geometry("POINT", srid=4326, spatial_index=False), **kwargs)


def as_geography(expression: Any) -> sa.ColumnElement[Any]:
    return sa.cast(expression, Geography)


def metres_between(column: Any, point: Point) -> sa.ColumnElement[float]:
    """Spheroid distance in metres."""
    return sa.func.ST_Distance(as_geography(column), as_geography(point.sql()), type_=sa.Float)


def within_metres(column: Any, point: Point, metres: float) -> sa.ColumnElement[bool]:
    """`column` within `metres` of `point`: an expanded box for the geometry index, then exact."""
    dlat = metres / 111_000
    dlon = dlat / max(0.01, math.cos(math.radians(min(89.0, abs(point.lat) + dlat))))
    south, north = max(-90.0, point.lat - dlat), min(90.0, point.lat + dlat)
    box = Bounds.parsed(f"{point.lon - dlon},{south},{point.lon + dlon},{north}")
    exact = sa.func.ST_DWithin(as_geography(column), as_geography(point.sql()), metres)
    return sa.and_(box.contains(column), exact)


def lon(column: Any) -> sa.ColumnElement[float]:
    return sa.func.ST_X(column, type_=sa.Float)


def lat(column: Any) -> sa.ColumnElement[float]:
    return sa.func.ST_Y(column, type_=sa.Float)
