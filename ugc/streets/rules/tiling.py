"""Which tiles a box has. Pure. Columns and rows are those of Web Mercator (XYZ scheme)."""

from __future__ import annotations

import math
from collections.abc import Iterator

from pmtiles.tile import zxy_to_tileid

from ugc.streets.rules.boxes import Box

SHALLOWEST, DEEPEST = 8, 14
WORLD_M = 40_075_016.7  # metres round the equator, in Web Mercator
TILE_PIXELS = 512
MOST_TILES = 1_500_000  # of the deepest zoom: a country such as Spain


def column(lon: float, zoom: int) -> int:
    return min(2**zoom - 1, max(0, int((lon + 180) / 360 * 2**zoom)))


def row(lat: float, zoom: int) -> int:
    y = (1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2
    return min(2**zoom - 1, max(0, int(y * 2**zoom)))


def tiles(
    box: Box, shallowest: int = SHALLOWEST, deepest: int = DEEPEST
) -> Iterator[tuple[int, int, int]]:
    """(zoom, column, row) in the order in which a PMTiles archive wants them."""
    west, south, east, north = box
    for zoom in range(shallowest, deepest + 1):
        found = [
            (x, y)
            for x in range(column(west, zoom), column(east, zoom) + 1)
            for y in range(row(north, zoom), row(south, zoom) + 1)
        ]
        yield from ((zoom, x, y) for x, y in sorted(found, key=lambda at: zxy_to_tileid(zoom, *at)))


def count(box: Box) -> int:
    """How many tiles of the deepest zoom a box has."""
    west, south, east, north = box
    wide = column(east, DEEPEST) - column(west, DEEPEST) + 1
    return wide * (row(south, DEEPEST) - row(north, DEEPEST) + 1)


def pixel(zoom: int) -> float:
    """Metres of Web Mercator that one pixel of a tile stands for."""
    return float(WORLD_M / 2**zoom / TILE_PIXELS)
