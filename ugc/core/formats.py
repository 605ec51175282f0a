"""Numbers and times in the reader's language and zone. What was formatted once is kept: as many
results as `KEPT`, by value, language and zone."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from functools import lru_cache
from typing import Any

from babel import Locale, dates, numbers
from flask_babel import get_locale, get_timezone

KEPT = 4096
# The units of Babel's `format_timedelta`, and its share of a unit from which that one is told.
UNITS = tuple(dates.TIMEDELTA_UNITS)
THRESHOLD = 0.85


def number(value: float | Decimal) -> str:
    """`1,234.5` as the reader's language writes it."""
    return _number(value, get_locale())


@lru_cache(KEPT, typed=True)
def _number(value: Any, locale: Locale | None) -> str:
    return numbers.format_decimal(value, locale=locale)


def decimal(value: float | Decimal, places: int = 2) -> str:
    """A number with so many decimals: `1,20`."""
    return _decimal(value, places, get_locale())


@lru_cache(KEPT, typed=True)
def _decimal(value: Any, places: int, locale: Locale | None) -> str:
    return numbers.format_decimal(value, format=f"#,##0.{'0' * places}", locale=locale)


def clock(of: dt.datetime) -> str:
    """`14:30`, of the zone that it is in."""
    return _clock(of.time(), get_locale())


@lru_cache(KEPT)
def _clock(of: dt.time, locale: Locale | None) -> str:
    return dates.format_time(of, "short", locale=locale)


def weekday(of: dt.date) -> str:
    """`Monday`."""
    return _weekday(of.weekday(), get_locale())


@lru_cache(KEPT)
def _weekday(number: int, locale: Locale | None) -> str:
    # 2024 began on a Monday.
    return dates.format_date(dt.date(2024, 1, 1 + number), "EEEE", locale=locale)


def moment(of: dt.datetime) -> str:
    """Date and time in the reader's zone, of medium length."""
    return _moment(of.replace(microsecond=0), get_timezone(), get_locale())


@lru_cache(KEPT)
def _moment(of: dt.datetime, zone: dt.tzinfo | None, locale: Locale | None) -> str:
    return dates.format_datetime(of, "medium", tzinfo=zone, locale=locale)


def span(delta: dt.timedelta, *, directed: bool = False, threshold: float = THRESHOLD) -> str:
    """`3 hours`; directed `3 hours ago` or `in 3 hours`. A unit is told from `threshold` of it
    on."""
    unit, count = _unit(abs(delta.days * 86_400 + delta.seconds), threshold)
    return _span(unit, count, delta.days < 0, directed, get_locale())


def _unit(seconds: int, threshold: float) -> tuple[str, int]:
    """The unit that tells so many seconds, and how many of it."""
    for unit, length in UNITS:
        if seconds >= threshold * length:
            return unit, max(1, round(seconds / length))
    return "second", seconds


@lru_cache(KEPT)
def _span(unit: Any, count: int, past: bool, directed: bool, locale: Locale | None) -> str:
    length = dict(UNITS)[unit] * count
    # Told in this unit, whichever would be the next.
    return dates.format_timedelta(
        dt.timedelta(seconds=-length if past else length), granularity=unit, threshold=10**9,
        add_direction=directed, locale=locale,
    )  # fmt: skip
