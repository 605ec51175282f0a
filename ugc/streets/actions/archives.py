"""Taking an operator's own archive of tiles: looked at, then copied beside those that are drawn."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import zlib
from pathlib import Path
from typing import Any

from pmtiles.tile import MagicNumberNotFound, SpecVersionUnsupported, deserialize_header

from ugc.drawing.basemap import BROKEN, Basemap
from ugc.streets.rules import archives as archives_rules
from ugc.streets.rules import tiling
from ugc.streets.rules.archives import Archive, NotAMap

HEADER = 127  # bytes
MAGIC = b"PMTiles\x03"
MOST_METADATA = 4 << 20  # bytes, unpacked
LOOKED_AT = 64  # tiles that are asked for the sea, at most
COPIED_AT_ONCE = 1 << 20


def archive_of(file: Path) -> tuple[Archive, bool]:
    """What an archive says of itself, and whether it draws the sea. Raises NotAMap."""
    with file.open("rb") as content:
        start = content.read(HEADER)
        if start[:8] == MAGIC and len(start) < HEADER:
            raise NotAMap("it is cut short")
        try:
            header: Any = deserialize_header(start)
        except SpecVersionUnsupported:
            raise NotAMap("it is of another version of PMTiles than 3") from None
        except (MagicNumberNotFound, ValueError, IndexError):
            raise NotAMap("it is no PMTiles archive") from None
        archives_rules.check(header, file.stat().st_size)
        content.seek(header["metadata_offset"])
        packed = content.read(min(header["metadata_length"], MOST_METADATA))
    try:
        metadata = _metadata(packed)
    except (*BROKEN, RecursionError):
        raise NotAMap("its metadata cannot be read") from None
    found = archives_rules.archive_of(header, metadata)
    try:
        return found, _has_sea(Basemap(file), found)
    except BROKEN as error:
        raise NotAMap(f"its tiles cannot be read ({type(error).__name__})") from None


def _metadata(packed: bytes) -> Any:
    reader = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    return json.loads(reader.decompress(packed, MOST_METADATA))


def _has_sea(tiles: Basemap, archive: Archive) -> bool:
    """Whether a far tile of the archive shows the ocean. Reads its first tile in any case."""
    if tiles.tile(*tiles.first()) is None:
        raise ValueError("no first tile")
    far = tiling.tiles(archive.box, archive.shallowest, archives_rules.STREETS_AT)
    for at in itertools.islice(far, LOOKED_AT):
        water = (tiles.tile(*at) or {}).get("water", {}).get("features", [])
        if any(each["properties"].get("class") == "ocean" for each in water):
            return True
    return False


def copy(file: Path, folder: Path, name: str, sha256: str) -> str:
    """Copies the archive into `folder` and returns its name there, which tells its content. Raises
    OSError when the disk is full, NotAMap when the file changed meanwhile; then nothing is left."""
    folder.mkdir(parents=True, exist_ok=True)
    part, digest = folder / f"{name}.part", hashlib.sha256()
    try:
        with file.open("rb") as content, part.open("wb") as copied:
            while block := content.read(COPIED_AT_ONCE):
                digest.update(block)
                copied.write(block)
            copied.flush()
            os.fsync(copied.fileno())
        if digest.hexdigest() != sha256:
            raise NotAMap("it changed while it was copied: call the command again")
        archive = f"{name}-{sha256[:12]}.pmtiles"
        part.replace(folder / archive)
    finally:
        part.unlink(missing_ok=True)
    return archive
