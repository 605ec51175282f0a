"""Shapes, files, hours and addresses, without a database."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ugc.core.errors import Invalid
from ugc.geography import geo
from ugc.watches.rules import browsers as watches_browsers_rules
from ugc.watches.rules import choices as watches_choices
from ugc.watches.rules import files as watches_files
from ugc.watches.rules import geometry as watches_geometry
from ugc.watches.rules import times as watches_times

MADRID, NEW_YORK, LORD_HOWE = "Europe/Madrid", "America/New_York", "Australia/Lord_Howe"


MOMENTS = st.floats(0, 730).map(
    lambda days: dt.datetime(2026, 1, 1, tzinfo=dt.UTC) + dt.timedelta(days=days)
)


def utc(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


# hours --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("moment", "zone", "start", "end", "until"),
    [
        ("2026-06-10 12:00", MADRID, 22, 7, "2026-06-10 12:00"),  # 14:00, not quiet
        ("2026-06-10 21:00", MADRID, 22, 7, "2026-06-11 05:00"),  # 23:00 in summer
        ("2026-12-10 21:30", MADRID, 22, 7, "2026-12-11 06:00"),  # 22:30 in winter
        ("2026-06-10 04:59", MADRID, 22, 7, "2026-06-10 05:00"),  # 06:59
        ("2026-06-10 05:00", MADRID, 22, 7, "2026-06-10 05:00"),  # 07:00 is over
        ("2026-03-29 00:30", MADRID, 22, 7, "2026-03-29 05:00"),  # an hour is skipped that night
        ("2026-10-25 00:30", MADRID, 22, 7, "2026-10-25 06:00"),  # and one comes twice
        ("2026-03-29 00:30", MADRID, 0, 2, "2026-03-29 01:00"),  # 02:00 does not exist: 03:00
        ("2026-10-25 01:30", MADRID, 22, 2, "2026-10-25 01:30"),  # the second 02:30 is not quiet
        ("2026-11-01 05:30", NEW_YORK, 22, 7, "2026-11-01 12:00"),
        ("2026-06-10 12:00", LORD_HOWE, 22, 7, "2026-06-10 20:30"),  # half an hour of summer time
        ("2026-06-10 21:00", MADRID, 7, 7, "2026-06-10 21:00"),  # none
        ("2026-06-10 12:00", MADRID, 13, 15, "2026-06-10 13:00"),  # a siesta
    ],
)
def test_quiet_hours_are_the_readers(
    moment: str, zone: str, start: int, end: int, until: str
) -> None:
    assert watches_times.quiet_end(utc(moment), zone, start, end) == utc(until)


@given(
    MOMENTS,
    st.sampled_from([MADRID, NEW_YORK, LORD_HOWE, "Asia/Kathmandu", "Pacific/Apia"]),
    st.integers(0, 23),
    st.integers(0, 23),
)
def test_what_waits_comes_out_of_the_quiet_hours(
    moment: dt.datetime, zone: str, start: int, end: int
) -> None:
    until = watches_times.quiet_end(moment, zone, start, end)
    assert dt.timedelta(0) <= until - moment <= dt.timedelta(hours=25)
    local = moment.astimezone(ZoneInfo(zone))
    if not watches_times.is_quiet(local.hour, start, end):
        assert until == moment
    else:
        assert until.astimezone(ZoneInfo(zone)).hour in (end, (end + 1) % 24)


@given(
    MOMENTS,
    st.sampled_from([MADRID, NEW_YORK, LORD_HOWE, "UTC"]),
    st.integers(0, 23),
    st.none() | st.integers(0, 6),
)
def test_a_digest_comes_once_a_day_or_week(
    moment: dt.datetime, zone: str, hour: int, weekday: int | None
) -> None:
    first = watches_times.next_digest(moment, zone, hour, weekday)
    second = watches_times.next_digest(first, zone, hour, weekday)
    assert moment < first < second
    there = ZoneInfo(zone)
    days = (second.astimezone(there).date() - first.astimezone(there).date()).days
    assert days == (1 if weekday is None else 7)
    assert first.astimezone(there).hour in (hour, hour + 1)
    if weekday is not None:
        assert first.astimezone(there).weekday() == weekday


def test_a_day_is_the_readers() -> None:
    assert watches_times.local_day(utc("2026-06-10 22:30"), MADRID) == "2026-06-11"
    assert watches_times.local_day(utc("2026-06-10 22:30"), NEW_YORK) == "2026-06-10"


# shapes -------------------------------------------------------------------------------------


def test_a_shape_over_the_antimeridian_is_cut_there() -> None:
    for ring in (
        [(179.5, 0), (180.5, 0), (180.5, 1), (179.5, 1)],
        [(179.5, 0), (-179.5, 0), (-179.5, 1), (179.5, 1)],
        [(-180.5, 0), (-179.5, 0), (-179.5, 1), (-180.5, 1)],
    ):
        placed = watches_geometry.area([[ring]], "drawn")
        assert len(placed.geom.geoms) == 2
        west, south, east, north = placed.geom.bounds
        assert (west, south, east, north) == (-180, 0, 180, 1)
        assert watches_geometry.area_km2(placed.geom) == pytest.approx(111.19**2, rel=0.001)
        boxes = sorted(box.bounds for box in placed.reach.geoms)
        assert boxes[0][2] < -179.4
        assert boxes[-1][0] > 179.4


def test_a_hole_stays_a_hole() -> None:
    border = [(0, 0), (1, 0), (1, 1), (0, 1)]
    hole = [(0.25, 0.25), (0.75, 0.25), (0.75, 0.75), (0.25, 0.75)]
    whole = watches_geometry.area([[border]], "drawn").geom
    with_hole = watches_geometry.area([[border, hole]], "drawn").geom
    share = watches_geometry.area_km2(with_hole) / watches_geometry.area_km2(whole)
    assert share == pytest.approx(0.75, rel=0.001)


def test_a_circle_at_the_pole_reaches_all_round() -> None:
    placed = watches_geometry.circle(geo.Point(10, 89.9), 50_000)
    assert placed.reach.bounds[0] == -180
    assert placed.reach.bounds[2] == 180
    assert placed.reach.bounds[3] == 90


def test_a_recorded_track_is_simplified() -> None:
    line = [(n / 10_000, (n % 7) / 1_000_000) for n in range(20_000)]
    placed = watches_geometry.way([line], 100, "file")
    assert len(placed.geom.geoms[0].coords) < 100
    assert watches_geometry.length_km(placed.geom) == pytest.approx(222.4, rel=0.001)
    noisy = [(n / 10_000, (n % 7) / 1_000) for n in range(20_000)]
    points = sum(len(part.coords) for part in watches_geometry.way([noisy], 100, "file").geom.geoms)
    assert points <= watches_geometry.POINTS_MAX + 100  # and what long edges are split into


def test_lengths_and_areas_are_limited() -> None:
    watches_geometry.way([[(0, 0), (8.9, 0)]], 10, "drawn")
    with pytest.raises(Invalid):
        watches_geometry.way([[(0, 0), (9.1, 0)]], 10, "drawn")
    watches_geometry.circle(geo.Point(0, 0), 79_000)
    with pytest.raises(Invalid):
        watches_geometry.circle(geo.Point(0, 0), 79_001)
    with pytest.raises(Invalid):
        watches_geometry.area([[[(0, 0), (1.3, 0), (1.3, 1.3), (0, 1.3)]]], "drawn")


# files --------------------------------------------------------------------------------------


def read_or_refused(data: bytes) -> object:
    """What a file holds, or the fields that its refusal is about."""
    try:
        return watches_files.read(data)
    except Invalid as error:
        return list(error.fields)


def test_tracks_routes_and_lines_are_read() -> None:
    gpx = (
        b'\xef\xbb\xbf<gpx xmlns="http://www.topografix.com/GPX/1/0"><!-- a walk -->'
        b'<rte><rtept lat="1" lon="2"/><rtept lat="3" lon="4"/></rte>'
        b'<trk><trkseg><trkpt lat="5" lon="6"><ele>7</ele></trkpt><trkpt lat="7" lon="8"/></trkseg>'
        b'<trkseg><trkpt lat="9" lon="9"/></trkseg></trk></gpx>'
    )
    assert watches_files.read(gpx) == ([[(2, 1), (4, 3)], [(6, 5), (8, 7)]], [])
    collection = (
        b'{"type":"FeatureCollection","features":[{"type":"Feature","geometry":null},'
        b'{"type":"Feature","geometry":{"type":"GeometryCollection","geometries":['
        b'{"type":"MultiLineString","coordinates":[[[0,1,9],[2,3,9]],[[4,5],[6,7]]]},'
        b'{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,0]]]}]}}]}'
    )
    lines, polygons = watches_files.read(collection)
    assert lines == [[(0, 1), (2, 3)], [(4, 5), (6, 7)]]
    assert polygons == [[[(0, 0), (1, 0), (1, 1), (0, 0)]]]


@pytest.mark.parametrize(
    "data",
    [
        b'<!DOCTYPE gpx [<!ENTITY a "a">]><gpx/>',
        b'<!DOCTYPE gpx SYSTEM "file:///etc/passwd"><gpx/>',
        b'<?xml version="1.0" encoding="none"?><gpx/>',
        b"{" * 5000,
        b'{"type":"GeometryCollection","geometries":' * 400 + b"[]" + b"}" * 400,
        b'{"type":"LineString","coordinates":{"a":1}}',
        b'{"type":"LineString","coordinates":[[1e400,0],[0,0]]}',
        b"\x00\xff",
        b"",
    ],
)
def test_bad_files_are_refused_or_empty(data: bytes) -> None:
    assert read_or_refused(data) in (([], []), ["file"])


@given(st.binary(max_size=200), st.sampled_from([b"", b"<gpx>", b"{"]))
def test_no_file_breaks_it(data: bytes, begin: bytes) -> None:
    assert read_or_refused(begin + data) in (([], []), ["file"])


# push ---------------------------------------------------------------------------------------

# A point of the curve: the one that generates it.
KEY = "BGsX0fLhLEJH-Lzm5WOkQPJ3A32BLeszoPShOUXYmMKWT-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU"
AUTH = "A" * 22


def test_a_browser_of_a_known_service_is_taken() -> None:
    endpoint = "https://fcm.googleapis.com/fcm/send/abc"
    assert watches_browsers_rules.checked_browser(endpoint, KEY, AUTH).endpoint == endpoint


@pytest.mark.parametrize(
    ("endpoint", "key", "auth"),
    [
        ("http://push.example.org/1", KEY, AUTH),
        ("https://127.0.0.1/1", KEY, AUTH),
        ("https://[::1]/1", KEY, AUTH),
        ("https://localhost/1", KEY, AUTH),
        ("https://push.example.org:8443/1", KEY, AUTH),
        ("https://push.example.org:99999/1", KEY, AUTH),
        ("https://me:secret@push.example.org/1", KEY, AUTH),
        ("https://push.example.org/" + "a" * 1024, KEY, AUTH),
        ("ftp://push.example.org/1", KEY, AUTH),
        ("https://", KEY, AUTH),
        (None, KEY, AUTH),
        ("https://push.example.org/1", KEY[:-4], AUTH),
        ("https://push.example.org/1", "C" + KEY[1:], AUTH),
        ("https://push.example.org/1", "B" + "A" * 86, AUTH),  # on no curve
        ("https://push.example.org/1", KEY, "A"),
        ("https://push.example.org/1", KEY, None),
    ],
)
def test_other_addresses_are_not(endpoint: object, key: object, auth: object) -> None:
    with pytest.raises(Invalid):
        watches_browsers_rules.checked_browser(endpoint, key, auth)


@pytest.mark.parametrize(
    ("what", "reliability", "least", "told"),
    [
        ("posted", 3, 0, True),
        ("posted", 5, 6, False),
        ("approved", 6, 6, True),
        ("confirmed", 6, 6, True),
        ("confirmed", 5, 6, False),
        ("confirmed", 9, 0, False),  # it was told when it was posted
        ("reopened", 7, 6, True),
        ("denied", 9, 6, False),
        ("edited", 9, 6, False),
    ],
)
def test_when_a_report_appears(what: str, reliability: int, least: int, told: bool) -> None:
    assert watches_choices.appears(what, reliability, least) is told
