"""Land and sea of a box, from the lines of its coast. Pure: shapes of Shapely, degrees, WGS 84.

An extract holds the coast as lines with the land on their left (OpenStreetMap wiki,
"Tag:natural=coastline"), never the sea as an area, and who cut it left pieces of the line out."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence

import shapely
from shapely.geometry.base import BaseGeometry
from shapely.ops import polygonize, unary_union

from ugc.streets.rules.boxes import Box

Position = tuple[float, float]
GAP_MOST = 0.03  # degrees of a hole in the coast that is closed by a straight line
SIDE = 1e-7  # degrees beside the coast at which a side is asked for


def _merged(lines: Sequence[BaseGeometry]) -> list[list[Position]]:
    """Lines that follow each other as one, each as its positions."""
    if not lines:
        return []
    merged = shapely.line_merge(shapely.MultiLineString(lines), directed=True)
    parts = getattr(merged, "geoms", [merged])
    return [[(x, y) for x, y in part.coords] for part in parts]


def _bridges(parts: list[list[Position]], frame: BaseGeometry) -> list[list[Position]]:
    """Straight lines from each loose end inside the frame to the nearest loose beginning, or to
    the frame."""

    def inside(at: Position) -> bool:
        return bool(frame.contains(shapely.Point(at)))

    open_parts = [part for part in parts if part[0] != part[-1]]
    starts = [part[0] for part in open_parts if inside(part[0])]
    ends = [part[-1] for part in open_parts if inside(part[-1])]
    gaps = sorted(
        (math.dist(end, start), end, start)
        for end in ends
        for start in starts
        if math.dist(end, start) < GAP_MOST
    )
    found: list[list[Position]] = []
    met_ends: set[Position] = set()
    met_starts: set[Position] = set()
    for _, end, start in gaps:
        if end not in met_ends and start not in met_starts:
            found.append([end, start])
            met_ends.add(end)
            met_starts.add(start)
    found += [[end, _beyond(end, frame)] for end in ends if end not in met_ends]
    found += [[_beyond(start, frame), start] for start in starts if start not in met_starts]
    return found


def _beyond(at: Position, frame: BaseGeometry) -> Position:
    """The nearest position on the frame, a little farther out: lines that only touch it cut
    nothing."""
    edge = frame.boundary
    x, y = edge.interpolate(edge.project(shapely.Point(at))).coords[0]
    return at[0] + (x - at[0]) * 1.01, at[1] + (y - at[1]) * 1.01


def _pieces(shapes: Iterable[BaseGeometry]) -> list[tuple[Position, Position]]:
    """Lines as pairs of neighbouring positions."""
    found = []
    for shape in shapes:
        for part in getattr(shape, "geoms", [shape]):
            if part.geom_type == "LineString":
                at = [(x, y) for x, y in part.coords]
                found += [pair for pair in itertools.pairwise(at) if pair[0] != pair[1]]
    return found


def faces(lines: Sequence[BaseGeometry], box: Box) -> list[tuple[str, BaseGeometry]]:
    """("land" or "ocean", polygon) of the parts into which the coast divides the box. Each is what
    most of the coast along it says; a part without coast is land."""
    frame = shapely.box(*box)
    parts = _merged(lines)
    drawn = [*parts, *_bridges(parts, frame)]
    cut = [shapely.LineString(part).intersection(frame) for part in drawn if len(part) > 1]
    cut = [shape for shape in cut if not shape.is_empty]
    pieces = _pieces(cut)
    tree = shapely.STRtree([shapely.LineString(piece) for piece in pieces])
    found = []
    for face in polygonize(unary_union([frame.boundary, *cut])):
        shapely.prepare(face)
        votes = sum(_vote(face, pieces[index]) for index in tree.query(face, "intersects"))
        found.append(("ocean" if votes > 0 else "land", face))
    return found


def _vote(face: BaseGeometry, piece: tuple[Position, Position]) -> float:
    """The length of a piece of the coast, positive when the face lies on its right: in the sea."""
    (x0, y0), (x1, y1) = piece
    length = math.dist(*piece)
    aside = ((y1 - y0) / length * SIDE, (x0 - x1) / length * SIDE)
    x, y = (x0 + x1) / 2, (y0 + y1) / 2
    if face.contains(shapely.Point(x + aside[0], y + aside[1])):
        return length
    if face.contains(shapely.Point(x - aside[0], y - aside[1])):
        return -length
    return 0.0
