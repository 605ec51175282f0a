"""Scoring all members at night, and forgetting fingerprints."""

from __future__ import annotations

from ugc.core import jobs
from ugc.core.db import Session
from ugc.fraud.actions import fingerprints, scoring
from ugc.fraud.queries import untrusted


@jobs.task("rewards.score", priority=jobs.Priority.FOLLOW, tells=jobs.operator_only)
def score(session: Session, *, member_id: int) -> None:
    scoring.score(session, [member_id])


@jobs.task(
    "rewards.score_all", cron="17 2 * * *", priority=jobs.Priority.BULK, tells=jobs.operator_only
)
def score_all(session: Session, *, after: int = 0) -> None:
    """The next `BATCH` members after an id, and a job for those that follow."""
    ids = untrusted.members_after(session, after, scoring.BATCH)
    if ids:
        scoring.score(session, ids)
        jobs.defer(session, "rewards.score_all", after=ids[-1])


@jobs.task(
    "rewards.forget_marks", cron="37 3 * * *", priority=jobs.Priority.BULK, tells=jobs.operator_only
)
def forget_fingerprints(session: Session) -> None:
    fingerprints.forget_fingerprints(session)
