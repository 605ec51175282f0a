"""Places over HTTP."""

import json
import re
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from tests.deciding import decide_only
from ugc.core import subjects
from ugc.core.access import ANONYMOUS, Actor, ActorKind
from ugc.core.db import Session
from ugc.core.sources import Source
from ugc.core.subjects import Subject
from ugc.geography import geo
from ugc.places.models import KIND, Place
from ugc.places.queries import reading as places_reading

FORM = {
    "name": "Café Comercial",
    "category": "cafe",
    "lat": "40.4287",
    "lon": "-3.7021",
    "address": "Glorieta de Bilbao 7",
    "phone": "912 345 678",
    "website": "example.org",
    "opening_hours": "Mo-Fr 08:00-20:00",
}
Browser = Callable[..., FlaskClient]


def places(session: Session) -> list[Place]:
    return list(session.scalars(sa.select(Place).order_by(Place.id)))


@pytest.fixture
def comercial(signed_in: Browser) -> str:
    """Address of a published place."""
    location = signed_in("mod", role="moderator").post("/places", data=FORM).location
    assert isinstance(location, str)
    return location


def test_a_suggestion_of_a_newcomer_waits_whole(
    client: FlaskClient, session: Session, signed_in: Browser
) -> None:
    ana = signed_in("ana")
    address = ana.post("/places", data=FORM).location
    assert "waits for a moderator" in ana.get(address).text
    assert client.get(address).status_code == 404
    assert "Comercial" not in client.get("/places?q=comercial").text
    mod = signed_in("mod", role="moderator")
    queue = mod.get("/moderation").text
    assert "Café Comercial" in queue
    assert "0 published" in queue


def test_facts_are_kept_in_their_normal_form(
    client: FlaskClient, session: Session, comercial: str
) -> None:
    [place] = places(session)
    assert place.phone == "+34912345678"
    assert place.website == "https://example.org"
    assert place.opening_hours == "Mo-Fr 08:00-20:00"
    assert place.timezone == "Europe/Madrid"
    assert place.city_id == 3117735
    page = client.get(comercial).text
    assert "+34 912 34 56 78" in page
    assert 'href="tel:+34912345678"' in page
    assert "Glorieta de Bilbao 7" in page


def test_hours_are_told_in_the_time_of_the_place(client: FlaskClient, comercial: str) -> None:
    page = client.get(comercial).text
    assert re.search(r"Open now, (closes at|until)|Closed now, opens (at|on)", page)
    assert "Europe/Madrid" in page
    spanish = client.get(comercial, headers={"Accept-Language": "es"}).text
    assert re.search(r"Abierto ahora|Cerrado ahora", spanish)
    assert '<dt>lunes</dt><dd dir="auto">8:00–20:00</dd>' in spanish
    assert '<dt>domingo</dt><dd dir="auto">cerrado</dd>' in spanish


def read_hours(client: FlaskClient, address: str) -> list[dict[str, str]]:
    """What search engines read of the hours of a place's page."""
    found = re.search(
        r'<script type="application/ld\+json">(.*?)</script>', client.get(address).text
    )
    assert found is not None
    read: list[dict[str, str]] = json.loads(found[1]).get("openingHoursSpecification", [])
    return read


@pytest.fixture
def of_hours(session: Session, comercial: str) -> Callable[..., None]:
    """Gives the place hours, and a zone, and sets the application's clock to a moment (UTC)."""

    def give(hours: str, moment: str, zone: str = "Europe/Madrid") -> None:
        session.execute(
            sa.text("UPDATE places SET opening_hours = :hours, timezone = :zone"),
            {"hours": hours, "zone": zone},
        )
        session.execute(
            sa.text(
                "SELECT set_config('boca.clock_offset',"
                " (CAST(:at AS timestamptz) - now())::text, true)"
            ),
            {"at": f"{moment}+00"},
        )
        session.commit()

    return give


