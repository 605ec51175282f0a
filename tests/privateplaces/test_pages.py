"""Naming private places, and what is posted near one, wherever it is told."""

from __future__ import annotations

import math
import re
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from ugc.accounts.models import Member
from ugc.core.access import ANONYMOUS, SYSTEM
from ugc.core.db import Session
from ugc.core.subjects import Subject
from ugc.geography import geo
from ugc.livemap.queries import tiles as livemap_tiles
from ugc.livemap.rules import Only, Tile
from ugc.privateplaces import queries as privateplaces_queries
from ugc.privateplaces.models import PrivatePlace
from ugc.reports.actions import life as reports_life_actions
from ugc.reports.models import Report
from ugc.reports.queries import life as reports_life_queries
from ugc.reports.queries import reading as reports_reading

Browser = Callable[..., FlaskClient]
HOME = {"lat": "40.4167812", "lon": "-3.7037912"}
EXACT = re.compile(r"40\.41678|3\.70379")
PLACE = {**HOME, "name": "Casa"}
WASTE = {**HOME, "kind": "waste", "accuracy_m": "7.5", "heading": "90"}
JAM = {**HOME, "kind": "jam", "text": "Slow."}


@pytest.fixture
def ana(signed_in: Browser, session: Session) -> FlaskClient:
    """A member whose word shows at once, with a home."""
    browser = signed_in("ana", role="moderator")
    assert browser.post("/settings/places", data=PLACE).status_code == 303
    return browser


def only(session: Session) -> Report:
    session.expire_all()
    return session.scalars(sa.select(Report)).one()


def home_of(session: Session) -> privateplaces_queries.PlaceRow:
    member_id = session.scalars(sa.select(Member.id).where(Member.handle == "ana")).one()
    return privateplaces_queries.places_of(session, member_id)[0]


def test_a_place_is_its_members_alone(
    session: Session, client: FlaskClient, ana: FlaskClient, signed_in: Browser
) -> None:
    page = ana.get("/settings/places").text
    assert "Casa" in page
    assert "40.41678" in page
    bea = signed_in("bea")
    assert "Casa" not in bea.get("/settings/places").text
    assert client.get("/settings/places").status_code in (302, 303, 401)
    [stored] = session.scalars(sa.select(PrivatePlace)).all()
    assert b"Casa" not in stored.sealed
    assert EXACT.search(repr(stored.sealed)) is None
    forget = f"/settings/places/{stored.id}/forget"
    assert bea.post(forget).status_code == 404
    assert ana.post(forget).status_code == 303
    assert session.scalars(sa.select(PrivatePlace)).all() == []


def test_what_is_sealed_opens_for_its_member_alone(session: Session, ana: FlaskClient) -> None:
    """A row given to another member cannot be read by them."""
    stored = session.scalars(sa.select(PrivatePlace)).one()
    assert privateplaces_queries.box_of(stored.member_id).decrypt(stored.sealed)
    with pytest.raises(privateplaces_queries.InvalidToken):
        privateplaces_queries.box_of(stored.member_id + 1).decrypt(stored.sealed)


def test_five_at_most(ana: FlaskClient) -> None:
    for name in "bcde":
        assert ana.post("/settings/places", data={**PLACE, "name": name}).status_code == 303
    refused = ana.post("/settings/places", data={**PLACE, "name": "f"})
    assert refused.status_code == 409
    assert "Forget one of them first" in refused.text


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"name": ""}, "Write a name"),
        ({"name": "x" * 41}, "At most"),
        ({"lat": "91"}, "not on the map"),
        ({"lat": "", "lon": ""}, "Say where"),
    ],
)
def test_a_refused_place_keeps_what_was_typed(
    ana: FlaskClient, change: dict[str, str], told: str
) -> None:
    answer = ana.post("/settings/places", data={**PLACE, "name": "Trabajo", **change})
    assert answer.status_code == 422
    assert told in answer.text
    if "lat" in change:
        assert 'value="Trabajo"' in answer.text


