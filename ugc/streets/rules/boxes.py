"""What an extract is called, and where its box lies. Pure."""

from __future__ import annotations

import math
import re
import unicodedata
from pathlib import Path

CODE_MAX = 60

_ENDINGS = (".osm.pbf", ".pbf", ".osm.bz2", ".osm.gz", ".osm", ".pmtiles")
# "andorra-latest", "melilla-2024-05-24" and "monaco-240521" are files of one city.
_DATED = re.compile(r"[-_.]?(latest|\d{4}-\d{2}-\d{2}|\d{6}|\d{8})$")

Box = tuple[float, float, float, float]  # west, south, east, north; degrees, WGS 84


def code_of(file: Path) -> str:
    """The code of the city that a file is named after: lower case ASCII letters, digits and `-`,
    at most `CODE_MAX`; "" when nothing of the name is left."""
    name = file.name.lower()
    for ending in _ENDINGS:
        if name.endswith(ending):
            name = name.removesuffix(ending)
            break
    plain = unicodedata.normalize("NFKD", _DATED.sub("", name)).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:CODE_MAX].strip("-")


def overlap(one: Box, other: Box) -> bool:
    """Whether two boxes share more than an edge."""
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


SCREEN = 700  # pixels that the longer side of a city's box fills at its home view

FARTHEST, NEAREST = 12.0, 15.0  # zooms between which a home view lies


def home_zoom(box: Box) -> float:
    """The zoom (of 512-pixel tiles) at which a box fills a screen, within bounds: of a country its
    town is shown, not all of it."""
    side = max(box[2] - box[0], box[3] - box[1], 1e-6)
    zoom = math.log2(SCREEN * 360 / (512 * side))
    return round(min(NEAREST, max(FARTHEST, zoom)), 1)