def test_words_of_hours_are_told_by_every_reader(
    client: FlaskClient, comercial: str, of_hours: Callable[..., None]
) -> None:
    of_hours('Mo-Fr 09:00-18:00 || "ask Ana"', "2026-11-28 11:00")  # a Saturday
    for address in (comercial, "/places"):
        page = client.get(address).text
        assert "Ask for the hours: “ask Ana”" in page
        assert "Closed now" not in page
        assert "Open now" not in page
    saturday, _sunday, monday, *_ = read_hours(client, comercial)
    assert saturday["description"] == "ask Ana"
    assert "opens" not in saturday
    assert (monday["opens"], monday["closes"]) == ("09:00", "18:00")
    spanish = client.get(comercial, headers={"Accept-Language": "es"}).text
    assert "Pregunta por el horario: «ask Ana»" in spanish
    of_hours('"by appointment"', "2026-11-28 11:00")
    assert "Ask for the hours: “by appointment”" in client.get(comercial).text
    assert {day["description"] for day in read_hours(client, comercial)} == {"by appointment"}
    of_hours('24/7 "ring"', "2026-11-28 11:00")
    assert "Always open · “ring”" in client.get(comercial).text


def test_nights_and_holidays_are_told_by_every_reader(
    client: FlaskClient, comercial: str, of_hours: Callable[..., None]
) -> None:
    of_hours("20:00-03:00; PH off", "2026-12-08 01:00")  # the holiday's first hours, in Madrid
    for address in (comercial, "/places"):
        assert re.search(r"Open now, closes at 3:00", client.get(address).text)
    holiday, after, *_ = read_hours(client, comercial)
    assert (holiday["opens"], holiday["closes"]) == ("00:00", "00:00")
    assert (after["opens"], after["closes"]) == ("20:00", "03:00")
    assert after["dayOfWeek"] == "https://schema.org/Wednesday"
    of_hours("24/7", "2026-12-08 01:00")
    assert {(day["opens"], day["closes"]) for day in read_hours(client, comercial)} == {
        ("00:00", "23:59")
    }


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("America/Santiago", "2026-09-05"), ("Africa/Cairo", "2026-04-23"),
        ("Asia/Beirut", "2026-03-28"), ("America/Havana", "2026-03-07"),
    ],
)  # fmt: skip
def test_a_day_without_midnight_has_its_pages(
    client: FlaskClient, comercial: str, of_hours: Callable[..., None], zone: str, day: str
) -> None:
    for hours in ("24/7", "00:00-06:00; Su 20:00-00:00"):
        of_hours(hours, f"{day} 12:00", zone)
        for address in (comercial, "/places"):
            assert client.get(address).status_code == 200
        assert len(read_hours(client, comercial)) == 7


def test_an_import_shows_where_it_comes_from(client: FlaskClient, session: Session) -> None:
    source = Source(
        code="osm",
        name="OSM",
        attribution="© OpenStreetMap contributors",
        licence="ODbL",
        url="https://www.openstreetmap.org/copyright",
    )
    session.add(source)
    subject = subjects.create(session, KIND)
    session.add(
        Place(
            id=subject.id,
            name="Fuente",
            category="dropped_since",
            geom="SRID=4326;POINT(2 41)",
            source_id=source.id,
            external_id="node/1",
            opening_hours="by appointment!",
            phone="ask inside",
        )
    )
    session.commit()
    page = client.get(f"/places/{subject.public_id}").text
    assert 'href="https://www.openstreetmap.org/copyright"' in page
    assert "© OpenStreetMap contributors" in page
    assert "ODbL" in page
    assert "by appointment!" in page
    assert "ask inside" in page


@pytest.mark.parametrize("text", ["cafe comercial", "comerzial", "CAFÉ", "comer", "Cafe Comercail"])
def test_accents_and_typos_are_forgiven(client: FlaskClient, comercial: str, text: str) -> None:
    assert "Café Comercial" in client.get("/places", query_string={"q": text}).text


@pytest.mark.parametrize("text", ["xylophone", "%", "_", "100%"])
def test_what_is_unlike_is_not_found(client: FlaskClient, comercial: str, text: str) -> None:
    page = client.get("/places", query_string={"q": text}).text
    assert "No place found" in page
    assert "Café Comercial" not in page


def test_near_me_and_near_a_city(client: FlaskClient, comercial: str) -> None:
    assert "Café Comercial" in client.get("/places?lat=40.43&lon=-3.70").text
    assert "Café Comercial" in client.get("/places?near=madrid").text
    assert "Café Comercial" not in client.get("/places?near=barcelona").text
    assert "Café Comercial" in client.get("/places?category=cafe").text
    assert "Café Comercial" not in client.get("/places?category=hotel").text


def test_an_unknown_city_is_said(client: FlaskClient) -> None:
    answer = client.get("/places?near=Xqzwv")
    assert answer.status_code == 422
    assert "No address or city with this name is known" in answer.text
    assert client.get("/places?lat=95&lon=0").status_code == 422


