"""Finding places: accents and mistakes, near by, categories, order, pages, and the plans."""

import re
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy.dialects import postgresql

from tests.conftest import counted_queries
from tests.places.steps import add
from ugc.core.access import ANONYMOUS
from ugc.core.db import Session
from ugc.geography import geo
from ugc.places.queries import reading as places_reading
from ugc.places.queries import search as places_search
from ugc.places.rules import describing as places_describing

NAMES = {
    "Café Comercial": "cafe",
    "Mercadona": "supermarket",
    "Museo Nacional del Prado": "museum",
    "Panadería Ñandú": "bakery",
    "Farmacia Goya": "pharmacy",
    "Bar de Pepe": "bar",
    "Restaurante La Plaza": "restaurant",
    "100% Pan": "bakery",
}


@pytest.fixture
def town(session: Session) -> None:
    for step, (name, category) in enumerate(NAMES.items()):
        add(session, name, category, geom=f"SRID=4326;POINT(-3.7 {40.42 + step / 1000})")
    session.commit()


def titles(answer_text: str) -> list[str]:
    return re.findall(r'class="item__title"[^>]*>([^<]+)', answer_text)


@pytest.mark.usefixtures("town")
@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("cafe", "Café Comercial"),
        ("CAFÉ", "Café Comercial"),
        ("comerical", "Café Comercial"),
        ("mercadna", "Mercadona"),
        ("restaruante", "Restaurante La Plaza"),
        ("museo prado", "Museo Nacional del Prado"),
        ("nandu", "Panadería Ñandú"),
        ("farmcia", "Farmacia Goya"),
        ("pe", "Bar de Pepe"),
        ("b", "Bar de Pepe"),
        ("goya", "Farmacia Goya"),
        ("100%", "100% Pan"),
    ],
)
def test_accents_and_mistakes_are_forgiven(client: FlaskClient, text: str, first: str) -> None:
    assert titles(client.get("/places", query_string={"q": text}).text)[:1] == [first]


@pytest.mark.usefixtures("town")
@pytest.mark.parametrize("text", ["xyzzyx", "zz", "%%%%a", "_"])
def test_what_nothing_fits_says_what_to_do(client: FlaskClient, text: str) -> None:
    for language, told in (("en", "No place found"), ("es", "No hay ningún sitio")):
        headers = {"Accept-Language": language}
        answer = client.get("/places", query_string={"q": text, "category": "gym"}, headers=headers)
        assert told in answer.text
        assert titles(answer.text) == []


@pytest.mark.usefixtures("town")
def test_a_short_text_is_the_beginning_of_a_word(client: FlaskClient) -> None:
    assert titles(client.get("/places?q=pe").text) == ["Bar de Pepe"]
    assert "Mercadona" not in titles(client.get("/places?q=ona").text)


@pytest.mark.usefixtures("town")
def test_filters(client: FlaskClient) -> None:
    assert titles(client.get("/places?category=museum").text) == ["Museo Nacional del Prado"]
    assert len(titles(client.get("/places?category=ufo").text)) == len(NAMES)
    box = client.get("/places?bbox=-4,40.4205,-3,40.4215").text
    assert titles(box) == ["Mercadona"]
    assert client.get("/places?bbox=1,2").status_code == 422


@pytest.mark.usefixtures("town")
def test_near_by_is_sorted_by_distance(client: FlaskClient) -> None:
    near = titles(client.get("/places?near=40.4211, -3.7&radius=500&order=near").text)
    assert near[:3] == ["Mercadona", "Museo Nacional del Prado", "Café Comercial"]
    page = client.get("/places?near=madri&q=mercadona").text
    assert titles(page) == ["Mercadona"]
    assert 'value="10000" selected' in page
    assert titles(client.get("/places?near=Barcelona").text) == []
    assert "Search a wider circle" in client.get("/places?near=Barcelona").text


def test_the_best_rated_are_those_with_many_good_ratings(
    client: FlaskClient, session: Session
) -> None:
    add(session, "Once praised", rating_count=1, rating_sum=5)
    add(session, "Often praised", rating_count=100, rating_sum=480)
    add(session, "Bad", rating_count=20, rating_sum=30)
    add(session, "Unrated")
    session.commit()
    mean = (5 + 480 + 30) / 121
    assert places_reading.usual_rating(session) == pytest.approx(mean)
    best = ["Often praised", "Once praised", "Bad", "Unrated"]
    # Links of before name a second order: it is this one.
    for query in ("", "?order=best", "?order=rating", "?lat=40.42&lon=-3.7&radius=100000"):
        assert titles(client.get(f"/places{query}").text) == best, query
    page = client.get("/places").text
    assert 'href="/about#ratings"' in page
    assert "best rated first" not in page
    once = places_search.search_places(session, ANONYMOUS, text="Once praised")[0][0]
    assert once.mean == 5


