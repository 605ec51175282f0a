"""The product as `ugc serve` starts it: forms cut off, built files, workers killed and stopped."""

from __future__ import annotations

import gzip
import json
import os
import re
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import pytest
from flask import Flask

from tests.databases import make_database
from tests.factories.committed import committed
from tests.factories.members import PASSWORD
from tests.front.conftest import Server, product, read_all, until
from tests.livemap.conftest import LiveSite, made_site
from ugc.config import ROOT
from ugc.core import subjects
from ugc.front.bounds import Bounds
from ugc.referrals.models import ReferralLink

BUILD = ROOT / "static" / "build"
MANIFEST = BUILD / "manifest.json"
BROWSER = "User-Agent: Mozilla/5.0 (X11; Linux x86_64) Firefox/128.0"


@dataclass
class Product:
    """The web server, and the database behind it."""

    web: Server
    site: LiveSite

    def count(self, table: str) -> int:
        return int(self.site.sql(f"SELECT count(*) FROM {table}")[0][0])

    def form(self, path: str, cookie: str, **fields: str) -> tuple[str, bytes]:
        """(cookies, body): what a browser sends that was shown the form at `path`."""
        head, page = self.web.get(path, f"Cookie: {cookie}")
        cookies = dict([cookie.split("=", 1)] if cookie else [])
        for name, value in re.findall(rb"(?i)set-cookie: ([^=]+)=([^;\r]+)", head):
            cookies[name.decode()] = value.decode()
        hidden = re.findall(rb'name="(csrf_token|idempotency_key)" value="([^"]+)"', page)
        known = {name.decode(): value.decode() for name, value in hidden}
        sent = "; ".join(f"{name}={value}" for name, value in cookies.items())
        return sent, urlencode({**known, **fields}).encode()


@contextmanager
def whole(app: Flask, database: str, folder: Path) -> Iterator[Product]:
    with (
        made_site(app, database, str(folder)) as site,
        product(database, folder, VISIT_BATCH_S="5", SITE_URL=site.environment["SITE_URL"]) as web,
    ):
        yield Product(web, site)


@pytest.fixture(scope="module")
def running(
    app: Flask, worker_id: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Product]:
    """Tests do not stop it: they run in any order."""
    database = make_database(f"test_server_{worker_id}")
    with whole(app, database, tmp_path_factory.mktemp("server")) as found:
        yield found


