"""Public holidays of a region, by tables that are part of a library: nothing is asked of a network.
Pure."""

from __future__ import annotations

import datetime as dt
import functools
import importlib
from typing import Any

from opening_hours import OpeningHours  # type: ignore[attr-defined]

from ugc.geography import geo
from ugc.geography.regions import CODES as CODES
from ugc.geography.regions import Region as Region
from ugc.geography.regions import region_of as region_of


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
