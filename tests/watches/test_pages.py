"""Watches over HTTP: made, shown, changed, paused, deleted, refused; in both languages."""

import io
import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from tests.watches.conftest import AREA, REPORT, member, only_watch
from ugc.core.db import Session
from ugc.watches.actions import watching as watches_watching
from ugc.watches.models import Follow, MailChoice, News, PushSubscription, Watch
from ugc.watches.rules import choices as watches_choices
from ugc.watches.rules import files as watches_files

Browser = Callable[..., FlaskClient]
Count = Callable[[], AbstractContextManager[list[str]]]
GPX = """<?xml version="1.0"?><gpx version="1.1" xmlns="http://www.topografix.com/GPX/1/1"><trk>
<trkseg><trkpt lat="40.40" lon="-3.80"/><trkpt lat="40.40" lon="-3.60"/></trkseg></trk></gpx>"""
BOMB = """<?xml version="1.0"?><!DOCTYPE gpx [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>
<gpx><trk><trkseg><trkpt lat="40" lon="&b;"/></trkseg></trk></gpx>"""
SQUARE = {
    "type": "Feature",
    "properties": {},
    "geometry": {
        "type": "Polygon",
        "coordinates": [[[-3.8, 40.3], [-3.6, 40.3], [-3.6, 40.5], [-3.8, 40.5], [-3.8, 40.3]]],
    },
}
WAY = {"shape": "way", "how": "drawn", "name": "To work", "distance_m": "500"}


def file(text: str | bytes, name: str = "way.gpx") -> tuple[io.BytesIO, str]:
    return io.BytesIO(text.encode() if isinstance(text, str) else text), name


def test_an_area_is_made_shown_changed_paused_and_deleted(
    signed_in: Browser, session: Session
) -> None:
    ana = signed_in("ana")
    assert "Nothing watched yet" in ana.get("/watching").text
    made = ana.post("/watching", data={**AREA, "kinds": ["jam", "roadworks"], "least": "6"})
    assert made.status_code == 303, made.text
    page = ana.get(made.location)
    assert "Round my home" in page.text
    assert "reliability 6 or more" in page.text
    assert "within 5 km" in page.text
    assert "All quiet" in page.text
    watch = only_watch(session)
    assert (watch.shape, watch.distance_m, watch.kinds) == ("area", 5000, ["jam", "roadworks"])

    form = ana.get(f"{made.location}/edit").text
    assert 'value="circle" checked' in form
    assert 'value="40.420000"' in form
    changed = {"name": "Home", "how": "keep", "least": "0"}
    assert ana.post(f"{made.location}/edit", data=changed).status_code == 303
    watch = only_watch(session)
    assert (watch.name, watch.distance_m, watch.kinds, watch.least) == ("Home", 5000, [], 0)
    moved = {**changed, "how": "circle", "place_name": "Barcelona", "radius_km": "12,5"}
    assert ana.post(f"{made.location}/edit", data=moved).status_code == 303
    assert only_watch(session).distance_m == 12_500
    lon = session.scalar(sa.text("SELECT ST_X(geom) FROM watches"))
    assert lon == pytest.approx(2.16, abs=0.01)

    assert ana.post(f"{made.location}/pause", data={"paused": "yes"}).status_code == 303
    assert "paused" in ana.get("/watching").text
    assert only_watch(session).paused_at is not None
    ana.post(f"{made.location}/pause", data={"paused": "no"})
    assert only_watch(session).paused_at is None
    assert ana.post(f"{made.location}/delete").status_code == 303
    assert session.scalars(sa.select(Watch)).all() == []
    assert ana.get(made.location).status_code == 404


