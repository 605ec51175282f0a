"""Archives of tiles in the OpenMapTiles schema, as an operator may bring them."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import mapbox_vector_tile
from pmtiles.tile import Compression, TileType, zxy_to_tileid
from pmtiles.writer import Writer

from ugc.streets.rules import tiling as streets_tiling
from ugc.streets.rules.boxes import Box

BOX: Box = (2.0, 41.0, 2.02, 41.015)
MIDDLE = (2.01, 41.0075)
SCHEMA = ("water", "transportation", "transportation_name", "building", "landuse", "place")
SIDE = 4096


def line(*points: tuple[int, int]) -> str:
    return "LINESTRING(" + ", ".join(f"{x} {y}" for x, y in points) + ")"


def square(left: int, bottom: int, side: int) -> str:
    x, y = left + side, bottom + side
    return f"POLYGON(({left} {bottom}, {x} {bottom}, {x} {y}, {left} {y}, {left} {bottom}))"


Layers = dict[str, list[tuple[str, dict[str, Any]]]]
# In units of a tile, from the south-west. Each tile has one main street and one alley.
CITY: Layers = {
    "landuse": [(square(0, 0, SIDE), {"class": "residential"})],
    "transportation": [
        (line((0, 2048), (SIDE, 2048)), {"class": "primary", "oneway": 1}),
        (line((1024, 0), (1024, SIDE)), {"class": "path", "subclass": "steps"}),
        (line((3000, 0), (3000, SIDE)), {"class": "minor", "brunnel": "tunnel"}),
    ],
    "transportation_name": [
        (line((0, 2048), (SIDE, 2048)),
            {"class": "primary", "name": "Gran Via", "name:es": "Gran Vía"}),
    ],
    "building": [(square(1300, 2300, 900), {"render_height": 12})],
    "place": [("POINT(2048 1000)", {"class": "town", "name": "Vila", "rank": 9})],
}  # fmt: skip
OCEAN: Layers = {"water": [(square(0, 0, 900), {"class": "ocean"})]}


def packed(layers: Layers) -> bytes:
    """A tile."""
    return gzip.compress(
        mapbox_vector_tile.encode(
            [
                {"name": name, "features": [
                    {"geometry": shape, "properties": said} for shape, said in features
                ]}
                for name, features in layers.items()
            ],
            default_options={"extents": SIDE},
        ),
        mtime=0,
    )  # fmt: skip


def archive(
    path: Path,
    *,
    layers: Layers = CITY,
    schema: tuple[str, ...] | None = SCHEMA,
    box: Box = BOX,
    zooms: tuple[int, int] = (8, 14),
    content: bytes | None = None,
    metadata: Mapping[str, Any] | None = None,
    header: Mapping[str, Any] | None = None,
) -> Path:
    """Writes an archive whose tiles all show `layers`, or are `content`."""
    tile = packed(layers) if content is None else content
    west, south, east, north = (round(side * 1e7) for side in box)
    with path.open("wb") as file:
        writer = Writer(file)
        for at in streets_tiling.tiles(box if box[0] < box[2] else BOX, *zooms):
            writer.write_tile(zxy_to_tileid(*at), tile)
        said = {"vector_layers": [{"id": each, "fields": {}} for each in schema]} if schema else {}
        writer.finalize(
            {
                "tile_type": TileType.MVT, "tile_compression": Compression.GZIP,
                "min_zoom": zooms[0], "max_zoom": zooms[1], "min_lon_e7": west,
                "min_lat_e7": south, "max_lon_e7": east, "max_lat_e7": north, "center_zoom": 12,
                "center_lon_e7": (west + east) // 2, "center_lat_e7": (south + north) // 2,
                **(header or {}),
            },
            {**said, **(metadata or {})},
        )  # fmt: skip
    return path
