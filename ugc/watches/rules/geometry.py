"""Shapes as they enter: checked, limited, cut at the antimeridian. Degrees, WGS 84; lengths and
areas on the sphere, within 0.7 % of the spheroid. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import shapely
from flask_babel import lazy_gettext
from shapely.affinity import translate
from shapely.geometry import LineString, MultiLineString, MultiPolygon, Point, Polygon, box
from shapely.geometry.base import BaseGeometry

from ugc.core import geo
from ugc.core.errors import Invalid

Line = Sequence[tuple[float, float]]
Rings = Sequence[Line]

AREA_MAX_KM2 = 20_000
LENGTH_MAX_KM = 1_000
RADIUS_MIN_M, RADIUS_MAX_M = 100, 79_000  # a circle of 79 km has 19 600 km²
DISTANCE_MIN_M, DISTANCE_MAX_M = 10, 5_000
POINTS_MAX = 2_000  # after simplifying
FINEST_DEGREES = 0.00005  # about 5 m: what simplifying may move a point at first
# Edges are drawn straight on the map but measured as geodesics: so short, they are the same.
EDGE_DEGREES = 0.1
METRES_A_DEGREE = 110_500.0  # of latitude, at its shortest
MARGIN_M = 50.0


@dataclass(frozen=True)
class Placed:
    """`geom` within ±180°, and the boxes of all that lies within `distance_m` of it."""

    geom: BaseGeometry
    reach: BaseGeometry
    distance_m: float


def _refused(field: str, text: object) -> Invalid:
    return Invalid(fields={field: [text]})


def circle(point: geo.Point, radius_m: float) -> Placed:
    """All within `radius_m` of a point. Raises Invalid on `radius_km`."""
    if not RADIUS_MIN_M <= radius_m <= RADIUS_MAX_M:
        told = lazy_gettext("Choose a radius of 0.1 to %(most)d km.", most=RADIUS_MAX_M // 1000)
        raise _refused("radius_km", told)
    return _placed(Point(point.lon, point.lat), radius_m)


def area(polygons: Sequence[Rings], field: str) -> Placed:
    """What lies within the polygons (the first ring of each is its border, the others are holes).
    Raises Invalid on `field`."""
    shapes = [_polygon(rings, field) for rings in polygons]
    whole = shapely.unary_union([part for shape in shapes for part in _cut(shape)])
    parts = [p for p in _parts(whole) if isinstance(p, Polygon)]
    # Neighbours that were simplified apart may overlap a little.
    whole = shapely.unary_union(_simplified(MultiPolygon(parts)))
    if whole.is_empty or not whole.is_valid:
        raise _refused(field, lazy_gettext("This shape has no area. Draw at least three corners."))
    size = area_km2(whole)
    if size > AREA_MAX_KM2:
        told = lazy_gettext(
            "This area has %(size)d km²; at most %(most)d km² can be watched.",
            size=round(size),
            most=AREA_MAX_KM2,
        )
        raise _refused(field, told)
    return _placed(MultiPolygon(_parts(_dense(whole))), 0)


def way(lines: Sequence[Line], distance_m: float, field: str) -> Placed:
    """What lies within `distance_m` of the lines. Raises Invalid on `field` or `distance_m`."""
    if not DISTANCE_MIN_M <= distance_m <= DISTANCE_MAX_M:
        told = lazy_gettext(
            "Choose a distance of %(least)d to %(most)d m.",
            least=DISTANCE_MIN_M,
            most=DISTANCE_MAX_M,
        )
        raise _refused("distance_m", told)
    drawn = [LineString(unwrapped(line)) for line in lines if len(set(line)) > 1]
    pieces = [p for line in drawn for p in _cut(line) if isinstance(p, LineString) and p.length]
    if not pieces:
        raise _refused(field, lazy_gettext("A way needs at least two different points."))
    whole = _simplified(MultiLineString(pieces))
    length = length_km(whole)
    if length > LENGTH_MAX_KM:
        told = lazy_gettext(
            "This way is %(size)d km long; at most %(most)d km can be watched.",
            size=round(length),
            most=LENGTH_MAX_KM,
        )
        raise _refused(field, told)
    return _placed(MultiLineString(_parts(_dense(whole))), distance_m)


def widened(shape: BaseGeometry, distance_m: float) -> Placed:
    """A way that was placed before, at another distance. Raises Invalid on `distance_m`."""
    return way([list(line.coords) for line in _parts(shape)], distance_m, "distance_m")


def unwrapped(line: Line) -> list[tuple[float, float]]:
    """The same points, the first within ±180°, with no jump of more than half a turn: who goes
    from 179° to -179° goes on to 181°."""
    shift = -360.0 * math.floor((line[0][0] + 180) / 360)
    result = [(line[0][0] + shift, line[0][1])]
    for (before, _), (lon, lat) in pairwise(line):
        if lon - before > 180:
            shift -= 360
        elif lon - before < -180:
            shift += 360
        result.append((lon + shift, lat))
    return result


def _polygon(rings: Rings, field: str) -> Polygon:
    """Raises Invalid for a border that crosses itself or goes round a pole."""
    if not rings or any(len(set(ring)) < 3 for ring in rings):
        raise _refused(field, lazy_gettext("This shape has no area. Draw at least three corners."))
    continuous = [unwrapped([*ring, ring[0]]) for ring in rings]
    if any(abs(ring[0][0] - ring[-1][0]) > 1e-6 for ring in continuous):
        raise _refused(field, lazy_gettext("An area cannot go round a pole."))
    # A hole may begin on the other side of the antimeridian than its border.
    west = continuous[0][0][0]
    holes = [
        [(lon + round((west - ring[0][0]) / 360) * 360, lat) for lon, lat in ring]
        for ring in continuous[1:]
    ]
    polygon = Polygon(continuous[0], holes)
    if not polygon.is_valid:
        raise _refused(field, lazy_gettext("The border crosses itself. Draw it without crossings."))
    return polygon


def _parts(shape: BaseGeometry) -> list[BaseGeometry]:
    return list(getattr(shape, "geoms", [shape]))


def _cut(shape: BaseGeometry) -> list[BaseGeometry]:
    """The pieces of a continuous shape, each within ±180°."""
    west, _, east, _ = shape.bounds
    pieces: list[BaseGeometry] = []
    for turn in range(math.floor((west + 180) / 360), math.floor((east + 180) / 360) + 1):
        inside = shape
        if west < turn * 360 - 180 or east > turn * 360 + 180:
            inside = shape.intersection(box(turn * 360 - 180, -90, turn * 360 + 180, 90))
        pieces += [p for p in _parts(translate(inside, -360 * turn)) if not p.is_empty]
    return pieces


def _simplified(shape: BaseGeometry) -> BaseGeometry:
    """With at most `POINTS_MAX` points, moving none farther than it must."""
    tolerance = FINEST_DEGREES
    simple = shape.simplify(tolerance)
    while shapely.get_num_coordinates(simple) > POINTS_MAX and tolerance < 1:
        tolerance *= 2
        simple = shape.simplify(tolerance)
    return simple


def _dense(shape: BaseGeometry) -> BaseGeometry:
    return shapely.segmentize(shape, EDGE_DEGREES)


def _placed(geom: BaseGeometry, distance_m: float) -> Placed:
    boxes = [_box(part, distance_m + MARGIN_M) for part in _parts(geom)]
    reach = [p for each in boxes for p in _cut(each) if isinstance(p, Polygon)]
    return Placed(geom, MultiPolygon(reach), distance_m)


def _box(part: BaseGeometry, metres: float) -> Polygon:
    """The box of all within `metres` of a piece; it may reach beyond ±180°."""
    west, south, east, north = part.bounds
    up = metres / METRES_A_DEGREE
    highest = max(abs(south), abs(north)) + up
    if highest >= 89.9:  # a pole is within reach
        return box(-180, max(-90, south - up), 180, min(90, north + up))
    aside = up / math.cos(math.radians(highest))
    if east - west + 2 * aside >= 360:
        west, east, aside = -180, 180, 0
    return box(west - aside, max(-90, south - up), east + aside, min(90, north + up))


def _ring_km2(ring: Iterable[tuple[float, float]]) -> float:
    """The area of a ring on the sphere whose edges are straight on the map."""
    total = sum(
        math.radians(x2 - x1) * (2 + math.sin(math.radians(y1)) + math.sin(math.radians(y2)))
        for (x1, y1), (x2, y2) in pairwise(ring)
    )
    return abs(total) * (geo.EARTH_RADIUS_M / 1000) ** 2 / 2


def area_km2(shape: BaseGeometry) -> float:
    """Of polygons."""
    return sum(
        _ring_km2(p.exterior.coords) - sum(_ring_km2(hole.coords) for hole in p.interiors)
        for p in _parts(shape)
        if isinstance(p, Polygon)
    )


def length_km(shape: BaseGeometry) -> float:
    """Of lines."""
    metres = sum(
        geo.Point(*a).metres_to(geo.Point(*b))
        for line in _parts(shape)
        for a, b in pairwise(line.coords)
    )
    return metres / 1000
