from collections.abc import Callable

from flask.testing import FlaskClient

from ugc.core.render import asset


def post(browser: FlaskClient, lon: str, lat: str, kind: str = "jam") -> None:
    form = {"kind": kind, "lon": lon, "lat": lat, "anyway": "yes"}
    assert browser.post("/reports", data=form).status_code == 303


def test_the_list_says_what_the_map_shows(
    client: FlaskClient, signed_in: Callable[..., FlaskClient]
) -> None:
    ana = signed_in("ana")
    post(ana, "-3.7", "40.4")
    post(ana, "2.16", "41.39", "waste")
    assert client.get("/").text.count("<li>") == 2
    assert client.get("/map/list?bbox=2,41,3,42").text.count("<li>") == 1
    assert client.get("/?kinds=waste").text.count("<li>") == 1
    found = client.get("/map/features?kinds=waste").get_json(force=True)["features"]
    assert [f["properties"]["kind"] for f in found] == ["waste"]


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
