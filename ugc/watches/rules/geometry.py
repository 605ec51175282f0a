"""Shapes as they enter: counted, measured, thinned, then cut at the antimeridian. Degrees, WGS 84;
lengths and areas on the sphere, within 0.7 % of the spheroid. Pure.

What costs more than a step a point (validity, union, simplifying with topology) only ever gets
`POINTS_MAX` points that cross at most `CROSSINGS_MAX` times."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import shapely
from flask_babel import lazy_gettext
from shapely.affinity import translate
from shapely.geometry import LineString, MultiLineString, MultiPolygon, Point, Polygon, box
from shapely.geometry.base import BaseGeometry

from ugc.core.errors import Invalid
from ugc.geography import geo
from ugc.watches.rules import thinning
from ugc.watches.rules.thinning import Points

Line = Sequence[tuple[float, float]]
Rings = Sequence[Line]

AREA_MAX_KM2 = 20_000
LENGTH_MAX_KM = 1_000
RADIUS_MIN_M, RADIUS_MAX_M = 100, 79_000  # a circle of 79 km has 19 600 km²
DISTANCE_MIN_M, DISTANCE_MAX_M = 10, 5_000
POINTS_MAX = 2_000  # after thinning
PARTS_MAX = 500  # lines of a way; borders and holes of an area
CROSSINGS_MAX = 300  # of the edges of an area
WIDTH_MAX_DEGREES = 400.0  # a line or border that winds round the Earth more than once
# Edges are drawn straight on the map but measured as geodesics: so short, they are the same.
EDGE_DEGREES = 0.1
EDGES_MAX = 12_000  # after that
METRES_A_DEGREE = 110_500.0  # of latitude, at its shortest
MARGIN_M = 50.0


@dataclass(frozen=True)
class Placed:
    """`geom` within ±180°, and the boxes of all that lies within `distance_m` of it."""

    geom: BaseGeometry
    reach: BaseGeometry
    distance_m: float


_NO_AREA = lazy_gettext("This shape has no area. Draw at least three corners.")
_CROSSED = lazy_gettext("The border crosses itself. Draw it without crossings.")
_INTRICATE = lazy_gettext(
    "This shape has too many corners or crossings. Simplify it first, or draw it on the map."
)


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
    _count_parts(sum(map(len, polygons)), field)
    shapes = [_continuous(rings, field) for rings in polygons]
    if not shapes:
        raise _refused(field, _NO_AREA)
    for rings in shapes:
        _limit_area(_rings_km2(rings), field)
    points = sum(len(ring) for rings in shapes for ring in rings)
    if points > POINTS_MAX:
        shapes = _thinned_rings(shapes, field)
    crossings = thinning.crossings([r for rings in shapes for r in rings], CROSSINGS_MAX)
    if crossings > CROSSINGS_MAX:
        raise _refused(field, _INTRICATE)
    polygon = _repaired if points > POINTS_MAX else _polygon
    found = [polygon(rings, field) for rings in shapes]
    whole = shapely.unary_union([part for shape in found for part in _cut(shape)])
    parts = [p for p in _parts(whole) if isinstance(p, Polygon)]
    # Neighbours that were simplified apart may overlap a little.
    whole = shapely.unary_union(MultiPolygon(parts).simplify(thinning.FINEST_DEGREES))
    if whole.is_empty or not whole.is_valid:
        raise _refused(field, _NO_AREA)
    _limit_area(area_km2(whole), field)
    return _placed(MultiPolygon(_parts(_dense(whole, field))), 0)


def _limit_area(size: float, field: str) -> None:
    """Raises Invalid for km² beyond the limit."""
    if size > AREA_MAX_KM2:
        told = lazy_gettext(
            "This area has %(size)d km²; at most %(most)d km² can be watched.",
            size=round(size),
            most=AREA_MAX_KM2,
        )
        raise _refused(field, told)


def way(lines: Sequence[Line], distance_m: float, field: str) -> Placed:
    """What lies within `distance_m` of the lines. Raises Invalid on `field` or `distance_m`."""
    if not DISTANCE_MIN_M <= distance_m <= DISTANCE_MAX_M:
        told = lazy_gettext(
            "Choose a distance of %(least)d to %(most)d m.",
            least=DISTANCE_MIN_M,
            most=DISTANCE_MAX_M,
        )
        raise _refused("distance_m", told)
    _count_parts(len(lines), field)
    drawn = [_points(unwrapped(line)) for line in lines if len(set(line)) > 1]
    for line in drawn:
        _limit_width(line, field)
        # A way is at least as long as it is high: no need to thin it first.
        _limit_length(np.ptp(line[:, 1]) * METRES_A_DEGREE / 1000, field)
    drawn = thinning.thinned(drawn, POINTS_MAX)
    if sum(map(len, drawn)) > POINTS_MAX:
        raise _refused(field, _INTRICATE)
    _limit_length(sum(_length_km(line) for line in drawn), field)
    pieces = [piece for line in drawn if len(line) > 1 for piece in _cut_line(line)]
    if not pieces:
        raise _refused(field, lazy_gettext("A way needs at least two different points."))
    return _placed(MultiLineString(_parts(_dense(MultiLineString(pieces), field))), distance_m)


def _limit_length(size: float, field: str) -> None:
    """Raises Invalid for km beyond the limit."""
    if size > LENGTH_MAX_KM:
        told = lazy_gettext(
            "This way is %(size)d km long; at most %(most)d km can be watched.",
            size=round(size),
            most=LENGTH_MAX_KM,
        )
        raise _refused(field, told)


def _count_parts(parts: int, field: str) -> None:
    if parts > PARTS_MAX:
        told = lazy_gettext(
            "This has %(size)d separate lines or borders; at most %(most)d can be watched. Join"
            " them, or leave some out.",
            size=parts,
            most=PARTS_MAX,
        )
        raise _refused(field, told)


def _limit_width(points: Points, field: str) -> None:
    if np.ptp(points[:, 0]) > WIDTH_MAX_DEGREES:
        told = lazy_gettext("This goes round the Earth more than once. Leave a part of it out.")
        raise _refused(field, told)


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


def _points(line: Line) -> Points:
    return np.asarray(line, dtype=float).reshape(-1, 2)


def _continuous(rings: Rings, field: str) -> list[Points]:
    """The closed rings of a polygon without jumps. Raises Invalid for one round a pole."""
    if not rings or any(len(set(ring)) < 3 for ring in rings):
        raise _refused(field, _NO_AREA)
    continuous = [_points(unwrapped([*ring, ring[0]])) for ring in rings]
    if any(abs(ring[0][0] - ring[-1][0]) > 1e-6 for ring in continuous):
        raise _refused(field, lazy_gettext("An area cannot go round a pole."))
    # A hole may begin on the other side of the antimeridian than its border.
    west = continuous[0][0][0]
    for ring in continuous:
        _limit_width(ring, field)
        ring[:, 0] += round((west - ring[0][0]) / 360) * 360
        ring[-1] = ring[0]
    return continuous


def _thinned_rings(shapes: list[list[Points]], field: str) -> list[list[Points]]:
    """At most `POINTS_MAX` points together; rings that lost their area are left out. Raises Invalid
    when nothing is left, or too much."""
    thin = thinning.thinned([ring for rings in shapes for ring in rings], POINTS_MAX)
    if sum(map(len, thin)) > POINTS_MAX:
        raise _refused(field, _INTRICATE)
    left = iter(thin)
    again = [[next(left) for _ in rings] for rings in shapes]
    kept = [
        [rings[0], *(hole for hole in rings[1:] if len(hole) > 3)]
        for rings in again
        if len(rings[0]) > 3
    ]
    if not kept:
        raise _refused(field, _NO_AREA)
    return kept


def _polygon(rings: list[Points], field: str) -> Polygon:
    """Raises Invalid for a border that crosses itself."""
    polygon = Polygon(rings[0], rings[1:])
    if not polygon.is_valid:
        raise _refused(field, _CROSSED)
    return polygon


def _repaired(rings: list[Points], field: str) -> BaseGeometry:
    """The polygon of a thinned border. What thinning made cross is mended; Invalid is raised where
    that changes the area, because the border crossed itself before."""
    polygon = Polygon(rings[0], rings[1:])
    if polygon.is_valid:
        return polygon
    mended = shapely.make_valid(polygon)
    if not math.isclose(mended.area, abs(polygon.area), rel_tol=0.02):
        raise _refused(field, _CROSSED)
    return mended


def _parts(shape: BaseGeometry) -> list[BaseGeometry]:
    return list(getattr(shape, "geoms", [shape]))


def _cut_line(points: Points) -> list[LineString]:
    """The pieces of a continuous line within ±180°, in its order. Edge by edge, because an overlay
    would also cut it wherever it crosses itself."""
    turns = np.floor((points[:, 0] + 180) / 360)
    pieces = [[(points[0, 0] - 360 * turns[0], points[0, 1])]]
    for (west, south), (lon, lat), before, turn in zip(
        points, points[1:], turns, turns[1:], strict=False
    ):
        if turn != before:
            meridian = 180 + 360 * min(turn, before)
            there = south + (lat - south) * (meridian - west) / (lon - west)
            pieces[-1].append((meridian - 360 * before, there))
            pieces.append([(meridian - 360 * turn, there)])
        pieces[-1].append((lon - 360 * turn, lat))
    lines = [LineString(piece) for piece in pieces if len(piece) > 1]
    return [line for line in lines if line.length]


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


def _dense(shape: BaseGeometry, field: str) -> BaseGeometry:
    """With no edge over `EDGE_DEGREES`. Raises Invalid when those would be too many."""
    if shape.length / EDGE_DEGREES + shapely.get_num_coordinates(shape) > EDGES_MAX:
        raise _refused(field, _INTRICATE)
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


def _ring_km2(ring: Points) -> float:
    """The area of a closed ring on the sphere whose edges are straight on the map, by the trapezoid
    rule on the sines of latitude (Chamberlain and Duquette 2007, eq. 7)."""
    lon, sine = np.radians(ring[:, 0]), np.sin(np.radians(ring[:, 1]))
    total = float(np.sum(np.diff(lon) * (2 + sine[:-1] + sine[1:])))
    return abs(total) * (geo.EARTH_RADIUS_M / 1000) ** 2 / 2


def _rings_km2(rings: Sequence[Points]) -> float:
    return _ring_km2(rings[0]) - sum(_ring_km2(hole) for hole in rings[1:])


def area_km2(shape: BaseGeometry) -> float:
    """Of polygons."""
    return sum(
        _rings_km2([np.asarray(ring.coords) for ring in (p.exterior, *p.interiors)])
        for p in _parts(shape)
        if isinstance(p, Polygon)
    )


def _length_km(points: Points) -> float:
    """The length of a line on the sphere, by the haversine formula."""
    lon, lat = np.radians(points[:, 0]), np.radians(points[:, 1])
    chord = (
        np.sin(np.diff(lat) / 2) ** 2
        + np.cos(lat[:-1]) * np.cos(lat[1:]) * np.sin(np.diff(lon) / 2) ** 2
    )
    metres = 2 * geo.EARTH_RADIUS_M * np.arcsin(np.sqrt(np.minimum(1, chord)))
    return float(np.sum(metres)) / 1000


def length_km(shape: BaseGeometry) -> float:
    """Of lines."""
    return sum(_length_km(np.asarray(line.coords)) for line in _parts(shape))
