"""A report's life over HTTP."""

from collections.abc import Callable

import psycopg
import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from ugc.core.access import ANONYMOUS
from ugc.core.db import Session
from ugc.geography import geo
from ugc.reports.actions import life as reports_life_actions
from ugc.reports.models import Report, Vote
from ugc.reports.queries import reading as reports_reading

FORM = {"kind": "jam", "lat": "40.42", "lon": "-3.70", "text": "Slow from the roundabout on."}
Browser = Callable[..., FlaskClient]


def reports(session: Session) -> list[Report]:
    return list(session.scalars(sa.select(Report).order_by(Report.id)))


def test_a_newcomers_report_shows_at_once_without_its_text(
    client: FlaskClient, session: Session, signed_in: Browser
) -> None:
    ana = signed_in("ana")
    address = ana.post("/reports", data=FORM).location
    assert "Slow from" in ana.get(address).text
    public = client.get(address).text
    assert "Traffic jam" in public
    assert "unconfirmed" in public
    assert "Slow from" not in public
    assert "Slow from" not in client.get("/").text
    [feature] = client.get("/map/features?bbox=-4,40,-3,41").get_json(force=True)["features"]
    assert feature["geometry"]["coordinates"] == [-3.7, 40.42]
    assert feature["properties"]["held"] is True
    assert "text" not in feature["properties"]
    [report] = reports(session)
    assert report.city_id == 3117735
    assert report.visibility == "held"


def test_a_moderators_report_is_published(client: FlaskClient, signed_in: Browser) -> None:
    address = signed_in("mod", role="moderator").post("/reports", data=FORM).location
    assert "Slow from" in client.get(address).text


def test_the_place_may_be_the_name_of_a_city(session: Session, signed_in: Browser) -> None:
    form = {"kind": "jam", "place_name": "barcelna"}
    assert signed_in("ana").post("/reports", data=form).status_code == 303
    assert reports(session)[0].city_id == 3128760


@pytest.mark.parametrize(
    ("change", "english", "spanish"),
    [
        ({"kind": ""}, "Choose one of the kinds", "Elige uno de los tipos"),
        ({"kind": "ufo"}, "Choose one of the kinds", "Elige uno de los tipos"),
        ({"lat": "91"}, "not on the map", "no están en el mapa"),
        ({"lat": "north"}, "not understood", "no se entienden"),
        ({"lat": "", "lon": ""}, "Say where", "Di dónde"),
        ({"lat": "", "lon": "", "place_name": "Xyzzyx"}, "No address or city with", "No conocemos"),
        ({"lat": "", "lon": "", "place_name": "Madrugada"}, "Is it Madr", "¿Es Madr"),
        ({"text": "x" * 2001}, "At most 2000 characters", "Como mucho 2000 caracteres"),
    ],
)
def test_a_refused_report_keeps_what_was_typed(
    session: Session, signed_in: Browser, change: dict[str, str], english: str, spanish: str
) -> None:
    browser = signed_in("ana")
    for language, text in (("en", english), ("es", spanish)):
        browser.post("/language", data={"language": language})
        answer = browser.post("/reports", data={**FORM, **change})
        assert answer.status_code == 422
        assert text in answer.text
        assert {**FORM, **change}["text"] in answer.text
    assert reports(session) == []


def test_unknown_fields_are_refused(session: Session, signed_in: Browser) -> None:
    form = {**FORM, "visibility": "published", "author_id": "1"}
    assert signed_in("ana").post("/reports", data=form).status_code == 422
    assert reports(session) == []


def test_a_similar_report_near_by_is_offered_first(session: Session, signed_in: Browser) -> None:
    signed_in("ana").post("/reports", data=FORM)
    ben = signed_in("ben")
    near = {**FORM, "lat": "40.421"}  # 111 m away
    offered = ben.post("/reports", data=near)
    assert offered.status_code == 409
    assert "Is it one of these?" in offered.text
    assert len(reports(session)) == 1
    assert ben.post("/reports", data={**near, "anyway": "yes"}).status_code == 303
    assert ben.post("/reports", data={**FORM, "kind": "waste"}).status_code == 303
    assert ben.post("/reports", data={**FORM, "lat": "40.43", "anyway": ""}).status_code == 303


