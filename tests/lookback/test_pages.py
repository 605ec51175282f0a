from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from tests.lookback.conftest import utc
from ugc.core import cache
from ugc.core.db import Session, db
from ugc.lookback import pages as lookback_pages
from ugc.reports.models import Report

Make = Callable[..., str]
DAY = "span=day&day=2026-11-20&zone=Europe/Madrid"
BOX = "bbox=-4,40,-3,41"


def ask(client: FlaskClient, query: str) -> Any:
    answer = client.get(f"/map/history/data?{query}", headers={"Accept": "application/json"})
    assert answer.status_code == 200, answer.text
    return answer.get_json()


@contextmanager
def counted() -> Iterator[list[str]]:
    statements: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.startswith(("SELECT", "WITH", "INSERT", "UPDATE")):
            statements.append(statement)

    engine = db.session().connection()
    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)


def test_a_day_of_a_city(client: FlaskClient, make_report: Make) -> None:
    before = make_report("2026-11-19T20:00", "2026-11-20T02:00", kind="waste")
    jam = make_report("2026-11-20T08:05", text="Nobody hears this", visibility="published")
    make_report("2026-11-20T23:30")  # the next day in Madrid
    found = ask(client, f"{DAY}&{BOX}&zoom=12")
    assert found["zone"] == "Europe/Madrid"
    assert len(found["edges"]) == len(found["names"]) + 1 == 97
    assert found["edges"][0] == found["from"] == utc("2026-11-19T23:00").timestamp()
    assert found["counts"]["jam"][4 * 9] == 1  # 9:05 there
    assert sum(found["counts"]["jam"]) == 1
    assert (found["before"], found["total"], found["cells"]) == (1, 2, None)
    assert found["reports"]["id"] == [before, jam]
    assert [found["kinds"][n] for n in found["reports"]["kind"]] == ["waste", "jam"]
    assert found["reports"]["ended"][0] == utc("2026-11-20T02:00").timestamp()
    assert "Nobody hears" not in str(found)
    assert "1 report began." in found["told"]
    assert "1 was there from before." in found["told"]


def test_a_members_own_zone_wins(signed_in: Callable[..., FlaskClient], make_report: Make) -> None:
    make_report("2026-11-20T23:30")
    ana = signed_in("ana", timezone="America/Mexico_City")
    assert ask(ana, f"{DAY}&{BOX}")["zone"] == "America/Mexico_City"
    assert ask(ana, f"{DAY}&{BOX}")["total"] == 1


def test_a_kind_alone(client: FlaskClient, make_report: Make) -> None:
    make_report("2026-11-20T08:05")
    make_report("2026-11-20T08:05", kind="waste")
    assert list(ask(client, f"{DAY}&{BOX}&kinds=waste")["counts"]) == ["waste"]
    assert ask(client, f"{DAY}&{BOX}&kinds=waste,jam")["total"] == 2
    assert ask(client, f"{DAY}&{BOX}&kinds=nonsense'")["total"] == 2


def test_what_is_withdrawn_is_gone_at_once(
    client: FlaskClient, session: Session, make_report: Make
) -> None:
    make_report("2026-11-20T08:05")
    assert ask(client, f"{DAY}&{BOX}")["total"] == 1
    session.execute(sa.update(Report).values(visibility="withdrawn"))
    session.commit()
    assert ask(client, f"{DAY}&{BOX}")["total"] == 0


