"""Opening hours: nights, comments, holidays of a region, and clocks that skip midnight."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ugc.core import wall
from ugc.geography import geo
from ugc.places.rules import holidays as places_holidays
from ugc.places.rules import hours as places_hours
from ugc.places.rules import written as places_written

MADRID = ZoneInfo("Europe/Madrid")
CATALONIA, MADRID_REGION = places_holidays.Region("ES", "CT"), places_holidays.Region("ES", "MD")


def at(text: str, zone: ZoneInfo = MADRID) -> dt.datetime:
    return wall.instant(dt.datetime.fromisoformat(text), zone)


def said(
    hours: str, moment: str, region: places_holidays.Region | None = None
) -> tuple[bool | None, str, str]:
    """(open or not, when it changes, what is said of it) in Madrid's time."""
    found = places_hours.hours_at(hours, "Europe/Madrid", at(moment), None, region)
    assert found is not None
    change = f"{found.changes_at:%m-%d %H:%M}" if found.changes_at else ""
    return found.is_open, change, found.comment


def week(hours: str, day: str, region: places_holidays.Region | None = None) -> list[str]:
    """Each day of the week table as `22:00-05:00`."""
    days = places_hours.week(hours, "Europe/Madrid", at(f"{day} 12:00"), None, region)
    return [",".join(f"{a.start:%H:%M}-{a.end:%H:%M}" for a in each.spans) for each in days]


# Nights -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hours", "moment", "expected"),
    [
        # Of Saturday 28 November 2026: Sunday's `off` leaves it alone.
        ("Sa 22:00-05:00; Su off", "2026-11-28 23:00", (True, "11-29 05:00", "")),
        ("Sa 22:00-05:00; Su off", "2026-11-29 04:59", (True, "11-29 05:00", "")),
        ("Sa 22:00-05:00; Su off", "2026-11-29 05:00", (False, "12-05 22:00", "")),
        ("Sa 22:00-05:00; Su 10:00-12:00", "2026-11-29 01:00", (True, "11-29 05:00", "")),
        ("Mo 20:00-26:00; Tu off", "2026-11-24 01:59", (True, "11-24 02:00", "")),
        # 8 December is a holiday; the night of the 7th is not of it, its own is closed.
        ("20:00-03:00; PH off", "2026-12-08 02:00", (True, "12-08 03:00", "")),
        ("20:00-03:00; PH off", "2026-12-08 22:00", (False, "12-09 20:00", "")),
        ("20:00-03:00; PH off", "2026-12-09 02:00", (False, "12-09 20:00", "")),
        # One night meets the next day's own hours.
        ("Fr 20:00-03:00; Sa 02:00-04:00", "2026-11-28 01:00", (True, "11-28 04:00", "")),
        ("24/7", "2026-11-28 12:00", (True, "", "")),
        ("off", "2026-11-28 12:00", (False, "", "")),
    ],
)
def test_a_night_belongs_to_the_day_it_began(
    hours: str, moment: str, expected: tuple[bool, str, str]
) -> None:
    assert said(hours, moment, CATALONIA) == expected


def test_the_last_night_of_the_week_table_is_whole() -> None:
    assert week("Fr,Sa 22:00-05:00", "2026-11-29") == ["", "", "", "", "", *["22:00-05:00"] * 2]
    assert week("Sa 22:00-05:00; Su off", "2026-11-28") == ["22:00-05:00", *[""] * 6]
    assert week("20:00-03:00; PH off", "2026-12-07", CATALONIA)[:3] == [
        "20:00-03:00", "", "20:00-03:00",
    ]  # fmt: skip


# Comments -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hours", "moment", "expected"),
    [
        ('"by appointment"', "2026-11-28 12:00", (None, "", "by appointment")),
        ('Mo-Fr 09:00-18:00 || "call us"', "2026-11-28 12:00", (None, "11-30 09:00", "call us")),
        ('Mo-Fr 09:00-18:00 || "call us"', "2026-11-27 12:00", (True, "11-27 18:00", "")),
        ('Mo-Fr 09:00-18:00 || "call us"', "2026-11-27 19:00", (None, "11-30 09:00", "call us")),
        # As it was stored before: a fallback that is a comment.
        ('Mo-Fr 09:00-18:00 || 24/7 "ask"', "2026-11-28 12:00", (None, "11-30 09:00", "ask")),
        ('Mo-Fr 09:00-18:00 || unknown "x"', "2026-11-28 12:00", (None, "11-30 09:00", "x")),
        ('Mo-Fr 09:00-18:00; Sa "ask"', "2026-11-28 12:00", (None, "11-29 00:00", "ask")),
        ('Mo 10:00-12:00 || Sa 10:00-14:00 || "c"', "2026-11-28 13:00", (True, "11-28 14:00", "")),
        # An explicit `off` is not filled.
        ('10:00-12:00; Sa off "f" || "ask"', "2026-11-28 11:00", (False, "11-29 00:00", "f")),
        ('Mo-Fr 09:00-18:00 "members"', "2026-11-27 12:00", (True, "11-27 18:00", "members")),
        ('24/7 "ring the bell"', "2026-11-27 12:00", (True, "", "ring the bell")),
        ('10:00-12:00; PH off "a;||c"', "2026-12-08 11:00", (False, "12-09 10:00", "a;||c")),
    ],
)  # fmt: skip
def test_a_comment_is_neither_open_nor_closed(
    hours: str, moment: str, expected: tuple[bool | None, str, str]
) -> None:
    assert said(hours, moment, CATALONIA) == expected
    stored = places_written.normal_hours(hours)
    assert said(stored, moment, CATALONIA) == expected
    assert places_written.normal_hours(stored) == stored


