"""Whether this installation does its work: database, migrations, worker, jobs, mail, disk, Redis.

`/readyz` and `ugc health` ask here. A part is `ok`, `degraded` (pages answer, something else does
not) or `failed` (pages cannot be answered). Answers are kept for moments and bounded in time, also
where a database or a mail server takes a connection and says nothing. Strangers read the names of
parts only; decisions/0027 says what is fatal."""

from __future__ import annotations

import enum
import errno
import functools
import logging
import os
import re
import shutil
import smtplib
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import orjson
import psycopg
import redis
from flask import Flask, current_app

from ugc.config import ROOT, libpq_url
from ugc.core.jobs import Priority

log = logging.getLogger(__name__)
EXTENSION = "boca_health"
KEPT_S = 2.0
MAIL_KEPT_S = 30.0  # a mail server is not asked more often
BOUND_S = 3.0  # what did not answer by then is taken for broken
BEAT_S = 30  # three heartbeats of a worker
ROOM = 1 << 30  # bytes: the spool of uploads may need 900 MB
# Seconds that the oldest due job may be old. Jobs of one thing wait for one another, through all
# attempts of the first.
LATE_S = {
    Priority.PERSON: 60,
    Priority.PREPARE: 180,
    Priority.FOLLOW: 600,
    Priority.SEND: 900,
    Priority.BULK: 3600,
}


class State(enum.StrEnum):
    OK = "ok"
    DEGRADED = "degraded"
    FAILED = "failed"


@dataclass(frozen=True)
class Part:
    """`detail` is for the operator alone."""

    name: str
    state: State
    detail: str = ""


@dataclass(frozen=True)
class Report:
    parts: tuple[Part, ...]

    def named(self, state: State) -> list[str]:
        return [part.name for part in self.parts if part.state is state]

    @property
    def state(self) -> State:
        for state in (State.FAILED, State.DEGRADED):
            if self.named(state):
                return state
        return State.OK

    def answer(self, *, strict: bool = False) -> tuple[int, bytes]:
        """Status and JSON of `/readyz`; `strict` makes a degraded part 503 too."""
        bad = (State.FAILED, State.DEGRADED) if strict else (State.FAILED,)
        body = {
            "ready": self.state is not State.FAILED,
            "failed": self.named(State.FAILED),
            "degraded": self.named(State.DEGRADED),
        }
        return 503 if self.state in bad else 200, orjson.dumps(body) + b"\n"


def _part(name: str, good: bool, detail: str, otherwise: State = State.DEGRADED) -> Part:
    return Part(name, State.OK if good else otherwise, detail)


# the database -------------------------------------------------------------------------------

Connection = psycopg.Connection[Any]


@functools.cache
def migrations() -> tuple[str, frozenset[str]]:
    """The newest migration of this release, and all of them."""
    known, earlier = set[str](), set[str]()
    for file in (ROOT / "migrations" / "versions").glob("*.py"):
        text = file.read_text(encoding="utf-8")
        for name, into in (("revision", known), ("down_revision", earlier)):
            if found := re.search(rf"^{name}\b[^=\n]*= ['\"](\w+)", text, re.MULTILINE):
                into.add(found[1])
    [head] = known - earlier
    return head, frozenset(known)


def _migrated(connection: Connection) -> Part:
    """A revision that this release does not know is of a newer one, which works beside it."""
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    at = str(row[0]) if row else "none"
    head, known = migrations()
    good = at == head or (row is not None and at not in known)
    return _part("migrations", good, f"at {at}, this release needs {head}", State.FAILED)


def _worker(connection: Connection) -> Part:
    row = connection.execute(
        "SELECT extract(epoch FROM now() - max(last_heartbeat))::float FROM procrastinate_workers"
    ).fetchone()
    age = row[0] if row else None
    said = "no worker ever ran" if age is None else f"last heartbeat {age:.0f} s ago"
    return _part("worker", age is not None and age <= BEAT_S, said)


