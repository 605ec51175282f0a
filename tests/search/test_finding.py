"""One search finds everything that has a name, words or a place, by one measure, in every box; and
nothing that its reader may not see."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from tests.conftest import counted_queries
from tests.search.conftest import LAT, LON, Add
from ugc.core.access import ANONYMOUS
from ugc.core.db import Session
from ugc.geography import geo
from ugc.search import finding
from ugc.search.finding import Found, ranked

Browser = Callable[..., FlaskClient]
HERE = f"{LAT}, {LON}"


def results(client: FlaskClient, q: str, **more: str) -> list[dict[str, Any]]:
    answer = client.get("/geo/search", query_string={"q": q, "all": "1", "at": HERE, **more})
    assert answer.status_code == 200
    return list(answer.json["results"])  # type: ignore[index]


def first(client: FlaskClient, q: str, **more: str) -> tuple[str, str]:
    found = results(client, q, **more)
    return (found[0]["kind"], found[0]["name"]) if found else ("", "")


@pytest.mark.usefixtures("town")
@pytest.mark.parametrize(
    ("asked", "kind", "name"),
    [
        ("calle de alcolea", "street", "Calle de Alcolea"),
        ("alcolea", "street", "Calle de Alcolea"),
        ("c/ alcolea", "street", "Calle de Alcolea"),
        ("carrer d'alcolea", "street", "Calle de Alcolea"),
        ("avinguda alcolea", "street", "Calle de Alcolea"),
        ("alcoela", "street", "Calle de Alcolea"),
        ("calle alcole 46", "address", "Calle de Alcolea 46"),
        ("46 calle alcolea", "address", "Calle de Alcolea 46"),
        ("calle alcolea, 46, villanueva", "address", "Calle de Alcolea 46"),
        ("av. dr. serra", "street", "Avenida del Doctor Serra"),
        ("mannerheimvagen", "street", "Mannerheimintie"),
        ("mannerheimint", "street", "Mannerheimintie"),
        ("alcolea esquina doctor serra", "corner", "Corner of Calle de Alcolea and"),
        ("doctor serra / alcolea", "corner", "Corner of Avenida del Doctor Serra and"),
        ("las eras", "area", "Las Eras"),
        ("barcelna", "city", "Barcelona"),
    ],
)
def test_streets_addresses_corners_and_towns_are_found(
    client: FlaskClient, asked: str, kind: str, name: str
) -> None:
    found_kind, found_name = first(client, asked)
    assert (found_kind, found_name[: len(name)]) == (kind, name)


@pytest.mark.usefixtures("town")
def test_a_town_that_is_said_chooses_among_namesakes(client: FlaskClient) -> None:
    for asked in ("calle mayor, pinarejo", "c/ mayor pinarejo"):
        assert results(client, asked)[0]["detail"] == "Pinarejo", asked
    # Without one the nearest is first.
    assert results(client, "calle mayor")[0]["detail"] == "Villanueva"
    far = f"{LAT}, {LON + 5000 / 75_000}"
    assert results(client, "calle mayor", at=far)[0]["detail"] == "Pinarejo"


@pytest.mark.usefixtures("town")
def test_a_number_that_is_not_known_is_not_claimed(client: FlaskClient) -> None:
    [street, *_] = results(client, "calle alcolea 300")
    assert street["name"] == "Calle de Alcolea"
    assert "not known" in street["detail"]


@pytest.mark.usefixtures("town")
def test_what_is_loading_or_removed_is_not_found(client: FlaskClient, session: Session) -> None:
    session.execute(sa.text("UPDATE extracts SET step = 'drawn'"))
    session.commit()
    kinds = {
        each["kind"]
        for asked in ("alcolea 46", "las eras", "alcolea esquina serra")
        for each in results(client, asked)
    }
    assert not kinds & {"street", "address", "corner", "area"}


@pytest.fixture
def things(town: dict[str, int], add: Add) -> dict[str, str]:
    """One of each kind of thing with a page of its own."""
    place = add("place", name="Farmacia Robledo", category="pharmacy", east=100)
    add("place", name="Farmacia Lejana", category="pharmacy", east=400_000)
    return {
        "place": place,
        "brand": add("brand", name="Zumos Kiwira"),
        "member": add(
            "member", handle="nora-quiroga", name="Nora Quiroga", email="n@example.org",
            email_confirmed_at="2026-01-01",
        ),
        "report": add(
            "report", kind="waste", text="Sofá verde tirado en la acera", east=50,
            expires_at="2100-01-01",
        ),
    }  # fmt: skip


@pytest.fixture
def review(things: dict[str, str], add: Add, session: Session) -> str:
    place = session.scalar(
        sa.text("SELECT id FROM subjects WHERE public_id = :it"), {"it": things["place"]}
    )
    return add("review", place_id=place, rating=5, text="El boticario regala caramelos de anís.")


ASKED = {
    "place": ("farmacia robleod", "/places/"),
    "brand": ("kiwria", "/brands/"),
    "member": ("@nora-qiroga", "/members/"),
    "report": ("sofas verdes acera", "/reports/"),
    "review": ("caramelos de anis", "/reviews/"),
}


@pytest.mark.usefixtures("things", "review")
@pytest.mark.parametrize("kind", ASKED)
def test_things_are_found_by_name_and_by_words(client: FlaskClient, kind: str) -> None:
    asked, path = ASKED[kind]
    found = results(client, asked)[0]
    assert (found["kind"], found["url"][: len(path)]) == (kind, path)
    # The page says the same without scripts.
    assert f'href="{found["url"]}"' in client.get("/search", query_string={"q": asked}).text
    # A field that asks for a place on the map is offered none without one.
    placed = client.get("/geo/search", query_string={"q": asked, "at": HERE}).json["results"]
    assert all("lon" in each for each in placed)


HIDINGS = [
    (kind, f"UPDATE {table} SET visibility = '{visibility}'")
    for kind, table in (
        ("place", "places"), ("brand", "brands"), ("report", "reports"), ("review", "reviews"),
    )
    for visibility in ("held", "hidden", "removed", "withdrawn")
]  # fmt: skip
HIDINGS += [
    ("member", "UPDATE members SET suspended_until = '2100-01-01'"),
    ("member", "UPDATE members SET email_confirmed_at = NULL"),
    (
        "member",
        "UPDATE members SET handle = NULL, email = NULL, password_hash = NULL, name = '',"
        " erased_at = now()",
    ),
    ("report", "UPDATE reports SET state = 'merged'"),
    ("review", "UPDATE places SET visibility = 'hidden'"),
]


@pytest.mark.usefixtures("things", "review")
@pytest.mark.parametrize(("kind", "hide"), HIDINGS)
def test_what_nobody_may_see_is_not_found(
    client: FlaskClient, session: Session, kind: str, hide: str
) -> None:
    asked = ASKED[kind][0]
    assert kind in {each["kind"] for each in results(client, asked)}
    session.execute(sa.text(hide))
    session.commit()
    assert kind not in {each["kind"] for each in results(client, asked)}
    path = ASKED[kind][1]
    shown = re.findall(r'class="item" href="([^"]+)"', client.get(f"/search?q={asked}").text)
    assert not [each for each in shown if each.startswith(path)]


def test_private_places_are_found_by_nobody(
    session: Session, signed_in: Browser, client: FlaskClient
) -> None:
    member = signed_in("erika")
    member.post("/settings/places", data={"name": "Guarida Secreta", "lat": "47.1", "lon": "9.5"})
    assert session.scalar(sa.text("SELECT count(*) FROM private_places")) == 1
    for each in (member, client):
        assert results(each, "guarida secreta") == []


@pytest.mark.usefixtures("things")
@pytest.mark.parametrize(
    ("asked", "title"),
    [
        ("farmacias villanueva", "Pharmacy · Villanueva"),
        ("farmacies a villanueva", "Pharmacy · Villanueva"),
        ("apotheke in villanueva", "Pharmacy · Villanueva"),
        ("apteekki, villanueva", "Pharmacy · Villanueva"),
        ("famacias las eras", "Pharmacy · Las Eras"),
        ("pharmacies near me", "Pharmacy"),
    ],
)
def test_a_kind_of_place_is_found_where_it_was_said(
    client: FlaskClient, asked: str, title: str
) -> None:
    [of_kind, nearest, *others] = results(client, asked)
    assert (of_kind["kind"], of_kind["name"]) == ("category", title)
    assert nearest["name"] == "Farmacia Robledo"
    assert "Farmacia Lejana" not in {each["name"] for each in others}
    listed = client.get(of_kind["url"]).text
    assert "Farmacia Robledo" in listed
    assert "Farmacia Lejana" not in listed


@pytest.mark.usefixtures("things")
def test_a_kind_of_report_leads_to_its_map(client: FlaskClient) -> None:
    found = results(client, "accidentes villanueva")[0]
    assert (found["kind"], found["name"]) == ("reports", "Accident · Villanueva")
    assert found["url"].startswith("/?kinds=accident")
    assert client.get(found["url"]).status_code == 200


# ---- the measure ------------------------------------------------------------------------------


MADRID = geo.Point(-3.7038, 40.4168)


def test_match_comes_first_then_distance_then_life() -> None:
    def best(*found: Found) -> str:
        return ranked(found, MADRID)[0].title

    exact = Found("street", "A", likeness=1.0, lon=-3.9, lat=40.5)
    vague = Found("street", "B", likeness=0.7, life=1.0, lon=-3.7038, lat=40.4168)
    near, far = (Found("place", f"C{n}", url=f"/{n}", lon=-3.7, lat=40 + n) for n in (0.42, 4))
    lively = Found("place", "D", url="/9", life=0.9, lon=-3.7, lat=40.42)
    assert best(vague, exact) == "A"
    assert best(far, near) == "C0.42"
    assert best(near, lively) == "D"


def test_a_city_of_another_continent_comes_after_what_matches_here() -> None:
    lima = Found("city", "Lima", life=1.0, lon=-77.03, lat=-12.04)
    cafe = Found("place", "Bar Lima", url="/x", likeness=0.8, lon=-3.7, lat=40.42)
    assert [each.title for each in ranked([lima, cafe], MADRID)] == ["Bar Lima", "Lima"]
    # Where nothing is near, it is what was meant.
    assert ranked([lima], MADRID)[0].title == "Lima"
    weak = Found("place", "Lino", url="/y", likeness=0.55, lon=-3.7, lat=40.42)
    assert ranked([lima, weak], MADRID)[0].title == "Lima"


def test_guesses_are_told_only_when_there_is_nothing_better() -> None:
    sure, guess = Found("street", "A", likeness=0.9), Found("street", "B", likeness=0.3)
    assert [each.title for each in ranked([guess, sure], None)] == ["A"]
    assert [each.title for each in ranked([guess], None)] == ["B"]


def test_a_town_known_twice_is_told_once() -> None:
    one = Found("city", "Canillo", lon=1.597, lat=42.567)
    two = Found("area", "Canillo", "Andorra", lon=1.605, lat=42.57)
    assert len(ranked([one, two], None)) == 1
    elsewhere = Found("city", "Canillo", lon=5.0, lat=42.567)
    assert len(ranked([one, elsewhere], None)) == 2


# ---- the boxes --------------------------------------------------------------------------------

WHERE = ("calle alcolea 46", "c/ alcolea, villanueva", "alcolea esquina doctor serra", "Las Eras")
BOXES = {
    "report": ("/reports", {"kind": "jam"}, "reports"),
    "place": ("/places", {"name": "Bar Eras", "category": "bar"}, "places"),
}


@pytest.mark.usefixtures("town")
@pytest.mark.parametrize("box", BOXES)
@pytest.mark.parametrize("where", WHERE)
def test_forms_take_an_address_without_scripts(
    session: Session, signed_in: Browser, box: str, where: str
) -> None:
    path, data, table = BOXES[box]
    mod = signed_in("mod", role="moderator")
    answer = mod.post(path, data={**data, "lat": "", "lon": "", "place_name": where})
    assert answer.status_code == 303, answer.text
    lon, lat = session.execute(
        sa.text(f"SELECT ST_X(geom), ST_Y(geom) FROM {table} ORDER BY id DESC LIMIT 1")
    ).one()
    assert geo.Point(lon, lat).metres_to(geo.Point(LON, LAT)) < 1000


@pytest.mark.usefixtures("town")
def test_private_places_and_watches_take_an_address(session: Session, signed_in: Browser) -> None:
    member = signed_in("erika")
    address = {"lat": "", "lon": "", "place_name": WHERE[0]}
    assert member.post("/settings/places", data={"name": "Home", **address}).status_code == 303
    assert session.scalar(sa.text("SELECT count(*) FROM private_places")) == 1
    watch = {"shape": "area", "how": "circle", "name": "Near it", "radius_km": "2", **address}
    answer = member.post("/watching", data=watch)
    assert answer.status_code == 303, answer.text


@pytest.mark.usefixtures("things")
def test_the_list_of_places_is_opened_near_an_address(client: FlaskClient) -> None:
    near = client.get("/places", query_string={"near": "calle alcolea 46"}).text
    assert "Farmacia Robledo" in near
    assert "Farmacia Lejana" not in near
    page = client.get("/search?q=calle alcolea 46").text
    link = re.search(r'class="found__near" href="([^"]+)"', page)
    assert link is not None
    assert "Farmacia Robledo" in client.get(link[1].replace("&amp;", "&")).text


# ---- input ------------------------------------------------------------------------------------


def test_empty_answers_say_what_to_do(client: FlaskClient) -> None:
    nothing = client.get("/search?q=xyzzyx").text
    assert "Nothing was found" in nothing
    assert "Calle Mayor 5, Madrid" in nothing
    assert "/places/new?name=xyzzyx" in nothing
    spanish = client.get("/search?q=xyzzyx", headers={"Accept-Language": "es"}).text
    assert "No hemos encontrado nada" in spanish


ODD = [
    "", " ", "%", "_", "%%%", "a", "&", "!", "a|b", "a & !b:*", "'; --", "(((", "\\", ",", ",,,",
    ", madrid", "12", "12 12 12", "/", "con", "a" * 5000, "ñ" * 500, "calle " * 400, "1" * 300,
    "٤٦ شارع", "東京", "🥐", "x\u200b", "calle\tmayor\n5", "@", "@@", "esquina", "corner of",
    "99999999999999999999 calle mayor", "calle mayor 99999999999999999999",
]  # fmt: skip


@pytest.mark.usefixtures("things", "review")
@pytest.mark.parametrize("text", ODD)
def test_odd_input_is_answered(client: FlaskClient, text: str) -> None:
    for path in ("/geo/search", "/search"):
        answer = client.get(path, query_string={"q": text, "all": "1", "at": HERE})
        assert answer.status_code == 200, (path, answer.status_code)


@pytest.mark.parametrize("at", ["abc", "1;2;3;4", "x" * 400])
def test_a_middle_that_is_no_position_is_left_out(client: FlaskClient, at: str) -> None:
    answer = client.get("/geo/search", query_string={"q": "barcelona", "at": at})
    assert answer.json["results"][0]["name"] == "Barcelona"


@pytest.mark.usefixtures("things", "review")
def test_a_search_asks_a_bounded_number_of_statements(session: Session) -> None:
    session.execute(sa.text("SELECT 1"))
    for text in (
        "alcolea",
        "calle de alcolea y doctor serra en villanueva, cerca",
        "a b c d e f g",
    ):
        with counted_queries() as asked:
            finding.find(session, ANONYMOUS, text, geo.Point(LON, LAT))
        assert len(asked) <= 24, (text, len(asked))


def test_names_that_resemble_are_asked_for_only_where_none_was_meant(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def found_for(likeness: float, metres: float) -> finding.Finder:
        def find(_session: Session, _actor: object, search: finding.Search) -> list[finding.Found]:
            asked.append(search.guesses)
            lat = LAT + metres / 111_000
            return [finding.Found("street", "Calle Mayor", likeness=likeness, lon=LON, lat=lat)]

        return find

    here = geo.Point(LON, LAT)
    for likeness, metres, rounds in (
        (0.9, 0, [False]),
        (0.75, 0, [False, True]),
        (0.9, 600_000, [False, True]),
    ):
        monkeypatch.setattr(finding, "_finders", {})
        finding.register("streets", found_for(likeness, metres), guesses=True)
        asked.clear()
        found = finding.find(session, ANONYMOUS, "calle mayor", here)
        assert (asked, len(found)) == (rounds, 1)
    finding.register("members", found_for(0.5, 600_000))
    asked.clear()
    finding.find(session, ANONYMOUS, "calle mayor", here)
    assert asked == [False, False, True], "a finder that does not guess is asked once"
