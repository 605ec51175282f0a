"""Nothing is delivered to a suspended member: no mail, digest, push or question, whether it was
waiting already or comes later."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from tests.watches.conftest import NOON, REPORT, Clock, Letters, Service, member, report
from ugc.accounts.actions import suspending as accounts_suspending
from ugc.core.access import SYSTEM
from ugc.core.db import Session
from ugc.watches.models import News

Browser = Callable[..., FlaskClient]
Run = Callable[[], int]
pytestmark = pytest.mark.usefixtures("pushes_on")


def stop(session: Session, handle: str) -> None:
    accounts_suspending.suspend(session, SYSTEM, member(session, handle).id, reason="spam", days=30)
    session.commit()


def about_watching(letters: Letters) -> list[str]:
    """Subjects, without the mail that tells of the suspension."""
    subjects = [str(each["Subject"]) for each in letters()]
    return [each for each in subjects if "suspended" not in each]


def test_what_waits_is_neither_mailed_nor_pushed(
    session: Session, pushed: Browser, service: Service, signed_in: Browser, run_jobs: Run,
    letters: Letters,
) -> None:  # fmt: skip
    pushed("ana", watch={"delivery": "now"})
    pushed("bea", watch={"delivery": "now"})
    report(signed_in("mod", role="moderator"), 1)
    stop(session, "ana")
    run_jobs()
    assert len(about_watching(letters)) == len(service.payloads) == 1


def test_a_mail_on_its_way_stops(
    session: Session, pushed: Browser, service: Service, signed_in: Browser, run_jobs: Run,
    letters: Letters, at: Clock, run: Callable[[str], None],
) -> None:  # fmt: skip
    """It waited for the end of quiet hours."""
    pushed("ana", watch={"delivery": "now"}, timezone="UTC")
    at(NOON.replace(hour=23))
    report(signed_in("mod", role="moderator"), 1)
    run_jobs()
    assert session.scalar(sa.select(sa.func.count()).select_from(News)) == 1
    stop(session, "ana")
    at(NOON + dt.timedelta(days=1))
    run("watches.hand_over")
    assert (about_watching(letters), service.payloads) == ([], [])


def test_no_digest(
    session: Session, watcher: Browser, signed_in: Browser, run_jobs: Run, letters: Letters,
    at: Clock, run: Callable[[str], None],
) -> None:  # fmt: skip
    at(NOON)
    for handle in ("ana", "bea"):
        watcher(handle, watch={"delivery": "daily"}, timezone="UTC")
    report(signed_in("mod", role="moderator"), 1)
    run_jobs()
    stop(session, "ana")
    at(NOON + dt.timedelta(days=1))
    run("watches.begin_digests")
    assert len(about_watching(letters)) == 1


def test_who_cannot_answer_is_not_asked(
    session: Session, signed_in: Browser, run_jobs: Run, letters: Letters, at: Clock,
    run: Callable[[str], None],
) -> None:  # fmt: skip
    at(NOON)
    address = signed_in("ana", timezone="UTC", role="moderator").post("/reports", data=REPORT)
    signed_in("bea", timezone="UTC").post(f"{address.location}/vote", data={"still_there": "yes"})
    run_jobs()
    stop(session, "ana")
    at(NOON + dt.timedelta(hours=8))
    run("reports.expire")
    asked = session.scalars(sa.select(News.member_id).where(News.what == "still_there")).all()
    assert asked == [member(session, "bea").id]
