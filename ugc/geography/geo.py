"""Points and boxes as they enter: checked, WGS 84 lon/lat, ±180° handled. Columns are
`geometry(Point, 4326)`; distances in metres are measured on the spheroid by `::geography`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import sqlalchemy as sa
from flask_babel import get_locale, lazy_gettext
from geoalchemy2 import Geography, Geometry

from ugc.core.errors import Invalid
from ugc.geography.positions import parsing, tokens

EARTH_RADIUS_M = 6_371_008.8  # mean radius, IUGG
MAX_BOUNDS_AREA = 360.0 * 180.0  # square degrees
_METRES_A_DEGREE = 110_500.0  # of latitude, less than at its shortest
_METRE = Decimal("0.00001")  # degrees: 1.1 m north, less to the east

_BAD_POINT = {
    tokens.OFF_THE_MAP: lazy_gettext(
        "These coordinates are not on the map. Give latitude (-90 to 90) and longitude (-180 to "
        "180), such as 40.4168, -3.7038."
    ),
    tokens.AMBIGUOUS: lazy_gettext(
        "These coordinates can be read in two ways. Write them such as 40.4168, -3.7038 or "
        "40° 25′ 0″ N, 3° 42′ 14″ W."
    ),
    tokens.UNREADABLE: lazy_gettext(
        "These coordinates are not understood. Write them such as 40.4168, -3.7038 or "
        "40° 25′ 0″ N, 3° 42′ 14″ W, or paste a link that holds them."
    ),
}


def _language() -> str:
    locale = get_locale()
    return locale.language if locale else ""


def _refused(field: str, bad: tokens.BadPosition) -> Invalid:
    return Invalid(fields={field: [_BAD_POINT[bad.code]]})


def to_a_metre(degrees: float) -> float:
    """Degrees as public coordinates tell them: five decimals, halves away from zero. The database
    rounds in the same way (`to_a_metre`, a trigger on each table of public points)."""
    return float(Decimal(repr(round(degrees, 7))).quantize(_METRE, ROUND_HALF_UP))


def wrapped(lon: float) -> float:
    """A computed longitude within ±180°. What people and programs send is refused instead."""
    return lon if -180 <= lon <= 180 else (lon + 180) % 360 - 180


@dataclass(frozen=True)
class Point:
    """A position in degrees, WGS 84."""

    lon: float
    lat: float

    @classmethod
    def checked(cls, lon: Any, lat: Any, field: str = "location") -> Point:
        """The point of two coordinates, numbers or as people type them. Raises Invalid on `field`
        for what is not on the map; nothing is wrapped."""
        try:
            y, x = (
                parsing.degrees(value, axis, _language() if isinstance(value, str) else "")
                for value, axis in ((lat, parsing.LATITUDE), (lon, parsing.LONGITUDE))
            )
        except tokens.BadPosition as bad:
            raise _refused(field, bad) from None
        return cls(round(x, 7), round(y, 7))

    @classmethod
    def of_fields(cls, lat: str, lon: str, field: str = "location") -> Point:
        """The point of a form's two fields, of which one may hold a whole position. Raises
        Invalid."""
        try:
            y, x = parsing.of_fields(lat, lon, _language())
        except tokens.BadPosition as bad:
            raise _refused(field, bad) from None
        return cls(round(x, 7), round(y, 7))

    @classmethod
    def parsed(cls, text: str, field: str = "location") -> Point | None:
        """A position as people type or paste it (`core.positions` has the grammar); None for other
        texts, such as a name. Raises Invalid on `field` for one that cannot be taken."""
        try:
            found = parsing.position(text, _language())
        except tokens.BadPosition as bad:
            raise _refused(field, bad) from None
        return cls(round(found[1], 7), round(found[0], 7)) if found else None

    @classmethod
    def wrapped(cls, lon: float, lat: float) -> Point:
        """The point of computed degrees: a longitude beyond ±180 goes on from the other side."""
        return cls.checked(wrapped(lon), lat)

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
        """`west,south,east,north` (RFC 7946 order, section 5); west beyond east crosses the
        antimeridian. Raises Invalid on `field`, for longitudes beyond ±180 too."""
        bad = lazy_gettext(
            "bbox takes four numbers: west,south,east,north in degrees, longitudes from -180 to "
            "180. A box over the antimeridian has its west beyond its east."
        )
        try:
            west, south, east, north = (float(part) for part in text.split(","))
        except ValueError:
            raise Invalid(fields={field: [bad]}) from None
        if not (abs(west) <= 180 and abs(east) <= 180 and -90 <= south <= north <= 90):
            raise Invalid(fields={field: [bad]})
        return cls(west, south, east, north)

    @classmethod
    def around(cls, point: Point, up: float, aside: float) -> Bounds:
        """All within `up` degrees of latitude and `aside` degrees of longitude of a point. A box
        that reaches a pole holds every longitude."""
        south, north = max(-90.0, point.lat - up), min(90.0, point.lat + up)
        if aside >= 180 or abs(point.lat) + up >= 90:
            return cls(-180.0, south, 180.0, north)
        return cls(wrapped(point.lon - aside), south, wrapped(point.lon + aside), north)

    @property
    def centre(self) -> Point:
        width = self.east - self.west if self.west <= self.east else self.east - self.west + 360
        return Point.wrapped(self.west + width / 2, (self.south + self.north) / 2)

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
POLAR = 86.0  # degrees of latitude that only boxes which show no Mercator map reach
FIRST_LOOK = (-3.7, 40.2, 4.8)  # lon, lat, zoom: the peninsula


def point_column(**kwargs: Any) -> Any:
    """`geometry(Point, 4326)` without an implicit index: each table names its own."""
    return sa.orm.mapped_column(Geometry("POINT", srid=4326, spatial_index=False), **kwargs)


def as_geography(expression: Any) -> sa.ColumnElement[Any]:
    return sa.cast(expression, Geography)


def metres_between(column: Any, point: Point) -> sa.ColumnElement[float]:
    """Spheroid distance in metres."""
    return sa.func.ST_Distance(as_geography(column), as_geography(point.sql()), type_=sa.Float)


def metres_from_parameters(column: Any) -> sa.ColumnElement[float]:
    """As `metres_between`, of the point whose degrees are the parameters `lon` and `lat`."""
    lon, lat = (sa.bindparam(name, type_=sa.Float) for name in ("lon", "lat"))
    point = sa.func.ST_SetSRID(sa.func.ST_MakePoint(lon, lat), 4326)
    return sa.func.ST_Distance(as_geography(column), as_geography(point), type_=sa.Float)


def within_metres(column: Any, point: Point, metres: float) -> sa.ColumnElement[bool]:
    """`column` within `metres` of `point`: an expanded box for the geometry index, then exact."""
    up = metres / _METRES_A_DEGREE
    aside = up / max(1e-9, math.cos(math.radians(min(90.0, abs(point.lat) + up))))
    box = Bounds.around(point, up, aside)
    exact = sa.func.ST_DWithin(as_geography(column), as_geography(point.sql()), metres)
    return sa.and_(box.contains(column), exact)


def nearest(chosen: Any, column: Any, point: Point, bounds: Bounds, most: int) -> Any:
    """Of `chosen` (a select of ids), those whose `column` is nearest to a point: at most `most`,
    by the index, which orders by degrees on the flat map. A box over the antimeridian, or round
    the Earth, is asked from both sides of it, and one near a pole along the parallel: then there
    may be more."""
    probes: list[Any] = [point.sql()]
    is_round = bounds.east - bounds.west >= 360 and abs(point.lon) > 90
    if bounds.west > bounds.east or is_round:
        probes.append(_point(point.lon - math.copysign(360, point.lon), point.lat))
    if max(abs(bounds.south), abs(bounds.north)) > POLAR:
        ends = (_point(-180.0, point.lat), _point(180.0, point.lat))
        probes.append(sa.func.ST_MakeLine(*ends))
    parts = [chosen.order_by(column.op("<->")(probe)).limit(most) for probe in probes]
    if len(parts) == 1:
        return parts[0]
    return sa.union(*(sa.select(part.subquery()) for part in parts))


def _point(x: float, y: float) -> sa.ColumnElement[Any]:
    return sa.func.ST_SetSRID(sa.func.ST_MakePoint(x, y), 4326)


def lon(column: Any) -> sa.ColumnElement[float]:
    return sa.func.ST_X(column, type_=sa.Float)


def lat(column: Any) -> sa.ColumnElement[float]:
    return sa.func.ST_Y(column, type_=sa.Float)