def test_a_watch_is_ones_own(client: FlaskClient, watcher: Browser, signed_in: Browser) -> None:
    ana = watcher("ana")
    address = ana.get("/watching").text.split('href="/watching/')[1].split('"')[0]
    bea = signed_in("bea")
    for browser, status in ((bea, 404), (client, 401)):
        assert browser.get(f"/watching/{address}").status_code == status
        assert browser.get(f"/watching/{address}/edit").status_code == status
        for act in ("edit", "pause", "delete"):
            data = {"name": "Mine", "how": "keep"}
            assert browser.post(f"/watching/{address}/{act}", data=data).status_code == status
    assert client.get("/watching").status_code == 401
    assert client.post("/watching", data=AREA).status_code == 401


def test_who_has_not_confirmed_is_told_to(signed_in: Browser) -> None:
    ana = signed_in("ana", confirmed=False)
    assert "Confirm your e-mail address first" in ana.get("/watching/new").text
    assert ana.post("/watching", data=AREA).status_code == 403


def test_live_reports_stand_in_the_area(signed_in: Browser, watcher: Browser) -> None:
    mod = signed_in("mod", role="moderator")
    mod.post("/reports", data={**REPORT, "text": "Inside."})
    mod.post("/reports", data={**REPORT, "lat": "41.42", "text": "Far away."})
    mod.post("/reports", data={**REPORT, "kind": "roadworks", "text": "Another kind."})
    ana = watcher("ana", watch={"kinds": "jam"})
    address = ana.get("/watching").text.split('href="/watching/')[1].split('"')[0]
    page = ana.get(f"/watching/{address}").text
    assert "Inside." in page
    assert "Far away." not in page
    assert "Another kind." not in page
    assert "1 live report" in page


def test_a_way_lists_reports_in_its_order(signed_in: Browser, session: Session) -> None:
    mod = signed_in("mod", role="moderator")
    for lon, text in (("-3.62", "Third."), ("-3.79", "First."), ("-3.70", "Second.")):
        mod.post("/reports", data={**REPORT, "lat": "40.401", "lon": lon, "text": text})
    mod.post("/reports", data={**REPORT, "lat": "40.41", "lon": "-3.75", "text": "Beside."})
    ana = signed_in("ana")
    form = {**WAY, "how": "file", "file": file(GPX)}
    made = ana.post("/watching", data=form)
    assert made.status_code == 303, made.text
    page = ana.get(made.location).text
    assert [page.find(t) > 0 for t in ("First.", "Second.", "Third.", "Beside.")] == [
        True, True, True, False,
    ]  # fmt: skip
    assert page.find("First.") < page.find("Second.") < page.find("Third.")
    assert "in the order of the way" in page
    assert "after 850 m" in page
    assert "110 m" in page  # from the way
    # The other way round, the order is turned too.
    back = {**WAY, "drawn": json.dumps([[-3.6, 40.4], [-3.8, 40.4]])}
    page = ana.get(ana.post("/watching", data=back).location).text
    assert page.find("Third.") < page.find("Second.") < page.find("First.")


def test_a_way_is_widened_where_it_is(signed_in: Browser, session: Session) -> None:
    ana = signed_in("ana")
    made = ana.post("/watching", data={**WAY, "how": "file", "file": file(GPX)})
    before = session.scalar(sa.text("SELECT ST_AsText(geom) FROM watches"))
    wider = {"name": "To work", "how": "keep", "distance_m": "2000"}
    assert ana.post(f"{made.location}/edit", data=wider).status_code == 303
    assert only_watch(session).distance_m == 2000
    assert session.scalar(sa.text("SELECT ST_AsText(geom) FROM watches")) == before
    refused = ana.post(f"{made.location}/edit", data={**wider, "distance_m": "6000"})
    assert refused.status_code == 422
    assert "10 to 5000 m" in refused.text


def test_a_way_across_the_antimeridian(signed_in: Browser) -> None:
    mod = signed_in("mod", role="moderator")
    for lon, text in (("-179.9", "East of it."), ("179.9", "West of it.")):
        mod.post("/reports", data={**REPORT, "lat": "-16.5", "lon": lon, "text": text})
    ana = signed_in("ana")
    drawn = json.dumps([[179.8, -16.5], [-179.8, -16.5]])
    page = ana.get(ana.post("/watching", data={**WAY, "drawn": drawn}).location).text
    assert 0 < page.find("West of it.") < page.find("East of it.")


