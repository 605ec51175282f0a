"""A Nominatim-compatible service by setting, and what happens when it is away."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from ugc.core import cache
from ugc.core.db import Session

GRAN_VIA = {"display_name": "Gran Vía 28, Madrid", "lon": "-3.7019", "lat": "40.4200"}


class Nominatim(HTTPServer):
    """Answers what it is told to, and keeps what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[tuple[dict[str, list[str]], str]] = []
        self.body: bytes = json.dumps([GRAN_VIA, {"display_name": "broken"}]).encode()
        self.status = 200


class Handler(BaseHTTPRequestHandler):
    server: Nominatim

    def do_GET(self) -> None:
        query = parse_qs(urlsplit(self.path).query)
        self.server.asked.append((query, self.headers["User-Agent"]))
        self.send_response(self.server.status)
        self.end_headers()
        self.wfile.write(self.server.body)

    def log_message(self, *_args: Any) -> None:
        """Tests are quiet."""


@pytest.fixture
def service(app: Flask, session: Session) -> Iterator[Nominatim]:
    store = cache.client()
    assert store is not None
    store.flushdb()
    server = Nominatim()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    before = app.config["GEOCODER_URL"]
    app.config["GEOCODER_URL"] = f"http://127.0.0.1:{server.server_port}"
    yield server
    app.config["GEOCODER_URL"] = before
    server.shutdown()
    server.server_close()


def names(client: FlaskClient, text: str) -> list[str]:
    answer = client.get("/geo/search", query_string={"q": text}, headers={"Accept-Language": "es"})
    return [result["name"] for result in answer.get_json()["results"]]


def test_streets_are_found_and_the_answer_is_kept(client: FlaskClient, service: Nominatim) -> None:
    assert names(client, "gran vía 28") == ["Gran Vía 28, Madrid"]
    assert names(client, "gran vía 28") == ["Gran Vía 28, Madrid"]
    [(query, agent)] = service.asked
    assert query["q"] == ["gran vía 28"]
    assert query["accept-language"] == ["es"]
    assert agent.startswith("Boca (http")


def test_a_report_may_be_at_an_address(
    session: Session, signed_in: Any, service: Nominatim
) -> None:
    form = {"kind": "jam", "place_name": "Gran Vía 28"}
    assert signed_in("ana").post("/reports", data=form).status_code == 303
    lon = session.scalar(sa.text("SELECT ST_X(geom) FROM reports"))
    assert lon == pytest.approx(-3.7019)


def test_one_question_a_second(client: FlaskClient, service: Nominatim) -> None:
    names(client, "gran vía 28")
    assert names(client, "madrid") == ["Madrid"]
    assert len(service.asked) == 1


@pytest.mark.parametrize(
    ("status", "body"),
    [(500, b"[]"), (200, b"<html>"), (200, b'{"error": 1}'), (200, b"[" + b" " * 300_000 + b"]")],
)
def test_when_it_fails_the_bundled_cities_remain(
    client: FlaskClient, service: Nominatim, status: int, body: bytes
) -> None:
    service.status, service.body = status, body
    assert names(client, "Barcelona") == ["Barcelona"]


def test_when_it_is_away_the_bundled_cities_remain(
    app: Flask, client: FlaskClient, service: Nominatim
) -> None:
    app.config["GEOCODER_URL"] = "http://127.0.0.1:9"
    assert names(client, "Barcelona") == ["Barcelona"]
