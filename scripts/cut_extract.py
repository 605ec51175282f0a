#!/usr/bin/env python3
"""Cut a piece out of an OpenStreetMap extract: `cut_extract.py FILE WEST,SOUTH,EAST,NORTH OUT`.

What has a point in the box (degrees, WGS 84) is kept with everything it refers to. The header says
the box and, as in the original, when the data were true."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import osmium
from osmium.osm import Box, Location

STAMP = "osmosis_replication_timestamp"


def cut(source: Path, box: Box, out: Path) -> None:
    """Writes the piece. Raises RuntimeError when the file cannot be read."""
    header = osmium.io.Header()
    header.add_box(box)
    header.set("generator", "cut_extract.py")
    with osmium.io.Reader(str(source)) as reader:
        stamp = reader.header().get(STAMP)
    if stamp:
        header.set(STAMP, stamp)
    with tempfile.TemporaryDirectory() as folder:
        chosen = Path(folder) / out.name
        with osmium.BackReferenceWriter(chosen, ref_src=source) as writer:
            for each in _wanted(source, box):
                writer.add(each)
        # That writer takes no header: the piece is copied under one.
        with osmium.SimpleWriter(out, header=header, overwrite=True) as writer:
            for each in osmium.FileProcessor(chosen):
                writer.add(each)


def _wanted(source: Path, box: Box) -> Iterator[Any]:
    nodes: set[int] = set()
    ways: set[int] = set()
    for each in osmium.FileProcessor(source):
        if each.is_node():
            if each.location.valid() and box.contains(each.location):
                nodes.add(each.id)
                if each.tags:
                    yield each
        elif each.is_way():
            if any(node.ref in nodes for node in each.nodes):
                ways.add(each.id)
                yield each
        elif each.tags.get("type") == "multipolygon" and any(
            member.type == "w" and member.ref in ways for member in each.members
        ):
            yield each


def main() -> None:
    try:
        source, corners, out = sys.argv[1:]
        west, south, east, north = map(float, corners.split(","))
    except ValueError:
        sys.exit(__doc__)
    cut(Path(source), Box(Location(west, south), Location(east, north)), Path(out))


if __name__ == "__main__":
    main()
