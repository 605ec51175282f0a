"""Releasing what is due."""

from __future__ import annotations

from ugc.core import jobs
from ugc.core.db import Session
from ugc.fraud.actions import scoring as fraud_scoring
from ugc.rewards import actions, queries


@jobs.task("rewards.release", priority=jobs.Priority.FOLLOW, tells=jobs.operator_only)
def release(session: Session, *, newcomer_id: int) -> None:
    actions.release(session, newcomer_id)


@jobs.task(
    "rewards.release_all", cron="47 2 * * *", priority=jobs.Priority.BULK, tells=jobs.operator_only
)
def release_all(session: Session, *, after: int = 0) -> None:
    """What became due without an event: a doubt that ended, a day that passed."""
    newcomers = queries.newcomers_held(session, after, fraud_scoring.BATCH)
    if newcomers:
        actions.release_due(session, newcomers)
        jobs.defer(session, "rewards.release_all", after=newcomers[-1])
