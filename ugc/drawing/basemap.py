"""The bundled basemap as a picture: what the browser's map shows of land, water, borders and towns
(static/js/map-style.mjs), drawn with Pillow from the same archive. No streets: it has none."""

from __future__ import annotations

import functools
import gzip
import math
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, cast

import mapbox_vector_tile
from google.protobuf.message import DecodeError
from PIL import Image, ImageDraw
from pmtiles.reader import MmapSource
from pmtiles.tile import (
    Compression,
    deserialize_directory,
    deserialize_header,
    find_tile,
    tileid_to_zxy,
    zxy_to_tileid,
)

from ugc.drawing import typeset
from ugc.drawing.typeset import Pack, Style

TILE = 512  # pixels of a tile's side at its own zoom
EXTENT = 4096
SHARP = 2  # drawn so many times larger, then made small: smooth edges
NORTHMOST = 85.0511  # degrees; Web Mercator shows no more
MOST_TOWNS = 24
DIRECTORIES = 4  # one below the other, at most (PMTiles specification 3, section 4)
MOST_BYTES = 32 << 20  # of one tile, unpacked
# What broken directories and tiles raise, each with the library that reads them.
BROKEN = (
    ValueError, KeyError, IndexError, TypeError, AssertionError, EOFError, OverflowError,
    gzip.BadGzipFile, zlib.error, DecodeError,
)  # fmt: skip
# Asked for by GeoNames and the IGN (CC BY 4.0); see ATTRIBUTION.md.
SOURCES = "Natural Earth · GeoNames · © IGN"


@dataclass(frozen=True)
class Palette:
    """The colours of static/js/map-style.mjs; a test compares them."""

    water: str
    land: str
    line: str
    fine: str
    text: str
    faint: str
    halo: str


LIGHT = Palette("#d4e2ea", "#f6f1e9", "#b9a9b3", "#ddd0d6", "#4d3f49", "#7d6d78", "#fbf7f1")
DARK = Palette("#141a24", "#251c29", "#5c4d62", "#3a2e3f", "#e4d7e0", "#a797a5", "#1b1420")


@dataclass(frozen=True)
class View:
    """A part of the world: `zoom` in doublings of 512 pixels, the size in pixels; `density` pixels
    stand for one where letters and lines are drawn."""

    lon: float
    lat: float
    zoom: float
    width: int
    height: int
    density: int = 1

    @property
    def world(self) -> float:
        """Pixels of the whole world's side."""
        return TILE * 2**self.zoom * self.density

    @property
    def corner(self) -> tuple[float, float]:
        """World pixels of the top left; near a pole the view stops at the map's edge."""
        x, y = project(self.lon, self.lat, self.world)
        top = min(max(0.0, y - self.height / 2), max(0.0, self.world - self.height))
        return x - self.width / 2, top

    def place(self, lon: float, lat: float) -> tuple[float, float]:
        """Pixels of a position in the picture, by the way round the world that is nearer to the
        middle."""
        left, top = self.corner
        x, y = project(lon, lat, self.world)
        x -= left
        x -= self.world * round((x - self.width / 2) / self.world)
        return x, y - top


