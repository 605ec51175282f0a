"""Countries and their first-level regions by ISO 3166, and what is spoken in them. Pure."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import NamedTuple

from babel.languages import get_official_languages

# GeoNames' code of a region → that of ISO 3166-2, by country, where they differ.
CODES: dict[str, dict[str, str]] = tomllib.loads(
    Path(__file__).with_name("regions.toml").read_text(encoding="utf-8")
)


class Region(NamedTuple):
    """A country (ISO 3166-1) and its subdivision (the part of ISO 3166-2 after the stroke, '' for
    none that is known)."""

    country: str
    subdivision: str = ""


def region_of(country: str | None, admin: str | None) -> Region | None:
    """The region of a city of the gazetteer; None without a country."""
    if not country:
        return None
    codes = CODES.get(country)
    if codes is not None:
        return Region(country, codes.get(admin or "", ""))
    # Letters are ISO's own code (US, CH, GB); numbers elsewhere are not.
    return Region(country, admin if admin and admin.isalpha() else "")


def languages_of(country: str | None) -> list[str]:
    """Languages that are official all over a country, and those that are used as such (CLDR, as
    BCP 47), the most common first; those of its regions are not told."""
    found = get_official_languages(country, de_facto=True) if country else ()
    return [language.replace("_", "-") for language in found]
