"""What is sent to whom: formats, addresses, what a mirror computes, and what has not changed."""

from __future__ import annotations

import datetime as dt
import math
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from werkzeug.serving import make_server

from tests.brandapi.asking import Get, valid
from tests.brandapi.conftest import World
from ugc.brandapi import rules as brandapi_rules
from ugc.brandapi.queries import statements as brandapi_statements
from ugc.brands.actions.editing import BRANDS
from ugc.content import actions as content_actions
from ugc.core.db import Session
from ugc.core.subjects import Visibility
from ugc.media.models import Photo
from ugc.places.rules.categories import CATEGORIES
from ugc.reports.actions import votes as reports_votes
from ugc.reports.rules.kinds import KINDS

LISTS = ("/reports", "/places", "/reviews", "/brands")
GEOJSON, JSON = "application/geo+json", "application/json"
# What programs send → what they get; None: nothing that they could read.
ACCEPTED = {
    "": GEOJSON,
    "*/*": GEOJSON,  # curl, Python's requests, QGIS and GDAL by /vsicurl
    "text/plain, application/json": "text/plain; charset=utf-8",  # GDAL by address
    "application/json": JSON,
    "application/json;charset=utf-8": JSON,
    "application/json, text/plain, */*": JSON,  # axios, Angular
    "application/json, text/javascript, */*; q=0.01": JSON,  # jQuery
    "application/geo+json": GEOJSON,
    "application/vnd.geo+json": GEOJSON,
    "application/json, application/geo+json": GEOJSON,
    "application/geo+json;q=0.5, application/json;q=0.9": JSON,
    "application/geo+json;q=0, text/plain;q=0, */*": JSON,
    "application/*": GEOJSON,
    "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8": GEOJSON,  # browsers
    "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2": GEOJSON,  # Java
    ";;;": GEOJSON,
    "text/csv": None,
    "text/html": None,
    "application/json;q=0": None,
    "application/vnd.api+json": None,
}


@pytest.mark.parametrize("accept", ACCEPTED)
def test_each_program_gets_what_it_reads(get: Get, world: World, accept: str) -> None:
    place = world.place()
    wanted = ACCEPTED[accept]
    for path in ("/places", f"/places/{place}", "/places?since=2020-01-01"):
        answer = get(path, Accept=accept)
        if wanted is None:
            assert answer.status_code == 406
            assert answer.content_type == "application/problem+json"
            assert answer.get_json(force=True)["code"] == "not_acceptable"
        else:
            assert (answer.status_code, answer.content_type) == (200, wanted)
            plain = {"items", "lon"} & set(answer.get_json(force=True))
            assert bool(plain) == (wanted == JSON)
            assert "Accept" in answer.headers["Vary"]
    mark = "&" if "?" in path else "?"
    assert get(f"{path}{mark}format=json", Accept=accept).content_type == JSON
    assert get(f"{path}{mark}format=geojson", Accept=accept).content_type == GEOJSON
    assert get(f"{path}{mark}format=csv", Accept=accept).status_code == 422