def project(lon: float, lat: float, world: float) -> tuple[float, float]:
    """Web Mercator (EPSG:3857) in pixels of a world of that side."""
    lat = min(max(lat, -NORTHMOST), NORTHMOST)
    y = (1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2
    return (lon + 180) / 360 * world, y * world


class Basemap:
    """Tiles of an archive. Raises OSError when the front end was not built."""

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            self._bytes = MmapSource(file)
        self._header = deserialize_header(self._bytes(0, 127))
        self.shallowest = int(self._header["min_zoom"])
        self.deepest = int(self._header["max_zoom"])
        self.tile = functools.lru_cache(maxsize=24)(self._tile)
        self._directory = functools.lru_cache(maxsize=24)(self._read_directory)

    def _read_directory(self, offset: int, length: int) -> list[Any]:
        return cast("list[Any]", deserialize_directory(self._bytes(offset, length)))

    def _content(self, z: int, x: int, y: int) -> bytes | None:
        """A tile as it is stored. `pmtiles.reader` walks the same way, and reads all directories
        again for each tile."""
        wanted, header = zxy_to_tileid(z, x, y), self._header
        offset, length = header["root_offset"], header["root_length"]
        for _ in range(DIRECTORIES):
            entry = find_tile(self._directory(offset, length), wanted)
            if entry is None:
                return None
            if entry.run_length:
                at = header["tile_data_offset"] + entry.offset
                return cast(bytes, self._bytes(at, entry.length))
            offset, length = header["leaf_directory_offset"] + entry.offset, entry.length
        return None

    def _tile(self, z: int, x: int, y: int) -> dict[str, Any] | None:
        """Layers by name; None where the archive has nothing."""
        content = self._content(z, x, y)
        if content is None:
            return None
        if self._header["tile_compression"] is not Compression.NONE:
            content = _unpacked(content)
        decoded: dict[str, Any] = mapbox_vector_tile.decode(
            content, default_options={"y_coord_down": True}
        )
        return decoded

    def first(self) -> tuple[int, int, int]:
        """(zoom, column, row) of the archive's first tile. Raises IndexError without one."""
        offset, length = self._header["root_offset"], self._header["root_length"]
        for _ in range(DIRECTORIES):
            entry = self._directory(offset, length)[0]
            if entry.run_length:
                return tileid_to_zxy(entry.tile_id)
            offset, length = self._header["leaf_directory_offset"] + entry.offset, entry.length
        raise IndexError("directories without a tile")

    def depth_at(self, lon: float, lat: float) -> int:
        """The deepest zoom that the archive has there."""
        for z in range(self.deepest, 0, -1):
            x, y = project(lon, lat, 2**z)
            if self._content(z, int(x) % 2**z, min(int(y), 2**z - 1)) is not None:
                return z
        return 0

    def tiles(self, view: View, z: int) -> Iterator[tuple[dict[str, Any], float, float, float]]:
        """(layers, left, top, pixels of one unit) of what the view needs of a zoom."""
        side = view.world / 2**z
        left, top = view.corner
        for row in range(math.floor(top / side), math.floor((top + view.height) / side) + 1):
            if not 0 <= row < 2**z:
                continue
            first, last = math.floor(left / side), math.floor((left + view.width) / side)
            for column in range(first, last + 1):
                layers = self.tile(z, column % 2**z, row)
                if layers:
                    yield layers, column * side - left, row * side - top, side / EXTENT


def _unpacked(content: bytes) -> bytes:
    """Of gzip, `MOST_BYTES` at most. Raises ValueError and zlib.error."""
    reader = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    found = reader.decompress(content, MOST_BYTES)
    if not reader.eof:
        raise ValueError("the tile is cut short or too large")
    return found


@functools.lru_cache(maxsize=2)
def basemap(path: Path) -> Basemap:
    return Basemap(path)


def rings_of(geometry: dict[str, Any]) -> list[list[Any]]:
    """Polygons as lists of rings, the outer one first."""
    kind, coordinates = geometry["type"], geometry["coordinates"]
    return coordinates if kind == "MultiPolygon" else [coordinates] if kind == "Polygon" else []


def lines_of(geometry: dict[str, Any]) -> list[Any]:
    kind, coordinates = geometry["type"], geometry["coordinates"]
    return (
        coordinates if kind == "MultiLineString" else [coordinates] if kind == "LineString" else []
    )


class Over(Protocol):
    """What lies on the basemap: a loaded city."""

    def paint(self, image: Image.Image, view: View) -> None:
        """Paints it on a picture that is `SHARP` times larger than the view."""

    def names(
        self, image: Image.Image, pack: Pack, view: View, language: str, taken: list[Any]
    ) -> None:
        """Writes its names outside of the boxes `taken`, and adds their own."""

    def frame(self, view: View) -> tuple[float, float, float, float]:
        """What it covers: left, top, right, bottom in pixels of the view."""

    def fills(self, view: View) -> bool:
        """Whether nothing of the basemap is seen."""

    def sources(self, view: View) -> str:
        """Where the map comes from."""


@dataclass(frozen=True)
class Stroke:
    """How lines of one layer are drawn: levels `least` to `most`, `thick` pixels."""

    layer: str
    least: int
    most: int
    colour: Any
    thick: float


def _fill(mask: Image.Image, layer: str, layers: Any, left: float, top: float, unit: float) -> None:
    """Fills the polygons of one layer of a tile into `mask`."""
    # A lake of a tile hides no land of the next: each is drawn inside its own square, as
    # much of it as is in sight.
    side = math.ceil(EXTENT * unit * SHARP) + 1
    x0, y0 = round(left * SHARP), round(top * SHARP)
    seen = (max(0, x0), max(0, y0), min(mask.width, x0 + side), min(mask.height, y0 + side))
    if seen[0] >= seen[2] or seen[1] >= seen[3]:
        return
    part = Image.new("L", (seen[2] - seen[0], seen[3] - seen[1]), 0)
    aside, down = x0 - seen[0], y0 - seen[1]
    pencil = ImageDraw.Draw(part)
    polygons = [
        rings
        for feature in layers.get(layer, {}).get("features", [])
        for rings in rings_of(feature["geometry"])
    ]
    # Those with holes first: an island in a lake lies in a hole of its continent.
    for rings in sorted(polygons, key=len, reverse=True):
        for number, ring in enumerate(rings):
            points = [(aside + x * unit * SHARP, down + y * unit * SHARP) for x, y in ring]
            if len(points) > 2:
                pencil.polygon(points, fill=0 if number else 255)
    ImageDraw.Draw(mask).bitmap(seen[:2], part, fill=255)


def _stroke(
    draw: Any, stroke: Stroke, width: int, layers: Any, left: float, top: float, unit: float
) -> None:
    """Draws the lines of one layer of a tile, `width` in pixels of the sharp picture."""
    for feature in layers.get(stroke.layer, {}).get("features", []):
        level = feature["properties"].get("level", stroke.least)
        if not stroke.least <= level <= stroke.most:
            continue
        for line in lines_of(feature["geometry"]):
            points = [((left + x * unit) * SHARP, (top + y * unit) * SHARP) for x, y in line]
            draw.line(points, fill=stroke.colour, width=width, joint="curve")


def picture(
    base: Basemap,
    pack: Pack,
    view: View,
    language: str,
    keep_out: list[Any],
    palette: Palette = LIGHT,
    over: Over | None = None,
) -> Image.Image:
    """The view as RGB, with what lies `over` it. Names stay out of the boxes `keep_out` (left, top,
    right, bottom in pixels)."""
    tiles: list[Any] = []
    if over is None or not over.fills(view):
        zoom = min(int(view.zoom), base.depth_at(view.lon, view.lat))
        tiles = list(base.tiles(view, zoom))
    size = (view.width * SHARP, view.height * SHARP)
    image = Image.new("RGB", size, palette.water)
    for layer, colour in (("land", palette.land), ("water", palette.water)):
        mask = Image.new("L", size, 0)
        for tile in tiles:
            _fill(mask, layer, *tile)
        image.paste(colour, mask=mask)
    draw = ImageDraw.Draw(image)
    for stroke in (
        Stroke("waterway", 0, 9, palette.water, 1.1),
        Stroke("municipality", 0, 9, palette.fine, 0.7),
        Stroke("boundary", 4, 9, palette.fine, 0.9),
        Stroke("boundary", 0, 3, palette.line, 1.3),
    ):
        for tile in tiles:
            _stroke(draw, stroke, round(stroke.thick * SHARP * view.density), *tile)
    if over is not None:
        over.paint(image, view)
    image = image.resize((view.width, view.height), Image.Resampling.BOX)
    sources = SOURCES if over is None else over.sources(view)
    taken = [*keep_out, _sources(image, pack, view, palette, sources)]
    if over is not None:
        over.names(image, pack, view, language, taken)
        # Its towns are in its own names: those of the bundled map stay out of it.
        taken.append(over.frame(view))
    _Names(image, pack, view, palette, taken).draw(tiles, language)
    return image


def _sources(
    image: Image.Image, pack: Pack, view: View, palette: Palette, sources: str
) -> tuple[float, float, float, float]:
    """Says where the map comes from, in the corner, in as many lines as it takes; returns the
    box."""
    big, small = view.density, Style(13 * view.density)
    room = view.width - 20 * big
    lines = [""]
    for part in sources.split(" · "):
        longer = f"{lines[-1]} · {part}" if lines[-1] else part
        if typeset.width(pack, longer, small) <= room or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(part)
    left = float(view.width)
    for up, line in enumerate(reversed(lines)):
        start = view.width - 10 * big - typeset.width(pack, line, small)
        left = min(left, start)
        typeset.draw_line(
            ImageDraw.Draw(image), pack, (start, view.height - (9 + 17 * up) * big), line, small,
            palette.faint, halo=palette.halo, rtl=typeset.is_rtl(line),
        )  # fmt: skip
    return (left - 6 * big, view.height - (9 + 17 * len(lines)) * big, view.width, view.height)


def _points(tiles: list[Any], layer: str) -> Iterator[tuple[float, float, dict[str, Any]]]:
    """(x, y, properties) of a layer's points, each once: tiles repeat those beside their edges."""
    for layers, left, top, unit in tiles:
        for feature in layers.get(layer, {}).get("features", []):
            x, y = feature["geometry"]["coordinates"]
            if 0 <= x < EXTENT and 0 <= y < EXTENT:
                yield left + x * unit, top + y * unit, feature["properties"]


@dataclass
class _Names:
    """Writes names where there is room; `taken` boxes are left, top, right and bottom in pixels."""

    image: Image.Image
    pack: Pack
    view: View
    palette: Palette
    taken: list[Any]

    def draw(self, tiles: list[Any], language: str) -> None:
        if self.view.zoom < 6.5:
            self._countries(tiles, language)
        self._towns(tiles, language)

    def _takes(self, box: tuple[float, float, float, float]) -> bool:
        """Whether the box is free and inside; from now on it is taken."""
        edge, view = 6 * self.view.density, self.view
        left, top, right, bottom = box
        free = (
            left >= edge and top >= edge
            and right <= view.width - edge and bottom <= view.height - edge
        ) and not any(
            left < other[2] and other[0] < right and top < other[3] and other[1] < bottom
            for other in self.taken
        )  # fmt: skip
        if free:
            self.taken.append(box)
        return free

    def _write(self, at: tuple[float, float], name: str, style: Style, colour: str) -> None:
        typeset.draw_line(
            ImageDraw.Draw(self.image), self.pack, at, name, style, colour,
            halo=self.palette.halo, rtl=typeset.is_rtl(name),
        )  # fmt: skip

    def _countries(self, tiles: list[Any], language: str) -> None:
        big = self.view.density
        bold = Style(19 * big, 700)
        for x, y, properties in sorted(
            _points(tiles, "country"), key=lambda each: each[2].get("rank", 100)
        ):
            name = name_of(properties, language)
            wide = typeset.width(self.pack, name, bold)
            box = (x - wide / 2 - 4 * big, y - 16 * big, x + wide / 2 + 4 * big, y + 8 * big)
            if name and self._takes(box):
                self._write((x - wide / 2, y), name, bold, self.palette.faint)

    def _towns(self, tiles: list[Any], language: str) -> None:
        big, dot = self.view.density, 3 * self.view.density
        shown = 0
        for x, y, properties in sorted(
            _points(tiles, "town"), key=lambda each: -each[2].get("population", 0)
        ):
            if shown == MOST_TOWNS:
                break
            is_large = properties.get("population", 0) > 400_000
            style = Style(20 * big, 600) if is_large else Style(17 * big, 500)
            name = name_of(properties, language)
            wide = typeset.width(self.pack, name, style)
            for start in (x + 8 * big, x - 8 * big - wide):
                ends = (min(start, x) - 6 * big, max(start + wide, x) + 6 * big)
                if not self._takes((ends[0], y - 14 * big, ends[1], y + 12 * big)):
                    continue
                shown += 1
                ImageDraw.Draw(self.image).ellipse(
                    (x - dot, y - dot, x + dot, y + dot),
                    fill=self.palette.text, outline=self.palette.halo,
                )  # fmt: skip
                self._write((start, y + 6 * big), name, style, self.palette.text)
                break


def name_of(properties: dict[str, Any], language: str) -> str:
    """The name of a thing in the reader's language, else as it is called there. OpenMapTiles calls
    the names `name:es`, the bundled map and ours `name_es`."""
    found = (
        properties.get(f"name:{language}")
        or properties.get(f"name_{language}")
        or properties.get("name")
    )
    return str(found or properties.get("name_en") or "")
