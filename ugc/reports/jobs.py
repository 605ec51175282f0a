"""The end of reports."""

from __future__ import annotations

from ugc.core import jobs
from ugc.core.db import Session
from ugc.reports import actions


@jobs.task("reports.expire", cron="*/5 * * * *")
def expire(session: Session) -> None:
    actions.expire(session)
