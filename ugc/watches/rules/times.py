"""Hours of the reader: quiet hours, and when a digest comes. Pure; moments are aware,
zones are IANA names, and an hour that the clocks skip is the one after it."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from ugc.core import wall


def local_day(moment: dt.datetime, zone: str) -> str:
    """The reader's date, ISO 8601."""
    return moment.astimezone(ZoneInfo(zone)).date().isoformat()


def is_quiet(hour: int, start: int, end: int) -> bool:
    """Whether `hour` lies in [start, end), which may pass midnight; equal ones hold nothing."""
    if start <= end:
        return start <= hour < end
    return hour >= start or hour < end


def quiet_end(moment: dt.datetime, zone: str, start: int, end: int) -> dt.datetime:
    """When the quiet hours that `moment` lies in end; `moment` itself outside of them."""
    local = moment.astimezone(ZoneInfo(zone))
    if not is_quiet(local.hour, start, end):
        return moment
    return _next_time(moment, zone, end)


def next_digest(
    moment: dt.datetime, zone: str, hour: int, weekday: int | None = None
) -> dt.datetime:
    """The first `hour` o'clock after `moment`, on `weekday` (0 is Monday) when given."""
    return _next_time(moment, zone, hour, weekday)


def _next_time(
    moment: dt.datetime, zone: str, hour: int, weekday: int | None = None
) -> dt.datetime:
    there = ZoneInfo(zone)
    today = moment.astimezone(there).date()
    for days in range(9):
        day = today + dt.timedelta(days=days)
        if weekday is not None and day.weekday() != weekday:
            continue
        candidate = wall.instant(dt.datetime.combine(day, dt.time(hour)), there)
        if candidate > moment:
            return candidate
    raise ValueError("a week has seven days")