@pytest.fixture
def small(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Four reports are many; nothing is kept from another test."""
    monkeypatch.setattr(lookback_pages, "MOST_POINTS", 3)
    monkeypatch.setattr(lookback_pages, "SAMPLE", 2)
    with app.app_context():
        store = cache.client()
        assert store is not None
        store.flushdb()


def test_of_many_there_are_exact_sums_and_a_sample(
    client: FlaskClient, session: Session, make_report: Make, small: None
) -> None:
    made = [make_report(f"2026-11-20T0{hour}:05") for hour in range(9)]
    found = ask(client, f"{DAY}&{BOX}&zoom=9")
    assert found["total"] == sum(found["counts"]["jam"]) == 9
    assert sum(cell[2] for cell in found["cells"]) == 9
    sampled = found["reports"]["id"]
    assert set(sampled) < set(made)
    assert f"a sample of {len(sampled)} of 9" in found["told"]
    # The sums are kept, but nothing that is not public any more is sent.
    session.execute(sa.update(Report).values(visibility="hidden"))
    session.commit()
    again = ask(client, f"{DAY}&{BOX}&zoom=9")
    assert again["total"] == 9
    assert again["reports"]["id"] == []


def test_without_redis_the_sums_are_made_anew(
    app: Flask,
    client: FlaskClient,
    make_report: Make,
    small: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(app.extensions, cache.EXTENSION, None)
    for hour in range(5):
        make_report(f"2026-11-20T0{hour}:05")
    assert ask(client, f"{DAY}&{BOX}")["total"] == 5
    make_report("2026-11-20T09:05")
    assert ask(client, f"{DAY}&{BOX}")["total"] == 6


def test_the_page_says_it_without_a_script(client: FlaskClient, make_report: Make) -> None:
    address = make_report("2026-11-20T08:05", text="A lorry across the lane", language="en")
    make_report("2026-11-20T16:10", kind="waste")
    page = client.get(f"/map/history?{DAY}&{BOX}").text
    assert page.count('class="bar"') == 96
    assert "2 reports began." in page
    assert f"/reports/{address}" in page
    assert "A lorry across the lane" in page
    assert page.count('<th scope="row">') == 2
    assert (
        "span=part&amp;from=2026-11-20T08:00Z&amp;to=2026-11-20T08:15Z".replace(":", "%3A") in page
    )
    assert "Times are those of" in page


def test_a_bar_leads_to_its_part(client: FlaskClient, make_report: Make) -> None:
    make_report("2026-11-20T08:05")
    make_report("2026-11-20T09:05")
    part = "span=part&from=2026-11-20T08:00Z&to=2026-11-20T08:15Z"
    found = ask(client, f"{part}&{BOX}&zone=Europe/Madrid")
    assert found["total"] == 1
    assert len(found["names"]) == 3
    page = client.get(f"/map/history?{part}&{BOX}&zone=Europe/Madrid").text
    assert "Fri, Nov 20, 9:00" in page
    assert 'value="2026-11-20T08:00Z"' in page


def test_an_empty_span_offers_the_nearest_day(client: FlaskClient, make_report: Make) -> None:
    make_report("2026-11-03T22:30")
    page = client.get(f"/map/history?{DAY}&{BOX}").text
    assert "Nothing was reported here then" in page
    assert "Tue, Nov 3, 2026" in page
    assert "day=2026-11-03" in page
    nowhere = client.get(f"/map/history?{DAY}&bbox=50,0,51,1").text
    assert "The nearest day" not in nowhere


@pytest.mark.parametrize(
    ("language", "told"),
    [("en", "Choose a day of the calendar"), ("es", "Elige un día del calendario")],
)
def test_what_cannot_be_is_told_beside_its_field(
    client: FlaskClient, language: str, told: str
) -> None:
    headers = {"Accept-Language": language}
    answer = client.get("/map/history?span=day&day=2026-02-30", headers=headers)
    assert answer.status_code == 422
    assert told in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert 'value="2026-02-30"' in answer.text
    script = client.get(
        "/map/history/data?span=day&day=x", headers={**headers, "Accept": "application/json"}
    )
    assert script.status_code == 422
    assert told in script.get_json()["errors"]["day"][0]
    assert client.get("/map/history?bbox=1,2,3", headers=headers).status_code == 422


def test_a_day_takes_few_questions(client: FlaskClient, make_report: Make) -> None:
    for minute in range(10, 40):
        make_report(f"2026-11-20T08:{minute}")
    with counted() as statements:
        ask(client, f"{DAY}&{BOX}")
    assert len(statements) <= 2, statements  # the time, the reports; the estimate is an EXPLAIN
    with counted() as statements:
        client.get(f"/map/history?{DAY}&{BOX}")
    assert len(statements) <= 6, statements


def test_the_map_leads_here_and_back(client: FlaskClient) -> None:
    assert 'href="/map/history"' in client.get("/").text
    assert 'href="/?kinds=jam"' in client.get("/map/history?kinds=jam").text
