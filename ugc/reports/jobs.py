"""The end of reports."""

from __future__ import annotations

from ugc.core import jobs
from ugc.core.db import Session
from ugc.reports.actions import life as life_actions


@jobs.task(
    "reports.expire", cron="* * * * *", priority=jobs.Priority.FOLLOW, tells=jobs.operator_only
)
def expire(session: Session) -> None:
    life_actions.expire(session)


@jobs.task(
    "reports.forget_positions",
    cron="23 * * * *",
    priority=jobs.Priority.BULK,
    tells=jobs.operator_only,
)
def forget_positions(session: Session) -> None:
    life_actions.forget_positions(session)
