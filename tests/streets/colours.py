"""The colours of a picture."""

from __future__ import annotations

import io

from PIL import Image


def colours_of(data: bytes) -> set[tuple[int, ...]]:
    image = Image.open(io.BytesIO(data)).convert("RGB")
    return {colour for _, colour in image.getcolors(1 << 20)}  # type: ignore[union-attr, misc]


def near(colours: set[tuple[int, ...]], wanted: str) -> bool:
    """Whether a colour is among them, as far as a picture of few colours keeps it."""
    r, g, b = (int(wanted[i : i + 2], 16) for i in (1, 3, 5))
    return any(abs(x - r) + abs(y - g) + abs(z - b) <= 12 for x, y, z in colours)
