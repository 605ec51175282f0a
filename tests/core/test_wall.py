"""Wall times become instants in every zone of tzdata, on the days about every change of clocks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from zoneinfo import ZoneInfo, available_timezones

import pytest

from ugc.core import wall
from ugc.lookback import rules as lookback_rules
from ugc.places.rules import hours as places_hours
from ugc.watches.rules import times as watches_times

FIRST, LAST = dt.datetime(2026, 1, 1, tzinfo=dt.UTC), dt.datetime(2028, 1, 1, tzinfo=dt.UTC)
DAY, HOUR, MOMENT = dt.timedelta(days=1), dt.timedelta(hours=1), dt.timedelta(microseconds=1)
# Days on which 00:00 is not on the clocks.
NO_MIDNIGHT = {
    "America/Santiago": dt.date(2026, 9, 6),
    "Africa/Cairo": dt.date(2026, 4, 24),
    "Asia/Beirut": dt.date(2026, 3, 29),
    "America/Havana": dt.date(2026, 3, 8),
    "America/Asuncion": dt.date(2023, 10, 1),
}


def changes(zone: ZoneInfo) -> Iterator[dt.datetime]:
    """The first instant with another offset, for each change of the two years."""

    def offset(moment: dt.datetime) -> dt.timedelta | None:
        return moment.astimezone(zone).utcoffset()

    moment = FIRST
    while moment < LAST:
        if offset(moment) != offset(moment + 10 * DAY):
            low, high = moment, moment + 10 * DAY
            while high - low > dt.timedelta(seconds=1):
                middle = low + dt.timedelta(seconds=int((high - low).total_seconds()) // 2)
                if offset(middle) == offset(low):
                    low = middle
                else:
                    high = middle
            yield high
        moment += 10 * DAY


def kinds() -> dict[tuple[tuple[dt.datetime, dt.timedelta | None], ...], ZoneInfo]:
    """One zone of each set of changes: links and zones that go together say the same twice."""
    found = {}
    for name in sorted(available_timezones()):
        zone = ZoneInfo(name)
        moments = [FIRST, *changes(zone)]
        found[tuple((at, at.astimezone(zone).utcoffset()) for at in moments)] = zone
    return found


def test_wall_times_of_all_zones() -> None:
    """Of 25 hours about each change: a time on the clocks is shown again, the first of two; a
    skipped one is the first moment after the gap."""
    known = kinds()
    assert len(known) > 50
    seen = {"gap": 0, "fold": 0}
    for rows, zone in known.items():
        for change, _offset in rows[1:]:
            after = wall.shown(change, zone)
            before = wall.shown(change - dt.timedelta(seconds=1), zone) + dt.timedelta(seconds=1)
            for minutes in range(-25 * 30, 25 * 30, 30):
                clock = before + dt.timedelta(minutes=minutes)
                at = wall.instant(clock, zone)
                if before <= clock < after:
                    seen["gap"] += 1
                    assert at == change, (zone, clock)
                    continue
                assert wall.shown(at, zone) == clock, (zone, clock)
                if after <= clock < before:
                    seen["fold"] += 1
                    assert at < change, (zone, clock)
            day = before.date()
            for each in (day - DAY, day, day + DAY):
                begin = wall.midnight(each, zone)
                assert wall.shown(begin, zone).date() == each
                assert wall.shown(begin - dt.timedelta(seconds=1), zone).date() == each - DAY
    assert min(seen.values()) > 20


@pytest.mark.parametrize("name", NO_MIDNIGHT)
def test_a_day_without_midnight_begins_with_its_first_moment(name: str) -> None:
    zone, day = ZoneInfo(name), NO_MIDNIGHT[name]
    at = wall.midnight(day, zone)
    assert wall.shown(at, zone) == dt.datetime.combine(day, dt.time(1))
    assert wall.shown(at - dt.timedelta(seconds=1), zone).date() == day - DAY


def test_whatever_makes_wall_times_keeps_to_the_days_of_all_zones() -> None:
    """Hours of places, digests, quiet hours and spans of looking back, about each change."""
    for rows, zone in kinds().items():
        for change, _offset in rows[1:]:
            for moment in (change - 11 * HOUR, change - HOUR / 2, change, change + 5 * HOUR):
                here = wall.shown(moment, zone)
                days = places_hours.week("00:00-24:00", zone.key, moment)
                assert [day.date for day in days] == [here.date() + n * DAY for n in range(7)]
                for day in days:
                    [span] = day.spans
                    assert span.start.astimezone(dt.UTC) == wall.midnight(day.date, zone)
                    assert span.end.astimezone(dt.UTC) == wall.midnight(day.date + DAY, zone)
                hours = places_hours.hours_at("00:00-06:00", zone.key, moment)
                assert hours is not None
                assert hours.is_open == (here.hour < 6)
                span = lookback_rules.chosen({"span": "yesterday"}, zone, moment)
                assert span.end == wall.midnight(here.date(), zone)
                for hour in (0, 2, 8):
                    due = watches_times.next_digest(moment, zone.key, hour)
                    assert moment < due <= moment + 26 * HOUR
                    quiet = watches_times.quiet_end(moment, zone.key, hour, 8)
                    is_quiet = watches_times.is_quiet(here.hour, hour, 8)
                    assert moment + is_quiet * MOMENT <= quiet <= moment + is_quiet * 26 * HOUR


def test_aware_wall_times_are_refused() -> None:
    with pytest.raises(ValueError, match="not a wall time"):
        wall.instant(dt.datetime(2026, 1, 1, tzinfo=dt.UTC), dt.UTC)
