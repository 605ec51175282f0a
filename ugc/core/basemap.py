"""The bundled basemap as a picture: what the browser's map shows of land, water, borders and towns
(static/js/map-style.mjs), drawn with Pillow from the same archive. No streets: it has none."""

from __future__ import annotations

import functools
import gzip
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mapbox_vector_tile
from PIL import Image, ImageDraw
from pmtiles.reader import MmapSource, Reader

from ugc.core import typeset
from ugc.core.typeset import Pack, Style

TILE = 512  # pixels of a tile's side at its own zoom
EXTENT = 4096
SHARP = 2  # drawn so many times larger, then made small: smooth edges
NORTHMOST = 85.0511  # degrees; Web Mercator shows no more
WATER, LAND, LINE, FINE = "#d4e2ea", "#f6f1e9", "#b9a9b3", "#ddd0d6"
TEXT, FAINT, HALO = "#4d3f49", "#7d6d78", "#fbf7f1"
MOST_TOWNS = 24
# Asked for by GeoNames and the IGN (CC BY 4.0); see ATTRIBUTION.md.
SOURCES = "Natural Earth · GeoNames · © IGN"


@dataclass(frozen=True)
class View:
    """A part of the world: `zoom` in doublings of 512 pixels, the size in pixels."""

    lon: float
    lat: float
    zoom: float
    width: int
    height: int

    @property
    def world(self) -> float:
        """Pixels of the whole world's side."""
        return TILE * 2**self.zoom

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
            self.reader = Reader(MmapSource(file))
        self.deepest = int(self.reader.header()["max_zoom"])
        self.tile = functools.lru_cache(maxsize=24)(self._tile)

    def _tile(self, z: int, x: int, y: int) -> dict[str, Any] | None:
        """Layers by name; None where the archive has nothing."""
        content = self.reader.get(z, x, y)
        if content is None:
            return None
        decoded: dict[str, Any] = mapbox_vector_tile.decode(
            gzip.decompress(content), default_options={"y_coord_down": True}
        )
        return decoded

    def depth_at(self, lon: float, lat: float) -> int:
        """The deepest zoom that the archive has there."""
        for z in range(self.deepest, 0, -1):
            x, y = project(lon, lat, 2**z)
            if self.reader.get(z, int(x) % 2**z, min(int(y), 2**z - 1)) is not None:
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


@functools.lru_cache(maxsize=2)
def basemap(path: Path) -> Basemap:
    return Basemap(path)


def _rings(geometry: dict[str, Any]) -> list[list[Any]]:
    """Polygons as lists of rings, the outer one first."""
    kind, coordinates = geometry["type"], geometry["coordinates"]
    return coordinates if kind == "MultiPolygon" else [coordinates] if kind == "Polygon" else []


def _lines(geometry: dict[str, Any]) -> list[Any]:
    kind, coordinates = geometry["type"], geometry["coordinates"]
    return (
        coordinates if kind == "MultiLineString" else [coordinates] if kind == "LineString" else []
    )


