"""One commit point, jobs inside the transaction, nothing done twice."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from ugc.core import jobs, subjects
from ugc.core.db import RECORDABLE, Base, Session, record, record_act
from ugc.core.subjects import Subject

REPORT = {"kind": "jam", "lat": "40.42", "lon": "-3.70", "text": "Slow."}


def count(session: Session, table: str) -> int:
    return session.scalar(sa.text(f"SELECT count(*) FROM {table}")) or 0


def test_a_rolled_back_job_is_gone_and_a_committed_one_is_there(session: Session) -> None:
    jobs.defer(session, "reports.expire")
    session.rollback()
    assert count(session, "procrastinate_jobs") == 0
    jobs.defer(session, "reports.expire")
    session.commit()
    assert count(session, "procrastinate_jobs") == 1


def test_a_unique_job_waits_once(session: Session) -> None:
    for _ in range(3):
        jobs.defer(session, "reports.expire", unique="expire")
    assert count(session, "procrastinate_jobs") == 1


def test_the_same_key_does_one_thing(
    signed_in: Callable[..., FlaskClient], session: Session
) -> None:
    browser = signed_in("ana")
    headers = {"Idempotency-Key": "k1"}
    first = browser.post("/reports", data=REPORT, headers=headers)
    again = browser.post("/reports", data=REPORT, headers=headers)
    assert first.status_code == again.status_code == 303
    assert first.location == again.location
    assert again.headers["Idempotent-Replayed"] == "true"
    assert count(session, "reports") == 1


def test_the_same_key_with_other_content_is_refused(
    signed_in: Callable[..., FlaskClient], session: Session
) -> None:
    browser = signed_in("ana")
    headers = {"Idempotency-Key": "k1"}
    browser.post("/reports", data=REPORT, headers=headers)
    other = browser.post("/reports", data={**REPORT, "kind": "other"}, headers=headers)
    assert other.status_code == 422
    assert count(session, "reports") == 1


def test_a_key_belongs_to_its_member(
    signed_in: Callable[..., FlaskClient], session: Session
) -> None:
    headers = {"Idempotency-Key": "k1"}
    signed_in("ana").post("/reports", data=REPORT, headers=headers)
    far = {**REPORT, "lat": "41.39", "lon": "2.16"}
    assert signed_in("ben").post("/reports", data=far, headers=headers).status_code == 303
    assert count(session, "reports") == 2


def test_record_appends_only_to_the_closed_list(session: Session) -> None:
    with pytest.raises(ValueError, match="subjects"):
        record(Subject.__table__, {"kind": "x"})  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"reports\.post"):
        record_act("reports.post", lambda _session: None)
    recordable = {
        name
        for name, table in Base.metadata.tables.items()
        if table.info.items() >= RECORDABLE.items()
    }
    assert recordable == {"sign_in_attempts", "key_uses", "mail_attempts"}


@pytest.mark.parametrize("table", ["transitions", "point_entries", "decisions", "referrals"])
def test_logs_refuse_to_be_edited(session: Session, table: str) -> None:
    triggers = session.scalar(
        sa.text(
            "SELECT count(*) FROM pg_trigger WHERE tgrelid = CAST(:t AS regclass)"
            " AND tgname = 'append_only'"
        ),
        {"t": table},
    )
    assert triggers == 1


def test_a_moved_log_row_cannot_be_changed(session: Session) -> None:
    subject = subjects.create(session, "report")
    subjects.log_transition(session, subject.id, "state", None, "open", reason="x", actor="system")
    session.flush()
    with pytest.raises(sa.exc.IntegrityError, match="append-only"):
        session.execute(sa.text("UPDATE transitions SET new = 'closed'"))


def test_merged_subjects_lead_to_the_one_that_stays(session: Session) -> None:
    first, second = subjects.create(session, "report"), subjects.create(session, "report")
    first.merged_into_id = second.id
    session.flush()
    assert subjects.resolve(session, first.public_id).id == second.id
