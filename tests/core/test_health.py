"""What `/healthz`, `/readyz` and `ugc health` say when a part is broken."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient

from ugc import config
from ugc.cli.main import cli
from ugc.config import libpq_url
from ugc.core import health, jobs
from ugc.core.db import Session
from ugc.core.health import Health, State
from ugc.core.jobs import Priority

PARTS = {"database", "migrations", "worker", "jobs", "failed_jobs", "mail", "disk", "redis"}


@pytest.fixture
def silent() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@pytest.fixture
def settings(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setattr(health, "ROOM", 1)
    monkeypatch.setattr(health, "BOUND_S", 2.0)
    return {**app.config, "DATA_DIR": tmp_path, "MEDIA_DIR": tmp_path / "media"}


def states(session: Session) -> dict[str, State]:
    connection = session.connection().connection.driver_connection
    assert isinstance(connection, psycopg.Connection)
    return {part.name: part.state for part in health.in_database(connection)}


def asked(settings: dict[str, Any], **changed: Any) -> tuple[dict[str, State], tuple[int, bytes]]:
    report = Health({**settings, **changed}).report()
    return {part.name: part.state for part in report.parts}, report.answer()


def test_every_part_is_asked_and_only_names_are_told(settings: dict[str, Any]) -> None:
    report = Health(settings).report()
    found = {part.name: part.state for part in report.parts}
    assert found.keys() == PARTS
    # The tests' database has no worker.
    assert {name for name, state in found.items() if state is not State.OK} == {"worker"}
    status, body = report.answer()
    assert (status, body) == (200, b'{"ready":true,"failed":[],"degraded":["worker"]}\n')
    assert report.answer(strict=True) == (503, body)


def test_worker(session: Session) -> None:
    beat = (
        "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - :age * interval '1s')"
    )
    for age, state in ((90, State.DEGRADED), (31, State.DEGRADED), (9, State.OK)):
        session.execute(sa.text(beat), {"age": age})
        assert states(session)["worker"] is state


@pytest.mark.parametrize(
    ("name", "priority"),
    [
        ("accounts.mail_link", Priority.PERSON),
        ("media.clean", Priority.PREPARE),
        ("reports.expire", Priority.FOLLOW),
        ("watches.push", Priority.SEND),
        ("insights.rescore", Priority.BULK),
    ],
)
def test_oldest_due_job(session: Session, name: str, priority: Priority) -> None:
    """By its priority; one for later is not due, and one that was tried again a moment ago is
    new."""
    jobs.defer(session, name, in_seconds=600)
    jobs.defer(session, name)
    limit = health.LATE_S[priority]
    for age, state in ((limit - 10, State.OK), (limit + 10, State.DEGRADED)):
        session.execute(
            sa.text("UPDATE procrastinate_events SET at = now() - :age * interval '1s'"),
            {"age": age},
        )
        assert states(session)["jobs"] is state
    session.execute(
        sa.text(
            "INSERT INTO procrastinate_events (job_id, type)"
            " SELECT max(id), 'deferred_for_retry' FROM procrastinate_jobs"
        )
    )
    assert states(session)["jobs"] is State.OK


def test_failed_jobs(session: Session) -> None:
    jobs.defer(session, "reports.expire")
    assert states(session)["failed_jobs"] is State.OK
    for status in ("doing", "failed"):
        session.execute(
            sa.text(f"UPDATE procrastinate_jobs SET status = '{status}'"),
        )
    assert states(session)["failed_jobs"] is State.DEGRADED


def test_migrations(session: Session) -> None:
    """One that is missing is fatal; a database of a newer release is not: that one is starting."""
    head, known = health.migrations()
    assert states(session)["migrations"] is State.OK
    assert head == max(known)
    for revision, state in (("0001", State.FAILED), ("newer", State.OK)):
        session.execute(sa.text("UPDATE alembic_version SET version_num = :r"), {"r": revision})
        assert states(session)["migrations"] is state
    session.execute(sa.text("DELETE FROM alembic_version"))
    assert states(session)["migrations"] is State.FAILED


@pytest.mark.parametrize(
    ("table", "parts"),
    [
        ("procrastinate_jobs", {"jobs": State.DEGRADED, "failed_jobs": State.DEGRADED}),
        ("procrastinate_workers", {"worker": State.DEGRADED}),
        ("alembic_version", {"migrations": State.FAILED}),
    ],
)
def test_a_locked_table_holds_nothing_up(
    settings: dict[str, Any], table: str, parts: dict[str, State]
) -> None:
    with psycopg.connect(libpq_url(settings["SQLALCHEMY_DATABASE_URI"])) as other:
        other.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        found, _ = asked(settings)
    assert {name: found[name] for name in parts} == parts
    assert found["database"] is State.OK


def test_a_database_that_is_dead_or_silent_is_fatal(settings: dict[str, Any], silent: int) -> None:
    for port in (1, silent):
        url = f"postgresql+psycopg://nobody@127.0.0.1:{port}/none"
        found, (status, body) = asked(settings, SQLALCHEMY_DATABASE_URI=url)
        assert found["database"] is State.FAILED
        assert status == 503
        assert body == b'{"ready":false,"failed":["database"],"degraded":[]}\n'


def test_a_question_that_hangs_is_not_asked_twice(
    settings: dict[str, Any], silent: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "KEPT_S", 0)
    monkeypatch.setattr(health, "BOUND_S", 0.05)
    url = f"postgresql+psycopg://nobody@127.0.0.1:{silent}/none"
    asking = Health({**settings, "SQLALCHEMY_DATABASE_URI": url})
    first = asking.report()
    kept = asking._asking["database"]
    assert "no answer" in {part.name: part.detail for part in first.parts}["database"]
    asking.report()
    assert asking._asking["database"] is kept


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_a_mail_server_that_is_dead_or_silent_degrades(
    settings: dict[str, Any], silent: int, scheme: str
) -> None:
    for port in (1, silent):
        found, (status, _) = asked(settings, MAIL_URL=f"{scheme}://127.0.0.1:{port}")
        assert (found["mail"], status) == (State.DEGRADED, 200)


def test_a_mail_folder_that_cannot_be_written_degrades(
    settings: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    found, _ = asked(settings, MAIL_URL=f"file://{tmp_path}/file/mail")
    assert found["mail"] is State.DEGRADED


def test_a_full_disk_degrades(
    settings: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_folder: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    (tmp_path / "file").write_text("")
    assert asked(settings, MEDIA_DIR=tmp_path / "file")[0]["disk"] is State.DEGRADED
    with monkeypatch.context() as little:
        little.setattr(health.shutil, "disk_usage", lambda _f: SimpleNamespace(free=0))
        found, (status, _) = asked(settings)
        assert (found["disk"], status) == (State.DEGRADED, 200)
    monkeypatch.setattr(health, "_write_in", full)
    assert asked(settings)[0]["disk"] is State.DEGRADED


def test_redis_away_degrades(settings: dict[str, Any]) -> None:
    found, (status, _) = asked(settings, REDIS_URL="redis://127.0.0.1:1/0")
    assert (found["redis"], status) == (State.DEGRADED, 200)
    assert asked(settings, REDIS_URL="")[0]["redis"] is State.OK


def test_alive_asks_no_database_and_ready_keeps_its_answer_for_moments(
    app: Flask, client: FlaskClient, settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    assert client.get("/healthz").json == {"ok": True}
    asked_times = []

    def ask(_settings: Any) -> list[health.Part]:
        asked_times.append(1)
        return [health.Part("mail", State.DEGRADED, "secret.example.org refused user admin")]

    monkeypatch.setattr(Health, "ASKED", {"mail": (ask, 0.0)})
    monkeypatch.setattr(health, "KEPT_S", 1000.0)
    monkeypatch.setitem(app.extensions, health.EXTENSION, Health(settings))
    for path, status in (("/readyz", 200), ("/readyz?strict", 503), ("/readyz?strict=1", 503)):
        answer = client.get(path)
        assert answer.status_code == status
        assert answer.json == {"ready": True, "failed": [], "degraded": ["mail"]}
        assert answer.headers["Cache-Control"] == "no-store"
    assert asked_times == [1]


def test_the_command_tells_details_and_monitors_the_state(
    settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def said(*words: str, code: int, **changed: Any) -> str:
        monkeypatch.setattr(config, "load", lambda: {**settings, **changed})
        done = CliRunner().invoke(cli, ["health", *words])
        assert done.exit_code == code, done.output
        return done.output

    assert "worker: degraded, no worker ever ran" in said(code=1)
    assert said("--part", "disk", code=0).startswith("disk: ok, ")
    assert "There is no part rain" in said("--part", "rain", code=2)
    dead = {"SQLALCHEMY_DATABASE_URI": "postgresql+psycopg://nobody@127.0.0.1:1/none"}
    assert "database: failed" in said("--part", "worker", code=2, **dead)
