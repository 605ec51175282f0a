"""Scoring all members at night, releasing what is due, and forgetting marks."""

from __future__ import annotations

from ugc.core import jobs
from ugc.core.db import Session
from ugc.rewards.actions import holding, scoring
from ugc.rewards.queries import doubts


@jobs.task("rewards.score", priority=jobs.Priority.FOLLOW, tells=jobs.operator_only)
def score(session: Session, *, member_id: int) -> None:
    scoring.score(session, [member_id])


@jobs.task("rewards.release", priority=jobs.Priority.FOLLOW, tells=jobs.operator_only)
def release(session: Session, *, newcomer_id: int) -> None:
    holding.release(session, newcomer_id)


@jobs.task(
    "rewards.score_all", cron="17 2 * * *", priority=jobs.Priority.BULK, tells=jobs.operator_only
)
def score_all(session: Session, *, after: int = 0) -> None:
    """The next `BATCH` members after an id, and a job for those that follow."""
    ids = doubts.members_after(session, after, scoring.BATCH)
    if ids:
        scoring.score(session, ids)
        jobs.defer(session, "rewards.score_all", after=ids[-1])


@jobs.task(
    "rewards.release_all", cron="47 2 * * *", priority=jobs.Priority.BULK, tells=jobs.operator_only
)
def release_all(session: Session, *, after: int = 0) -> None:
    """What became due without an event: a doubt that ended, a day that passed."""
    newcomers = doubts.newcomers_held(session, after, scoring.BATCH)
    if newcomers:
        holding.release_due(session, newcomers)
        jobs.defer(session, "rewards.release_all", after=newcomers[-1])


@jobs.task(
    "rewards.forget_marks", cron="37 3 * * *", priority=jobs.Priority.BULK, tells=jobs.operator_only
)
def forget_marks(session: Session) -> None:
    holding.forget_marks(session)
