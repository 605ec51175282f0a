"""Every query with a radius or a box, at the poles, at ±180° and on the equator, against distances
computed here on the sphere."""

from __future__ import annotations

import datetime as dt
import itertools
import math
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from tests.factories import content
from tests.factories.cities import city
from ugc.accounts.models import Member
from ugc.brandapi.queries import statements as brandapi_statements
from ugc.core.access import ANONYMOUS
from ugc.core.db import Session, app_now, now
from ugc.core.resources import Resource
from ugc.geography import gazetteer, geo
from ugc.livemap.queries import tiles as livemap_tiles
from ugc.livemap.rules import Change, Only, View
from ugc.lookback import queries as lookback_queries
from ugc.places import api as places_api
from ugc.places.queries import reading as places_reading
from ugc.places.queries import search as places_search
from ugc.places.rules import describing as places_describing
from ugc.reports import api as reports_api
from ugc.reports.queries import reading as reports_reading
from ugc.reports.rules import kinds as reports_kinds
from ugc.reports.rules import permissions as reports_permissions
from ugc.watches.models import Watch
from ugc.watches.queries import news as watches_news_queries
from ugc.watches.rules import geometry as watches_geometry

Browser = Callable[..., FlaskClient]
Points = dict[int, geo.Point]
CENTRES = [
    geo.Point(0, 89.9999), geo.Point(123.4, 89.9999), geo.Point(0, -90), geo.Point(180, 0),
    geo.Point(-180, 0), geo.Point(179.9999, 60), geo.Point(-179.9999, -17), geo.Point(0, 0),
]  # fmt: skip
RADIUS = 6_371_008.8  # metres


def away(point: geo.Point, metres: float, bearing: float) -> geo.Point:
    """Where a great circle leads: the direct problem on the sphere."""
    arc, turn = metres / RADIUS, math.radians(bearing)
    lat, lon = math.radians(point.lat), math.radians(point.lon)
    up = math.asin(
        min(
            1,
            max(-1, math.sin(lat) * math.cos(arc) + math.cos(lat) * math.sin(arc) * math.cos(turn)),
        )
    )
    aside = math.atan2(
        math.sin(turn) * math.sin(arc) * math.cos(lat), math.cos(arc) - math.sin(lat) * math.sin(up)
    )
    east = math.degrees(lon + aside)
    return geo.Point((east + 540) % 360 - 180, math.degrees(up)).public


def apart(one: geo.Point, other: geo.Point) -> float:
    """Metres on the sphere, by the chord through it."""

    def place(point: geo.Point) -> tuple[float, float, float]:
        lat, lon = math.radians(point.lat), math.radians(point.lon)
        return math.cos(lat) * math.cos(lon), math.cos(lat) * math.sin(lon), math.sin(lat)

    return 2 * RADIUS * math.asin(min(1.0, math.dist(place(one), place(other)) / 2))


def put_reports(session: Session, points: list[geo.Point]) -> Points:
    ends = {"expires_at": app_now() + dt.timedelta(days=1)}
    return {
        content.report(session, lon=point.lon, lat=point.lat, **ends).id: point for point in points
    }


def put_places(session: Session, points: list[geo.Point]) -> Points:
    named = {"name": "Faro Azul", "category": "museum"}
    return {
        content.place(session, lon=point.lon, lat=point.lat, **named).id: point for point in points
    }


def around(centre: geo.Point, metres: float) -> list[geo.Point]:
    """Points well within and well beyond a radius, in eight directions, and the centre itself."""
    bearings = range(0, 360, 45)
    parts = (away(centre, metres * part, b) for part, b in itertools.product((0.7, 1.3), bearings))
    return list({(p.lon, p.lat): p for p in (centre.public, *parts)}.values())


def near(points: Points, centre: geo.Point, metres: float) -> set[int]:
    return {number for number, point in points.items() if apart(point, centre) <= metres}


def _similar(session: Session, centre: geo.Point, _owner: int) -> tuple[float, Points, set[int]]:
    metres = reports_kinds.KINDS["jam"].radius
    points = put_reports(session, around(centre, metres))
    found = reports_reading.similar_near(session, ANONYMOUS, reports_kinds.KINDS["jam"], centre, 99)
    return metres, points, {row.id for row in found}


def _mergeable(session: Session, centre: geo.Point, _owner: int) -> tuple[float, Points, set[int]]:
    points = put_reports(session, around(centre, 250))
    first = next(n for n, point in points.items() if point == centre.public)
    everything = reports_reading.reports_within(session, ANONYMOUS, geo.Bounds(-180, -90, 180, 90))
    row = next(each for each in everything if each.id == first)
    found = reports_reading.reports_near(session, ANONYMOUS, row, 99)
    return 250, points, {first, *(row.id for row in found)}