def test_a_file_of_polygons_is_an_area(signed_in: Browser, session: Session) -> None:
    ana = signed_in("ana")
    form = {**AREA, "how": "file", "file": file(json.dumps(SQUARE), "square.geojson")}
    made = ana.post("/watching", data=form)
    assert made.status_code == 303, made.text
    assert session.scalar(sa.text("SELECT GeometryType(geom) FROM watches")) == "MULTIPOLYGON"
    assert "data-outline" in ana.get(made.location).text


REFUSALS: list[tuple[dict[str, Any], str, str]] = [
    ({**AREA, "name": ""}, "Give it a name", "Ponle un nombre"),
    ({**AREA, "lat": "", "lon": ""}, "Say where: your position", "Di dónde"),
    ({**AREA, "lat": "", "lon": "", "place_name": "Xyzzyx"}, "No address or city with", "ciudad"),
    ({**AREA, "radius_km": "80"}, "Choose a radius", "Elige un radio"),
    ({**AREA, "radius_km": "x"}, "Write a number", "Escribe un número"),
    ({**AREA, "kinds": "ufo"}, "Choose among the kinds", "Elige entre los tipos"),
    ({**AREA, "how": "drawn", "drawn": "[[0,0],[0,1]]"}, "at least three corners", "tres esquinas"),
    ({**AREA, "how": "drawn", "drawn": "what"}, "Draw it on the map first", "Dibújalo antes"),
    ({**AREA, "how": "drawn", "drawn": '[[0,0],[0,"x"]]'}, "Draw it on the map", "Dibújalo antes"),
    (
        {**AREA, "how": "drawn", "drawn": "[[0,0],[1,1],[1,0],[0,1]]"},
        "The border crosses itself", "El borde se cruza",
    ),
    (
        {**AREA, "how": "drawn", "drawn": "[[0,0],[2,0],[2,2],[0,2]]"},
        "at most 20000 km² can be watched", "como mucho se pueden vigilar 20000 km²",
    ),
    (
        {**AREA, "how": "drawn", "drawn": "[[0,85],[120,85],[-120,85]]"},
        "cannot go round a pole", "no puede rodear un polo",
    ),
    ({**AREA, "how": "file"}, "Choose a GPX or GeoJSON file", "Elige un archivo GPX"),
    ({**WAY, "drawn": "[[0,0],[0,0]]"}, "two different points", "dos puntos distintos"),
    (
        {**WAY, "drawn": "[[0,0],[10,0]]"},
        "at most 1000 km can be watched", "como mucho se pueden vigilar 1000 km",
    ),
    (
        {**WAY, "drawn": "[[0,0],[0,1]]", "distance_m": "9"},
        "Choose a distance of 10 to 5000 m", "Elige una distancia de 10 a 5000 m",
    ),
]  # fmt: skip


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize(("form", "english", "spanish"), REFUSALS)
def test_what_cannot_be_watched_is_told(
    signed_in: Browser,
    session: Session,
    form: dict[str, Any],
    english: str,
    spanish: str,
    language: str,
) -> None:
    answer = signed_in("ana", language=language).post("/watching", data=form)
    assert answer.status_code == 422
    assert (english if language == "en" else spanish) in answer.text
    assert session.scalars(sa.select(Watch)).all() == []


