"""A loaded city on the pictures that the server draws: what the browser's map shows of it
(static/js/city-style.mjs), drawn with Pillow from the same archive, in fewer layers."""

from __future__ import annotations

import functools
import itertools
import logging
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

from ugc.drawing import openmaptiles, typeset
from ugc.drawing.basemap import BROKEN, SHARP, SOURCES, Basemap, View, lines_of, name_of, rings_of
from ugc.drawing.typeset import Pack, Style

log = logging.getLogger(__name__)
SOURCE = "© OpenStreetMap contributors"
CASED_FROM = 13.5  # zoom; farther out a casing is all that would be seen of a road
BUILDINGS_FROM = 14.0
NAMES_FROM = 13.5
MOST_NAMES = 14
DEEPEST = 14

# Colours by layer and kind, of both themes; a test compares them with the browser's.
AREAS = (
    ("use", None, "town"),
    ("cover", "wood", "wood"), ("cover", "scrub", "scrub"), ("cover", "farm", "farm"),
    ("cover", "rock", "rock"), ("cover", "ice", "ice"), ("cover", "sand", "sand"),
    ("cover", "grass", "grass"),
    ("green", "pitch", "pitch"), ("green", "cemetery", "cemetery"), ("green", "grass", "grass"),
    ("green", None, "park"),
    ("paved", None, "paved"), ("water", None, "water"),
)  # fmt: skip
# Widths in pixels at zooms, from the narrowest road: pairs of (zoom, pixels).
ROADS: dict[str, tuple[tuple[float, float], ...]] = {
    "aisle": ((15, 0.6), (17, 2), (20, 10)),
    "service": ((13, 0.4), (14, 1.2), (16, 3.6), (18, 10), (20, 30)),
    "pedestrian": ((13, 0.5), (14, 2), (16, 5.4), (18, 14), (20, 40)),
    "minor": ((12, 0.5), (13, 1.2), (14, 2.7), (16, 7), (18, 18), (20, 54)),
    "tertiary": ((11, 0.5), (12, 1.4), (14, 3.8), (16, 8.5), (18, 21), (20, 60)),
    "secondary": ((10, 0.6), (12, 2.1), (14, 4.6), (16, 9.5), (18, 23), (20, 64)),
    "primary": ((8, 0.6), (10, 1.3), (12, 2.6), (14, 5.4), (16, 10.5), (18, 25), (20, 70)),
    "trunk": ((7, 0.6), (9, 1.4), (12, 3), (14, 6), (16, 11), (18, 25), (20, 70)),
    "motorway": ((6, 0.6), (9, 1.6), (12, 3.4), (14, 6.5), (16, 12), (18, 26), (20, 70)),
}
MAIN = ("tertiary", "secondary", "primary", "trunk", "motorway")


Point = tuple[float, float]


@dataclass(frozen=True)
class Colours:
    """Those of one theme: grounds by name, roads and casings by kind, letters."""

    grounds: dict[str, str]
    roads: dict[str, str]
    casings: dict[str, str]
    building: str
    rail: str
    name: str
    halo: str


LIGHT = Colours(
    {
        "land": "#f6f1e9", "ocean": "#c8dde9", "water": "#c8dde9", "town": "#f1eae1",
        "wood": "#d9e5cb", "scrub": "#e1e8d0", "grass": "#e4ecd3", "farm": "#f0eddb",
        "rock": "#e9e4dd", "ice": "#eef4f6", "sand": "#f3e9c9", "park": "#d0e4c0",
        "pitch": "#c4deb8", "cemetery": "#d9e2cf", "paved": "#f8f3ee",
    },
    {
        "motorway": "#f5b48a", "trunk": "#fbcb98", "primary": "#fde0aa", "secondary": "#fff0cf",
        "tertiary": "#ffffff", "minor": "#ffffff", "service": "#ffffff", "aisle": "#ffffff",
        "pedestrian": "#fdf6f8",
    },
    {
        "motorway": "#b0673a", "trunk": "#b6783c", "primary": "#a57f3f", "secondary": "#9f804b",
        "other": "#9f8063",
    },
    "#e6dbd0", "#b3a3ac", "#5d4d57", "#fbf7f1",
)  # fmt: skip
DARK = Colours(
    {
        "land": "#251c29", "ocean": "#141f2c", "water": "#141f2c", "town": "#2a202e",
        "wood": "#202e29", "scrub": "#262f2a", "grass": "#28322c", "farm": "#2c2c2e",
        "rock": "#2e2731", "ice": "#303640", "sand": "#38332c", "park": "#24382c",
        "pitch": "#2b4133", "cemetery": "#283430", "paved": "#2e2433",
    },
    {
        "motorway": "#b6845f", "trunk": "#9f7963", "primary": "#8b7068", "secondary": "#7c6972",
        "tertiary": "#78697d", "minor": "#796981", "service": "#796882", "aisle": "#7a6884",
        "pedestrian": "#7b678a",
    },
    {"other": "#1a131d"},
    "#362b3c", "#6d5e74", "#e2d6df", "#1b1420",
)  # fmt: skip


