"""A city of two streets, and its tiles."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import mapbox_vector_tile
from pmtiles.reader import MmapSource, Reader

from ugc.streets.rules import tiling as streets_tiling

# A cross of two streets: the smallest city.
CROSS: dict[str, Any] = {
    "nodes": {
        1: (2.0, 41.0, {}), 2: (2.001, 41.0, {}), 3: (2.002, 41.0, {}),
        4: (2.001, 40.999, {}), 5: (2.001, 41.001, {}),
    },
    "ways": {
        1: ([1, 2, 3], {"highway": "residential", "name": "Carrer Llarg"}),
        2: ([4, 2, 5], {"highway": "residential", "name": "Carrer Curt"}),
    },
}  # fmt: skip


def tile(archive: Path, zoom: int, lon: float, lat: float) -> dict[str, Any]:
    """The layers of the tile over a point."""
    with archive.open("rb") as file:
        found = Reader(MmapSource(file)).get(
            zoom, streets_tiling.column(lon, zoom), streets_tiling.row(lat, zoom)
        )
    return dict(mapbox_vector_tile.decode(gzip.decompress(found or b"")))