# The test client leaves what is larger than 500 kB in a file that it does not close.
SMALLER = 480_000
FILES = [
    (BOMB, "cannot be read", "no se puede leer"),
    ("<gpx><trk>", "cannot be read", "no se puede leer"),
    ("<html></html>", "cannot be read", "no se puede leer"),
    ("hello", "cannot be read", "no se puede leer"),
    ('{"type": "LineString", "coordinates": [[0, 1], 5]}', "cannot be read", "no se puede leer"),
    ('{"type": "Point", "coordinates": [0, 1]}', "no way in this file", "no hay ningún camino"),
    (json.dumps(SQUARE), "no way in this file", "no hay ningún camino"),
    (GPX.replace("40.40", "91"), "not on the map", "no están en el mapa"),
    (GPX.replace("-3.60", "nan"), "not on the map", "no están en el mapa"),
    (b"{" + b" " * SMALLER, "too large", "demasiado grande"),
    (
        json.dumps({"type": "LineString", "coordinates": [[0, 1]] * 50_001}),
        "too many points", "demasiados puntos",
    ),
]  # fmt: skip


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize(("text", "english", "spanish"), FILES)
def test_a_bad_file_is_told(
    signed_in: Browser, monkeypatch: pytest.MonkeyPatch, text: str | bytes, english: str,
    spanish: str, language: str,
) -> None:  # fmt: skip
    monkeypatch.setattr(watches_files, "BYTES_MAX", SMALLER)
    ana = signed_in("ana", language=language)
    answer = ana.post("/watching", data={**WAY, "how": "file", "file": file(text)})
    assert answer.status_code == 422
    assert (english if language == "en" else spanish) in answer.text
    assert 'value="To work"' in answer.text  # what was typed stays


def test_twenty_watches_are_the_most(
    signed_in: Browser, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watches_choices, "WATCHES_MAX", 2)
    ana = signed_in("ana")
    for _ in range(2):
        assert ana.post("/watching", data=AREA).status_code == 303
    refused = ana.post("/watching", data=AREA)
    assert refused.status_code == 409
    assert "which is the most" in refused.text
    assert "Watch an area" not in ana.get("/watching").text


def test_too_many_at_once_are_too_fast(signed_in: Browser) -> None:
    ana = signed_in("ana")
    form = {**AREA, "name": ""}
    answers = [ana.post("/watching", data=form).status_code for _ in range(31)]
    assert answers == [422] * 30 + [429]


def test_a_form_sent_twice_makes_one(signed_in: Browser, session: Session) -> None:
    ana = signed_in("ana")
    twice = [
        ana.post("/watching", data={**AREA, "idempotency_key": "one"}).location for _ in range(2)
    ]
    assert twice[0] == twice[1]
    assert only_watch(session).name == "Round my home"


def test_the_first_watch_asks_how_to_tell(signed_in: Browser, session: Session) -> None:
    ana = signed_in("ana")
    assert "How shall we tell you?" in ana.get("/watching/new").text
    ana.post("/watching", data={**AREA, "delivery": "daily"})
    chosen = session.get_one(MailChoice, member(session, "ana").id)
    assert chosen.delivery == "daily"
    assert chosen.digest_due_at is not None
    assert "How shall we tell you?" not in ana.get("/watching/new").text
    assert "By mail once a day" in ana.get("/watching").text


def test_the_settings_are_kept_and_checked(signed_in: Browser, session: Session) -> None:
    ana = signed_in("ana", language="es")
    form = {
        "delivery": "weekly", "hour": "18", "weekday": "4", "quiet_from": "23", "quiet_until": "6",
    }  # fmt: skip
    assert ana.post("/settings/watching", data=form).status_code == 303
    chosen = session.get_one(MailChoice, member(session, "ana").id)
    assert (chosen.delivery, chosen.hour, chosen.weekday, chosen.still_there) == (
        "weekly", 18, 4, False,
    )  # fmt: skip
    page = ana.get("/settings").text
    assert "Por correo una vez a la semana" in page
    assert "viernes" in page
    for bad in ({"hour": "24"}, {"weekday": "7"}, {"delivery": "never"}, {"quiet_from": "x"}):
        assert ana.post("/settings/watching", data={**form, **bad}).status_code == 422


def test_the_menu_leads_there_in_both_languages(signed_in: Browser) -> None:
    assert "Watching" in signed_in("ana", language="en").get("/").text
    bea = signed_in("bea", language="es")
    assert "Lo que vigilo" in bea.get("/").text
    assert "Aún no vigilas nada" in bea.get("/watching").text


