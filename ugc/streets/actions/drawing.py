"""The tiles of a load: each made once by PostGIS, all in one PMTiles archive
(github.com/protomaps/PMTiles, spec version 3)."""

from __future__ import annotations

import gzip
import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import shapely
import sqlalchemy as sa
from pmtiles.tile import Compression, TileType, zxy_to_tileid
from pmtiles.writer import Writer

from ugc.core.db import Session
from ugc.streets.queries import drawing as drawing_queries
from ugc.streets.queries import loads
from ugc.streets.rules import coast, tags, tiling
from ugc.streets.rules.boxes import Box

ATTRIBUTION = "© OpenStreetMap contributors"
SMALLEST_PIXELS = 4  # areas of fewer pixels a side are left out of far tiles


def prepare(session: Session, extract_id: int, box: Box) -> None:
    """Makes the rows that tiles are cut from: land and sea, labels, numbers, boundaries."""
    raw, table = (loads.staged(name, extract_id) for name in ("raw", "drawing"))
    lines = session.scalars(sa.text(drawing_queries.COAST.format(raw=raw)))
    faces = coast.faces([shapely.from_wkb(bytes(line)) for line in lines], box)
    session.execute(
        sa.text(drawing_queries.INSERT_FACE.format(raw=raw)),
        [{"kind": kind, "shape": face.wkb} for kind, face in faces],
    )
    west, south, east, north = box
    values = {"id": extract_id, "west": west, "south": south, "east": east, "north": north}
    for statement in drawing_queries.PREPARE:
        text = sa.text(statement.format(raw=raw, drawing=table))
        session.execute(text, {k: v for k, v in values.items() if f":{k}" in statement})


def draw(
    session: Session,
    extract_id: int,
    box: Box,
    folder: Path,
    name: str,
    on_progress: Callable[[int, int], None],
) -> tuple[str, int]:
    """Writes the archive into `folder` and returns its name, which tells its content, and how many
    tiles it has. Raises OSError when the disk is full; then no file is left."""
    driver: Any = session.connection().connection.driver_connection
    statement = drawing_queries.TILE.format(drawing=loads.staged("drawing", extract_id))
    wanted = list(tiling.tiles(box))
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f"{name}.part"
    made = 0
    try:
        with part.open("wb") as file, driver.cursor() as cursor:
            writer = Writer(file)
            for number, (z, x, y) in enumerate(wanted):
                side = tiling.pixel(z)
                cursor.execute(
                    statement,
                    {
                        "z": z, "x": x, "y": y, "near": drawing_queries.NEAR,
                        "least": (side * SMALLEST_PIXELS) ** 2, "fine": side / 2,
                    },
                )  # fmt: skip
                [content] = cursor.fetchone()
                if content:
                    made += 1
                    packed = gzip.compress(bytes(content), 9, mtime=0)
                    writer.write_tile(zxy_to_tileid(z, x, y), packed)
                on_progress(number + 1, len(wanted))
            _finish(writer, box, name)
            file.flush()
            os.fsync(file.fileno())
        with part.open("rb") as file:
            content_hash = hashlib.file_digest(file, "sha256").hexdigest()[:12]
        archive = f"{name}-{content_hash}.pmtiles"
        part.replace(folder / archive)
    finally:
        part.unlink(missing_ok=True)
    return archive, made


def _finish(writer: Writer, box: Box, name: str) -> None:
    west, south, east, north = (round(degrees * 1e7) for degrees in box)
    writer.finalize(
        {
            "tile_type": TileType.MVT,
            "tile_compression": Compression.GZIP,
            "min_zoom": tiling.SHALLOWEST,
            "max_zoom": tiling.DEEPEST,
            "min_lon_e7": west,
            "min_lat_e7": south,
            "max_lon_e7": east,
            "max_lat_e7": north,
            "center_zoom": 12,
            "center_lon_e7": (west + east) // 2,
            "center_lat_e7": (south + north) // 2,
        },
        {
            "name": name,
            "attribution": ATTRIBUTION,
            "vector_layers": [{"id": layer, "fields": {}} for layer in tags.layers()],
        },
    )
