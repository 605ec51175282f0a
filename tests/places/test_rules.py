"""Tables of the pure decisions about places."""

import datetime as dt
import re

import pytest

from tests.conftest import MODERATOR
from ugc.core import telephones, websites
from ugc.core.access import ANONYMOUS, Actor, ActorKind
from ugc.geography import geo
from ugc.places.rules import categories as places_categories
from ugc.places.rules import describing as places_describing
from ugc.places.rules import hours as places_hours
from ugc.places.rules import written as places_written

ANA = Actor(ActorKind.MEMBER, id=1, confirmed=True)
MODERATOR = Actor(ActorKind.MEMBER, id=2, confirmed=True, grants=MODERATOR)
MADRID = geo.Point(-3.7, 40.4)
MONDAY_NOON = dt.datetime(2026, 11, 23, 11, 0, tzinfo=dt.UTC)  # 12:00 in Madrid


@pytest.mark.parametrize(
    ("text", "region", "normal"),
    [
        ("912 345 678", "ES", "+34912345678"),
        ("+44 20 7946 0018", "ES", "+442079460018"),
        ("(020) 7946 0018", "GB", "+442079460018"),
        ("Tel.: 912 345 678", "ES", "+34912345678"),
        ("+44 (0)20 7946 0018", "ES", "+442079460018"),
        ("011 15 2345 6789", "AR", "+5491123456789"),
        ("1-800-FLOWERS ext 3", "US", "+18003569377;ext=3"),
        ("912 345 678 ext. 022", "ES", "+34912345678;ext=022"),
        ("912345678 extensión 22", "ES", "+34912345678;ext=22"),
        ("912345678#22", "ES", "+34912345678;ext=22"),
        ("tel:+34-912-345-678;ext=22", None, "+34912345678;ext=22"),
        ("+7 495 123-45-67 доб. 12", "ES", "+74951234567;ext=12"),
    ],
)
def test_telephones_become_e164_and_keep_their_extension(
    text: str, region: str | None, normal: str
) -> None:
    assert telephones.normal_phone(text, region) == normal
    # As it is shown it can be saved again.
    assert telephones.normal_phone(telephones.shown_phone(normal), None) == normal


@pytest.mark.parametrize(
    "text",
    [
        *("12", "call me", "+34 9123456781234567", "+34 111 11 11 11"),
        # Each has a part that E.164 and an extension cannot hold.
        *("912345678 x302/x2303", "912345678 / 612345678", "Ana 912345678"),
        *("912345678;isub=12", "912345678;ext=22;isub=1", "912345678 (mornings)"),
    ],
)
def test_what_is_no_telephone(text: str) -> None:
    with pytest.raises(ValueError, match=re.escape(text)):
        telephones.normal_phone(text, "ES")


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("example.org/menu", "https://example.org/menu"),
        ("http://example.org", "http://example.org"),
    ],
)
def test_web_addresses(text: str, normal: str) -> None:
    assert websites.normal_website(text) == normal


@pytest.mark.parametrize(
    "text",
    ["javascript:alert(1)", "ftp://example.org", "example", "https://a:b@example.org", "a b.c"],
)
def test_what_is_no_web_address(text: str) -> None:
    with pytest.raises(ValueError, match=re.escape(text)):
        websites.normal_website(text)


def test_opening_hours_are_told_in_the_places_zone() -> None:
    hours = places_hours.hours_at("Mo-Fr 09:00-20:00", "Europe/Madrid", MONDAY_NOON)
    assert hours is not None
    assert hours.is_open
    assert hours.changes_at == dt.datetime(2026, 11, 23, 19, 0, tzinfo=dt.UTC)
    tokyo = places_hours.hours_at("Mo-Fr 09:00-20:00", "Asia/Tokyo", MONDAY_NOON)
    assert tokyo is not None
    assert not tokyo.is_open
    assert places_hours.hours_at("", "Europe/Madrid", MONDAY_NOON) is None
    assert places_hours.hours_at("when I feel like it", "Europe/Madrid", MONDAY_NOON) is None


