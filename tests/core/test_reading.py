"""A request that reads costs one round trip a statement, and finds a lost connection first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from ugc.config import libpq_url
from ugc.core.db import ReadOnly, db
from ugc.core.subjects import Subject


@pytest.fixture
def engine(app: Flask) -> Iterator[sa.Engine]:
    """The application's own pool, as in production; nothing is written."""
    with app.app_context():
        engine = db.engine
    engine.dispose()
    yield engine
    engine.dispose()


def statuses(engine: sa.Engine, ask: Callable[[], Any]) -> list[str]:
    """In which state of its transaction the connection is after each statement."""
    seen = []

    def note(_conn: Any, cursor: Any, *_rest: Any) -> None:
        seen.append(cursor.connection.info.transaction_status.name)

    sa.event.listen(engine, "after_cursor_execute", note)
    try:
        ask()
    finally:
        sa.event.remove(engine, "after_cursor_execute", note)
    return seen


@pytest.mark.parametrize("method", ["get", "head", "options"])
def test_a_request_that_reads_has_no_transaction(
    app: Flask, engine: sa.Engine, method: str
) -> None:
    browser = FlaskClient(app, app.response_class)
    seen = statuses(engine, lambda: getattr(browser, method)("/places"))
    assert set(seen) == ({"IDLE"} if method != "options" else set())


def test_one_that_may_write_has_one_on_the_same_connection(app: Flask, engine: sa.Engine) -> None:
    browser = FlaskClient(app, app.response_class)
    browser.get("/places")
    form = {"email": "nobody@example.org", "password": "wrong wrong wrong"}
    seen = statuses(engine, lambda: browser.post("/sign-in", data=form))
    assert "INTRANS" in seen
    assert set(statuses(engine, lambda: browser.get("/places"))) == {"IDLE"}


def test_a_view_of_a_safe_method_cannot_write(app: Flask, engine: sa.Engine) -> None:
    with app.test_request_context("/about"):
        with pytest.raises(ReadOnly):
            db.session.execute(sa.insert(Subject).values(kind="place", public_id="never"))
        db.session.add(Subject(kind="place", public_id="never"))
        with pytest.raises(ReadOnly):
            db.session.flush()
        db.session.rollback()
    with app.test_request_context("/about", method="POST"):
        db.session.execute(sa.insert(Subject).values(kind="place", public_id="never"))
        db.session.rollback()


def end_all(app: Flask) -> int:
    """Ends every connection of the pool, as a server that starts again does; how many."""
    with psycopg.connect(libpq_url(str(app.config["SQLALCHEMY_DATABASE_URI"]))) as other:
        ended = other.execute(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND state = 'idle' AND backend_type = 'client backend'"
        ).fetchall()
    return len(ended)


@pytest.mark.parametrize("method", ["get", "post"])
def test_lost_connections_are_opened_again(app: Flask, engine: sa.Engine, method: str) -> None:
    browser = FlaskClient(app, app.response_class)
    assert browser.get("/places").status_code == 200
    assert end_all(app) >= 1
    form = {"email": "nobody@example.org", "password": "wrong wrong wrong"}
    answer = browser.get("/places") if method == "get" else browser.post("/sign-in", data=form)
    assert answer.status_code == (200 if method == "get" else 422)


def test_a_connection_that_lay_unused_is_asked(
    app: Flask, engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = FlaskClient(app, app.response_class)
    browser.get("/places")
    asked: list[object] = []
    ping = engine.dialect.do_ping
    monkeypatch.setattr(engine.dialect, "do_ping", lambda c: asked.append(c) or ping(c))
    browser.get("/places")
    assert asked == []  # used a moment ago
    monkeypatch.setattr("ugc.core.db.UNUSED_S", 0.0)
    browser.get("/places")
    assert len(asked) >= 1
    # A network that drops packets answers nothing.
    monkeypatch.setattr(engine.dialect, "do_ping", lambda c: False)
    assert browser.get("/places").status_code == 200
