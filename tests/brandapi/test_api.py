"""The API over HTTP."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from openapi_spec_validator import validate

from tests.brandapi.asking import Get, feed, valid
from tests.brandapi.conftest import World
from tests.factories import content
from ugc.accounts.actions import erasing as accounts_erasing
from ugc.accounts.models import KIND as MEMBER
from ugc.accounts.models import Grant, Member
from ugc.brandapi import rules as brandapi_rules
from ugc.brandapi.queries import statements as brandapi_statements
from ugc.brandapi.schemas.description import specification
from ugc.config import ROOT
from ugc.content import actions as content_actions
from ugc.core import subjects
from ugc.core.db import Session, now
from ugc.core.errors import catalogue
from ugc.core.sources import Source
from ugc.core.subjects import Visibility
from ugc.geography import geo
from ugc.places.actions import claims as places_claims_actions
from ugc.places.actions import editing as places_editing
from ugc.places.actions import facts as places_facts_actions
from ugc.places.models import Origin
from ugc.referrals.models import CascadeReach, ReferralLink
from ugc.reports import api as reports_api
from ugc.reports.actions import posting as reports_posting_actions
from ugc.reports.actions.posting import REPORTS
from ugc.spread import actions as spread_actions


def ids(answer: Any) -> list[str]:
    return [feature["id"] for feature in answer.get_json(force=True)["features"]]


# Keys ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "code", "english", "spanish"),
    [
        (None, "key_needed", "Send a valid API key", "Envía una clave"),
        ("boca_short", "key_malformed", "copy it again", "cópiala otra vez"),
        ("new", "key_unknown", "unknown or was revoked", "no se conoce o se revocó"),
    ],
)
def test_wrong_keys(get: Get, key: str | None, code: str, english: str, spanish: str) -> None:
    for language, words in (("en", english), ("es", spanish)):
        sent = brandapi_rules.new_key() if key == "new" else key
        answer = get("/reports", with_key=sent, Accept_Language=language)
        assert answer.status_code == 401
        assert answer.content_type == "application/problem+json"
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        problem = answer.get_json(force=True)
        assert problem["code"] == code
        assert problem["type"].endswith(f"/api/errors#{code}")
        assert words in problem["title"]
    if key:
        # An address that is not there is told so, whatever key came along.
        assert get("/nothing", with_key=sent).status_code == 404


def test_a_key_is_shown_once_stored_hashed_and_ends_when_revoked(
    app: Flask, session: Session, world: World, get: Get, signed_in: Callable[..., FlaskClient]
) -> None:
    browser = app.test_client()
    browser.post(
        "/sign-in", data={"email": "owner@example.org", "password": "correct horse battery"}
    )
    where = f"/brands/{world.brand}/keys"
    ours = {"Sec-Fetch-Site": "same-origin"}
    made = browser.post(where, data={"name": "dashboard", "scopes": ["reports:read"]}, headers=ours)
    # Never compressed: the key stands beside its name.
    assert "no-transform" in made.headers["Cache-Control"]
    assert "no-transform" not in browser.get(where, headers=ours).headers["Cache-Control"]
    page = made.text
    key = page.split('id="new-key" readonly value="')[1].split('"')[0]
    assert brandapi_rules.is_well_formed(key)
    again = browser.get(where).text
    assert key not in again
    assert "dashboard" in again
    assert "never used" in again
    stored = session.execute(sa.text("SELECT * FROM api_keys WHERE name = 'dashboard'")).one()
    assert key not in map(str, stored)
    assert get("/reports", with_key=key).status_code == 200
    assert "last used" in browser.get(where).text
    refused = get("/places", with_key=key)
    assert refused.status_code == 403
    assert refused.get_json(force=True)["scope"] == "places:read"
    assert browser.post(f"{where}/{stored.id}/revoke").status_code == 303
    assert get("/reports", with_key=key).status_code == 401
    assert signed_in("stranger").get(where).status_code == 404
    assert browser.post(where, data={"name": "", "scopes": []}).status_code == 422
    assert browser.post(where, data={"name": "x", "scopes": ["all"]}).status_code == 422


def test_a_brand_has_a_limit_of_keys(app: Flask, world: World) -> None:
    for _ in range(brandapi_rules.KEYS_PER_BRAND):
        world.key()
    browser = app.test_client()
    browser.post(
        "/sign-in", data={"email": "owner@example.org", "password": "correct horse battery"}
    )
    answer = browser.post(
        f"/brands/{world.brand}/keys", data={"name": "one more", "scopes": ["reports:read"]}
    )
    assert answer.status_code == 422
    assert "revoke one first" in answer.text


# Content ---------------------------------------------------------------------------------------


def test_the_picture_of_an_author(session: Session, world: World, get: Get) -> None:
    world.report()
    session.execute(sa.text("UPDATE members SET picture = 'key1' WHERE handle = 'owner'"))
    session.commit()
    [feature] = get("/reports").get_json(force=True)["features"]
    valid("ReportFeature", feature)
    assert feature["properties"]["author"]["picture"].endswith("/photos/key1/face192.webp")


def test_a_report_as_geojson_and_as_json(world: World, get: Get) -> None:
    public_id = world.report(text='Two "lanes" blocked\nñ', language="en")
    answer = get("/reports")
    assert answer.content_type == "application/geo+json"
    [feature] = answer.get_json(force=True)["features"]
    valid("ReportFeature", feature)
    assert feature["id"] == public_id
    assert feature["geometry"] == {"type": "Point", "coordinates": [-3.7, 40.4]}
    properties = feature["properties"]
    assert properties["text"] == 'Two "lanes" blocked\nñ'
    assert properties["author"] == {"handle": "owner", "name": None, "picture": None}
    assert properties["city"] == "Madrid"
    assert properties["reliability"] == 7
    assert properties["confidence"] == 5
    assert properties["heading"] is None
    [item] = get("/reports?format=json").get_json()["items"]
    valid("Report", item)
    assert (item["id"], item["lon"], item["lat"]) == (public_id, -3.7, 40.4)
    assert get("/reports", Accept="application/json").get_json()["items"][0]["id"] == public_id
    one = get(f"/reports/{public_id}").get_json(force=True)
    valid("ReportFeature", one)
    assert one["properties"]["photos"] == []
    assert get("/reports/22222222zzzz").status_code == 404


def test_places_and_reviews(session: Session, world: World, get: Get) -> None:
    place = world.place()
    other = world.place("Otro", lon=2.1, lat=41.4)
    review = world.review(place)
    content.run_place(session, world.id_of(place), world.brand_id)
    session.commit()
    assert sorted(ids(get("/places"))) == sorted([place, other])
    assert ids(get(f"/places?brand={world.brand}")) == [place]
    assert ids(get("/places?bbox=2,41,3,42")) == [other]
    assert ids(get("/places?category=hotel,bar")) == []
    [feature] = get(f"/places?brand={world.brand}").get_json(force=True)["features"]
    valid("PlaceFeature", feature)
    assert feature["properties"]["brand"] == world.brand
    assert feature["properties"]["rating_mean"] == 4
    for query in ("", f"?brand={world.brand}", f"?place={place}", "?category=cafe", "?rating=4"):
        assert ids(get(f"/reviews{query}")) == [review]
    assert ids(get("/reviews?rating=1")) == []
    [feature] = get("/reviews").get_json(force=True)["features"]
    valid("ReviewFeature", feature)
    assert feature["properties"]["place"] == place
    valid("Review", get(f"/reviews/{review}?format=json").get_json())


def test_held_text_is_not_told(
    session: Session, make_member: Callable[..., Any], world: World, get: Get
) -> None:
    member = make_member("newcomer")
    actor = type(world.owner)(world.owner.kind, id=member.id, handle="newcomer", confirmed=True)
    reports_posting_actions.post_report(
        session, actor, kind="jam", point=geo.Point(-3.7, 40.4), text="Secret until approved."
    )
    session.commit()
    answer = get("/reports")
    [feature] = answer.get_json(force=True)["features"]
    assert feature["properties"]["unconfirmed"] is True
    assert feature["properties"]["text"] is None
    assert "Secret" not in answer.text


def test_the_box_may_cross_the_antimeridian(world: World, get: Get) -> None:
    fiji, samoa, madrid = world.report(178.4, -18.1), world.report(-171.8, -13.8), world.report()
    assert sorted(ids(get("/reports?bbox=170,-30,-165,0"))) == sorted([fiji, samoa])
    assert ids(get("/reports?bbox=-4,40,-3,41")) == [madrid]
    assert ids(get("/reports?bbox=-4,40,-3,41&kind=accident")) == []
    assert ids(get("/reports?state=open&bbox=-4,40,-3,41")) == [madrid]
    assert ids(get("/reports?state=expired")) == []


@pytest.mark.parametrize("box", ["", "&bbox=-4,40,-3,41"])
def test_pages_lead_through_everything_once(world: World, get: Get, box: str) -> None:
    made = [world.report(kind=kind) for kind in ("jam", "waste", "weather", "animals", "other")]
    seen: list[str] = []
    cursor = ""
    for step in range(10):
        answer = get(f"/reports?limit=2{box}{cursor}")
        seen += ids(answer)
        if step == 0:
            # What is posted meanwhile is newer than every page to come.
            world.report(kind="accident")
        following = answer.get_json(force=True)["next"]
        if following is None:
            break
        assert 'rel="next"' in answer.headers["Link"]
        cursor = f"&cursor={following}"
    assert seen == made[::-1]


def test_unfinished_transactions_are_not_told(world: World, get: Get) -> None:
    world.report()
    assert feed(get, "2020-01-01T00:00:00Z")[:2] == ([], [])
    assert feed(get, "2999-01-01T00:00:00%2B01:00")[:2] == ([], [])


def test_following_changes_and_what_is_gone(
    session: Session, finished: None, world: World, get: Get
) -> None:
    first, second = world.report(), world.report(kind="waste")
    seen, deleted, following = feed(get, "2020-01-01T00:00:00Z")
    assert (sorted(seen), deleted) == (sorted([first, second]), [])
    assert feed(get, following)[:2] == ([], [])
    content_actions.set_visibility(
        session, REPORTS, world.id_of(first), Visibility.HIDDEN, "test", "system"
    )
    session.commit()
    seen, deleted, _ = feed(get, "2020-01-01T00:00:00Z")
    assert (seen, deleted) == ([second], [first])
    # Who follows only one kind is told that what does not match is not theirs.
    answer = get("/reports?since=2020-01-01T00:00:00Z&kind=waste").get_json(force=True)
    assert [feature["id"] for feature in answer["features"]] == [second]


@pytest.mark.parametrize("change", ["hidden", "edited", "branded"])
def test_reviews_follow_what_happens_to_their_place(
    session: Session, world: World, get: Get, run_jobs: Callable[[], int], change: str
) -> None:
    """A follower of reviews hears that the place was hidden or is of another brand now."""
    place = world.place()
    review = world.review(place)
    run_jobs()
    session.execute(sa.text("UPDATE subjects SET changed_at = now() - interval '1 day'"))
    place_id = world.id_of(place)
    if change == "hidden":
        content_actions.set_visibility(
            session, places_editing.PLACES, place_id, Visibility.HIDDEN, "test", "system"
        )
    elif change == "edited":
        facts = {"name": "New", "address": "", "phone": "", "website": "", "opening_hours": ""}
        places_editing.edit_place(
            session,
            world.owner,
            place_id,
            revision=1,
            point=geo.Point(-3.7, 40.4),
            category="bar",
            **facts,
        )
    else:
        places_claims_actions.set_brand(session, world.owner, place_id, world.brand_id)
    session.commit()
    run_jobs()
    moved = "SELECT changed_at = now() FROM subjects WHERE public_id = :id"
    assert session.scalar(sa.text(moved), {"id": review}) is True
    assert get(f"/reviews/{review}").status_code == (404 if change == "hidden" else 200)


@pytest.mark.parametrize("source", [None, "town", "openstreetmap"])
def test_a_place_tells_that_it_closed_and_whose_facts_it_has(
    session: Session, world: World, get: Get, source: str | None
) -> None:
    place = world.place()
    told = get(f"/places/{place}?format=json").get_json(force=True)
    assert [told[name] for name in ("closed_at", "attribution", "licence", "source")] == [None] * 4
    values = {"phone": "+34911111111", "closed": True}
    moment = dt.datetime(2026, 11, 20, 9, tzinfo=dt.UTC)
    places_facts_actions.offer(session, world.id_of(place), Origin.MODERATOR, values, moment)
    session.execute(sa.text("UPDATE place_facts SET origin = 'extract' WHERE field = 'phone'"))
    if source:
        terms = {"attribution": f"© {source}", "licence": "CC0", "url": "https://town.example"}
        session.add(Source(code=source, name=source, **terms))
        session.flush()
        session.execute(sa.text("UPDATE places SET source_id = (SELECT id FROM sources)"))
    session.commit()
    told = get(f"/places/{place}?format=json").get_json(force=True)
    assert told["closed_at"] == "2026-11-20T09:00:00Z"
    assert [told[name] for name in ("attribution", "licence", "source")] == {
        None: [
            "© OpenStreetMap contributors", "ODbL 1.0", "https://www.openstreetmap.org/copyright",
        ],
        "town": ["© town; © OpenStreetMap contributors", "CC0; ODbL 1.0", "https://town.example"],
        "openstreetmap": ["© openstreetmap", "CC0", "https://town.example"],
    }[source]  # fmt: skip


def test_erased_people_are_not_told(
    session: Session, make_member: Callable[..., Any], world: World, get: Get
) -> None:
    session.add(
        Grant(role="owner", subject_id=world.brand_id, member_id=make_member("colleague").id)
    )
    world.report(text="Stays without a name.")
    assert "owner" in get("/reports").text
    accounts_erasing.erase(
        session, world.owner.id or 0, with_content=False, password="correct horse battery"
    )
    session.commit()
    answer = get("/reports")
    [feature] = answer.get_json(force=True)["features"]
    assert feature["properties"]["author"] is None
    assert "owner" not in answer.text


def test_the_keys_of_a_brand_without_a_team_open_nothing(
    session: Session, world: World, get: Get
) -> None:
    assert get("/reports").status_code == 200
    accounts_erasing.erase(
        session, world.owner.id or 0, with_content=False, password="correct horse battery"
    )
    session.commit()
    answer = get("/reports")
    assert (answer.status_code, answer.get_json(force=True)["code"]) == (401, "key_unknown")


# The protocol ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "field", "english", "spanish"),
    [
        ("nonsense=1", "nonsense", "Unknown parameter", "Parámetro desconocido"),
        ("bbox=1,2,3", "bbox", "four numbers", "cuatro números"),
        ("bbox=-4,91,-3,92", "bbox", "four numbers", "cuatro números"),
        ("limit=0", "limit", "from 1 to 500", "de 1 a 500"),
        ("limit=many", "limit", "from 1 to 500", "de 1 a 500"),
        ("kind=ufo", "kind", "Known are", "Se conocen"),
        ("state=gone", "state", "open, closed or expired", "open, closed o expired"),
        ("cursor=abc", "cursor", "no cursor of ours", "no es un cursor nuestro"),
        ("since=yesterday", "since", "no cursor of ours", "no es un cursor nuestro"),
        ("format=xml", "format", "geojson or json", "geojson o json"),
    ],
)
def test_what_cannot_be_taken_is_said(
    get: Get, query: str, field: str, english: str, spanish: str
) -> None:
    for language, words in (("en", english), ("es", spanish)):
        answer = get(f"/reports?{query}", Accept_Language=language)
        assert answer.status_code == 422, answer.text
        assert words in answer.get_json(force=True)["errors"][field][0]


def test_an_etag_saves_the_body(world: World, get: Get) -> None:
    world.report()
    answer = get("/reports")
    same = get("/reports", If_None_Match=answer.headers["ETag"])
    assert (same.status_code, same.data) == (304, b"")
    world.report()
    assert get("/reports", If_None_Match=answer.headers["ETag"]).status_code == 200
    assert "private" in answer.headers["Cache-Control"]


def test_rates_are_told_and_kept(
    app: Flask, get: Get, monkeypatch: pytest.MonkeyPatch, world: World
) -> None:
    monkeypatch.setitem(app.extensions["boca_limits"].rates, "api", "3 per minute")
    left = [get("/reports").headers["RateLimit-Remaining"] for _ in range(3)]
    assert left == ["2", "1", "0"]
    answer = get("/reports")
    assert answer.status_code == 429
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    # More keys give no more room: those of a brand count together, another brand for itself.
    refused = get("/reports", with_key=world.key())
    assert refused.status_code == 429
    assert refused.headers["RateLimit-Limit"] == "3"
    assert refused.headers["RateLimit-Remaining"] == "0"
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    other = world.with_brand("Other")
    answer = get("/reports", with_key=other.key())
    assert answer.status_code == 200
    assert answer.headers["RateLimit-Remaining"] == "2"


def test_nothing_is_written(app: Flask, get: Get, world: World) -> None:
    for method in ("post", "put", "delete", "patch"):
        answer = getattr(app.test_client(), method)(
            "/api/v1/reports", headers={"Authorization": f"Bearer {world.key()}"}
        )
        assert answer.status_code == 405


# Spread ----------------------------------------------------------------------------------------


def reach(world: World, people: int, degree: int) -> None:
    """So many came last week, by links of a degree."""
    link = world.session.scalar(sa.select(ReferralLink))
    if link is None:
        link = ReferralLink(code="abc", owner_id=world.brand_id, subject_id=world.brand_id)
        world.session.add(link)
        world.session.flush()
    for _ in range(people):
        member = subjects.create(world.session, MEMBER)
        world.session.add(Member(id=member.id))
        world.session.flush()
        world.session.add(
            CascadeReach(
                root_id=world.brand_id,
                member_id=member.id,
                link_id=link.id,
                degree=degree,
                reached_at=now(world.session) - dt.timedelta(days=7),
            )
        )
    world.session.commit()


def test_the_spread_is_told_in_full_tens_of_complete_weeks(world: World, get: Get) -> None:
    reach(world, 9, 1)
    reach(world, 27, 2)
    reach(world, 12, 5)
    path = f"/brands/{world.brand}/spread"
    before = get(path).get_json()
    valid("Spread", before)
    assert before["shown_total_by_degree"] == {"1": 0, "2": 0, "3": 0, "further": 0}
    spread_actions.publish_all_figures(world.session)
    world.session.commit()
    document = get(path).get_json()
    valid("Spread", document)
    assert len(document["weeks"]) == 12
    week = document["weeks"][0]
    assert week["complete"] is True
    assert week["people_by_degree"] == {
        "1": "suppressed", "2": 20, "3": "suppressed", "further": 10,
    }  # fmt: skip
    # 48 came by one channel; it tells no more than the degrees do.
    assert document["people_by_channel"] == {"link": 30}
    assert sum(document["shown_total_by_degree"].values()) == 30
    assert get(f"{path}?weeks=1").get_json()["weeks"] == [week]
    assert get(f"{path}?span=4w").get_json()["span"]["weeks"] == 4


def test_spans_by_days_and_odd_ones(world: World, get: Get) -> None:
    path = f"/brands/{world.brand}/spread"
    today = now(world.session).date()
    monday = today - dt.timedelta(days=today.weekday())
    begin, end = monday - dt.timedelta(days=14), monday - dt.timedelta(days=1)
    span = get(f"{path}?from={begin}&to={end}").get_json()["span"]
    assert span == {"from": str(begin), "to": str(end), "weeks": 2}
    for wrong in ("span=1d", "from=2026-01-01", "from=x&to=y", "span=custom", "unknown=1"):
        assert get(f"{path}?{wrong}").status_code == 422, wrong


def test_the_spread_of_others_is_not_there(
    session: Session, world: World, get: Get, signed_in: Callable[..., FlaskClient]
) -> None:
    other = signed_in("mod", role="moderator").post("/brands", data={"name": "Other"}).location
    assert get(f"{other}/spread".replace("/brands", "/brands")).status_code == 404
    assert (
        get(f"/brands/{world.brand}/spread", with_key=world.key("reports:read")).status_code == 403
    )
    assert get(f"/brands/{world.brand}/spread?weeks=0").status_code == 422


# The description -------------------------------------------------------------------------------


def test_the_description_is_valid_committed_and_served(client: FlaskClient) -> None:
    validate(specification())
    committed = json.loads((ROOT / "docs" / "openapi.json").read_text(encoding="utf-8"))
    assert committed == json.loads(json.dumps(specification())), "ugc openapi > docs/openapi.json"
    served = client.get("/api/v1/openapi.json").get_json()
    assert served == {**committed, "servers": [{"url": client.application.config["SITE_URL"]}]}


def test_every_path_of_the_api_is_described(app: Flask) -> None:
    routes = {
        rule.rule.replace("<", "{").replace(">", "}")
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api/v1") and not rule.rule.endswith("openapi.json")
    }
    assert routes == set(specification()["paths"])


@pytest.mark.parametrize("language", ["en", "es"])
def test_the_documentation_is_readable(client: FlaskClient, language: str) -> None:
    page = client.get("/api", headers={"Accept-Language": language}).text
    for path in specification()["paths"]:
        assert path in page
    page = client.get("/api/errors", headers={"Accept-Language": language}).text
    assert 'id="key_malformed"' in page


def test_every_code_that_is_raised_is_in_the_catalogue_and_the_docs() -> None:
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "ugc").rglob("*.py"))
    raised = set(re.findall(r'\bcode="([a-z_]+)"', sources))
    assert raised <= set(catalogue())
    documented = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    assert [code for code in catalogue() if f"`{code}`" not in documented] == []


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("cursor", ["c", "2026-W01-1", 1]),
        ("cursor", ["c", "20260101T000000,5", "1"]),
        ("cursor", ["c", "2026-01-01", 2**62]),
        ("cursor", ["c", "2026-01-01", True]),
        ("cursor", ["c", "2026-01-01", "9" * 30]),
        ("cursor", ["c", 1, 1]),
        ("since", ["s", "1", "9" * 30]),
        ("since", ["s", "9" * 30, 1]),
        ("since", ["s", "-1", 1]),
        ("since", ["s", [], 1]),
    ],
)
def test_made_up_cursors_are_no_fault_of_ours(get: Get, name: str, parts: list[Any]) -> None:
    answer = get(f"/reports?{name}={brandapi_rules.encode_cursor(*parts)}")
    good = parts[1:] in (["2026-W01-1", 1], ["2026-01-01", 2**62])
    assert answer.status_code == (200 if good else 409)
    assert good or answer.get_json(force=True)["code"] == "bad_cursor"


def test_what_was_imported_names_its_source(world: World, get: Get, session: Session) -> None:
    public_id = world.report()
    source = Source(
        code="town",
        name="Town",
        attribution="Town Hall",
        licence="CC BY 4.0",
        url="https://t.example",
    )
    session.add(source)
    session.flush()
    session.execute(sa.text("UPDATE reports SET source_id = :id"), {"id": source.id})
    session.commit()
    told = get(f"/reports/{public_id}").get_json(force=True)["properties"]
    assert (told["attribution"], told["licence"], told["source"]) == (
        "Town Hall", "CC BY 4.0", "https://t.example",
    )  # fmt: skip


def test_text_that_no_database_holds(get: Get) -> None:
    assert get("/reports/%00").status_code == 404
    assert get("/places?brand=%00").status_code == 400


# Plans -----------------------------------------------------------------------------------------


def plan(session: Session, statement: str, values: dict[str, Any]) -> str:
    session.execute(sa.text("SET LOCAL enable_seqscan = off"))
    session.execute(sa.text("SET LOCAL enable_sort = off"))
    connection: Any = session.connection().connection.driver_connection
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN " + statement, values)
        return "\n".join(row[0] for row in cursor.fetchall())


def test_pages_come_from_indexes(session: Session) -> None:
    box = geo.Bounds(-4, 40, -3, 41)
    values: dict[str, Any] = {"limit": 100, "site": ""}
    narrow = brandapi_statements.newest_sql(
        reports_api.REPORTS, geojson=True, bounds=box, filters=[], after=False, values=values
    )
    assert "ix_reports_geom_created_at" in plan(session, narrow, values)
    wide = brandapi_statements.newest_sql(
        reports_api.REPORTS,
        geojson=True,
        bounds=None,
        filters=[],
        after=False,
        values=values,
    )
    assert "ix_reports_created_at_id" in plan(session, wide, values)
    values = {"limit": 100, "site": "", "after_txid": "0", "after_id": 0}
    changes = brandapi_statements.changes_sql(
        reports_api.REPORTS, geojson=True, bounds=None, filters=[], values=values
    )
    assert "ix_subjects_feed" in plan(session, changes, values)


@pytest.mark.parametrize(
    ("change", "works"),
    [
        ("suspended_until = app_now() + interval '1 day'", False),
        ("suspended_until = app_now() - interval '1 day'", True),
        ("email_confirmed_at = NULL", False),
    ],
)
def test_a_key_works_while_a_standing_member_may_hold_it(
    session: Session,
    make_member: Callable[..., Any],
    world: World,
    get: Get,
    change: str,
    works: bool,
) -> None:
    """An analyst may not hold keys; another manager may; lifting brings the key back."""
    analyst, other = make_member("analyst"), make_member("colleague")
    session.add(Grant(role="analyst", subject_id=world.brand_id, member_id=analyst.id))
    session.execute(sa.text(f"UPDATE members SET {change} WHERE handle = 'owner'"))
    session.commit()
    answer = get("/reports")
    assert answer.status_code == (200 if works else 401)
    if not works:
        assert answer.json["code"] == "key_off"
        session.add(Grant(role="manager", subject_id=world.brand_id, member_id=other.id))
        session.commit()
        assert get("/reports").status_code == 200
        session.execute(sa.text("UPDATE grants SET ended_at = app_now() WHERE role = 'manager'"))
        session.commit()
        assert get("/reports").status_code == 401
        session.execute(
            sa.text("UPDATE members SET suspended_until = NULL, email_confirmed_at = app_now()")
        )
        session.commit()
        assert get("/reports").status_code == 200


def test_reports_say_and_are_chosen_by_their_subkind(world: World, get: Get) -> None:
    hole = world.report(kind="hazard_road", subkind="pothole")
    plain = world.report(kind="hazard_road", lon=-3.8)
    features = get("/reports").get_json()["features"]
    told = {each["id"]: each["properties"]["subkind"] for each in features}
    assert told == {hole: "pothole", plain: None}
    [one] = get("/reports?subkind=pothole,oil").get_json()["features"]
    assert one["id"] == hole
    assert get("/reports?subkind=ufo").status_code == 422