@dataclass(frozen=True)
class City:
    """An archive of tiles and what it covers: west, south, east, north in degrees. `schema` is
    `boca` or `openmaptiles`; without `has_sea` the bundled map's is seen; `credit` is the source
    that the map names beside OpenStreetMap."""

    path: Path
    box: tuple[float, float, float, float]
    schema: str = "boca"
    has_sea: bool = True
    credit: str = ""

    @property
    def tiles(self) -> Basemap:
        return opened(self.path, self.schema)

    @property
    def size(self) -> float:
        """Square degrees of its box."""
        west, south, east, north = self.box
        return (east - west) * (north - south)

    def covers(self, lon: float, lat: float) -> bool:
        west, south, east, north = self.box
        return west <= lon <= east and south <= lat <= north


@dataclass(frozen=True)
class Painted:
    """A city in the colours of a theme, as the basemap's picture wants what lies on it."""

    city: City
    colours: Colours

    def paint(self, image: Image.Image, view: View) -> None:
        paint(image, self.city, view, self.colours)

    def names(
        self, image: Image.Image, pack: Pack, view: View, language: str, taken: list[Any]
    ) -> None:
        names(image, pack, self.city, view, language, self.colours, taken)

    def frame(self, view: View) -> tuple[float, float, float, float]:
        return _frame(self.city, view)

    def fills(self, view: View) -> bool:
        left, top, right, bottom = self.frame(view)
        is_inside = left <= 0 and top <= 0 and right >= view.width and bottom >= view.height
        return is_inside and self.city.has_sea and bool(_tiles(self.city, view))

    def sources(self, view: View) -> str:
        said = [SOURCE, self.city.credit, "" if self.fills(view) else SOURCES]
        return " · ".join(filter(None, said))


class OpenMapTiles(Basemap):
    """An archive that an operator brought, read as ours."""

    def _tile(self, z: int, x: int, y: int) -> dict[str, Any] | None:
        try:
            found = super()._tile(z, x, y)
        except BROKEN as error:
            log.warning("tile %s/%s/%s of an archive is broken: %r", z, x, y, error)
            return None
        return None if found is None else openmaptiles.as_ours(found)


@functools.lru_cache(maxsize=4)
def opened(path: Path, schema: str) -> Basemap:
    return OpenMapTiles(path) if schema == "openmaptiles" else Basemap(path)


def width_at(stops: tuple[tuple[float, float], ...], zoom: float) -> float:
    """Pixels at a zoom, as `interpolate exponential 1.6` of the MapLibre style specification; 0
    before the first stop."""
    if zoom < stops[0][0]:
        return 0.0
    for (z0, w0), (z1, w1) in itertools.pairwise(stops):
        if zoom <= z1:
            share = (1.6 ** (zoom - z0) - 1) / (1.6 ** (z1 - z0) - 1)
            return w0 + (w1 - w0) * share
    return stops[-1][1]


def _frame(city: City, view: View) -> tuple[float, float, float, float]:
    """The box of a city in pixels of a view: left, top, right, bottom."""
    west, south, east, north = city.box
    left, top = view.place(west, north)
    right, bottom = view.place(east, south)
    return left, top, right, bottom