def test_votes_count_once_and_can_change(
    client: FlaskClient, session: Session, signed_in: Browser
) -> None:
    address = signed_in("mod", role="moderator").post("/reports", data=FORM).location
    ben = signed_in("ben")
    first_expiry = reports(session)[0].expires_at
    for _ in range(2):
        assert ben.post(f"{address}/vote", data={"still_there": "yes"}).status_code == 303
    session.expire_all()
    [report] = reports(session)
    assert (report.confirmations, report.denials) == (1, 0)
    assert report.expires_at > first_expiry
    assert "Reliability 7 of 10" in client.get(address).text
    ben.post(f"{address}/vote", data={"still_there": "no"})
    session.expire_all()
    assert (reports(session)[0].confirmations, reports(session)[0].denials) == (0, 1)
    # Ben is new: his word weighs little.
    assert "Reliability 6 of 10" in client.get(address).text
    assert session.scalar(sa.select(sa.func.count()).select_from(Vote)) == 1
    assert reports(session)[0].expires_at < first_expiry


def test_who_may_not_vote(client: FlaskClient, signed_in: Browser) -> None:
    ana = signed_in("ana")
    address = ana.post("/reports", data=FORM).location
    yes = {"still_there": "yes"}
    assert ana.post(f"{address}/vote", data=yes).status_code == 403
    assert client.post(f"{address}/vote", data=yes).status_code == 401
    unconfirmed = signed_in("new", confirmed=False)
    assert unconfirmed.post(f"{address}/vote", data=yes).status_code == 403
    assert signed_in("ben").post(f"{address}/vote", data={"still_there": "x"}).status_code == 422
    assert signed_in("eva").post("/reports/nothing/vote", data=yes).status_code == 404


def test_withdrawing_is_the_authors_alone(client: FlaskClient, signed_in: Browser) -> None:
    ana = signed_in("ana")
    address = ana.post("/reports", data=FORM).location
    assert signed_in("ben").post(f"{address}/withdraw").status_code == 403
    assert ana.post(f"{address}/withdraw").status_code == 303
    assert client.get(address).status_code == 404
    assert client.get("/map/features").get_json(force=True)["features"] == []


def test_closing_ends_it_and_is_logged(session: Session, signed_in: Browser) -> None:
    ana = signed_in("ana")
    address = ana.post("/reports", data=FORM).location
    assert signed_in("ben").post(f"{address}/close").status_code == 403
    assert ana.post(f"{address}/close").status_code == 303
    reasons = session.execute(sa.text("SELECT reason FROM transitions ORDER BY id")).scalars().all()
    assert reasons == ["posted", "posted", "closed_by_author"]


def test_it_expires_by_the_clock(client: FlaskClient, session: Session, signed_in: Browser) -> None:
    signed_in("ana").post("/reports", data=FORM)
    assert len(client.get("/map/features").get_json(force=True)["features"]) == 1
    session.execute(sa.text("SET LOCAL boca.clock_offset = '4 hours'"))
    assert reports_reading.reports_within(session, ANONYMOUS, geo.Bounds(-180, -90, 180, 90)) == []
    assert reports_life_actions.expire(session) == 1
    assert reports(session)[0].state == "expired"


def test_too_fast_is_told(signed_in: Browser) -> None:
    browser = signed_in("ana")
    codes = []
    for step in range(13):
        form = {**FORM, "lat": str(40 + step / 10)}
        codes.append(browser.post("/reports", data=form).status_code)
    assert codes[:12] == [303] * 12
    assert codes[12] == 429


@pytest.mark.parametrize(("role", "most"), [("moderator", 13), (None, 15)])
def test_a_post_asks_the_database_no_more_than_it_must(
    signed_in: Browser,
    run_jobs: Callable[[], int],
    monkeypatch: pytest.MonkeyPatch,
    role: str | None,
    most: int,
) -> None:
    """Of a member: who asks, the idempotency key, their private places, what is near, how many were
    approved, the time, how far to believe them; subject, city, report, moves, follow, case, jobs;
    the key's answer."""
    ana = signed_in("ana", role=role)
    ana.post("/reports", data={**FORM, "idempotency_key": "first"})
    run_jobs()
    asked: list[str] = []
    execute = psycopg.Cursor.execute

    def note(cursor: object, query: object, *args: object, **more: object) -> object:
        if "SAVEPOINT" not in str(query):  # the tests' own transactions
            asked.append(str(query))
        return execute(cursor, query, *args, **more)  # type: ignore[arg-type, call-overload]

    monkeypatch.setattr(psycopg.Cursor, "execute", note)
    answer = ana.post("/reports", data={**FORM, "lat": "43.5", "idempotency_key": "second"})
    assert answer.status_code == 303
    assert sum(text.startswith("INSERT") for text in asked) >= 5
    assert len(asked) <= most, "\n".join(asked)