def _near_brand(session: Session, centre: geo.Point, _owner: int) -> tuple[float, Points, set[int]]:
    points = put_reports(session, around(centre, reports_permissions.NEAR_BRAND_M))
    [place] = put_places(session, [centre.public])
    brand = content.brand(session).id
    content.run_place(session, place, brand)
    world = geo.Bounds(-180, -90, 180, 90)
    found = reports_reading.reports_within(session, ANONYMOUS, world, brand_id=brand)
    return reports_permissions.NEAR_BRAND_M, points, {row.id for row in found}


def _duplicates(session: Session, centre: geo.Point, _owner: int) -> tuple[float, Points, set[int]]:
    points = put_places(session, around(centre, places_describing.DUPLICATE_RADIUS_M))
    found = places_search.likely_duplicates(session, ANONYMOUS, "Faro Azul", centre, limit=99)
    return places_describing.DUPLICATE_RADIUS_M, points, {row.id for row in found}


def _places_near(
    session: Session, centre: geo.Point, _owner: int
) -> tuple[float, Points, set[int]]:
    points = put_places(session, around(centre, 5_000))
    found, _ = places_search.search_places(
        session, ANONYMOUS, near=centre, radius_m=5_000, order="near", limit=99
    )
    return 5_000, points, {row.id for row in found}


def _watched(session: Session, centre: geo.Point, owner: int) -> tuple[float, Points, set[int]]:
    """The news of a watch of 5 km, and what its page lists, say the same."""
    placed = watches_geometry.circle(centre, 5_000)
    session.execute(
        sa.insert(Watch).values(
            public_id="watch-000001",
            member_id=owner,
            shape="area",
            name="Here",
            geom=f"SRID=4326;{placed.geom.wkt}",
            reach=f"SRID=4326;{placed.reach.wkt}",
            distance_m=placed.distance_m,
            kinds=[],
            least=0,
        )
    )
    points = put_reports(session, around(centre, 5_000))
    told = {
        n for n, p in points.items() if watches_news_queries.matching(session, p.lon, p.lat, "jam")
    }
    return 5_000, points, told


WITHIN = [_similar, _mergeable, _near_brand, _duplicates, _places_near, _watched]


@pytest.mark.parametrize("ask", WITHIN, ids=lambda ask: ask.__name__)
@pytest.mark.parametrize("centre", CENTRES, ids=str)
def test_a_radius_holds_what_is_near_on_the_sphere(
    session: Session,
    make_member: Callable[..., Member],
    ask: Callable[..., Any],
    centre: geo.Point,
) -> None:
    metres, points, found = ask(session, centre, make_member("ana").id)
    expected = near(points, centre, metres)
    assert len(expected) > 1
    assert found & points.keys() == expected


# Boxes -------------------------------------------------------------------------------------------

UP, ASIDE = 2.0, 3.0  # degrees


def grid(centre: geo.Point) -> list[geo.Point]:
    """Points within and beyond a box of `UP` and `ASIDE` degrees round a centre."""
    found = {}
    for up, aside in itertools.product((-3, -1, 0, 1, 3), (-4, -1.5, 0, 1.5, 4)):
        lat = centre.lat + up
        if abs(lat) <= 90:
            point = geo.Point((centre.lon + aside + 540) % 360 - 180, lat).public
            found[point.lon, point.lat] = point
    return list(found.values())


def boxed(points: Points, centre: geo.Point) -> set[int]:
    polar = abs(centre.lat) + UP >= 90
    return {
        number
        for number, point in points.items()
        if abs(point.lat - centre.lat) <= UP
        and (polar or abs((point.lon - centre.lon + 540) % 360 - 180) <= ASIDE)
    }


def _in_api(session: Session, resource: Resource, bounds: geo.Bounds) -> set[int]:
    values: dict[str, Any] = {}
    where = brandapi_statements._envelopes(bounds, resource.point, values)
    rows = brandapi_statements.rows(
        session, f"SELECT c.id FROM {resource.table} c WHERE {where}", values
    )
    return {int(row[0]) for row in rows}


def _in_the_past(session: Session, bounds: geo.Bounds) -> set[int]:
    moment = now(session)
    within = lookback_queries.Within(bounds, moment, moment)
    rows = lookback_queries._run(session, f"SELECT r.id FROM reports r WHERE {within.where}")
    return {int(row[0]) for row in rows}


def _in_the_stream(points: Points, bounds: geo.Bounds) -> set[int]:
    view, moment = View(bounds), dt.datetime(2026, 11, 30, tzinfo=dt.UTC)
    return {
        n
        for n, p in points.items()
        if view.holds(Change(n, "x", 1, "jam", p.lon, p.lat, True, False, False, 5, moment, moment))
    }


