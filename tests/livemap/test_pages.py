import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from ugc.core.render import asset


def post(browser: FlaskClient, lon: str, lat: str, kind: str = "jam") -> None:
    form = {"kind": kind, "lon": lon, "lat": lat, "anyway": "yes"}
    assert browser.post("/reports", data=form).status_code == 303


@pytest.fixture
def place(signed_in: Callable[..., FlaskClient]) -> str:
    """The public id of a published place."""
    form = {"name": "Faro", "category": "museum", "lon": "-3.71", "lat": "40.41"}
    answer = signed_in("mod", role="moderator").post("/places", data=form)
    assert answer.status_code == 303
    return answer.location.rsplit("/", 1)[1]


def test_the_list_says_what_the_map_shows(
    client: FlaskClient, signed_in: Callable[..., FlaskClient]
) -> None:
    ana = signed_in("ana")
    post(ana, "-3.7", "40.4")
    post(ana, "2.16", "41.39", "waste")
    assert client.get("/").text.count("<li data-id=") == 2
    assert client.get("/map/list?bbox=2,41,3,42").text.count("<li data-id=") == 1
    assert client.get("/?kinds=waste").text.count("<li data-id=") == 1
    found = client.get("/map/features?kinds=waste").get_json(force=True)["features"]
    assert [f["properties"]["mark"] for f in found] == ["report-waste"]


def test_layers_are_shown_and_hidden(
    client: FlaskClient, signed_in: Callable[..., FlaskClient], place: str
) -> None:
    post(signed_in("ana"), "-3.7", "40.4")
    seen = [f["properties"] for f in client.get("/map/features").get_json(force=True)["features"]]
    assert [each["layer"] for each in seen] == ["report", "place"]
    only = client.get("/map/features?show=places").get_json(force=True)["features"]
    assert [each["properties"]["id"] for each in only] == [place]
    listed = client.get("/map/list?show=places").text
    assert place in listed
    assert seen[0]["id"] not in listed


def test_a_card_of_what_the_list_does_not_show(
    client: FlaskClient, signed_in: Callable[..., FlaskClient], place: str
) -> None:
    ana = signed_in("ana")
    post(ana, "-3.7", "40.4", "waste")
    [report] = client.get("/map/features?show=reports").get_json(force=True)["features"]
    assert "Waste" in client.get(f"/map/card/report/{report['properties']['id']}").text
    assert f"/places/{place}" in client.get(f"/map/card/place/{place}").text
    assert client.get("/map/card/place/none").status_code == 404
    assert client.get(f"/map/card/other/{place}").status_code == 404


def test_a_view_over_the_antimeridian(
    client: FlaskClient, signed_in: Callable[..., FlaskClient]
) -> None:
    ana = signed_in("ana")
    post(ana, "179.9", "-17")
    post(ana, "-179.9", "-17")
    post(ana, "0", "-17")
    found = client.get("/map/features?bbox=179,-20,-179,-10").get_json(force=True)["features"]
    assert len(found) == 2


def test_a_bad_box_says_what_to_send(client: FlaskClient) -> None:
    answer = client.get("/map/features?bbox=1,2", headers={"Accept": "application/json"})
    assert answer.status_code == 422
    assert answer.json is not None
    assert "bbox" in answer.json["errors"]


def test_unchanged_features_are_not_sent_again(client: FlaskClient) -> None:
    first = client.get("/map/features")
    again = client.get("/map/features", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    assert again.data == b""


def test_an_empty_map_says_what_to_do(client: FlaskClient) -> None:
    text = client.get("/map/list", headers={"Accept-Language": "es"}).text
    assert "Aquí no hay nada" in text


def test_the_basemap_is_served_in_ranges(client: FlaskClient) -> None:
    address = "/basemap/" + asset("basemap.pmtiles").rsplit("/", 1)[1]
    with client.get(address, headers={"Range": "bytes=0-6"}) as part:
        assert part.status_code == 206
        assert part.data == b"PMTiles"
        assert "immutable" in part.headers["Cache-Control"]
    assert client.get("/basemap/../../secret").status_code == 404


def test_reports_of_one_kind_are_no_landmarks_of_one_name(
    signed_in: Callable[..., FlaskClient],
) -> None:
    author, reader = signed_in("una"), signed_in("otra")
    for lon in ("-3.70", "-3.71"):
        post(author, lon, "40.41")
    page = reader.get("/map/list?bbox=-4,40,-3,41").text
    assert page.count("data-vote>") == 2
    named = re.findall(r'<(?:form|nav|section|aside)[^>]*aria-label="([^"]*)"', page)
    assert len(named) == len(set(named))
    assert len(re.findall(r'role="group" aria-label="Is it still there\?', page)) == 2