def test_likely_duplicates_are_shown_before_writing(
    session: Session, signed_in: Browser, comercial: str
) -> None:
    bea = signed_in("bea")
    again = {**FORM, "name": "Cafe Comersial", "lat": "40.42875"}
    answer = bea.post("/places", data=again)
    assert answer.status_code == 409
    assert "Is it one of these?" in answer.text
    assert comercial in answer.text
    assert 'value="Cafe Comersial"' in answer.text
    assert len(places(session)) == 1
    assert bea.post("/places", data={**again, "anyway": "yes"}).status_code == 303
    assert len(places(session)) == 2


def test_a_namesake_far_away_is_another_place(signed_in: Browser, comercial: str) -> None:
    far = {**FORM, "lat": "41.39", "lon": "2.16", "phone": "", "website": ""}
    assert signed_in("bea").post("/places", data=far).status_code == 303


def test_the_same_telephone_near_by_is_likely_the_same(signed_in: Browser, comercial: str) -> None:
    other = {**FORM, "name": "Otro nombre", "lat": "40.44", "website": ""}
    assert signed_in("bea").post("/places", data=other).status_code == 409


@pytest.mark.parametrize(
    ("change", "english", "spanish"),
    [
        ({"name": "a"}, "Write the name", "Escribe el nombre"),
        ({"name": "x" * 121}, "At most 120", "Como mucho 120"),
        ({"category": "ufo"}, "Choose one of the categories", "Elige una de las categorías"),
        ({"phone": "12"}, "Write one telephone number", "Escribe un solo número"),
        ({"website": "javascript:alert(1)"}, "not a web address", "no es una dirección web"),
        ({"opening_hours": "always"}, "not understood", "no se entiende"),
        ({"lat": "91"}, "not on the map", "no están en el mapa"),
        ({"lat": "", "lon": ""}, "Say where", "Di dónde"),
    ],
)
def test_refusals_say_what_to_do_and_keep_the_text(
    session: Session, signed_in: Browser, change: dict[str, str], english: str, spanish: str
) -> None:
    for language, words in (("en", english), ("es", spanish)):
        ana = signed_in(f"ana-{language}", language=language)
        answer = ana.post("/places", data={**FORM, **change})
        assert answer.status_code == 422
        assert words in answer.text
        assert "Glorieta de Bilbao 7" in answer.text
    assert places(session) == []


def test_editing_an_older_version_is_refused(session: Session, signed_in: Browser) -> None:
    mod = signed_in("mod", role="moderator")
    address = mod.post("/places", data=FORM).location
    edited = {**FORM, "name": "Comercial", "revision": "1"}
    assert 'name="revision" value="1"' in mod.get(f"{address}/edit").text
    assert mod.post(f"{address}/edit", data=edited).status_code == 303
    answer = mod.post(f"{address}/edit", data={**edited, "name": "My long name"})
    assert answer.status_code == 409
    assert "changed while you were writing" in answer.text
    assert 'value="My long name"' in answer.text
    assert [place.name for place in places(session)] == ["Comercial"]


def test_only_its_author_and_moderators_edit(signed_in: Browser, comercial: str) -> None:
    bea = signed_in("bea")
    assert bea.get(f"{comercial}/edit").status_code == 403
    assert bea.post(f"{comercial}/edit", data={**FORM, "revision": "1"}).status_code == 403
    assert bea.post(f"{comercial}/withdraw").status_code == 403


def test_who_may_suggest(client: FlaskClient, signed_in: Browser) -> None:
    assert client.post("/places", data=FORM).status_code in (302, 303, 401)
    assert signed_in("new", confirmed=False).post("/places", data=FORM).status_code == 403


def test_too_fast(signed_in: Browser) -> None:
    ana = signed_in("ana")
    answers = [
        ana.post("/places", data={**FORM, "lat": str(10 + n)}).status_code for n in range(21)
    ]
    assert answers[:20] == [303] * 20
    assert answers[20] == 429


def test_withdrawing(client: FlaskClient, session: Session, signed_in: Browser) -> None:
    ana = signed_in("ana")
    address = ana.post("/places", data=FORM).location
    assert ana.post(f"{address}/withdraw").status_code == 303
    assert places(session)[0].visibility == "withdrawn"


