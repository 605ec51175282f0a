"""Priorities of tasks, and who learns of a job that failed for good."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient

from ugc.accounts.models import Member, MemberSession, Suspension
from ugc.cli import upkeep as cli_upkeep
from ugc.cli.main import cli
from ugc.config import ROOT
from ugc.core import jobs, mail, tracing
from ugc.core.db import Session
from ugc.core.jobs import Priority
from ugc.media.models import Photo
from ugc.watches.models import News, PushSubscription

TASKS = sorted(jobs.registry)
PERSONAL = [name for name in TASKS if jobs.registry[name].tells is not jobs.operator_only]
Arguments = Callable[[Session, Member], dict[str, Any]]


def _suspension(session: Session, member: Member) -> dict[str, Any]:
    row = Suspension(member_id=member.id, reason="spam", cause="operator")
    session.add(row)
    session.flush()
    return {"suspension_id": row.id, "lifted": False}


def _photo(session: Session, member: Member) -> dict[str, Any]:
    session.add(Photo(key="k" * 24, subject_id=member.id, member_id=member.id))
    return {"key": "k" * 24}


def _news(session: Session, member: Member) -> dict[str, Any]:
    session.add(News(member_id=member.id, report_id=member.id, what="posted", batch="b"))
    return {"batch": "b"}


def _browser(session: Session, member: Member) -> dict[str, Any]:
    opened = session.scalars(
        sa.select(MemberSession.id).where(MemberSession.member_id == member.id)
    ).one()
    row = PushSubscription(
        member_id=member.id, session_id=opened, endpoint="https://push", p256dh="", auth=""
    )
    session.add(row)
    session.flush()
    return {"subscription_id": row.id, "news_ids": []}


# Arguments of each job that tells people, and what they read of its failure in English and Spanish.
SAMPLES: dict[str, tuple[Arguments, str, str]] = {
    "accounts.mail_link": (
        lambda _s, m: {"member_id": m.id, "purpose": "confirm"},
        "link that confirms your address could not be sent",
        "enlace que confirma tu dirección",
    ),
    "accounts.mail_notice": (
        lambda _s, m: {"member_id": m.id, "what": "password_changed"},
        "about a change to your account could not be sent",
        "un cambio en tu cuenta",
    ),
    "accounts.mail_suspension": (
        _suspension,
        "about your suspension or its end could not be sent",
        "sobre tu suspensión",
    ),
    "media.clean": (_photo, "could not be prepared", "no se pudo preparar"),
    "watches.mail": (_news, "A mail with news could not be sent", "correo con novedades"),
    "watches.push": (_browser, "could not be pushed", "a uno de tus navegadores"),
}


@pytest.mark.parametrize("name", TASKS)
def test_docs_say_priority_and_who_is_told(name: str) -> None:
    """docs/jobs.md has one line for each task."""
    task = jobs.registry[name]
    told = "operator" if task.tells is jobs.operator_only else "member, operator"
    lines = (ROOT / "docs" / "jobs.md").read_text(encoding="utf-8").splitlines()
    said = [line.split(" | ")[1:3] for line in lines if line.startswith(f"| `{name}` |")]
    assert said == [[task.priority.name.lower(), told]]
    assert jobs.queue.tasks[name].priority == task.priority
    assert jobs.queue.tasks[name].queue == task.priority.queue


@pytest.mark.parametrize("name", TASKS)
def test_no_job_ends_in_silence(
    name: str,
    session: Session,
    signed_in: Callable[..., FlaskClient],
    run_jobs: Callable[[], int],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The operator reads it in the log; whom it is about reads it in the inbox, in their
    language."""
    assert (name in SAMPLES) is (name in PERSONAL)
    arguments: dict[str, Any] = {}
    if name in PERSONAL:
        ana = signed_in("ana")
        member = session.scalars(sa.select(Member)).one()
        arguments = SAMPLES[name][0](session, member)
    jobs._failed(session, 7, name, arguments)
    [line] = [each for each in caplog.records if each.name == "ugc.core.jobs"]
    assert line.levelno == logging.ERROR
    assert name in line.getMessage()
    if name not in PERSONAL:
        return
    run_jobs()
    for language, text in zip(("en", "es"), SAMPLES[name][1:], strict=True):
        ana.post("/language", data={"language": language})
        assert text in ana.get("/inbox").text
    jobs._failed(session, 7, name, arguments)
    run_jobs()
    assert session.scalar(sa.text("SELECT count(*) FROM notifications")) == 1


def test_a_failure_that_cannot_be_told_is_logged_and_harms_no_other(
    session: Session, make_member: Callable[..., Member], caplog: pytest.LogCaptureFixture
) -> None:
    jobs._failed(session, 7, "media.clean", {"key": "none"})
    assert "could not be told" in caplog.text
    assert make_member("ana").id


def dying(
    app: Flask, monkeypatch: pytest.MonkeyPatch, name: str, attempts: int, **arguments: Any
) -> None:
    """Runs a job's task as the worker does, after so many attempts."""
    monkeypatch.setattr(jobs, "_app", app)
    context = SimpleNamespace(job=SimpleNamespace(id=1, attempts=attempts))
    with pytest.raises(OSError, match="no mail server"):
        jobs.queue.tasks[name].func(context, **arguments)


