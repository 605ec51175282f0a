"""A clock that is set forward by mistake and back again leaves nothing signed out, locked or still
for as long as it was wrong."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from itsdangerous import SignatureExpired, URLSafeTimedSerializer

from tests.factories.members import PASSWORD
from ugc.accounts.models import AccountToken, Member, RequestedMail, SignInAttempt
from ugc.accounts.pages import known as accounts_known
from ugc.accounts.queries import lookup as accounts_lookup
from ugc.accounts.queries import tokens as accounts_tokens
from ugc.config import ROOT, libpq_url
from ugc.core import jobs, limits, signed
from ugc.core.db import Session, app_now
from ugc.media import pages as media_pages
from ugc.stream import visitors as stream_visitors

WRONG_S = 7200
Clock = Callable[[float], None]


@pytest.fixture
def process_clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Sets the clock of this process so many seconds ahead; the one that only runs stays."""
    real, ahead = time.time, [0.0]
    monkeypatch.setattr(time, "time", lambda: real() + ahead[0])

    def set_ahead(seconds: float) -> None:
        ahead[0] = seconds

    return set_ahead


@pytest.fixture
def database_clock(session: Session) -> Iterator[Clock]:
    """Sets the application's clock in SQL so many seconds ahead."""

    def set_ahead(seconds: float) -> None:
        session.execute(
            sa.text("SELECT set_config('boca.clock_offset', :o, true)"), {"o": f"{seconds} s"}
        )

    yield set_ahead
    set_ahead(0)


# what is signed -----------------------------------------------------------------------------


def _of_sessions(app: Flask) -> URLSafeTimedSerializer:
    return app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined,no-any-return]


SERIALIZERS: dict[str, Callable[[Flask], Any]] = {
    "session": _of_sessions,
    "session, read by the live process": lambda app: (
        stream_visitors.Visitors(dict(app.config)).signer
    ),
    "known browser": lambda _app: signed.serializer(accounts_known.SALT),
    "photos that a form keeps": lambda _app: signed.serializer(media_pages.KEPT_SALT),
}


@pytest.mark.parametrize("what", SERIALIZERS)
def test_what_was_signed_before_the_clock_was_set_back_holds(
    app: Flask, process_clock: Clock, what: str
) -> None:
    with app.app_context():
        serializer = SERIALIZERS[what](app)
        process_clock(WRONG_S)
        text = serializer.dumps("ours")
        process_clock(0)
        assert serializer.loads(text, max_age=60) == "ours"
        process_clock(WRONG_S + 61)
        with pytest.raises(SignatureExpired):
            serializer.loads(text, max_age=60)
        process_clock(WRONG_S - signed.AHEAD_S - 60)
        with pytest.raises(SignatureExpired):
            serializer.loads(text, max_age=60)


def test_nothing_else_signs_with_a_time() -> None:
    other = re.compile(r"URLSafeTimedSerializer\(|TimestampSigner\(|SecureCookieSessionInterface")
    found = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "ugc").rglob("*.py")
        if other.search(path.read_text(encoding="utf-8"))
    }
    assert found == {"ugc/core/signed.py"}


def test_who_signed_in_meanwhile_stays_signed_in(
    app: Flask, make_member: Callable[..., Member], process_clock: Clock, session: Session
) -> None:
    make_member("ana")
    browser = app.test_client()
    process_clock(WRONG_S)
    browser.post("/sign-in", data={"email": "ana@example.org", "password": PASSWORD})
    process_clock(0)
    assert browser.get("/settings").status_code == 200


# what is counted ----------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["redis", "memory"])
def test_a_limit_that_was_reached_meanwhile_ends_with_it(
    app: Flask, client: FlaskClient, process_clock: Clock, where: str
) -> None:
    limiter: limits._Limiter = app.extensions[limits.EXTENSION]
    counter = limiter.shared if where == "redis" else limiter.fallback
    assert counter is not None

    def hits(count: int) -> list[bool]:
        return [limiter._hit(counter, "join", "a caller")[0] for _ in range(count)]

    process_clock(WRONG_S)
    assert hits(11) == [True] * 10 + [False]
    process_clock(0)
    assert hits(11) == [True] * 10 + [False]
    # Another machine's clock may be a little behind: that is no reason to count from the beginning.
    process_clock(-limits.SKEW_S / 2)
    allowed, standing = limiter._hit(counter, "join", "a caller")
    assert not allowed
    assert standing.reset <= 3600


def _of_sign_in(session: Session, _member: Member) -> None:
    session.execute(sa.insert(SignInAttempt).values(who="w"))


def _of_mails(session: Session, _member: Member) -> None:
    session.execute(sa.insert(RequestedMail).values(who="w", purpose="reset"))


def _of_tokens(session: Session, member: Member) -> None:
    session.execute(
        sa.insert(AccountToken).values(
            member_id=member.id, purpose="reset", token_hash="h", email="ana@example.org",
            expires_at=app_now(), used_at=app_now(),
        )
    )  # fmt: skip