def test_export_and_erasure_take_everything(
    watcher: Browser, signed_in: Browser, session: Session, run_jobs: Callable[[], int]
) -> None:
    ana = watcher("ana", watch={"delivery": "daily"})
    address = signed_in("mod", role="moderator").post("/reports", data=REPORT).location
    run_jobs()
    ana.post(f"{address}/follow")
    me = member(session, "ana").id
    session.add(
        PushSubscription(
            member_id=me,
            session_id=session.scalar(
                sa.text("SELECT id FROM member_sessions WHERE member_id = :m"), {"m": me}
            ),
            endpoint="https://push.example.org/1",
            p256dh="k",
            auth="a",
        )
    )
    session.flush()
    exported = ana.get("/settings/export").json["watches"]
    assert exported["follows"] == [address.rsplit("/", 1)[1]]
    assert exported["watches"][0]["name"] == "Round my home"
    assert exported["watches"][0]["geometry"]["type"] == "Polygon"
    assert exported["mail"]["delivery"] == "daily"
    assert exported["browsers"][0]["endpoint"] == "https://push.example.org/1"
    assert [n["what"] for n in exported["news"]] == ["posted"]
    form = {"content": "keep", "password": "correct horse battery"}
    assert ana.post("/settings/erase", data=form).status_code == 303
    for table in (Watch, Follow, News, MailChoice, PushSubscription):
        query = sa.select(sa.func.count()).where(table.member_id == me)
        assert session.scalar(query) == 0, table
    assert watches_watching.export_member(session, me)["watches"] == []


@pytest.mark.parametrize(
    ("language", "live", "none"),
    [("en", "2 live reports", "nothing now"), ("es", "2 avisos en vivo", "nada ahora")],
)
def test_a_card_says_where_it_is_and_how_much_is_live_there(
    signed_in: Browser, session: Session, language: str, live: str, none: str
) -> None:
    ana = signed_in("ana", language=language, role="moderator")
    way = json.dumps([[-3.70, 40.41], [-2.0, 41.0], [2.16, 41.38]])
    for form in (
        {**AREA, "name": "Home"},
        {**AREA, "name": "Sure ones", "least": "10"},
        {**AREA, "name": "Waste", "kinds": ["waste"]},
        {**WAY, "drawn": way},
        {**AREA, "name": "The sea", "lat": "36", "lon": "-15"},
    ):
        made = ana.post("/watching", data=form)
        assert made.status_code == 303, made.text
    for lat in ("40.42", "40.43"):
        assert ana.post("/reports", data={**REPORT, "lat": lat, "anyway": "1"}).status_code == 303
    over = ana.post("/reports", data={**REPORT, "lat": "40.41", "anyway": "1"}).location
    ana.post(f"{over}/withdraw")
    page = ana.get("/watching").text
    cards = {
        name: page[page.index(f'title">{name}') :].partition("</li>")[0]
        for name in ("Home", "Sure ones", "Waste", "To work", "The sea")
    }
    assert "Madrid" in cards["Home"]
    assert live in cards["Home"]
    assert none in cards["Sure ones"]
    assert none in cards["Waste"]
    assert ("Madrid to Barcelona" if language == "en" else "De Madrid a Barcelona") in cards[
        "To work"
    ]
    assert "Madrid" not in cards["The sea"]
    address = f"/watching/{session.scalars(sa.select(Watch.public_id).order_by(Watch.id)).first()}"
    assert "Madrid" in ana.get(address).text


def test_many_watches_ask_no_more_than_one(signed_in: Browser, count_queries: Count) -> None:
    ana = signed_in("ana")
    ana.post("/watching", data=AREA)
    with count_queries() as one:
        ana.get("/watching")
    for number in range(3):
        ana.post("/watching", data={**AREA, "name": f"Area {number}"})
    with count_queries() as four:
        ana.get("/watching")
    assert len(four) == len(one)
