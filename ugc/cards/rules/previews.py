"""The still map that stands on a page for the map that can be moved. Pure."""

from __future__ import annotations

import hashlib
import io
import json
import re
from dataclasses import asdict, dataclass
from typing import Any

from PIL import Image

from ugc.cards.rules import drawing
from ugc.cards.rules.cards import VERSION_LENGTH
from ugc.drawing import basemap, typeset
from ugc.drawing.basemap import Basemap, View
from ugc.drawing.citymap import City
from ugc.drawing.typeset import Pack

# Pixels of a telephone's screen, drawn with so many dots for each.
WIDTH, HEIGHT, DENSITY = 448, 200, 2
# Raise it when previews are drawn otherwise: their addresses change.
DRAWING = 3
# So many decimals of a degree (about a metre, less than a dot among streets) enter the picture.
POSITION_DECIMALS = 5
COLOURS = 64
PALETTES = {"light": basemap.LIGHT, "dark": basemap.DARK}
NAME = re.compile(
    r"(?P<public_id>[0-9a-z]{1,24})-(?P<language>es|en)-(?P<theme>light|dark)"
    rf"-(?P<version>[0-9a-f]{{{VERSION_LENGTH}}})"
)


@dataclass(frozen=True)
class Preview:
    """Where a thing is, as one reader may see it: degrees, the middle of an area of `area_m` metres
    where only that is shown."""

    public_id: str
    language: str
    theme: str
    icon: str
    colour: str
    lon: float
    lat: float
    area_m: int | None = None

    def name(self, *made_with: str) -> str:
        """What the picture is called: of the thing and of what is drawn; `made_with` names the
        files that it is drawn with."""
        told = json.dumps([DRAWING, asdict(self), *made_with], sort_keys=True)
        version = hashlib.sha256(told.encode()).hexdigest()[:VERSION_LENGTH]
        return f"{self.public_id}-{self.language}-{self.theme}-{version}"


def preview_of(row: Any, language: str, theme: str) -> Preview:
    """Of a row of a place or report: degrees, `category` or `kind`, and, where its author shows no
    more, `coarse` with `accuracy_m`."""
    look = getattr(row, "category", None) or row.kind
    accuracy = row.accuracy_m if getattr(row, "coarse", False) else None
    return Preview(
        row.public_id, language, theme, look.icon, look.colour,
        round(row.lon, POSITION_DECIMALS), round(row.lat, POSITION_DECIMALS),
        round(accuracy) if accuracy else None,
    )  # fmt: skip


def draw(preview: Preview, pack: Pack, base: Basemap, city: City | None = None) -> bytes:
    """The picture as lossless WebP of few colours, with the streets of a city. One at a time in a
    process."""
    zoom = drawing.zoom_at(base, preview.lon, preview.lat, city, preview.area_m)
    view = View(preview.lon, preview.lat, zoom, WIDTH * DENSITY, HEIGHT * DENSITY, DENSITY)
    with typeset.lock:
        image = drawing.map_round(
            preview, base, pack, view, preview.language, PALETTES[preview.theme], city
        )
    out = io.BytesIO()
    few = image.quantize(COLOURS, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    few.convert("RGB").save(out, "WEBP", lossless=True, quality=60, method=4)
    return out.getvalue()