def _tiles(city: City, view: View) -> list[Any]:
    """What a view needs of the archive; nothing where it begins deeper."""
    tiles = city.tiles
    depth = min(DEEPEST, tiles.deepest, int(view.zoom))
    return list(tiles.tiles(view, depth)) if depth >= tiles.shallowest else []


def paint(image: Image.Image, city: City, view: View, colours: Colours) -> None:
    """Paints a city on the picture of a view that is `SHARP` times larger; nothing so far out that
    it has no tiles."""
    tiles = _tiles(city, view)
    if not tiles:
        return
    land = colours.grounds["land"]
    canvas = Image.new("RGB", image.size, land) if city.has_sea else image.copy()
    for kind in ("land", "ocean"):
        _fill(canvas, tiles, "ground", kind, colours.grounds[kind])
    for layer, each, name in AREAS:
        _fill(canvas, tiles, layer, each, colours.grounds[name])
    if view.zoom >= BUILDINGS_FROM:
        _fill(canvas, tiles, "building", None, colours.building)
    _roads(canvas, tiles, view, colours)
    rail = 1.2 * SHARP * view.density
    _stroke(canvas, tiles, "rail", ("rail", "tram"), colours.rail, rail)
    mask = Image.new("L", image.size, 0)
    left, top, right, bottom = (round(side * SHARP) for side in _frame(city, view))
    if right > left and bottom > top:
        ImageDraw.Draw(mask).rectangle((left, top, right - 1, bottom - 1), fill=255)
        image.paste(canvas, mask=mask)


def _features(tiles: list[Any], layer: str) -> Iterator[tuple[dict[str, Any], float, float, float]]:
    """(feature, left, top, pixels of a unit in the sharp picture)."""
    for layers, left, top, unit in tiles:
        for feature in layers.get(layer, {}).get("features", []):
            yield feature, left * SHARP, top * SHARP, unit * SHARP


def _fill(canvas: Image.Image, tiles: list[Any], layer: str, kind: str | None, colour: str) -> None:
    draw = ImageDraw.Draw(canvas)
    for feature, left, top, unit in _features(tiles, layer):
        if kind is not None and feature["properties"].get("kind") != kind:
            continue
        for rings in rings_of(feature["geometry"]):
            shapes = [[(left + x * unit, top + y * unit) for x, y in ring] for ring in rings]
            box = _seen(shapes[0], canvas.size)
            if box is None:
                continue
            if len(shapes) == 1:
                draw.polygon(shapes[0], fill=colour)
                continue
            # What lies in a hole stays as it is.
            mask = Image.new("L", (box[2] - box[0], box[3] - box[1]), 0)
            pencil = ImageDraw.Draw(mask)
            for number, shape in enumerate(shapes):
                if len(shape) > 2:
                    moved = [(x - box[0], y - box[1]) for x, y in shape]
                    pencil.polygon(moved, fill=0 if number else 255)
            canvas.paste(colour, box[:2], mask)


def _seen(shape: list[Point], size: tuple[int, int]) -> tuple[int, int, int, int] | None:
    """The part of a shape's box that is inside of a picture of that size; None for nothing."""
    if len(shape) < 3:
        return None
    xs, ys = [x for x, _ in shape], [y for _, y in shape]
    box = (
        max(0, math.floor(min(xs))), max(0, math.floor(min(ys))),
        min(size[0], math.ceil(max(xs)) + 1), min(size[1], math.ceil(max(ys)) + 1),
    )  # fmt: skip
    return box if box[0] < box[2] and box[1] < box[3] else None


def _stroke(
    canvas: Image.Image, tiles: list[Any], layer: str, kinds: tuple[str, ...], colour: str,
    width: float,
) -> None:  # fmt: skip
    draw = ImageDraw.Draw(canvas)
    thick = max(1, round(width))
    for feature, left, top, unit in _features(tiles, layer):
        if feature["properties"].get("kind") not in kinds or "tunnel" in feature["properties"]:
            continue
        for line in lines_of(feature["geometry"]):
            points = [(left + x * unit, top + y * unit) for x, y in line]
            draw.line(points, fill=colour, width=thick, joint="curve")


