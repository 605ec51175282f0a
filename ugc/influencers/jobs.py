"""Scoring of prescriptores at night."""

from __future__ import annotations

import logging

from ugc.core.db import Session
from ugc.core.jobs import Priority, operator_only, task
from ugc.influencers.actions import scoring

log = logging.getLogger(__name__)


@task("insights.rescore", cron="40 3 * * *", priority=Priority.BULK, tells=operator_only)
def rescore(session: Session) -> None:
    log.info("scored prescriptores: %d rows", scoring.rescore(session))