@pytest.mark.parametrize(
    ("hours", "is_open", "change"),
    [
        ("Mo-Fr 09:00-18:00", True, "2026-11-23 18:00"),
        ("Mo-Fr 09:00-11:30,17:00-20:00", False, "2026-11-23 17:00"),
        ("Sa 10:00-14:00", False, "2026-11-28 10:00"),
        ("20:00-03:00", False, "2026-11-23 20:00"),
        ("24/7", True, None),
        ("off", False, None),
    ],
)
def test_open_or_closed(hours: str, is_open: bool, change: str | None) -> None:
    found = places_hours.hours_at(hours, "Europe/Madrid", MONDAY_NOON, MADRID)
    assert found is not None
    assert found.is_open is is_open
    assert (found.changes_at and f"{found.changes_at:%Y-%m-%d %H:%M}") == change


def test_public_holidays_are_those_of_where_it_is() -> None:
    christmas = dt.datetime(2026, 12, 25, 11, tzinfo=dt.UTC)
    hours = ("Mo-Su 09:00-18:00; PH off", "Europe/Madrid", christmas)
    here = places_hours.hours_at(*hours, MADRID)
    assert here is not None
    assert not here.is_open
    assert places_hours.hours_at("24/7 unknown", "Europe/Madrid", MONDAY_NOON) is None


def test_the_week_begins_today_and_keeps_nights_whole() -> None:
    days = places_hours.week(
        "Mo 20:00-03:00; Su 22:00-04:00; Th 09:00-14:00,17:00-20:00",
        "Europe/Madrid",
        MONDAY_NOON,
    )
    assert [day.date.isoformat() for day in days][:2] == ["2026-11-23", "2026-11-24"]
    spans = [[f"{a.start:%H:%M}-{a.end:%H:%M}" for a in day.spans] for day in days]
    assert spans[0] == ["20:00-03:00"]  # not the end of Sunday's night
    assert spans[1] == []
    assert spans[3] == ["09:00-14:00", "17:00-20:00"]
    assert len(days) == 7
    assert places_hours.week("by appointment!", "Europe/Madrid", MONDAY_NOON) == []


def test_always_open_is_told_day_by_day() -> None:
    days = places_hours.week("24/7", "Europe/Madrid", MONDAY_NOON)
    assert [len(day.spans) for day in days] == [1] * 7


def test_a_web_address_is_shown_as_it_is_said() -> None:
    assert places_describing.shown_website("https://www.example.org/menu/") == "example.org/menu"


def test_hours_that_nobody_understands_are_refused() -> None:
    with pytest.raises(ValueError, match="lunes"):
        places_written.normal_hours("lunes a viernes")


@pytest.mark.parametrize(
    ("lon", "lat", "zone"),
    [
        (-3.7, 40.4, "Europe/Madrid"),
        (-15.43, 28.12, "Atlantic/Canary"),
        (139.7, 35.7, "Asia/Tokyo"),
    ],
)
def test_a_position_has_a_zone(lon: float, lat: float, zone: str) -> None:
    assert places_describing.timezone_at(geo.Point(lon, lat)) == zone


def test_one_five_does_not_beat_a_hundred_fours() -> None:
    assert places_describing.weighted_mean(5, 1) < places_describing.weighted_mean(400, 100)
    assert places_describing.weighted_mean(0, 0) == places_describing.PRIOR_MEAN
    assert places_describing.weighted_mean(5, 1) == pytest.approx((8 * 3.7 + 5) / 9)


@pytest.mark.parametrize(
    ("actor", "visibility", "seen"),
    [
        (ANONYMOUS, "published", True),
        (ANONYMOUS, "held", False),
        (ANA, "held", True),
        (MODERATOR, "held", True),
        (ANA, "hidden", True),
        (ANONYMOUS, "withdrawn", False),
    ],
)
def test_held_places_wait_whole(actor: Actor, visibility: str, seen: bool) -> None:
    assert places_describing.may_see(actor, 1, visibility) is seen


def test_every_category_has_names_an_icon_and_aspects() -> None:
    assert len(places_categories.CATEGORIES) > 30
    for category in places_categories.CATEGORIES.values():
        assert all(category.names().values())
        assert category.icon
        assert len(category.aspects) >= 3
