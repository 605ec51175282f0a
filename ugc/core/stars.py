"""How a mean of ratings shows as stars, on pages and on drawn cards alike. Pure."""

from __future__ import annotations

from decimal import Decimal


def shown(mean: float) -> tuple[Decimal, int]:
    """A mean (1 to 5) in tenths, and how many half stars are filled (2 to 10). The half stars
    follow from the tenths, so that one number on the page never has two drawings."""
    tenths = Decimal(str(mean)).quantize(Decimal("0.1"))
    return tenths, round(tenths * 2)
