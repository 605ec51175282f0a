"""Folding reach all the time beside the worker; partitions, salts, and a check every night."""

from __future__ import annotations

import logging
import threading

import sqlalchemy as sa
from flask import Flask, current_app

from ugc.core import jobs
from ugc.core.db import Session, now, transaction
from ugc.referrals.actions import counts, visits

log = logging.getLogger(__name__)
FOLD_S = 1.0


def keep_folding(app: Flask, stop: threading.Event) -> None:
    """Folds the waiting deltas every second until `stop` is set. Goes on by itself after the
    database was away. Several may fold at once."""
    while not stop.wait(FOLD_S):
        try:
            more = True
            while more and not stop.is_set():
                with app.app_context(), transaction() as session:
                    more = counts.fold(session) == counts.FOLD_LIMIT
        except sa.exc.DBAPIError as error:
            log.warning("reach is not folded: %s", type(error).__name__)
        except Exception:
            # Whatever it was: a thread that ended would let the deltas grow unnoticed.
            log.exception("reach is not folded")


@jobs.task(
    "referrals.recount", cron="41 3 * * *", priority=jobs.Priority.BULK, tells=jobs.operator_only
)
def recount(session: Session) -> None:
    """Counts the reach of all members again and logs what was wrong."""
    wrong = counts.recount(session)
    if wrong:
        log.error("the reach of %d members was wrong and is mended", len(wrong))


@jobs.task(
    "referrals.forget_salts",
    cron="3 * * * *",
    priority=jobs.Priority.BULK,
    tells=jobs.operator_only,
)
def forget_salts(session: Session) -> None:
    visits.forget_salts(session, now(session).date())


@jobs.task(
    "referrals.keep_partitions",
    cron="17 1 * * *",
    priority=jobs.Priority.BULK,
    tells=jobs.operator_only,
)
def keep_partitions(session: Session) -> None:
    months = int(current_app.config["VISIT_MONTHS"])
    made, dropped = visits.keep_partitions(session, now(session).date(), months)
    if made or dropped:
        log.info("visits: made %s, dropped %s", made, dropped)