def _jobs(connection: Connection) -> Part:
    """The oldest of the first 200 due jobs of each priority, by when they became due."""
    late = []
    for priority, limit in LATE_S.items():
        row = connection.execute(
            "SELECT extract(epoch FROM now() - min(due))::float FROM (SELECT COALESCE(scheduled_at,"
            " (SELECT max(at) FROM procrastinate_events e WHERE e.job_id = j.id"
            " AND e.type IN ('deferred', 'deferred_for_retry', 'retried'))) AS due"
            " FROM procrastinate_jobs j WHERE status = 'todo' AND priority = %s"
            " AND (scheduled_at IS NULL OR scheduled_at <= now()) ORDER BY id LIMIT 200) oldest",
            (int(priority),),
        ).fetchone()
        if row and row[0] is not None and row[0] > limit:
            late.append(f"{priority.name.lower()} {row[0]:.0f} s (of {limit})")
    return _part("jobs", not late, "oldest due: " + (", ".join(late) or "in time"))


def _failed_jobs(connection: Connection) -> Part:
    row = connection.execute(
        "SELECT count(*) FROM (SELECT FROM procrastinate_jobs WHERE status = 'failed' LIMIT 1000) f"
    ).fetchone()
    count = row[0] if row else 0
    return _part("failed_jobs", not count, f"{count} failed for good, see `ugc jobs`")


IN_DATABASE: dict[str, tuple[Callable[[Connection], Part], State]] = {
    "migrations": (_migrated, State.FAILED),
    "worker": (_worker, State.DEGRADED),
    "jobs": (_jobs, State.DEGRADED),
    "failed_jobs": (_failed_jobs, State.DEGRADED),
}


def in_database(connection: Connection) -> list[Part]:
    """Asks one thing after the other; what a lock keeps back is said of that part alone."""
    parts = [Part("database", State.OK, "answers")]
    for name, (ask, otherwise) in IN_DATABASE.items():
        try:
            parts.append(ask(connection))
        except psycopg.OperationalError as error:  # a lock, or the connection went away
            if connection.broken:
                raise
            parts.append(Part(name, otherwise, _said(error)))
        except psycopg.ProgrammingError as error:  # a table that no migration made yet
            parts.append(Part(name, otherwise, _said(error)))
    return parts


def _said(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0] if lines else ''}"


def _database(settings: Mapping[str, Any]) -> list[Part]:
    """On a connection of its own: those of requests may all be waiting."""
    url = libpq_url(str(settings["SQLALCHEMY_DATABASE_URI"]))
    try:
        with psycopg.connect(
            url, autocommit=True, connect_timeout=2, application_name="ugc health",
            options="-c timezone=UTC -c lock_timeout=300ms -c statement_timeout=1s",
        ) as connection:  # fmt: skip
            return in_database(connection)
    except psycopg.Error as error:
        return [Part("database", State.FAILED, _said(error))]


# beside it ----------------------------------------------------------------------------------


def _mail(settings: Mapping[str, Any]) -> list[Part]:
    """Whether mail can be handed over: the server greets and takes a command, or the folder can be
    written. It signs in nowhere and sends nothing."""
    url = urlsplit(str(settings["MAIL_URL"]))
    try:
        if url.scheme == "file":
            _write_in(Path(unquote(url.path)))
        else:
            kind = smtplib.SMTP_SSL if url.scheme == "smtps" else smtplib.SMTP
            port = url.port or (465 if url.scheme == "smtps" else 587)
            with kind(url.hostname or "localhost", port, timeout=BOUND_S - 1) as client:
                client.ehlo_or_helo_if_needed()
    except (OSError, smtplib.SMTPException) as error:
        return [Part("mail", State.DEGRADED, _said(error))]
    return [Part("mail", State.OK, f"{url.scheme}: can be handed over")]