COUNTED: dict[str, tuple[Callable[[Session, Member], None], Callable[[Session], Any]]] = {
    "failed sign-ins": (_of_sign_in, lambda s: accounts_lookup.failures(s, "w", 15).count),
    "seconds since a failed sign-in": (
        _of_sign_in,
        lambda s: accounts_lookup.failures(s, "w", 15).since_last_s < 0,
    ),
    "mails to an address": (_of_mails, lambda s: accounts_lookup.mails_of_hour(s, "w", "reset")),
}


@pytest.mark.parametrize("what", COUNTED)
def test_what_was_counted_meanwhile_locks_nobody_out(
    session: Session, make_member: Callable[..., Member], database_clock: Clock, what: str
) -> None:
    write, count = COUNTED[what]
    database_clock(WRONG_S)
    write(session, make_member("ana"))
    database_clock(0)
    assert count(session) == 0
    write(session, make_member("ben"))
    assert count(session) == (what != "seconds since a failed sign-in")


def test_a_link_that_ended_meanwhile_is_not_answered_again_for_hours(
    session: Session, make_member: Callable[..., Member], database_clock: Clock
) -> None:
    database_clock(WRONG_S)
    _of_tokens(session, make_member("ana"))
    assert accounts_tokens.ended_token(session, "h", "reset") is not None
    database_clock(0)
    assert accounts_tokens.ended_token(session, "h", "reset") is None


def test_a_report_of_meanwhile_hears_votes(
    signed_in: Callable[..., FlaskClient], session: Session, database_clock: Clock
) -> None:
    mod, ben = signed_in("mod", role="moderator"), signed_in("ben", role="moderator")
    database_clock(WRONG_S)
    form = {"kind": "jam", "lat": "40.42", "lon": "-3.70", "text": "Slow from the roundabout on."}
    page = mod.post("/reports", data=form).location
    believed = sa.text("SELECT believed FROM reports")
    before = session.scalar(believed)
    database_clock(0)
    session.expire_all()
    assert ben.post(f"{page}/vote", data={"still_there": "yes"}).status_code == 303
    assert session.scalar(believed) > before


# what runs by itself ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("living", "dead", "rescued"),
    [
        ("1 second", "1 minute", {"dead"}),
        ("2 hours", "2 hours", set()),  # the clock was set forward: none told its heartbeat since
        ("-2 hours", "-2 hours", set()),  # and back
        ("1 second", "-2 hours", {"dead"}),  # died before the clock was set back
    ],
)
def test_a_clock_that_is_set_makes_no_living_worker_dead(
    session: Session, living: str, dead: str, rescued: set[str]
) -> None:
    for name, age in (("living", living), ("dead", dead)):
        worker = session.scalar(
            sa.text(
                "INSERT INTO procrastinate_workers (last_heartbeat)"
                " VALUES (now() - cast(:age AS interval)) RETURNING id"
            ),
            {"age": age},
        )
        session.execute(
            sa.text(
                "INSERT INTO procrastinate_jobs (queue_name, task_name, status, worker_id)"
                " VALUES ('default', :name, 'doing', :worker)"
            ),
            {"name": name, "worker": worker},
        )
    jobs.rescue_stalled(session)
    found = session.scalars(
        sa.text("SELECT task_name FROM procrastinate_jobs WHERE status = 'todo'")
    )
    assert set(found) == rescued


@pytest.mark.parametrize(
    ("attempts", "wait", "due"),
    [(1, "2 seconds", False), (1, "2 hours", True), (14, "4 hours", False), (0, "9 hours", False)],
)
def test_a_job_put_off_by_a_wrong_clock_is_due(
    session: Session, attempts: int, wait: str, due: bool
) -> None:
    """Only a repetition: others were put off on purpose."""
    session.execute(
        sa.text(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, attempts, scheduled_at)"
            " VALUES ('default', 'put off', :attempts, now() + cast(:wait AS interval))"
        ),
        {"attempts": attempts, "wait": wait},
    )
    jobs.rescue_stalled(session)
    is_due = "SELECT scheduled_at <= now() FROM procrastinate_jobs WHERE task_name = 'put off'"
    assert session.scalar(sa.text(is_due)) is due


@pytest.mark.parametrize("ahead", [WRONG_S, -WRONG_S])
def test_schedules_begin_again_when_the_clock_is_set(
    database_url: str, monkeypatch: pytest.MonkeyPatch, process_clock: Clock, ahead: int
) -> None:
    """procrastinate remembers the time of the last run: set back, it would run nothing until then;
    set forward, it would make up for each minute."""
    begun: list[object] = []

    async def work(**_options: object) -> None:
        if jobs.queue.connector not in begun:
            begun.append(jobs.queue.connector)
            if len(begun) == 1:
                process_clock(ahead)
            else:
                os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.Event().wait()

    monkeypatch.setattr(jobs.queue, "run_worker_async", work)
    monkeypatch.setattr(jobs, "AGAIN_S", 0.0)
    asyncio.run(asyncio.wait_for(jobs._work(libpq_url(database_url), 1), 20))
    assert len(begun) == 2