def test_the_week_table_tells_comments() -> None:
    days = places_hours.week(
        'Mo-Fr 09:00-18:00 || "call us"', "Europe/Madrid", at("2026-11-27 12:00")
    )
    assert [(len(day.spans), day.comment, day.is_known) for day in days[:2]] == [
        (1, "call us", True), (0, "call us", False),
    ]  # fmt: skip
    assert places_hours.hours_at("24/7 unknown", "Europe/Madrid", at("2026-11-27 12:00")) is None
    assert places_hours.week("24/7 unknown", "Europe/Madrid", at("2026-11-27 12:00")) == []


# Holidays -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hours", "moment", "region", "is_open"),
    [
        # 24 June 2026 (Wednesday) is one in Catalonia, 2 May (Saturday) in Madrid.
        ("10:00-18:00; PH off", "2026-06-24 12:00", CATALONIA, False),
        ("10:00-18:00; PH off", "2026-06-24 12:00", MADRID_REGION, True),
        ("10:00-18:00; PH off", "2026-05-02 12:00", MADRID_REGION, False),
        ("10:00-18:00; PH off", "2026-05-02 12:00", CATALONIA, True),
        ("PH 10:00-12:00", "2026-06-24 11:00", CATALONIA, True),
        ("PH 10:00-12:00", "2026-06-25 11:00", CATALONIA, False),
        # `PH Su` are the Sundays that are holidays: 1 November 2026 is one.
        ("10:00-18:00; PH Su closed", "2026-11-01 12:00", MADRID_REGION, True),  # moved to Monday
        ("10:00-18:00; PH Su closed", "2026-11-08 12:00", CATALONIA, True),
        ("10:00-18:00; PH Mo-Fr 10:00-11:00", "2026-06-24 12:00", CATALONIA, False),
        ("10:00-18:00; PH Mo-Fr 10:00-11:00", "2026-06-23 12:00", CATALONIA, True),
        ("10:00-18:00; PH Sa closed", "2026-12-26 12:00", CATALONIA, False),
        ("10:00-18:00; PH Su closed", "2026-12-26 12:00", CATALONIA, True),
        # `PH,Su` and `Su,PH` are both.
        ("10:00-18:00; PH,Su closed", "2026-06-24 12:00", CATALONIA, False),
        ("10:00-18:00; Su,PH closed", "2026-06-28 12:00", CATALONIA, False),
        ("10:00-18:00; Su,PH closed", "2026-06-27 12:00", CATALONIA, True),
        ("Jan-Mar PH,Mo 10:00-12:00", "2026-06-24 11:00", CATALONIA, False),
        ("10:00-18:00; PH -1 day off", "2026-06-23 12:00", CATALONIA, False),
        # Of school holidays nothing is known.
        ("10:00-18:00; SH off", "2026-06-24 12:00", CATALONIA, True),
        ("10:00-18:00; SH,PH off", "2026-06-24 12:00", CATALONIA, False),
    ],
)
def test_holidays_are_those_of_the_region(
    hours: str, moment: str, region: places_holidays.Region, is_open: bool
) -> None:
    assert said(hours, moment, region)[0] is is_open
    assert said(places_written.normal_hours(hours), moment, region)[0] is is_open


def test_regions_of_the_gazetteer() -> None:
    assert places_holidays.region_of("ES", "56") == CATALONIA
    assert places_holidays.region_of("ES", "") == ("ES", "")
    assert places_holidays.region_of("US", "CA") == ("US", "CA")
    assert places_holidays.region_of("FR", "44") == ("FR", "")
    assert places_holidays.region_of(None, "56") is None
    known = places_holidays._library().list_supported_countries()
    for country, codes in places_holidays.CODES.items():
        assert set(codes.values()) <= set(known[country]), country


def test_a_country_without_a_table_is_that_of_the_point() -> None:
    """Without a region the point's country says it, as where no city is near."""
    christmas = dt.date(2026, 12, 25)
    assert places_holidays.is_holiday(christmas, None, geo.Point(-3.7, 40.4))
    assert not places_holidays.is_holiday(christmas, None, None)
    assert places_holidays.is_holiday(
        christmas, places_holidays.Region("XX"), geo.Point(-3.7, 40.4)
    )


# Clocks -------------------------------------------------------------------------------------

SKIPPED = [
    ("America/Santiago", "2026-09-05 12:00"), ("Africa/Cairo", "2026-04-23 12:00"),
    ("Asia/Beirut", "2026-03-28 12:00"), ("America/Havana", "2026-03-07 12:00"),
    ("America/Asuncion", "2023-09-30 12:00"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "moment"), SKIPPED)