def _write_in(folder: Path) -> None:
    """Writes and deletes a file. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder) as file:
        file.write(b"\0" * 4096)
        file.flush()
        os.fsync(file.fileno())


def _disk(settings: Mapping[str, Any]) -> list[Part]:
    try:
        for name in ("DATA_DIR", "MEDIA_DIR"):
            folder = Path(settings[name])
            _write_in(folder)
            free = shutil.disk_usage(folder).free
            if free < ROOM:
                raise OSError(errno.ENOSPC, f"{name} has {free >> 20} MB left of {ROOM >> 20}")
    except OSError as error:
        return [Part("disk", State.DEGRADED, _said(error))]
    return [Part("disk", State.OK, f"{free >> 20} MB left")]


def _redis(settings: Mapping[str, Any]) -> list[Part]:
    url = str(settings["REDIS_URL"])
    if not url:
        return [Part("redis", State.OK, "REDIS_URL is not set")]
    try:
        with redis.Redis.from_url(
            url, socket_timeout=1, socket_connect_timeout=1, retry=None
        ) as store:
            store.ping()
    except (redis.RedisError, OSError) as error:
        return [Part("redis", State.DEGRADED, _said(error))]
    return [Part("redis", State.OK, "answers")]


# all of it ----------------------------------------------------------------------------------

Ask = Callable[[Mapping[str, Any]], list[Part]]


class _Asking:
    """One group of parts, asked in a thread of its own; one that hangs is not asked again until it
    ends."""

    def __init__(self, name: str, ask: Ask, settings: Mapping[str, Any]) -> None:
        self.name, self.ask, self.settings = name, ask, settings
        self.parts: list[Part] = []
        self.done = threading.Event()
        threading.Thread(target=self._run, name=f"health-{name}", daemon=True).start()

    def _run(self) -> None:
        try:
            self.parts = self.ask(self.settings)
        except Exception as error:
            log.exception("the health of %s could not be asked", self.name)
            self.parts = [self.silent(_said(error))]
        finally:
            self.done.set()

    def silent(self, why: str) -> Part:
        state = State.FAILED if self.name == "database" else State.DEGRADED
        return Part(self.name, state, why)


class Health:
    """Reports on an installation of these settings (`config.load`); any thread may ask."""

    ASKED: dict[str, tuple[Ask, float]] = {
        "database": (_database, 0.0),
        "mail": (_mail, MAIL_KEPT_S),
        "disk": (_disk, 0.0),
        "redis": (_redis, 0.0),
    }

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.settings = settings
        self._lock = threading.Lock()
        self._report: Report | None = None
        self._reported = 0.0
        self._asking: dict[str, _Asking] = {}
        self._began: dict[str, float] = {}

    def report(self) -> Report:
        """At most `KEPT_S` old, after at most `BOUND_S`."""
        with self._lock:
            now = time.monotonic()
            if self._report is None or now - self._reported >= KEPT_S:
                self._report = self._asked(now)
                self._reported = time.monotonic()
            return self._report

    def _asked(self, now: float) -> Report:
        for name, (ask, kept) in self.ASKED.items():
            asking = self._asking.get(name)
            if asking is None or (asking.done.is_set() and now - self._began[name] >= kept):
                self._asking[name] = _Asking(name, ask, self.settings)
                self._began[name] = now
        parts: list[Part] = []
        for asking in self._asking.values():
            if asking.done.wait(max(0.0, now + BOUND_S - time.monotonic())):
                parts += asking.parts
            else:
                parts.append(asking.silent(f"no answer within {BOUND_S:.0f} s"))
        return Report(tuple(parts))


def init_app(app: Flask) -> None:
    app.extensions[EXTENSION] = Health(app.config)


def current() -> Health:
    found: Health = current_app.extensions[EXTENSION]
    return found


def is_strict(query: str) -> bool:
    """Whether the address of `/readyz` asks for 503 where a part is degraded: `?strict`."""
    return query in ("strict", "strict=1")
