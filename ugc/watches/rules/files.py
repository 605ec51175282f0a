"""Ways and areas as files: GPX tracks and routes, GeoJSON lines and polygons. XML with a DTD is
refused, so no entity is ever expanded. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any
from xml.etree.ElementTree import Element, ParseError, TreeBuilder

import orjson
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser
from flask_babel import lazy_gettext

from ugc.core.errors import Invalid
from ugc.watches.rules.geometry import Line, Rings

BYTES_MAX = 2 * 1024 * 1024
POINTS_MAX = 50_000
DEPTH_MAX = 100  # of XML; a track point has five above it
FIELD = "file"

_UNREADABLE = lazy_gettext("This file cannot be read. Upload a GPX or GeoJSON file.")
_COORDINATES = lazy_gettext("This file has coordinates that are not on the map.")


def _refused(text: object) -> Invalid:
    return Invalid(fields={FIELD: [text]})


def read(data: bytes) -> tuple[list[Line], list[Rings]]:
    """The lines and the polygons of a file, told apart by its content. Raises Invalid on `file`."""
    if len(data) > BYTES_MAX:
        told = lazy_gettext("This file is too large: at most %(most)d MB.", most=BYTES_MAX >> 20)
        raise _refused(told)
    begin = data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if begin == b"{":
        lines, polygons = _geojson(data)
    elif begin == b"<":
        lines, polygons = list(_gpx(data)), []
    else:
        raise _refused(_UNREADABLE)
    return lines, polygons


def _count(points: int) -> None:
    if points > POINTS_MAX:
        told = lazy_gettext(
            "This file has too many points: at most %(most)d. Simplify it first.", most=POINTS_MAX
        )
        raise _refused(told)


def _position(lon: Any, lat: Any) -> tuple[float, float]:
    try:
        x, y = float(lon), float(lat)
    except (TypeError, ValueError):
        raise _refused(_COORDINATES) from None
    if not (abs(x) <= 180 and abs(y) <= 90):  # a NaN is neither
        raise _refused(_COORDINATES)
    return x, y


class _Builder(TreeBuilder):
    """Raises ValueError for elements that lie too deep in one another."""

    depth = 0

    def start(self, tag: Any, attrs: Any, /) -> Element:
        self.depth += 1
        if self.depth > DEPTH_MAX:
            raise ValueError("too deep")
        return super().start(tag, attrs)

    def end(self, tag: Any, /) -> Element:
        self.depth -= 1
        return super().end(tag)


def _gpx(data: bytes) -> Iterator[Line]:
    """One line for each segment of a track and each route."""
    try:
        parser = DefusedXMLParser(target=_Builder(), forbid_dtd=True)
        parser.feed(data)
        root = parser.close()
    except (DefusedXmlException, ParseError, ValueError, LookupError):
        raise _refused(_UNREADABLE) from None
    if _tag(root) != "gpx":
        raise _refused(_UNREADABLE)
    points = 0
    for group in root.iter():
        wanted = {"trkseg": "trkpt", "rte": "rtept"}.get(_tag(group))
        if wanted is None:
            continue
        line = [_position(p.get("lon"), p.get("lat")) for p in group if _tag(p) == wanted]
        points += len(line)
        _count(points)
        if len(line) > 1:
            yield line


def _tag(element: Any) -> str:
    """Without its namespace; comments have none."""
    return element.tag.rsplit("}", 1)[-1] if isinstance(element.tag, str) else ""


def _listed(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise _refused(_UNREADABLE)
    return value


class _Geometries:
    """Lines and polygons of a GeoJSON document, and how many points they have together."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.polygons: list[Rings] = []
        self._points = 0

    def add(self, kind: Any, coordinates: Any) -> None:
        """Takes the coordinates of one geometry; other kinds are passed over. Raises Invalid."""
        match kind:
            case "LineString":
                self.lines.append(self._line(coordinates))
            case "MultiLineString":
                self.lines += [self._line(part) for part in _listed(coordinates)]
            case "Polygon":
                self.polygons.append([self._line(ring) for ring in _listed(coordinates)])
            case "MultiPolygon":
                self.polygons += [
                    [self._line(ring) for ring in _listed(part)] for part in _listed(coordinates)
                ]

    def _line(self, value: Any) -> Line:
        points = _listed(value)
        self._points += len(points)
        _count(self._points)
        if any(not isinstance(p, list) or len(p) < 2 for p in points):
            raise _refused(_UNREADABLE)
        return [_position(p[0], p[1]) for p in points]


def _geojson(data: bytes) -> tuple[list[Line], list[Rings]]:
    try:
        waiting = deque([orjson.loads(data.removeprefix(b"\xef\xbb\xbf"))])
    except orjson.JSONDecodeError:
        raise _refused(_UNREADABLE) from None
    found = _Geometries()
    # What is left in a queue rather than recursion: nesting cannot exhaust the stack.
    while waiting:
        thing = waiting.popleft()
        if not isinstance(thing, dict):
            continue
        match thing.get("type"):
            case "FeatureCollection":
                waiting += _listed(thing.get("features"))
            case "Feature":
                waiting.append(thing.get("geometry"))
            case "GeometryCollection":
                waiting += _listed(thing.get("geometries"))
            case kind:
                found.add(kind, thing.get("coordinates"))
        _count(len(waiting))
    return [line for line in found.lines if len(line) > 1], found.polygons