def test_a_page_of_the_list_costs_few_queries(
    session: Session, client: FlaskClient, signed_in: Browser
) -> None:
    mod = signed_in("mod", role="moderator")
    for n in range(8):
        mod.post("/places", data={**FORM, "name": f"Bar {n}", "lat": str(40 + n / 10), "phone": ""})
    asked: list[str] = []
    engine = session.get_bind().engine

    def note(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
        asked.append(statement)

    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        assert client.get("/places").text.count("Bar ") >= 8
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)
    assert len([s for s in asked if s.startswith("SELECT")]) <= 5, asked


def test_places_within_a_viewport(session: Session, comercial: str, signed_in: Browser) -> None:
    madrid, world = geo.Bounds(-4, 40, -3, 41), geo.Bounds(-180, -90, 180, 90)
    found = places_reading.places_within(session, ANONYMOUS, madrid)
    assert [place.name for place in found] == ["Café Comercial"]
    assert places_reading.places_within(session, ANONYMOUS, geo.Bounds(0, 40, 1, 41)) == []
    assert places_reading.places_within(session, ANONYMOUS, madrid, ["hotel"]) == []
    ana = signed_in("ana")
    for name, lon in (("Fiji", "179.9"), ("Samoa", "-179.9")):
        form = {"name": name, "category": "beach", "lat": "-17", "lon": lon}
        assert ana.post("/places", data=form).status_code == 303
    author = Actor(ActorKind.MEMBER, id=places(session)[-1].author_id)
    across = geo.Bounds.parsed("179,-20,-179,-10")
    assert {row.name for row in places_reading.places_within(session, author, across)} == {
        "Fiji",
        "Samoa",
    }
    assert places_reading.places_within(session, ANONYMOUS, across) == []
    assert len(places_reading.places_within(session, author, world, limit=2)) == 2


def test_what_a_newcomer_edits_waits_again(
    client: FlaskClient, session: Session, signed_in: Browser, run_jobs: Callable[[], int]
) -> None:
    ana, mod = signed_in("ana"), signed_in("mod", role="moderator")
    address = ana.post("/places", data=FORM).location
    decide_only(mod, session)
    assert client.get(address).status_code == 200
    tyres = {**FORM, "name": "Buy tyres", "revision": "1"}
    assert ana.post(f"{address}/edit", data=tyres).status_code == 303
    assert client.get(address).status_code == 404
    decide_only(mod, session)
    assert "Buy tyres" in client.get(address).text
    run_jobs()
    balance = sa.text("SELECT account, sum(points) FROM point_entries GROUP BY 1 ORDER BY 1")
    assert session.execute(balance).all() == [("available", 15), ("held", 0)]


def test_approved_contributions_of_every_kind_set_a_member_free(
    session: Session, signed_in: Browser
) -> None:
    ana, mod = signed_in("ana"), signed_in("mod", role="moderator")
    ana.post("/places", data=FORM)
    decide_only(mod, session)
    for lat in ("41", "42"):
        ana.post("/reports", data={"kind": "jam", "lat": lat, "lon": "2"})
        decide_only(mod, session)
    ana.post("/places", data={**FORM, "name": "Librería Nueva", "phone": "", "website": ""})
    assert [place.visibility for place in places(session)] == ["published", "published"]


def test_ones_own_place_that_waits_is_a_duplicate_and_others_are_not(signed_in: Browser) -> None:
    ana = signed_in("ana")
    ana.post("/places", data=FORM)
    assert ana.post("/places", data=FORM).status_code == 409
    assert signed_in("bea").post("/places", data=FORM).status_code == 303


def test_a_merged_place_leads_to_the_one_that_stays(
    client: FlaskClient, session: Session, signed_in: Browser
) -> None:
    mod = signed_in("mod", role="moderator")
    first, second = (mod.post("/places", data={**FORM, "anyway": "yes"}).location for _ in range(2))
    one, two = places(session)
    session.get_one(Subject, one.id).merged_into_id = two.id
    session.commit()
    answer = client.get(first)
    assert (answer.status_code, answer.location) == (301, second)


def test_the_same_form_twice_adds_one(session: Session, signed_in: Browser) -> None:
    ana = signed_in("ana")
    form = {**FORM, "idempotency_key": "k1"}
    first, second = (ana.post("/places", data=form) for _ in range(2))
    assert first.location == second.location
    assert len(places(session)) == 1
