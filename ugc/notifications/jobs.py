"""The inbox does not grow for ever."""

from __future__ import annotations

from ugc.core import jobs
from ugc.core.db import Session
from ugc.notifications import actions


@jobs.task(
    "notifications.forget_old",
    cron="17 4 * * *",
    priority=jobs.Priority.BULK,
    tells=jobs.operator_only,
)
def forget_old(session: Session) -> None:
    actions.forget_old(session)