def _roads(canvas: Image.Image, tiles: list[Any], view: View, colours: Colours) -> None:
    """All casings below all fills, the widest roads on top."""
    big = SHARP * view.density
    widths = {kind: width_at(stops, view.zoom) for kind, stops in ROADS.items()}
    if view.zoom >= CASED_FROM:
        for kind, width in widths.items():
            if width:
                colour = colours.casings.get(kind, colours.casings["other"])
                _stroke(canvas, tiles, "road", (kind,), colour, (width + 1.6) * big)
    for kind, width in widths.items():
        if width:
            _stroke(canvas, tiles, "road", (kind,), colours.roads[kind], width * big)


def names(
    image: Image.Image,
    pack: Pack,
    city: City,
    view: View,
    language: str,
    colours: Colours,
    taken: list[tuple[float, float, float, float]],
) -> None:
    """Writes names of streets along their longest straight part, where boxes `taken` leave room, in
    the reader's language where they have one; adds its own. Main streets come first, each name
    once."""
    if view.zoom < NAMES_FROM:
        return
    style = Style(13 * view.density, 500)
    written: set[str] = set()
    for name, (x0, y0), (x1, y1) in _named_lines(city, view, language):
        if name in written or len(written) == MOST_NAMES:
            continue
        long, wide = math.dist((x0, y0), (x1, y1)), typeset.width(pack, name, style)
        if wide > long * 1.15:
            continue
        angle = math.degrees(math.atan2(y1 - y0, x1 - x0))
        angle = (angle + 90) % 180 - 90  # never upside down
        flat_width, flat_height = math.ceil(wide) + 8, round(style.size * 1.7)
        cos, sin = abs(math.cos(math.radians(angle))), abs(math.sin(math.radians(angle)))
        across, down = flat_width * cos + flat_height * sin, flat_width * sin + flat_height * cos
        left, top = (x0 + x1 - across) / 2, (y0 + y1 - down) / 2
        box = (left, top, left + across, top + down)
        edge = 4 * view.density
        inside = left >= edge and top >= edge and box[2] <= view.width - edge
        if not inside or box[3] > view.height - edge or any(_meet(box, each) for each in taken):
            continue
        taken.append(box)
        written.add(name)
        flat = Image.new("RGBA", (flat_width, flat_height), (0, 0, 0, 0))
        typeset.draw_line(
            ImageDraw.Draw(flat), pack, (4, style.size * 1.25), name, style, colours.name,
            halo=colours.halo, rtl=typeset.is_rtl(name),
        )  # fmt: skip
        turned = flat.rotate(-angle, Image.Resampling.BICUBIC, expand=True)
        image.paste(turned, (round(left), round(top)), turned)


def _meet(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return (
        one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
    )  # fmt: skip


def _named_lines(city: City, view: View, language: str) -> list[tuple[str, Point, Point]]:
    """(name, start, end) of the longest straight part in sight of each named road, the main ones
    first, then the longest."""
    found: list[tuple[int, float, str, Point, Point]] = []
    for layers, left, top, unit in _tiles(city, view):
        # OpenMapTiles keeps the names of roads in a layer of their own.
        for feature in (layers.get("road_name") or layers.get("road", {})).get("features", []):
            said = feature["properties"]
            name = name_of(said, language)
            if not name or said.get("kind") not in ROADS:
                continue
            rank = -MAIN.index(said["kind"]) - 1 if said["kind"] in MAIN else 0
            for line in lines_of(feature["geometry"]):
                points = [(left + x * unit, top + y * unit) for x, y in line]
                for start, end in _straights(points):
                    found.append((rank, -math.dist(start, end), name, start, end))
    return [(name, start, end) for _, _, name, start, end in sorted(found)]


BENT = 12  # degrees by which a straight part may turn


def _straights(points: list[Point]) -> Iterator[tuple[Point, Point]]:
    """Parts of a line that hardly turn, as their ends."""
    start = 0
    for at in range(1, len(points)):
        first = math.atan2(points[start + 1][1] - points[start][1],
                           points[start + 1][0] - points[start][0])  # fmt: skip
        here = math.atan2(points[at][1] - points[at - 1][1], points[at][0] - points[at - 1][0])
        if abs((here - first + math.pi) % (2 * math.pi) - math.pi) > math.radians(BENT):
            yield points[start], points[at - 1]
            start = at - 1
    if len(points) > 1:
        yield points[start], points[-1]