@pytest.mark.parametrize("hours", ["24/7", "00:00-06:00", "22:00-02:00", "Mo-Su 09:00-18:00"])
def test_a_midnight_that_the_clocks_skip(name: str, moment: str, hours: str) -> None:
    zone = ZoneInfo(name)
    for days in range(-7, 2):
        now = at(moment, zone) + dt.timedelta(days=days)
        table = places_hours.week(hours, name, now)
        assert [len(day.spans) for day in table] == [1] * 7
        assert all(span.start < span.end for day in table for span in day.spans)
        assert [day.is_whole for day in table] == [hours == "24/7"] * 7
        assert places_hours.hours_at(hours, name, now) is not None


# Any shape ----------------------------------------------------------------------------------

CLOCKS = st.sampled_from(["00:00", "02:00", "9:30", "12:00", "22:00", "24:00", "26:00", "sunset"])
DAYS = st.sampled_from(
    ["", "Mo-Fr", "Sa", "Su,PH", "PH", "PH Su", "PH -1 day", "SH", "Dec 24-26", "Jan-Mar Mo",
     "week 1-53/2", "easter", "Mo[1]", "24/7", "2026 Jun 24", "Fr-Mo"]
)  # fmt: skip
ENDS = st.sampled_from(["", "off", "unknown", "open", '"ask"', 'off "a, b; c || d"', '"“ü"'])
RULES = st.builds(
    lambda days, times, end: " ".join(filter(None, (days, times, end))),
    DAYS,
    st.lists(st.builds("{}-{}".format, CLOCKS, CLOCKS), max_size=2).map(",".join),
    ENDS,
)
SHAPES = st.builds(
    lambda first, more: first + "".join(sep + rule for sep, rule in more),
    RULES,
    st.lists(st.tuples(st.sampled_from(["; ", ", ", " || ", ","]), RULES), max_size=3),
)


@example('Mo-Fr open, SH "ask"', "Europe/Madrid", 0)
@example("Fr-Mo open, Dec 24-26 off", "Europe/Madrid", 0)
@example('PH 22:00-9:30 open, 9:30-24:00 "ask"', "Europe/Madrid", 0)
@example("Su,PH 00:00-24:00, Su,PH 12:00-00:00 unknown", "Europe/Madrid", 0)
@example('Mo-Fr, "ask"', "Europe/Madrid", 0)
@example('Mo-Fr, 24/7 "ask"', "Europe/Madrid", 0)
@given(
    SHAPES,
    st.sampled_from(["Europe/Madrid", "America/Santiago", "Africa/Cairo", "Pacific/Apia"]),
    st.integers(0, 730 * 24 * 60),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_is_understood_is_told_alike_everywhere(
    text: str, name: str, minutes: int
) -> None:
    """The state of each moment of the week is that of the week's table; what is stored means what
    was written; a change is where the state becomes another."""
    try:
        stored = places_written.normal_hours(text)
    except ValueError:
        return
    assert places_written.normal_hours(stored) == stored
    now = dt.datetime(2026, 1, 1, tzinfo=dt.UTC) + dt.timedelta(minutes=minutes)
    point = geo.Point(-3.7, 40.4)
    found = places_hours.hours_at(text, name, now, point, CATALONIA)
    assert places_hours.hours_at(stored, name, now, point, CATALONIA) == found
    table = places_hours.week(text, name, now, point, CATALONIA)
    assert len(table) in (0, 7)
    for day in table:
        for span in day.spans:
            assert span.start.astimezone(dt.UTC) < span.end.astimezone(dt.UTC)
            middle = span.start + (span.end - span.start) / 2
            there = places_hours.hours_at(text, name, middle, point, CATALONIA)
            assert there is not None
            assert there.is_open
    if found is not None and found.changes_at is not None:
        after = places_hours.hours_at(text, name, found.changes_at, point, CATALONIA)
        assert after is None or after.is_open is not found.is_open
        assert found.changes_at > now


@pytest.mark.parametrize(
    "hours", ["PH -99999999999 days off", "PH +1000000 days off", "lunes", '"', "PH Su", "|| ||"]
)
def test_odd_hours_are_refused_or_understood(hours: str) -> None:
    now = at("2026-11-27 12:00")
    places_hours.hours_at(hours, "Europe/Madrid", now, None, CATALONIA)
    assert len(places_hours.week(hours, "Europe/Madrid", now, None, CATALONIA)) in (0, 7)
    try:
        assert places_written.normal_hours(hours)
    except ValueError:
        assert places_hours.hours_at(hours, "Europe/Madrid", now) is None


def test_a_rule_is_read_once() -> None:
    """The readers of a text share what was read of it."""
    places_written.rules_of.cache_clear()
    for _ in range(3):
        places_hours.hours_at("Mo-Fr 09:00-20:00", "Europe/Madrid", at("2026-11-27 12:00"))
    assert places_written.rules_of.cache_info().misses == 1
