"""Scheduled work of insights."""

from __future__ import annotations

import logging

from ugc.core.db import Session
from ugc.core.jobs import Priority, operator_only, task
from ugc.insights import actions

log = logging.getLogger(__name__)


@task("insights.tell_week", cron="20 * * * *", priority=Priority.BULK, tells=operator_only)
def publish_weekly_figures(session: Session) -> None:
    """After each week what may be told of it, for every brand; nothing to do in the other hours."""
    told = actions.publish_all_figures(session)
    if told:
        log.info("told the week of %d brands", told)


@task("insights.rescore", cron="40 3 * * *", priority=Priority.BULK, tells=operator_only)
def rescore(session: Session) -> None:
    log.info("scored prescriptores: %d rows", actions.rescore(session))