def test_pages_leave_nothing_out(client: FlaskClient, session: Session) -> None:
    for step in range(30):
        add(session, f"Place {step:02}")
    session.commit()
    seen = []
    for page in (1, 2, 3):
        text = client.get(f"/places?q=Place&page={page}").text
        seen += titles(text)
        assert ('rel="next"' in text) is (page < 3)
        assert ('rel="prev"' in text) is (page > 1)
    assert sorted(seen) == [f"Place {step:02}" for step in range(30)]
    assert "No place found" in client.get("/places?q=Place&page=4").text
    assert client.get("/places?page=x").status_code == 200


def test_a_list_asks_as_often_for_many_as_for_few(client: FlaskClient, session: Session) -> None:
    def asked() -> int:
        with counted_queries() as seen:
            assert client.get("/places?q=Place&near=Madrid").status_code == 200
        return len(seen)

    add(session, "Place", rating_count=1, rating_sum=5, opening_hours="24/7")
    session.commit()
    few = asked()
    for step in range(15):
        add(session, f"Place {step}", rating_count=2, rating_sum=8, opening_hours="24/7")
    session.commit()
    assert asked() == few <= 7


def plan(session: Session, **looked_for: Any) -> str:
    query = places_search.search_query(session, **looked_for).limit(20)
    session.execute(sa.text("SET LOCAL enable_seqscan = off"))
    # Of two indexes the planner is to take the one that finds, not the one that happens to sort.
    session.execute(sa.text("SET LOCAL enable_indexscan = off"))
    compiled = query.compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True})
    rows = session.connection().exec_driver_sql(f"EXPLAIN {compiled}")
    return "\n".join(row[0] for row in rows)


@pytest.mark.usefixtures("town")
@pytest.mark.parametrize("text", ["mercadna", "pe"])
def test_a_name_is_found_by_the_trigram_index(session: Session, text: str) -> None:
    assert "ix_places_name_key_trgm" in plan(session, text=text)


@pytest.mark.usefixtures("town")
def test_near_by_is_found_by_the_spatial_index(session: Session) -> None:
    near = geo.Point(-3.7, 40.42)
    assert "ix_places_geom" in plan(session, near=near, radius_m=2000, order="near")


def test_the_nearest_are_the_nearest_in_metres(session: Session) -> None:
    """Far north a degree east is a third of a degree north."""
    add(session, "North", geom="SRID=4326;POINT(15 70.004)")
    add(session, "East", geom="SRID=4326;POINT(15.008 70)")
    found, _more = places_search.search_places(
        session,
        ANONYMOUS,
        near=geo.Point(15, 70),
        radius_m=places_describing.POINT_RADIUS_M,
        order="near",
    )
    assert [(row.name, round(row.metres or 0)) for row in found] == [("East", 305), ("North", 446)]


@pytest.mark.usefixtures("town")
def test_one_box_finds_places_and_cities(client: FlaskClient) -> None:
    text = client.get("/search?q=mercadna").text
    assert titles(text)[0] == "Mercadona"
    cities = client.get("/search?q=barcelna").text
    assert "Barcelona" in titles(cities)
    assert "Spain" in cities
    assert "España" in client.get("/search?q=barcelona", headers={"Accept-Language": "es"}).text
    assert "/?lat=41.38879&amp;lon=2.15899&amp;zoom=12" in cities
    point = client.get("/search?q=40.4, -3.7").text
    assert "Show this point on the map" in point
    nothing = client.get("/search?q=xyzzyx").text
    assert "/places/new?name=xyzzyx" in nothing
    assert "What are you looking for?" in client.get("/search").text
    assert "¿Qué buscas?" in client.get("/search", headers={"Accept-Language": "es"}).text


def test_the_whole_name_comes_before_a_part_of_one(client: FlaskClient, session: Session) -> None:
    add(session, "Madrid Río")
    session.commit()
    assert titles(client.get("/search?q=madrid").text)[:2] == ["Madrid", "Madrid Río"]
    assert titles(client.get("/search?q=madrid rio").text)[0] == "Madrid Río"


def test_the_map_opens_where_the_address_says(client: FlaskClient) -> None:
    page = client.get("/?lat=41.38879&lon=2.15899&zoom=12").text
    assert 'data-lon="2.15899" data-lat="41.38879" data-zoom="12.0"' in page
    assert client.get("/?lat=95&lon=2").status_code == 422
    assert 'data-zoom="18.0"' in client.get("/?lat=1&lon=2&zoom=99").text
    assert client.get("/?lat=1&lon=2&zoom=nan").status_code == 200
    assert {places_describing.POINT_RADIUS_M, places_describing.CITY_RADIUS_M} <= set(
        places_describing.RADII_M
    )