FORMS = {
    "/join": (
        "/join", "members",
        {"handle": "cutoff", "email": "cutoff@example.org", "password": PASSWORD,
         "timezone": "UTC"},
    ),
    "/reports/new": (
        "/reports", "reports", {"kind": "waste", "lon": "1.5", "lat": "41.5", "text": "Half."},
    ),
    "/places/new": (
        "/places", "places",
        {"name": "Bar Half", "category": "cafe", "lon": "1.5", "lat": "41.5"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("framing", ["Content-Length", "chunked"])
@pytest.mark.parametrize("form", FORMS)
def test_a_form_cut_off_midway_changes_nothing(running: Product, form: str, framing: str) -> None:
    """What came would do for the form; its end did not come. Sent whole, it is taken."""
    path, table, fields = FORMS[form]
    signed_in = "" if form == "/join" else running.site.cookie(running.site.author)["Cookie"]
    cookies, body = running.form(form, signed_in, **fields)
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{running.web.port}\r\nCookie: {cookies}\r\n"
        "Connection: close\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    )
    before = running.count(table)
    with running.web.connect() as connection:
        if framing == "chunked":
            sent = f"{head}Transfer-Encoding: chunked\r\n\r\n{len(body):x}\r\n".encode() + body
            connection.sendall(sent + b"\r\n")
        else:
            more = len(body) + 100
            connection.sendall(f"{head}Content-Length: {more}\r\n\r\n".encode() + body)
        # The end of what is sent; an answer could be read still.
        connection.shutdown(socket.SHUT_WR)
        assert read_all(connection) == b""
    assert running.count(table) == before
    if framing == "Content-Length":
        whole = f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
        answer = running.web.raw(whole)
        assert answer.split(b" ", 2)[1] in (b"303", b"201"), answer
        assert running.count(table) == before + 1


def test_built_files_are_compressed_kept_and_asked_for_once(running: Product) -> None:
    name = json.loads(MANIFEST.read_text(encoding="utf-8"))["main.css"]
    path, text = f"/static/build/{name}", (BUILD / name).read_bytes()
    head, body = running.web.get(path)
    assert (body, b"content-encoding" in head) == (text, False)
    head, body = running.web.get(path, "Accept-Encoding: gzip")
    assert gzip.decompress(body) == text
    head, body = running.web.get(path, "Accept-Encoding: gzip, deflate, br")
    assert body == Path(f"{BUILD / name}.br").read_bytes()
    assert len(body) < len(text) / 3
    for line in (
        b"content-encoding: br", b"vary: Accept-Encoding", b"x-content-type-options: nosniff",
        b"content-type: text/css; charset=utf-8",
        b"cache-control: public, max-age=31536000, immutable",
    ):  # fmt: skip
        assert line in head
    etag = re.search(rb"etag: (\S+)", head)[1].decode()  # type: ignore[index]
    head, body = running.web.get(path, "Accept-Encoding: br", f"If-None-Match: {etag}")
    assert (b" 304 " in head, body) == (True, b"")
    head, body = running.web.get(path, method="HEAD")
    assert (f"content-length: {len(text)}".encode() in head, body) == (True, b"")
    for wrong in ("/static/build/../../etc/passwd", "/static/build/%2e%2e/manifest.json",
                  "/static/build/missing.js"):  # fmt: skip
        assert b" 404 " in running.web.get(wrong)[0]


def test_every_text_of_the_build_is_there_compressed() -> None:
    files = set(json.loads(MANIFEST.read_text(encoding="utf-8")).values())
    texts = [f for f in files if f.endswith((".js", ".css", ".svg"))]
    texts = [f for f in texts if (BUILD / f).stat().st_size > 500]
    assert len(texts) > 10
    for name in texts:
        assert (BUILD / f"{name}.br").exists(), name
        assert gzip.decompress((BUILD / f"{name}.gz").read_bytes()) == (BUILD / name).read_bytes()


def test_the_basemap_is_sent_in_ranges(running: Product) -> None:
    name = json.loads(MANIFEST.read_text(encoding="utf-8"))["basemap.pmtiles"]
    head, body = running.web.get(f"/basemap/{name}", "Range: bytes=10-19")
    assert b" 206 " in head
    assert body == (BUILD / name).read_bytes()[10:20]
    assert running.web.get(f"/basemap/{name}")[1] == (BUILD / name).read_bytes()


def test_what_the_front_refuses_speaks_the_reader_s_language(running: Product) -> None:
    for language, text in (("es-ES,en", "demasiado"), ("en", "too large"), ("fr", "too large")):
        with running.web.connect() as connection:
            connection.sendall(
                f"POST /join HTTP/1.1\r\nHost: x\r\nAccept-Language: {language}\r\n"
                f"Content-Length: {Bounds.body + 1}\r\nExpect: 100-continue\r\n\r\n".encode()
            )
            told = connection.recv(65536).decode()
            while "</main>" not in told:
                told += connection.recv(65536).decode()
        assert told.startswith("HTTP/1.1 413 ")
        assert text in told


def test_https_is_kept_for_static_files_and_pages(worker_id: str, tmp_path: Path) -> None:
    name = json.loads(MANIFEST.read_text(encoding="utf-8"))["main.css"]
    database = make_database(f"test_https_{worker_id}")
    with product(
        database, tmp_path, SITE_URL="https://boca.example", HSTS_SUBDOMAINS="yes", PROXY_HOPS="1"
    ) as web:
        for path in (f"/static/build/{name}", "/about"):
            head, _ = web.get(path)
            assert b"strict-transport-security: max-age=31536000; includeSubDomains" in head


@pytest.fixture
def stopping(app: Flask, worker_id: str, tmp_path: Path) -> Iterator[Product]:
    with whole(app, make_database(f"test_stopping_{worker_id}"), tmp_path) as found:
        yield found


def test_visits_that_wait_are_counted_when_the_server_stops(stopping: Product) -> None:
    [(owner,)] = stopping.site.sql("SELECT id FROM members WHERE handle = 'author'")
    with committed(stopping.site.environment["DATABASE_URL"]) as session:
        site_id = subjects.site(session).id
        session.add(ReferralLink(code="stopping", owner_id=owner, subject_id=site_id))
    assert b" 302 " in stopping.web.get("/r/stopping", BROWSER)[0]
    assert stopping.count("visits") == 0  # it waits for more
    stopping.web.process.send_signal(signal.SIGTERM)
    assert stopping.web.process.wait(30) == 0
    assert stopping.count("visits") == 1


def test_a_killed_worker_does_not_take_the_site_with_it(database_url: str, tmp_path: Path) -> None:
    with product(database_url, tmp_path) as web:
        [before] = web.workers()
        os.kill(before, signal.SIGKILL)
        until(lambda: web.workers() not in ([], [before]))
        until(web.is_up)
