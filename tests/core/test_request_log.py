"""One line for each request, its id everywhere, and nothing personal in it."""

from __future__ import annotations

import functools
import json
import logging
import re
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Map

from ugc.config import ConfigError, load
from ugc.core import requestlog, tracing
from ugc.core.db import Session

SECRET = "s3cretT0kenOfAPerson"
AGENT = "AgentOfAPerson/1.0"
LINE = re.compile(r"method=\w+ route=\S+ status=\d{3} ms=\d+ bytes=\d+")


def addresses(rules: Map) -> list[tuple[str, str]]:
    """(method, path with secrets in each part) of every rule."""
    found = []
    for rule in rules.iter_rules():
        path = re.sub(r"<(int|float):[^>]+>", "918273645", rule.rule)
        path = re.sub(r"<[^>]+>", SECRET, path)
        found += [(method, path) for method in sorted(rule.methods or ()) if method != "OPTIONS"]
    return sorted(found)


def test_no_line_of_any_rule_holds_anything_of_a_person(
    app: Flask, session: Session, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "ugc")
    browser = app.test_client()
    asked = [*addresses(app.url_map), ("GET", f"/confirm/{SECRET}/more"), ("GET", f"/{SECRET}")]
    for method, path in asked:
        browser.open(
            f"{path}?token={SECRET}&lat=40.4183",
            method=method,
            buffered=True,  # closes the answer, as a server does
            data={"email": f"{SECRET}@example.org"} if method == "POST" else None,
            headers={"User-Agent": AGENT, "X-Forwarded-For": "203.0.113.77", "Cookie": SECRET},
        )
    lines = [each.getMessage() for each in caplog.records if each.name == "ugc.request"]
    assert len(lines) == len(asked)
    assert not [line for line in lines if not LINE.fullmatch(line)]
    # The lines of the log beside those, too.
    for personal in (SECRET, "918273645", AGENT, "203.0.113.77", "127.0.0.1", "40.4183"):
        assert personal.lower() not in caplog.text.lower(), personal
    assert any("route=/confirm/<token> " in line for line in lines)


def test_an_exception_is_logged_without_the_path(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    endpoint, _ = app.url_map.bind("").match(f"/confirm/{SECRET}")

    @functools.wraps(app.view_functions[endpoint])  # with its access mark
    def broken(**_arguments: Any) -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setitem(app.view_functions, endpoint, broken)
    monkeypatch.setitem(app.config, "PROPAGATE_EXCEPTIONS", False)
    answer = client.get(f"/confirm/{SECRET}", buffered=True)
    assert answer.status_code == 500
    assert "exception at /confirm/<token> [GET]" in caplog.text
    assert "status=500" in caplog.text
    assert SECRET not in caplog.text
    assert answer.headers["X-Request-ID"] in answer.text


@pytest.mark.parametrize(
    ("given", "hops", "taken"),
    [
        ("0a1b2c3d-proxy.id_1", 1, True),
        ("0a1b2c3d-proxy.id_1", 0, False),
        ("short", 1, False),
        ("x" * 65, 1, False),
        ("an id with=blanks", 1, False),
    ],
)
def test_an_id_of_a_trusted_proxy_is_taken_when_it_is_well_formed(
    given: str, hops: int, taken: bool
) -> None:
    got: list[Any] = []

    def app(_environ: Any, start: Callable[..., Any]) -> list[bytes]:
        got.append(tracing.current())
        start("200 OK", [("X-Request-ID", "the view's")])
        return [b""]

    def start(_status: str, headers: list[tuple[str, str]], _error: Any = None) -> None:
        got.extend(value for name, value in headers if name == "X-Request-ID")

    requestlog.RequestLog(app, hops)({"HTTP_X_REQUEST_ID": given}, start)
    assert (got == [given] * 2) is taken
    assert len(set(got)) == 1
    assert tracing.current() is None


def test_jobs_and_problems_hold_the_id_of_their_request(
    signed_in: Callable[..., FlaskClient], session: Session
) -> None:
    ana = signed_in("ana")
    form = {"kind": "jam", "lat": "40.42", "lon": "-3.70", "text": "Slow."}
    answer = ana.post("/reports", data=form)
    assert answer.status_code == 303
    ids = session.scalars(sa.text("SELECT args->>'_request' FROM procrastinate_jobs")).all()
    assert answer.headers["X-Request-ID"] in ids
    refused = ana.get("/members/nobody-at-all", headers={"Accept": "application/json"})
    assert refused.headers["X-Request-ID"]


def test_json_lines() -> None:
    record = logging.LogRecord("ugc.request", logging.INFO, "", 0, "%s", ("text",), None)
    record.facts = {"route": "/confirm/<token>", "status": 200}
    with tracing.following("0123456789abcdef"):
        requestlog.WithRequest().filter(record)
    line = json.loads(requestlog.Json().format(record))
    assert (line["request"], line["route"], line["status"], line["level"]) == (
        "0123456789abcdef", "/confirm/<token>", 200, "info",
    )  # fmt: skip
    assert "message" not in line


@pytest.mark.parametrize("setting", ["LOG_LEVEL", "LOG_FORMAT"])
def test_settings_that_cannot_be(setting: str) -> None:
    with pytest.raises(ConfigError, match=setting):
        load({"DATABASE_URL": "postgresql://localhost/x", setting: "loud"})
