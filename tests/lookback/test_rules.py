import datetime as dt
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from tests.lookback.conftest import utc
from ugc.core.errors import Invalid
from ugc.geography.geo import Bounds
from ugc.lookback import rules as lookback_rules

MADRID = ZoneInfo("Europe/Madrid")
NOW = utc("2026-11-24T10:00")


def day(text: str, zone: ZoneInfo = MADRID) -> lookback_rules.Span:
    return lookback_rules.chosen({"span": "day", "day": text}, zone, NOW)


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ({}, "2026-11-23T23:00", "2026-11-24T23:00"),
        ({"span": "whatever"}, "2026-11-23T23:00", "2026-11-24T23:00"),
        ({"span": "yesterday"}, "2026-11-22T23:00", "2026-11-23T23:00"),
        ({"span": "week"}, "2026-11-17T23:00", "2026-11-24T23:00"),
        ({"span": "month"}, "2026-10-25T23:00", "2026-11-24T23:00"),
        ({"span": "day", "day": "2026-07-01"}, "2026-06-30T22:00", "2026-07-01T22:00"),
        (
            {"span": "between", "first": "2026-03-28", "last": "2026-03-29"},
            "2026-03-27T23:00",
            "2026-03-29T22:00",
        ),
        (
            {"from": "2026-11-24T08:00Z", "to": "2026-11-24T10:30+01:00"},
            "2026-11-24T08:00",
            "2026-11-24T09:30",
        ),
    ],
)
def test_a_span_is_of_the_readers_days(asked: dict[str, str], start: str, end: str) -> None:
    span = lookback_rules.chosen(asked, MADRID, NOW)
    assert (span.start, span.end) == (utc(start), utc(end))