@pytest.mark.parametrize("centre", CENTRES, ids=str)
def test_a_box_holds_what_lies_in_it(session: Session, centre: geo.Point) -> None:
    bounds = geo.Bounds.around(centre, UP, ASIDE)
    shown, known = put_reports(session, grid(centre)), put_places(session, grid(centre))
    listed, _ = places_search.search_places(session, ANONYMOUS, bounds=bounds, limit=99)
    answers = {
        "list of reports": {
            r.id for r in reports_reading.reports_within(session, ANONYMOUS, bounds)
        },
        "API of reports": _in_api(session, reports_api.REPORTS, bounds),
        "look back": _in_the_past(session, bounds),
        "stream": _in_the_stream(shown, bounds),
    }
    for name, found in answers.items():
        assert found == boxed(shown, centre), name
    answers = {
        "list of places": {r.id for r in places_reading.places_within(session, ANONYMOUS, bounds)},
        "search": {r.id for r in listed},
        "API of places": _in_api(session, places_api.PLACES, bounds),
    }
    for name, found in answers.items():
        assert found == boxed(known, centre), name
    for layer, points in (("reports", shown), ("places", known)):
        counted = livemap_tiles.count_within(session, layer, bounds, 14, Only(hours=24))
        assert counted == len(boxed(points, centre)), layer


@pytest.mark.parametrize(
    "centre", [geo.Point(179.9999, -17), geo.Point(-180, 10), geo.Point(20, 89.9)], ids=str
)
def test_the_nearest_come_first(session: Session, centre: geo.Point) -> None:
    """Those over the antimeridian, or over the pole, among many that look nearer in degrees."""
    side = math.copysign(1, centre.lon)
    polar = centre.lat > 80
    decoys = [
        geo.Point(centre.lon - side * 2, centre.lat - (1 if polar else 0) + n / 1000).public
        for n in range(30)
    ]
    there = [
        geo.Point(geo.wrapped(centre.lon + (180 if polar else side * 0.01)), centre.lat + n / 1e4)
        for n in range(3)
    ]
    for put, ask in (
        (put_reports, reports_reading.reports_within),
        (put_places, places_reading.places_within),
    ):
        points = put(session, [*decoys, *(each.public for each in there)])
        nearest = sorted(points, key=lambda number: apart(points[number], centre))[:3]
        for bounds in (geo.Bounds.around(centre, 2, 5), geo.Bounds(-180, -90, 180, 90)):
            rows = ask(session, ANONYMOUS, bounds, limit=3, near=centre)
            assert {row.id for row in rows} == set(nearest)


def test_a_city_over_the_antimeridian_is_the_nearest(session: Session) -> None:
    city(session, 1, "Waiyevo", "FJ", -179.98, -16.79, population=9000)
    point = geo.Point(179.97, -16.8)
    assert gazetteer.nearest_city(session, point) == 1
    assert gazetteer.country_at(session, point) == "FJ"
    by_sql = gazetteer.nearest_city_sql("p.geom")
    statement = f"SELECT {by_sql} FROM (SELECT {{}} AS geom) AS p"
    geom = "ST_SetSRID(ST_MakePoint(179.97, -16.8), 4326)"
    assert session.scalar(sa.text(statement.format(geom))) == 1


# What people see ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lat", "lon", "other"),
    [("-17", "179.9999", "-179.9999"), ("0", "180", "-180"), ("89.9999", "10", "-170")],
)
def test_the_same_thing_on_both_sides_is_offered(
    signed_in: Browser, lat: str, lon: str, other: str
) -> None:
    form = {"kind": "jam", "text": "Slow."}
    assert (
        signed_in("ana").post("/reports", data={**form, "lat": lat, "lon": lon}).status_code == 303
    )
    again = signed_in("bea").post("/reports", data={**form, "lat": lat, "lon": other})
    assert again.status_code == 409
    assert "still there" in again.text


@pytest.mark.parametrize("centre", CENTRES, ids=str)
def test_every_page_answers_there(signed_in: Browser, centre: geo.Point) -> None:
    browser = signed_in("mod", role="moderator")
    where = {"lat": str(centre.lat), "lon": str(centre.lon)}
    place = {"name": "Faro Azul", "category": "museum", **where}
    watch = {"shape": "area", "how": "circle", "name": "Here", "radius_km": "5", **where}
    for address, form in (
        ("/reports", {"kind": "jam", "text": "Slow.", **where}),
        ("/places", place),
        ("/watching", watch),
        ("/settings/places", {"name": "Home", **where}),
    ):
        made = browser.post(address, data=form)
        assert made.status_code == 303, (address, made.text)
        assert browser.get(made.location).status_code == 200
    query = f"lat={centre.lat}&lon={centre.lon}&zoom=9"
    for address in (
        f"/?{query}", f"/map/list?{query}&sort=near", f"/map/features?{query}", "/watching",
        f"/places?{query}", "/map/tiles/reports/0/0/0", "/map/tiles/places/0/0/0",
        "/map/tiles/reports/9/0/256", "/map/tiles/reports/9/511/256", "/map/tiles/reports/14/0/0",
    ):  # fmt: skip
        assert browser.get(address).status_code in (200, 204), address
