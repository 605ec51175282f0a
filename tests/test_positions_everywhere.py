"""Positions at every entry: taken as people type them, and refused off the map without wrapping."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from ugc.core.db import Session
from ugc.core.errors import Invalid
from ugc.geography.geo import Bounds
from ugc.imports.rules import values as imports_values
from ugc.watches import schemas as watches_schemas
from ugc.watches.rules import files as watches_files

Browser = Callable[..., FlaskClient]
# What one field takes, and both fields: (lat, lon, place_name). All of them are 41.4168, -3.7038.
TYPED = [
    ("41,4168", "\u22123,7038", ""),
    ("41° 25′ 0,48″ N", "3° 42′ 13,68″ O", ""),
    ("41,4168 -3,7038", "", ""),
    ("geo:41.4168,-3.7038;u=35", "", ""),
    ("", "", "41,4168; -3,7038"),
    ("", "", "https://www.openstreetmap.org/#map=15/41.4168/-3.7038"),
]
WRONG = [
    ("416", "-3.7", "no están en el mapa"),
    ("41.4", "181", "no están en el mapa"),
    ("-90.1", "0", "no están en el mapa"),
    ("41° 60′", "3", "no están en el mapa"),
    ("41.4,-3.7", "9", "de dos maneras"),
    ("x", "y", "no se entienden"),
]
WHERE = "ST_Y({0}) BETWEEN 41.4167 AND 41.4169 AND ST_X({0}) BETWEEN -3.7039 AND -3.7037"
FORMS: dict[str, tuple[dict[str, str], str]] = {
    "/reports": (
        {"kind": "jam", "text": "Slow."},
        f"SELECT count(*) FROM reports WHERE {WHERE.format('geom')}",
    ),
    "/places": (
        {"name": "Café Comercial", "category": "cafe", "anyway": "yes"},
        f"SELECT count(*) FROM places WHERE {WHERE.format('geom')}",
    ),
    "/watching": (
        {"shape": "area", "how": "circle", "name": "Here", "radius_km": "2,5"},
        f"SELECT count(*) FROM watches WHERE {WHERE.format('geom')}",
    ),
    "/settings/places": (
        {"name": "Home"},
        "SELECT count(*) FROM private_places",
    ),
}


@pytest.fixture
def person(signed_in: Browser) -> FlaskClient:
    client = signed_in("ana")
    client.post("/language", data={"language": "es"})
    return client


@pytest.mark.parametrize("where", FORMS)
@pytest.mark.parametrize(("lat", "lon", "place_name"), TYPED)
def test_a_form_takes_what_people_type(
    session: Session, person: FlaskClient, where: str, lat: str, lon: str, place_name: str
) -> None:
    form, counted = FORMS[where]
    answer = person.post(where, data={**form, "lat": lat, "lon": lon, "place_name": place_name})
    assert answer.status_code == 303, answer.text
    assert session.scalar(sa.text(counted)) == 1


@pytest.mark.parametrize("where", FORMS)
def test_a_form_refuses_what_is_not_on_the_map(
    session: Session, person: FlaskClient, where: str
) -> None:
    form, counted = FORMS[where]
    for lat, lon, words in WRONG:
        answer = person.post(where, data={**form, "lat": lat, "lon": lon})
        assert (answer.status_code, words in answer.text) == (422, True), (lat, lon)
        pasted = person.post(where, data={**form, "place_name": "41.4, 181"})
        assert pasted.status_code == 422
    assert session.scalar(sa.text(counted)) == 0


@pytest.mark.parametrize(
    "address",
    [
        "/?lat={lat}&lon={lon}",
        "/map/list?lat={lat}&lon={lon}",
        "/places?lat={lat}&lon={lon}",
        "/places?near={lat} {lon}",
        "/search?q={lat} {lon}",
        "/geo/search?q={lat} {lon}",
    ],
)
def test_an_address_takes_the_same(person: FlaskClient, address: str) -> None:
    for lat, lon in (("41,4168", "-3,7038"), ("41°25′0,48″N", "3°42′13,68″O")):
        assert person.get(address.format(lat=lat, lon=lon)).status_code == 200
    for lat, lon in (("416,5", "-3,7"), ("41,4", "181,5"), ("41°60′ N", "3° O")):
        assert person.get(address.format(lat=lat, lon=lon)).status_code == 422, (lat, lon)


def test_the_search_finds_the_point(person: FlaskClient) -> None:
    page = person.get("/search", query_string={"q": "41,4168 -3,7038"})
    assert "lat=41.4168&amp;lon=-3.7038" in page.text
    [found] = person.get("/geo/search", query_string={"q": "41,4168 3,7038 O"}).json["results"]
    assert (found["lat"], found["lon"], found["is_position"]) == (41.4168, -3.7038, True)
    doubt = person.get("/search", query_string={"q": "41,4"})
    assert doubt.status_code == 422
    assert "de dos maneras" in doubt.text


@pytest.mark.parametrize(
    "address",
    [
        "/map/features?bbox={}", "/map/list?bbox={}", "/places?bbox={}", "/map/history?bbox={}",
        "/map/history/data?bbox={}",
    ],
)  # fmt: skip
def test_boxes_are_not_wrapped(client: FlaskClient, address: str) -> None:
    for box in ("170,-10,190,10", "-190,-10,-170,10", "0,0,1,91", "nan,0,1,1"):
        assert client.get(address.format(box)).status_code == 422, box
    assert client.get(address.format("170,-10,-170,10")).status_code == 200


def test_the_nearest_first_from_a_point_that_is_not_on_the_map(client: FlaskClient) -> None:
    assert client.get("/map/list?sort=near&from=-3.7,41.4").status_code == 200
    for wrong in ("181,0", "0,91", "x", "190,0"):
        assert client.get(f"/map/list?sort=near&from={wrong}").status_code == 422


@pytest.mark.parametrize("tile", ["3/8/0", "3/0/8", "3/-1/0", "15/0/0", "0/1/0"])
def test_tiles_that_do_not_exist(client: FlaskClient, tile: str) -> None:
    for layer in ("reports", "places"):
        assert client.get(f"/map/tiles/{layer}/{tile}").status_code == 404


GPX = '<gpx><rte><rtept lat="{}" lon="{}"/><rtept lat="41" lon="-3"/></rte></gpx>'
LINE = '{{"type": "LineString", "coordinates": [[{1}, {0}], [-3, 41]]}}'


@pytest.mark.parametrize("kind", [GPX, LINE])
@pytest.mark.parametrize(("lat", "lon"), [(91, 0), (0, 181), (0, -180.1), (0, 540), (416, 3)])
def test_files_of_ways_are_not_wrapped(kind: str, lat: float, lon: float) -> None:
    assert watches_files.read(kind.format(41.5, -3.5).encode())[0]
    with pytest.raises(Invalid):
        watches_files.read(kind.format(lat, lon).encode())


def test_a_drawn_line_is_not_wrapped() -> None:
    assert len(watches_schemas.drawn_line("[[179.9, 1], [-179.9, 1]]")) == 2
    for wrong in ("[[181, 1], [3, 4]]", "[[0, 91], [3, 4]]"):
        with pytest.raises(Invalid):
            watches_schemas.drawn_line(wrong)


@pytest.mark.parametrize(
    ("lon", "lat"),
    [("-3,7038", "41,4168"), ("3°42'13.68\"W", "41°25'0.48\"N"), ("\u22123.7038", "41.4168")],
)
def test_columns_of_an_import(lon: str, lat: str) -> None:
    found = imports_values.one_of_two(lon, "x", "lon"), imports_values.one_of_two(lat, "y", "lat")
    assert found == pytest.approx((-3.7038, 41.4168))
    for text in (f"{lat}; {lon}", f"({lat}; {lon})"):
        assert imports_values.position(text, lat_first=True) == pytest.approx((-3.7038, 41.4168))


@pytest.mark.parametrize("text", ["3°60'", "181° W", "3 N", "3.7 O"])
def test_columns_of_an_import_that_are_refused(text: str) -> None:
    with pytest.raises(imports_values.BadRow):
        imports_values.one_of_two(text, "lon", "lon")
    with pytest.raises(imports_values.BadRow):
        imports_values.position(f"41.4 N, {text}", lat_first=True)


def test_columns_keep_their_order_where_nothing_else_says_it() -> None:
    assert imports_values.position("-3.7 41.4", lat_first=False) == (-3.7, 41.4)
    assert imports_values.position("41.4 N 3.7 W", lat_first=False) == (-3.7, 41.4)
    assert imports_values.position([41.4, -3.7], lat_first=True) == (-3.7, 41.4)
    assert imports_values.position("POINT (-3.7 41.4)", lat_first=False) == (-3.7, 41.4)
    assert imports_values.position("446123.5 4474321.2", False, crs=25830) == (446123.5, 4474321.2)


def test_boxes_name_their_field() -> None:
    with pytest.raises(Invalid) as refused:
        Bounds.parsed("0,0,181,1")
    told: Any = refused.value.fields["bbox"]
    assert "-180 to 180" in str(told[0])