def test_today_is_another_day_elsewhere() -> None:
    late = utc("2026-11-24T23:30")
    assert lookback_rules.chosen({}, MADRID, late).first_day == dt.date(2026, 11, 25)
    assert lookback_rules.chosen({}, ZoneInfo("America/Mexico_City"), late).first_day == dt.date(
        2026, 11, 24
    )


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"span": "day"}, "day"),
        ({"span": "day", "day": "yesterday"}, "day"),
        ({"span": "day", "day": "0001-01-01"}, "day"),
        ({"span": "between", "first": "2026-11-02", "last": "2026-11-01"}, "first"),
        ({"span": "between", "first": "2026-11-02"}, "first"),
        ({"span": "between", "first": "1990-01-01", "last": "2026-01-01"}, "first"),
        ({"span": "part", "from": "2026-11-24T08:00Z"}, "from"),
        ({"from": "2026-11-24T08:00Z", "to": "2026-11-24T08:01Z"}, "from"),
        ({"from": "9999-12-31T23:59-14:00", "to": "9999-12-31T23:59-14:00"}, "from"),
        ({"from": "1970-01-01", "to": "2026-01-01"}, "from"),
    ],
)
def test_a_span_that_is_none_is_refused_beside_its_field(asked: dict[str, str], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        lookback_rules.chosen(asked, MADRID, NOW)
    assert list(refused.value.fields) == [field]


@pytest.mark.parametrize(
    ("hours", "step"),
    [
        (1, "5min"), (8, "5min"), (10, "10min"), (24, "15min"), (25, "15min"), (48, "30min"),
        (7 * 24, "2h"), (30 * 24, "12h"), (90 * 24, "1d"), (180 * 24, "2d"), (365 * 24, "1w"),
        (8 * 366 * 24, "1mo"),
    ],
)  # fmt: skip
def test_the_width_of_a_bar_comes_from_the_span(hours: int, step: str) -> None:
    span = lookback_rules.Span("part", NOW, NOW + dt.timedelta(hours=hours), MADRID)
    assert span.step[0] == step
    assert (
        len(lookback_rules.edges(span)) - 1 <= lookback_rules.MOST_BARS + 1
    )  # the first may be a part of one


@pytest.mark.parametrize(
    ("text", "hours", "bars"),
    [("2026-11-24", 24, 96), ("2026-03-29", 23, 92), ("2026-10-25", 25, 100)],
)
def test_a_day_of_23_or_25_hours_has_its_own_bars(text: str, hours: int, bars: int) -> None:
    span = day(text)
    edges = lookback_rules.edges(span)
    assert span.length == dt.timedelta(hours=hours)
    assert len(edges) - 1 == bars
    assert {b - a for a, b in pairwise(edges)} == {dt.timedelta(minutes=15)}
    assert span.by_moment


def test_long_bars_keep_to_the_clock_over_a_change_of_it() -> None:
    span = lookback_rules.chosen(
        {"span": "between", "first": "2026-10-22", "last": "2026-10-28"}, MADRID, NOW
    )
    edges = lookback_rules.edges(span)
    assert span.step[0] == "2h"
    assert {at.astimezone(MADRID).hour % 2 for at in edges} == {0}
    lengths = [b - a for a, b in pairwise(edges)]
    assert sorted(set(lengths)) == [dt.timedelta(hours=2), dt.timedelta(hours=3)]
    assert len(lookback_rules.day_edges(span)) - 1 == 7


def test_half_hours_of_lord_howe_lose_nothing() -> None:
    span = day("2026-04-05", ZoneInfo("Australia/Lord_Howe"))
    assert span.length == dt.timedelta(hours=24, minutes=30)
    assert lookback_rules.edges(span)[-1] == span.end
    assert len(lookback_rules.edges(span)) - 1 == 98


def test_months_and_weeks_begin_where_the_calendar_says() -> None:
    years = lookback_rules.chosen(
        {"span": "between", "first": "2022-01-15", "last": "2025-12-31"}, MADRID, NOW
    )
    starts = [at.astimezone(MADRID).date() for at in lookback_rules.edges(years)]
    assert starts[:3] == [dt.date(2022, 1, 15), dt.date(2022, 2, 1), dt.date(2022, 3, 1)]
    year = lookback_rules.chosen(
        {"span": "between", "first": "2025-01-01", "last": "2025-12-31"}, MADRID, NOW
    )
    weeks = [at.astimezone(MADRID).date() for at in lookback_rules.edges(year)]
    assert {day.weekday() for day in weeks[1:-1]} == {0}


def test_what_began_is_counted_once_and_what_was_there_before_apart() -> None:
    edges = [utc("2026-11-24T00:00"), utc("2026-11-24T01:00"), utc("2026-11-24T02:00")]
    rows = [
        ("jam", utc("2026-11-23T23:59")),
        ("jam", utc("2026-11-24T00:00")),
        ("waste", utc("2026-11-24T00:59")),
        ("jam", utc("2026-11-24T01:00")),
    ]
    assert lookback_rules.tally(rows, edges) == ({"jam": [1, 1], "waste": [1, 0]}, 1)


def test_the_most_frequent_kinds_stand_alone_and_no_colour_twice() -> None:
    counts = {f"k{n}": [n, 0] for n in range(1, 9)} | {"none": [0, 0]}
    colours = dict.fromkeys(counts, "red")
    shown = lookback_rules.series(counts, colours, 2)
    assert [each.kind for each in shown] == ["k8", "k7", "k6", "k5", "k4", ""]
    assert sum(each.total for each in shown) == 36
    assert len({each.colour for each in shown}) == len(shown)


def test_cells_are_no_smaller_than_the_box_allows() -> None:
    world = Bounds(-180, -85, 180, 85)
    assert (
        lookback_rules.cell_degrees(world, 22)
        == lookback_rules.cell_degrees(world, None)
        == 360 / 256
    )
    city = Bounds(-3.8, 40.3, -3.6, 40.5)
    assert lookback_rules.cell_degrees(city, 11.7) == 360 / 2**11 / 64
    over = lookback_rules.rounded(Bounds(179.95, -1, -179.95, 1), 0.1)
    assert over.west > over.east
    assert sum(east - west for west, _, east, _ in over.parts) == pytest.approx(0.1, abs=0.2001)


def test_an_unknown_zone_is_not_used() -> None:
    assert lookback_rules.known_zone(None, "x/../y", "Europe/Madrid").key == "Europe/Madrid"
    assert lookback_rules.known_zone("", "9" * 300).key == "UTC"
