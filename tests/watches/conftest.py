"""People who watch, and the clock that moves for them."""

from __future__ import annotations

import datetime as dt
import json
import threading
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import http_ece
import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from flask import Flask
from flask.testing import FlaskClient

from ugc.accounts.models import Member
from ugc.core import jobs, push
from ugc.core.db import Session
from ugc.notifications.models import Notification
from ugc.watches.models import Watch

Browser = Callable[..., FlaskClient]
REPORT = {"kind": "jam", "lat": "40.42", "lon": "-3.70", "text": "Slow from the roundabout on."}
AREA = {
    "shape": "area",
    "how": "circle",
    "name": "Round my home",
    "lat": "40.42",
    "lon": "-3.70",
    "radius_km": "5",
}


@pytest.fixture
def at(session: Session) -> Iterator[Callable[[dt.datetime], None]]:
    """Sets the application's clock, within this test."""

    def move(moment: dt.datetime) -> None:
        real = session.scalar(sa.text("SELECT now()"))
        offset = f"{(moment - real).total_seconds()} seconds"
        session.execute(sa.text("SELECT set_config('boca.clock_offset', :o, true)"), {"o": offset})
        # Whatever the clock says, whoever is signed in stays it, and long-standing members are so.
        session.execute(
            sa.text("UPDATE member_sessions SET expires_at = app_now() + interval '9 days'")
        )
        session.expire_all()

    yield move
    session.execute(sa.text("SELECT set_config('boca.clock_offset', '', true)"))


@pytest.fixture
def count_queries(session: Session) -> Callable[[], AbstractContextManager[list[str]]]:
    """`with count_queries() as asked:` the statements of the block."""

    @contextmanager
    def counting() -> Iterator[list[str]]:
        asked: list[str] = []
        engine = session.connection().engine

        def note(_conn: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            if "SAVEPOINT" not in statement:
                asked.append(statement)

        sa.event.listen(engine, "before_cursor_execute", note)
        try:
            yield asked
        finally:
            sa.event.remove(engine, "before_cursor_execute", note)

    return counting


@pytest.fixture
def watcher(signed_in: Browser) -> Browser:
    """A browser of a new member with a watch."""

    def make(handle: str, *, watch: dict[str, Any] | None = None, **values: Any) -> FlaskClient:
        browser = signed_in(handle, **values)
        answer = browser.post("/watching", data={**AREA, **(watch or {})})
        assert answer.status_code == 303, answer.text
        return browser

    return make


@pytest.fixture
def run(session: Session, run_jobs: Callable[[], int]) -> Callable[[str], None]:
    """Runs one of the scheduled jobs, and those that it gives rise to."""

    def start(name: str) -> None:
        jobs.registry[name].run(session)
        run_jobs()

    return start


def member(session: Session, handle: str) -> Member:
    return session.scalars(sa.select(Member).where(Member.handle == handle)).one()


def only_watch(session: Session) -> Watch:
    session.expire_all()
    return session.scalars(sa.select(Watch)).one()


def told(session: Session, handle: str) -> list[str]:
    """What somebody's inbox holds of what they watch, oldest first."""
    kinds = session.scalars(
        sa.select(Notification.kind)
        .where(
            Notification.member_id == member(session, handle).id,
            Notification.kind.like("news%"),
        )
        .order_by(Notification.id)
    )
    return [kind.removeprefix("news_") for kind in kinds]


Clock = Callable[[dt.datetime], None]


# A Wednesday; in Madrid it is two hours later.
NOON = dt.datetime(2027, 6, 9, 10, 0, tzinfo=dt.UTC)


@pytest.fixture
def letters(app: Flask) -> Callable[[], list[EmailMessage]]:
    """The mails sent so far; empties the folder."""

    def read() -> list[EmailMessage]:
        found = []
        for path in sorted((Path(app.config["DATA_DIR"]) / "mail").glob("*.eml")):
            found.append(message_from_bytes(path.read_bytes(), policy=policy.default))
            path.unlink()
        return found  # type: ignore[return-value]

    read()
    return read


Letters = Callable[[], list[EmailMessage]]


def report(mod: FlaskClient, number: int) -> str:
    """A new one, far enough from the others, within the watch."""
    lat = 40.40 + number * 0.01
    answer = mod.post("/reports", data={**REPORT, "kind": "roadworks", "lat": f"{lat:.3f}"})
    assert answer.status_code == 303, answer.text
    return str(answer.location)


Browser = Callable[..., FlaskClient]


AUTH = b"sixteen bytes :)"


def text(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


@dataclass
class Service:
    """What it was sent, as the browser reads it; `status` is what it answers."""

    url: str = ""
    status: int = 201
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    payloads: list[dict[str, str]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    def subscription(self, path: str = "/push/1") -> dict[str, object]:
        point = self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return {
            "endpoint": self.url + path,
            "keys": {"p256dh": text(point), "auth": text(AUTH)},
        }


@pytest.fixture
def service() -> Iterator[Service]:
    kept = Service()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            kept.headers.append({k.lower(): v for k, v in self.headers.items()})
            kept.payloads.append(
                json.loads(http_ece.decrypt(body, private_key=kept.key, auth_secret=AUTH))
            )
            self.send_response(kept.status)
            if kept.status == 302:
                self.send_header("Location", f"{kept.url}/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    kept.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield kept
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def pushes_on(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.config, "VAPID_PRIVATE_KEY", push.new_key())
    monkeypatch.setitem(app.config, "VAPID_CONTACT", "mailto:push@example.org")


@pytest.fixture
def unguarded(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets this test's own server be pushed to: it has a private address."""
    monkeypatch.setitem(app.config, "PUSH_UNGUARDED", True)


@pytest.fixture
def pushed(
    watcher: Browser, service: Service, unguarded: None, at: Clock
) -> Callable[..., FlaskClient]:
    """Somebody who watches, in a browser that is pushed to."""

    def make(handle: str, **values: object) -> FlaskClient:
        at(NOON)
        browser = watcher(handle, **values)
        answer = browser.post("/browsers", json=service.subscription())
        assert answer.status_code == 201, answer.text
        return browser

    return make