@pytest.fixture
def server(app: Flask) -> Iterator[str]:
    """The application behind a socket, one request at a time in a thread of its own."""
    listening = make_server("127.0.0.1", 0, app)
    thread = threading.Thread(target=listening.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{listening.port}"
    listening.shutdown()
    thread.join()


@pytest.mark.skipif(shutil.which("ogrinfo") is None, reason="GDAL (gdal-bin) is not installed")
@pytest.mark.parametrize("prefix", ["", "/vsicurl/"])
def test_gdal_reads_it_by_address(world: World, server: str, prefix: str) -> None:
    world.report(lon=-3.7, lat=40.4)
    key = world.key()
    address = f"{prefix}{server}/api/v1/reports?limit=5"
    ran = subprocess.run(
        ["ogrinfo", "-ro", "-al", address],
        env={"GDAL_HTTP_HEADERS": f"Authorization: Bearer {key}", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "using driver `GeoJSON' successful" in ran.stdout, ran.stdout + ran.stderr
    assert "Geometry: Point" in ran.stdout
    assert "Feature Count: 1" in ran.stdout
    assert "POINT (-3.7 40.4)" in ran.stdout
    assert "half_life_s (Integer) = 3600" in ran.stdout


def _photo(world: World, public_id: str, key: str, **values: Any) -> None:
    world.session.add(
        Photo(
            subject_id=world.id_of(public_id), key=key, member_id=world.owner.id,
            **{"state": "ready", "visibility": "published", **values},
        )
    )  # fmt: skip
    world.session.commit()


def _of_each(world: World) -> dict[str, str]:
    place = world.place()
    return {
        "/reports": world.report(),
        "/places": place,
        "/reviews": world.review(place),
        "/brands": world.brand,
    }


@pytest.mark.parametrize("path", LISTS)
def test_addresses_are_absolute(app: Flask, world: World, get: Get, path: str) -> None:
    public_id = _of_each(world)[path]
    _photo(world, public_id, "zzkey1")
    _photo(world, public_id, "zzheld", visibility="held")
    _photo(world, public_id, "zzwait", state="quarantined")
    site = app.config["SITE_URL"]
    [item] = get(f"{path}?format=json").get_json()["items"]
    one = get(f"{path}/{public_id}?format=json").get_json()
    feature = get(f"{path}/{public_id}").get_json(force=True)
    valid(path.strip("/").removesuffix("s").capitalize(), one)
    valid(path.strip("/").removesuffix("s").capitalize() + "Feature", feature)
    for told in (item, one, feature["properties"]):
        assert told["url"] == f"{site}{path}/{public_id}"
        assert told["self"] == f"{site}/api/v1{path}/{public_id}"
        assert told["photos"] == [f"{site}/photos/zzkey1/large.webp"]
    assert get(one["self"].removeprefix(f"{site}/api/v1")).status_code == 200
    assert app.test_client().get(one["url"].removeprefix(site)).status_code == 200


@pytest.mark.parametrize("path", LISTS)
def test_photos_of_a_list_come_in_one_statement(
    world: World, get: Get, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    original, ran = brandapi_statements.rows, []

    def rows(session: Session, statement: str, values: dict[str, Any]) -> Any:
        ran.append(statement)
        return original(session, statement, values)

    for _ in range(3):
        made = _of_each(world) if path != "/reviews" else {path: world.review(world.place())}
        if path == "/reviews":
            break
        _photo(world, made[path], f"key{len(ran)}{_}")
    monkeypatch.setattr(brandapi_statements, "rows", rows)
    assert get(path).status_code == 200
    # The key's, and the page's.
    assert len(ran) == 2


def test_pages_name_the_next_by_its_whole_address(app: Flask, world: World, get: Get) -> None:
    made = [world.report() for _ in range(3)]
    path, seen = "/reports?limit=1&format=json&kind=jam", []
    while path:
        answer = get(path)
        document = answer.get_json()
        seen += [item["id"] for item in document["items"]]
        address = document["next_url"]
        assert (address is None) == (document["next"] is None)
        if address is None:
            break
        assert f'<{address}>; rel="next"' == answer.headers["Link"]
        assert address.startswith(f"{app.config['SITE_URL']}/api/v1/reports?")
        path = address.removeprefix(f"{app.config['SITE_URL']}/api/v1")
    assert seen == made[::-1]
    changes = get("/reports?since=2999-01-01").get_json(force=True)
    assert changes["next"] in changes["next_url"]


def test_the_root_lists_what_there_is(app: Flask, world: World, get: Get) -> None:
    document = get("/", with_key=None).get_json()
    valid("Contents", document)
    site = app.config["SITE_URL"]
    listed = {each["href"].removeprefix(f"{site}/api/v1"): each for each in document["resources"]}
    assert {*LISTS, "/kinds", "/categories", "/brands/{public_id}/spread"} <= set(listed)
    for path, each in listed.items():
        if each["templated"]:
            continue
        key = world.key(each["scope"]) if each["scope"] else None
        assert get(path, with_key=key).status_code == 200, path
        if key:
            assert get(path, with_key=None).status_code == 401, path
    assert app.test_client().get("/api/v1").status_code == 308


def test_kinds_and_categories_need_no_key(get: Get) -> None:
    kinds = get("/kinds", with_key=None).get_json()
    valid("Kinds", kinds)
    assert [each["code"] for each in kinds["items"]] == list(KINDS)
    categories = get("/categories", with_key=None).get_json()
    valid("Categories", categories)
    assert [each["code"] for each in categories["items"]] == list(CATEGORIES)
    assert get("/kinds?x=1", with_key=None).status_code == 422


def test_brands_are_named_and_follow_what_happens_to_them(
    world: World, get: Get, finished: None, session: Session
) -> None:
    other = world.with_brand("Other")
    feature = get(f"/brands/{other.brand}").get_json(force=True)
    assert feature["geometry"] is None
    assert feature["properties"]["name"] == "Other"
    assert feature["properties"]["claimed"] is True
    assert get("/brands?bbox=1,2,3,4").status_code == 422
    assert get("/brands", with_key=world.key("reports:read")).status_code == 403
    content_actions.set_visibility(
        session, BRANDS, other.brand_id, Visibility.HIDDEN, "test", "system"
    )
    session.commit()
    assert get(f"/brands/{other.brand}").status_code == 404
    changes = get("/brands?since=2020-01-01&format=json").get_json()
    assert [each["id"] for each in changes["items"]] == [world.brand]
    assert changes["deleted"] == [other.brand]


def at_clock(session: Session, seconds: float) -> None:
    session.execute(sa.text(f"SET LOCAL boca.clock_offset = '{seconds} seconds'"))


def computed(item: dict[str, Any], moment: dt.datetime) -> tuple[int, int]:
    """docs/api.md's formula, from the answer alone: (reliability, confidence) at a time."""
    passed = (moment - dt.datetime.fromisoformat(item["believed_at"])).total_seconds()
    halves = min(60.0, max(0.0, passed / item["half_life_s"]))
    most = 5 if item["unconfirmed"] else 10
    reliability = min(most, math.floor(10 * item["belief"] * 2**-halves + 0.5))
    return reliability, math.floor(10 * item["reaction"] * 2**-halves + 0.5)


def test_a_mirror_computes_what_the_server_says_later(
    session: Session, make_member: Callable[..., Any], world: World, get: Get
) -> None:
    world.report()
    world.report(kind="waste")
    new = make_member("newcomer")
    unconfirmed = type(world.owner)(world.owner.kind, id=new.id, handle="newcomer", confirmed=True)
    world.owner, owner = unconfirmed, world.owner
    held = world.report(kind="roadworks")
    world.owner = owner
    reports_votes.confirm_or_deny(session, owner, world.id_of(held), still_there=True)
    session.commit()
    mirror = {item["id"]: item for item in get("/reports?format=json").get_json()["items"]}
    assert len(mirror) == 3
    told = set()
    for hours in (0, 0.4, 1, 2.3, 7, 26, 2000):
        at_clock(session, hours * 3600)
        for item in get("/reports?format=json").get_json()["items"]:
            figures = (item["reliability"], item["confidence"])
            moment = dt.datetime.fromisoformat(item["as_of"])
            assert computed(mirror[item["id"]], moment) == figures, hours
            told.add(figures[0])
    assert len(told) > 4


def test_the_example_of_the_documentation_is_right() -> None:
    item = {
        "belief": 0.82, "reaction": 0.5, "unconfirmed": False, "half_life_s": 3600,
        "believed_at": "2026-11-30T08:00:00Z",
    }  # fmt: skip
    assert computed(item, dt.datetime(2026, 11, 30, 9, 30, tzinfo=dt.UTC)) == (3, 2)


@pytest.mark.parametrize("query", ["", "?format=json", "?since=2020-01-01", "?since=2999-01-01"])
@pytest.mark.parametrize("path", LISTS)
def test_an_etag_changes_with_the_content_alone(
    session: Session, world: World, get: Get, finished: None, path: str, query: str
) -> None:
    made = _of_each(world)
    first = get(path + query)
    tag = first.headers["ETag"]
    at_clock(session, 600)
    session.execute(sa.text("SELECT pg_current_xact_id()"))
    again = get(path + query)
    if path == "/reports" and "2999" not in query:
        assert again.data != first.data
        assert tag.startswith("W/")
    assert again.headers["ETag"] == tag
    same = get(path + query, If_None_Match=tag)
    assert (same.status_code, same.data) == (304, b"")
    assert same.headers["ETag"] == tag
    assert "Authorization" in same.headers["Vary"]
    assert get(f"{path}{query}", Accept=JSON).headers["ETag"] != tag or "json" in query
    if "2999" in query:
        return
    _photo(world, made[path], "zznew")
    changed = get(path + query, If_None_Match=tag)
    assert (changed.status_code, "zznew" in changed.text) == (200, True)


@pytest.mark.parametrize("path", [*LISTS, "/", "/kinds", "/categories", "spread", "one"])
def test_a_parameter_sent_twice_is_refused(world: World, get: Get, path: str) -> None:
    known = {"/": "", "/kinds": "", "/categories": ""}
    if path == "spread":
        address = f"/brands/{world.brand}/spread?weeks=3&weeks=4"
    elif path == "one":
        address = f"/brands/{world.brand}?format=json&format=geojson"
    elif path in known:
        # They know no parameter at all.
        assert get(f"{path}?limit=3&limit=4").status_code == 422
        return
    else:
        address = f"{path}?limit=3&limit=4"
    answer = get(address)
    assert answer.status_code == 400
    problem = answer.get_json(force=True)
    assert problem["code"] == "repeated_parameter"
    assert list(problem["errors"]) == [address.partition("?")[2].partition("=")[0]]


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("cursor=", 422, "invalid"),
        ("since=", 422, "invalid"),
        ("cursor=short", 422, "invalid"),
        ("cursor=wellformedbutnotours", 409, "bad_cursor"),
        ("since=wellformedbutnotours", 409, "bad_cursor"),
        ("since=2026-01-01&cursor=wellformedbutnotours", 409, "exclusive_parameters"),
        ("since=2026-01-01&cursor=", 409, "exclusive_parameters"),
        ("since=0001-01-01T00:00:00%2B23:59", 200, None),
        ("since=9999-12-31T23:59:59-23:59", 200, None),
    ],
)
@pytest.mark.parametrize("path", LISTS)
def test_cursors_are_taken_as_described(
    get: Get, path: str, query: str, status: int, code: str | None
) -> None:
    answer = get(f"{path}?{query}")
    assert answer.status_code == status, answer.text
    assert answer.get_json(force=True).get("code") == code


def test_a_box_upside_down_is_turned_over(world: World, get: Get) -> None:
    made = world.report(lon=-3.7, lat=40.4)
    for box in ("-4,40,-3,41", "-4,41,-3,40", "-4, 40.0, -3, 41", "-4,4e1,-3,41"):
        found = get(f"/reports?bbox={box}&format=json").get_json()["items"]
        assert [item["id"] for item in found] == [made]


def test_what_stands_in_lists_is_what_kinds_names(get: Get) -> None:
    assert get(f"/reports?kind={','.join(KINDS)}").status_code == 200
    assert get(f"/reports?kind={','.join([*KINDS, 'jam'])}").status_code == 422
    assert get("/reports?kind=").status_code == 422
    assert brandapi_rules.negotiated("*/*;q=0", brandapi_rules.OFFERS) is None