@pytest.mark.parametrize(("attempts", "told"), [(13, False), (14, True)])
def test_a_mail_is_tried_for_hours_before_its_member_is_told(
    app: Flask, session: Session, signed_in: Callable[..., FlaskClient],
    run_jobs: Callable[[], int], monkeypatch: pytest.MonkeyPatch, attempts: int, told: bool,
) -> None:  # fmt: skip
    def refuse(_message: object) -> None:
        raise OSError("no mail server")

    ana = signed_in("ana")
    member = session.scalars(sa.select(Member)).one()
    monkeypatch.setattr(mail, "send", refuse)
    arguments = {"member_id": member.id, "purpose": "reset", jobs.REQUEST: "0123456789abcdef"}
    dying(app, monkeypatch, "accounts.mail_link", attempts, **arguments)
    run_jobs()
    assert ("new password could not be sent" in ana.get("/inbox").text) is told


def test_a_persons_mail_comes_before_all_else_and_bulk_last(session: Session) -> None:
    for name in ("insights.rescore", "watches.mail", "reports.expire", "media.clean"):
        jobs.defer(session, name)
    jobs.defer(session, "accounts.mail_link", member_id=0, purpose="reset")
    worker = session.scalar(
        sa.text("INSERT INTO procrastinate_workers DEFAULT VALUES RETURNING id")
    )
    fetch = sa.text("SELECT task_name FROM procrastinate_fetch_job_v2(:queues, :worker)")
    taken = [session.scalar(fetch, {"queues": None, "worker": worker}) for _ in range(5)]
    assert taken == [
        "accounts.mail_link", "media.clean", "reports.expire", "watches.mail", "insights.rescore",
    ]  # fmt: skip


def test_a_thread_is_kept_for_short_jobs(session: Session) -> None:
    """Bulk work fills the threads that take all queues; the one of short jobs never takes it."""
    for name in ("insights.rescore", "media.clean", "watches.push"):
        jobs.defer(session, name)
    jobs.defer(session, "accounts.mail_link", member_id=0, purpose="reset")
    worker = session.scalar(
        sa.text("INSERT INTO procrastinate_workers DEFAULT VALUES RETURNING id")
    )
    fetch = sa.text("SELECT task_name FROM procrastinate_fetch_job_v2(:queues, :worker)")
    taken = [session.scalar(fetch, {"queues": [jobs.SHORT], "worker": worker}) for _ in range(2)]
    assert taken == ["accounts.mail_link", None]


def test_what_periodic_jobs_enqueue_has_their_priority() -> None:
    for periodic in jobs.queue.periodic_registry.periodic_tasks.values():
        task = periodic.task
        made = task.configure(**periodic.configure_kwargs).job
        declared = jobs.registry[task.name].priority
        assert (made.priority, made.queue) == (declared, declared.queue)


def test_jobs_of_a_request_and_what_they_enqueue_hold_its_id(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = sa.text("SELECT args->>'_request' FROM procrastinate_jobs ORDER BY id")
    with tracing.following("0123456789abcdef"):
        jobs.defer(session, "rewards.score_all")
    assert session.scalars(ids).all() == ["0123456789abcdef"]

    def run(session: Session) -> None:
        jobs.defer(session, "reports.expire", unique="one")

    first = jobs.Registered(run, Priority.BULK, jobs.operator_only)
    monkeypatch.setitem(jobs.registry, "rewards.score_all", first)
    with pytest.raises(RuntimeError, match="more than 1 jobs"):
        jobs.run_waiting(session, limit=1)
    assert session.scalars(ids).all() == ["0123456789abcdef"]
    assert tracing.current() is None


def test_failed_jobs_are_listed_retried_and_dropped(
    app: Flask, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli_upkeep, "create_app", lambda: app)
    jobs.defer(session, "media.clean", key="abc")
    jobs.defer(session, "reports.expire")
    first, second = session.scalars(sa.text("SELECT id FROM procrastinate_jobs ORDER BY id")).all()
    # As an older release left it.
    failed = (
        "UPDATE procrastinate_jobs SET status = 'doing'",
        "UPDATE procrastinate_jobs SET status = 'failed', attempts = 9, priority = 0,"
        " queue_name = 'default'",
    )
    for sql in failed:
        session.execute(sa.text(sql))
    session.commit()

    def said(*words: str, code: int = 0) -> str:
        done = CliRunner().invoke(cli, ["jobs", *words])
        assert done.exit_code == code, done.output
        return done.output

    listed = said()
    assert re.search(rf"{first}\tmedia.clean\t\d{{4}}-.*9 attempts.*abc", listed)
    assert "2 jobs failed for good" in listed
    said("retry", code=2)
    assert "1 jobs wait again" in said("retry", str(first))
    row = session.execute(
        sa.text(
            "SELECT status, attempts, priority, queue_name FROM procrastinate_jobs WHERE id = :id"
        ),
        {"id": first},
    ).one()
    assert tuple(row) == ("todo", 0, Priority.PREPARE, jobs.LONG)
    assert "media.clean: 1 due" in said()
    assert f"No failed job has the number {first}" in said("drop", str(first), code=1)
    assert "1 jobs were deleted" in said("drop", "--all")
    assert session.scalars(sa.text("SELECT id FROM procrastinate_jobs")).all() == [first]
    assert second != first