def test_another_key_makes_them_unreadable_and_they_can_go(
    app: Flask, session: Session, ana: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = session.scalars(sa.select(PrivatePlace)).one()
    stored.sealed = privateplaces_queries.Fernet(
        privateplaces_queries.Fernet.generate_key()
    ).encrypt(b"{}")
    session.commit()
    page = ana.get("/settings/places").text
    assert "cannot be read any more" in page
    assert '"readable": false' in ana.get("/settings/export").text
    assert ana.post("/reports", data={**WASTE, "near": "exact"}).status_code == 303
    assert ana.post(f"/settings/places/{stored.id}/forget").status_code == 303


def test_near_it_only_an_area_is_told(
    session: Session, client: FlaskClient, ana: FlaskClient
) -> None:
    assert "near one of your private places (Casa)" in ana.get("/reports/new").text
    address = ana.post("/reports", data=WASTE).location
    report, area = only(session), home_of(session).area
    assert area is not None
    where = geo.Point(*reports_life_queries.position(session, report.id))
    assert (report.coarse, report.accuracy_m, where) == (True, area.radius_m, area.middle)
    assert (report.heading, report.author_hidden) == (None, False)
    page = client.get(address).text
    assert f"somewhere within {area.radius_m} m" in page
    assert f'data-area="{area.radius_m}"' in page


def _id(address: str) -> str:
    return address.rsplit("/", 1)[-1]


# Every public address that tells of reports.
VIEW = "bbox=-4,40,-3,41"
TELLING = {
    "page": lambda address: address,
    "list": lambda _address: f"/map/list?{VIEW}&sort=near&from=40.4168,-3.7038",
    "whole page": lambda _address: f"/?{VIEW}",
    "features": lambda _address: f"/map/features?{VIEW}",
    "card": lambda address: f"/map/card/report/{_id(address)}",
    "profile": lambda _address: "/members/ana",
    "oembed": lambda address: f"/oembed?url=http://localhost{address}",
    "embed": lambda address: f"/embed/{_id(address)}",
    "look back": lambda _address: f"/map/history/data?{VIEW}",
    "look back, list": lambda _address: f"/map/history/list?{VIEW}",
}


@pytest.mark.parametrize("telling", TELLING)
def test_the_exact_place_is_told_nowhere(
    client: FlaskClient, ana: FlaskClient, telling: str
) -> None:
    address = ana.post("/reports", data=WASTE).location
    answer = client.get(TELLING[telling](address))
    assert answer.status_code == 200, answer.text
    assert EXACT.search(answer.text) is None
    if telling in ("page", "features", "look back"):
        # Told when its author wants it exact: what is searched for above can be found.
        exact = ana.post("/reports", data={**WASTE, "near": "exact"}).location
        assert EXACT.search(client.get(TELLING[telling](exact)).text)


def test_forty_reports_average_to_nothing(session: Session, ana: FlaskClient) -> None:
    """From points all round the house, days apart, one public point."""
    for step in range(40):
        lat = f"{40.41678 + (step % 7 - 3) * 0.00003:.7f}"
        form = {**WASTE, "lat": lat, "anyway": "yes"}
        session.execute(sa.text("DELETE FROM idempotency_keys"))
        if step % 8 == 0:
            # Forgotten and named again, a few metres aside.
            stored = session.scalars(sa.select(PrivatePlace)).one()
            ana.post(f"/settings/places/{stored.id}/forget")
            ana.post("/settings/places", data={**PLACE, "lat": "40.4167834"})
        answer = ana.post("/reports", data=form)
        if answer.status_code == 429:
            break
        assert answer.status_code == 303
    session.expire_all()
    points = session.execute(
        sa.text("SELECT DISTINCT ST_X(geom), ST_Y(geom), accuracy_m FROM reports")
    ).all()
    assert len(points) == 1


def test_tiles_and_the_stream_draw_a_circle(session: Session, ana: FlaskClient) -> None:
    ana.post("/reports", data=WASTE)
    report = only(session)
    _cursor, body = livemap_tiles.tile(session, "reports", Tile(0, 0, 0), Only(hours=5))
    assert b"spread" in body
    features = ana.get("/map/features?bbox=-4,40,-3,41").get_json(force=True)["features"]
    [feature] = [each for each in features if each["properties"]["layer"] == "report"]
    spread = feature["properties"]["spread"]
    lat = feature["geometry"]["coordinates"][1]
    metres = spread * 78271.517 * math.cos(math.radians(lat))
    assert metres == pytest.approx(report.accuracy_m, rel=1e-4)


def test_nothing_is_offered_or_asked_about_an_area(
    session: Session, ana: FlaskClient, signed_in: Browser
) -> None:
    address = ana.post("/reports", data=WASTE).location
    report = only(session)
    where = geo.Point(*reports_life_queries.position(session, report.id))
    bea = signed_in("bea")
    near = {"kind": "waste", "lat": str(where.lat), "lon": str(where.lon)}
    assert bea.post("/reports", data={**near, "kind": "animals"}).status_code == 303
    assert bea.post("/reports", data=near).status_code == 303
    # Nor is its author asked whether it is one of the near ones.
    assert ana.post("/reports", data=WASTE).status_code == 303
    assert bea.post(f"{address}/vote", data={"still_there": "yes"}).status_code == 303
    assert reports_life_queries.who_saw_it(session, report) == [report.author_id]
    mod = signed_in("mod", role="moderator")
    assert "Reports near by" not in mod.get(address).text
    # Merged, the address of the one would lead to the place of the other.
    exact = mod.post("/reports", data={**near, "anyway": "yes"}).location
    for one, other in ((exact, address), (address, exact)):
        refused = mod.post(f"{one}/merge", data={"into": other})
        assert refused.status_code == 409
        assert "Only an area is public" in refused.text


def test_who_wants_it_exact_has_it_exact(session: Session, ana: FlaskClient) -> None:
    assert ana.post("/reports", data={**WASTE, "near": "exact"}).status_code == 303
    report = only(session)
    assert (report.coarse, report.geom_exact, report.accuracy_m) == (False, None, 7.5)
    assert ana.post("/reports", data={**WASTE, "near": "maybe"}).status_code == 422


def test_far_from_it_nothing_is_kept_back(session: Session, ana: FlaskClient) -> None:
    ana.post("/reports", data={**WASTE, "lat": "40.43"})
    report = only(session)
    assert (report.coarse, report.author_hidden) == (False, False)


@pytest.fixture
def jam(ana: FlaskClient) -> str:
    return str(ana.post("/reports", data=JAM).location)


@pytest.mark.parametrize("naming", TELLING)
def test_of_what_is_on_the_road_no_author_is_named(
    session: Session, client: FlaskClient, jam: str, naming: str
) -> None:
    report = only(session)
    assert (report.coarse, report.author_hidden) == (False, True)
    answer = client.get(TELLING[naming](jam))
    assert answer.status_code == 200
    if naming == "profile":
        assert "Traffic jam" not in answer.text.split("<h2>Reports</h2>", 1)[-1].split("<nav", 1)[0]
    else:
        assert "/members/ana" not in answer.text
        assert not re.search(r"\bana\b", answer.text)


def test_its_author_and_moderators_know_the_author(
    session: Session, ana: FlaskClient, signed_in: Browser, jam: str
) -> None:
    for reader in (ana, signed_in("mod", role="moderator")):
        assert '<a class="who" href="/members/ana">' in reader.get(jam).text
    assert "does not show the name" in signed_in("bea").get(jam).text
    row = reports_reading.report_by_id(session, ANONYMOUS, only(session).id)
    assert row.author is None


def test_export_shows_and_erasure_takes_it_away(
    session: Session, client: FlaskClient, ana: FlaskClient
) -> None:
    ana.post("/reports", data=WASTE)
    exported = ana.get("/settings/export").get_json(force=True)
    [place] = exported["private_places"]
    assert (place["name"], place["readable"]) == ("Casa", True)
    [posted] = exported["reports"]["posted"]
    assert posted["exact"] == {"lon": -3.70379, "lat": 40.41678}
    assert posted["coarse"] is True
    form = {"content": "keep", "password": "correct horse battery"}
    assert ana.post("/settings/erase", data=form).status_code == 303
    report = only(session)
    assert (report.geom_exact, report.coarse, report.author_id) == (None, True, None)
    assert report.accuracy_m
    assert session.scalars(sa.select(PrivatePlace)).all() == []


def test_forgetting_the_place_leaves_what_was_posted_as_it_is(
    session: Session, ana: FlaskClient
) -> None:
    ana.post("/reports", data=WASTE)
    before = reports_life_queries.position(session, only(session).id)
    ana.post(f"/settings/places/{home_of(session).id}/forget")
    report = only(session)
    assert (report.coarse, reports_life_queries.position(session, report.id)) == (True, before)


def test_events_of_its_life_tell_the_public_point(session: Session, ana: FlaskClient) -> None:
    ana.post("/reports", data=WASTE)
    report = only(session)
    assert session.get(Subject, report.id)
    reports_life_actions.tell(session, report, "edited", SYSTEM)
    session.flush()
    args = session.scalars(sa.text("SELECT args::text FROM procrastinate_jobs")).all()
    assert not [text for text in args if EXACT.search(text)]