def picture(
    base: Basemap, pack: Pack, view: View, language: str, keep_out: list[Any]
) -> Image.Image:
    """The view as RGB. Names of towns and countries stay out of the boxes `keep_out` (left, top,
    right, bottom in pixels)."""
    zoom = min(int(view.zoom), base.depth_at(view.lon, view.lat))
    tiles = list(base.tiles(view, zoom))
    size = (view.width * SHARP, view.height * SHARP)
    image = Image.new("RGB", size, WATER)
    for layer, colour in (("land", LAND), ("water", WATER)):
        mask = Image.new("L", size, 0)
        draw = ImageDraw.Draw(mask)
        for layers, left, top, unit in tiles:
            # A lake of a tile hides no land of the next: each is drawn inside its own square.
            part = Image.new("L", (math.ceil(EXTENT * unit * SHARP) + 1,) * 2, 0)
            pencil = ImageDraw.Draw(part)
            polygons = [
                rings
                for feature in layers.get(layer, {}).get("features", [])
                for rings in _rings(feature["geometry"])
            ]
            # Those with holes first: an island in a lake lies in a hole of its continent.
            for rings in sorted(polygons, key=len, reverse=True):
                for number, ring in enumerate(rings):
                    points = [(x * unit * SHARP, y * unit * SHARP) for x, y in ring]
                    if len(points) > 2:
                        pencil.polygon(points, fill=0 if number else 255)
            draw.bitmap((round(left * SHARP), round(top * SHARP)), part, fill=255)
        image.paste(colour, mask=mask)
    draw = ImageDraw.Draw(image)
    for layer, least, most, colour, thick in (
        ("waterway", 0, 9, WATER, 1.1),
        ("municipality", 0, 9, FINE, 0.7),
        ("boundary", 4, 9, FINE, 0.9),
        ("boundary", 0, 3, LINE, 1.3),
    ):
        for layers, left, top, unit in tiles:
            for feature in layers.get(layer, {}).get("features", []):
                if not least <= feature["properties"].get("level", least) <= most:
                    continue
                for line in _lines(feature["geometry"]):
                    points = [
                        ((left + x * unit) * SHARP, (top + y * unit) * SHARP) for x, y in line
                    ]
                    draw.line(points, fill=colour, width=round(thick * SHARP), joint="curve")
    image = image.resize((view.width, view.height), Image.Resampling.BOX)
    draw = ImageDraw.Draw(image)
    small = Style(13)
    left = view.width - 10 - typeset.width(pack, SOURCES, small)
    typeset.draw_line(draw, pack, (left, view.height - 9), SOURCES, small, FAINT, halo=HALO)
    said = (left - 6, view.height - 26, view.width, view.height)
    _names(image, pack, view, tiles, language, [*keep_out, said])
    return image


def _points(tiles: list[Any], layer: str) -> Iterator[tuple[float, float, dict[str, Any]]]:
    """(x, y, properties) of a layer's points, each once: tiles repeat those beside their edges."""
    for layers, left, top, unit in tiles:
        for feature in layers.get(layer, {}).get("features", []):
            x, y = feature["geometry"]["coordinates"]
            if 0 <= x < EXTENT and 0 <= y < EXTENT:
                yield left + x * unit, top + y * unit, feature["properties"]


def _names(
    image: Image.Image, pack: Pack, view: View, tiles: list[Any], language: str, taken: list[Any]
) -> None:
    draw = ImageDraw.Draw(image)
    taken = list(taken)

    def is_free(box: tuple[float, float, float, float]) -> bool:
        inside = (
            box[0] >= 6 and box[1] >= 6 and box[2] <= view.width - 6 and box[3] <= view.height - 6
        )
        return inside and not any(
            box[0] < other[2] and other[0] < box[2] and box[1] < other[3] and other[1] < box[3]
            for other in taken
        )

    if view.zoom < 6.5:
        bold = Style(19, 700)
        found = sorted(_points(tiles, "country"), key=lambda each: each[2].get("rank", 100))
        for x, y, properties in found:
            name = str(properties.get(f"name_{language}") or properties.get("name_en") or "")
            wide = typeset.width(pack, name, bold)
            box = (x - wide / 2 - 4, y - 16, x + wide / 2 + 4, y + 8)
            if name and is_free(box):
                taken.append(box)
                typeset.draw_line(
                    draw, pack, (x - wide / 2, y), name, bold, FAINT, halo=HALO,
                    rtl=typeset.is_rtl(name),
                )  # fmt: skip
    shown = 0
    towns = sorted(_points(tiles, "town"), key=lambda each: -each[2].get("population", 0))
    for x, y, properties in towns:
        if shown == MOST_TOWNS:
            break
        population = properties.get("population", 0)
        style = Style(20 if population > 400_000 else 17, 600 if population > 400_000 else 500)
        name = str(properties["name"])
        wide = typeset.width(pack, name, style)
        for start in (x + 8, x - 8 - wide):
            box = (min(start, x) - 6, y - 14, max(start + wide, x) + 6, y + 12)
            if not is_free(box):
                continue
            taken.append(box)
            shown += 1
            draw.ellipse((x - 3, y - 3, x + 3, y + 3), fill=TEXT, outline=HALO)
            typeset.draw_line(
                draw, pack, (start, y + 6), name, style, TEXT, halo=HALO, rtl=typeset.is_rtl(name)
            )
            break
