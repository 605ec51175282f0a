"""`/map/changes`, for browsers that cannot have a stream."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from tests.factories import bulk
from tests.livemap.conftest import LiveSite
from ugc.core.db import Session
from ugc.core.render import asset
from ugc.livemap.queries import changes as livemap_changes
from ugc.livemap.rules import MOST_AT_ONCE
from ugc.reports.actions import life as reports_life_actions


@pytest.fixture
def web(live: LiveSite) -> FlaskClient:
    """A browser of the site whose transactions are real."""
    return live.app.test_client()


def cursor_of(web: FlaskClient) -> str:
    return str(web.get("/map/features?bbox=-4,40,-3,41").headers["Live-Cursor"])


def changes(web: FlaskClient, cursor: str, bbox: str = "-4,40,-3,41", **more: str) -> Any:
    query = {"bbox": bbox, "cursor": cursor, **more}
    answer = web.get("/map/changes", query_string=query)
    assert answer.status_code == 200, answer.text
    return answer.get_json()


def test_it_tells_what_the_stream_tells(live: LiveSite, web: FlaskClient) -> None:
    gone = live.post()
    cursor = cursor_of(web)
    stream = live.read("-4,40,-3,41", cursor=cursor)
    new = live.post(-3.6)
    live.post(-3.6, kind="waste")
    live.post(2.2, 41.4)
    live.act(reports_life_actions.close, gone, live.author, ...)
    stream.expect("gone", gone)
    told = changes(web, cursor)
    assert told["upserts"] == [each.data for each in stream.named("upsert")]
    assert told["gone"] == [gone]
    only = changes(web, cursor, kinds="jam")
    assert [each["properties"]["id"] for each in only["upserts"]] == [new]
    # The cursors are of one kind: each goes on from the other's.
    assert changes(web, told["cursor"])["upserts"] == []
    assert changes(web, stream.cursor)["upserts"] == []
    last = live.post(-3.5)
    assert last in live.read("-4,40,-3,41", cursor=told["cursor"]).ids("upsert")


def test_a_long_transaction_makes_nobody_look_anew(live: LiveSite, web: FlaskClient) -> None:
    """Another database's job, a backup: what ended since it began was told before."""
    with live.connect() as slow:
        slow.execute("SELECT pg_current_xact_id()")
        live.post_many(MOST_AT_ONCE + 1, -3.7, 0)
        stream = live.read("-4,40,-3,41", cursor=cursor_of(web))
        stream.expect("upsert", live.post(-3.6))


def test_nothing_new_is_answered_without_a_body(live: LiveSite, web: FlaskClient) -> None:
    cursor = cursor_of(web)
    query = {"bbox": "-4,40,-3,41", "cursor": cursor}
    first = web.get("/map/changes", query_string=query)
    tag = {"If-None-Match": first.headers["ETag"]}
    # What happens elsewhere moves the cursor, not the answer.
    live.post(2.2, 41.4)
    again = web.get("/map/changes", query_string=query, headers=tag)
    assert (again.status_code, again.data) == (304, b"")
    live.post()
    assert web.get("/map/changes", query_string=query, headers=tag).status_code == 200


def test_who_is_suspended_hears_that_it_is_over(
    session: Session, signed_in: Callable[..., FlaskClient]
) -> None:
    browser = signed_in("bad")
    query = {"bbox": "-4,40,-3,41", "cursor": cursor_of(browser)}
    assert browser.get("/map/changes", query_string=query).status_code == 200
    session.execute(sa.text("UPDATE members SET suspended_until = app_now() + interval '1 day'"))
    session.commit()
    assert browser.get("/map/changes", query_string=query).status_code == 403


def test_an_unfinished_transaction_is_told_later(live: LiveSite, web: FlaskClient) -> None:
    report = live.post()
    cursor = cursor_of(web)
    with live.connect() as slow:
        slow.execute(
            "UPDATE subjects SET changed_txid = pg_current_xact_id() WHERE public_id = %s",
            (report,),
        )
        other = live.post(-3.5)
        told = changes(web, cursor)
        assert [each["properties"]["id"] for each in told["upserts"]] == [other]
        slow.commit()
    ids = [each["properties"]["id"] for each in changes(web, told["cursor"])["upserts"]]
    assert ids == [report]


@pytest.mark.parametrize("cursor", ["", "nonsense", "ff.1:1:.1764000000000"])
def test_a_cursor_that_leads_nowhere(web: FlaskClient, cursor: str) -> None:
    assert changes(web, cursor) == {"resync": True, "cursor": None}


def test_a_bad_box_says_what_to_send(web: FlaskClient) -> None:
    answer = web.get("/map/changes?bbox=1,2", headers={"Accept": "application/json"})
    assert answer.status_code == 422


def test_the_page_says_where_the_stream_is(live: LiveSite, web: FlaskClient) -> None:
    page = web.get("/")
    assert 'data-live="http://127.0.0.1:5"' in page.text
    assert "connect-src 'self' http://127.0.0.1:5;" in page.headers["Content-Security-Policy"]
    assert asset("map.js") in page.text


def test_the_feed_is_read_by_its_indexes(session: Session) -> None:
    bulk.reports_by_minute(session, 10_000)
    now = livemap_changes.cursor_now(session)
    values = {"since": str(now.snapshot), "at": now.at, "most": 10}
    rows = session.connection().exec_driver_sql("EXPLAIN " + livemap_changes.CHANGES, values)
    plan = "\n".join(row[0] for row in rows)
    assert "ix_subjects_feed" in plan
    assert "ix_reports_open_expires_at" in plan
