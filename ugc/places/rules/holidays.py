"""Public holidays of a region, by tables that are part of a library: nothing is asked of a network.
Pure."""

from __future__ import annotations

import datetime as dt
import functools
import importlib
import tomllib
from pathlib import Path
from typing import Any, NamedTuple

from opening_hours import OpeningHours  # type: ignore[attr-defined]

from ugc.core import geo

# GeoNames' code of a region → that of ISO 3166-2, by country, where they differ.
CODES: dict[str, dict[str, str]] = tomllib.loads(
    Path(__file__).parents[1].joinpath("regions.toml").read_text(encoding="utf-8")
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


@functools.cache
def _library() -> Any:
    """Loaded for the first hours that name holidays: it takes half a second."""
    return importlib.import_module("holidays")


@functools.lru_cache(maxsize=512)
def _dates(region: Region, year: int) -> frozenset[dt.date] | None:
    """None for a country that the library does not know."""
    known = _library().list_supported_countries()
    if region.country not in known:
        return None
    subdivision = region.subdivision if region.subdivision in known[region.country] else None
    return frozenset(_library().country_holidays(region.country, subdiv=subdivision, years=year))


@functools.lru_cache(maxsize=512)
def _by_point(lat: float, lon: float) -> OpeningHours:
    return OpeningHours("PH", coords=(lat, lon), auto_timezone=False)


def is_holiday(day: dt.date, region: Region | None, point: geo.Point | None) -> bool:
    """Whether a day is a public holiday of a region; without one that is known, of the country of a
    point."""
    dates = _dates(region, day.year) if region is not None else None
    if dates is not None:
        return day in dates
    if point is None:
        return False
    noon = dt.datetime.combine(day, dt.time(12))
    return bool(_by_point(round(point.lat, 2), round(point.lon, 2)).is_open(noon))
