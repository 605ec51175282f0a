"""Keeping the map's cells up to date: all the time beside the worker, and a check every night."""

from __future__ import annotations

import logging
import threading

import psycopg
import sqlalchemy as sa
from flask import Flask

from ugc.config import libpq_url
from ugc.core import jobs
from ugc.core.db import Session, transaction
from ugc.livemap import actions
from ugc.livemap.queries import tiles
from ugc.livemap.queries.changes import CHANNEL

log = logging.getLogger(__name__)
POLL_S = 1.0  # time changes the map too, and a message may be lost
GATHER_S = 0.2  # what commits meanwhile is folded together


def fold_once(app: Flask) -> None:
    """Folds what changed, then lets go of the tiles over it: in this order, for a tile made before
    the commit must not stay."""
    with app.app_context():
        with transaction() as session:
            folded = actions.fold(session)
        if folded.everything:
            tiles.forget_all()
        else:
            tiles.forget(folded.quads)


def keep_folding(app: Flask, stop: threading.Event) -> None:
    """Folds after each commit that touched a subject, and every second, until `stop` is set. Goes
    on by itself after the database was away."""
    url = libpq_url(str(app.config["SQLALCHEMY_DATABASE_URI"]))
    with app.app_context():
        tiles.forget_all()  # the process that aggregated before may have died between its two steps
    while not stop.is_set():
        try:
            with psycopg.connect(url, autocommit=True, connect_timeout=5) as connection:
                connection.execute(f"LISTEN {CHANNEL}")
                while not stop.is_set():
                    fold_once(app)
                    stop.wait(GATHER_S)
                    for _message in connection.notifies(timeout=POLL_S, stop_after=1):
                        pass
        except (psycopg.Error, sa.exc.DBAPIError) as error:
            log.warning("the map is not folded: %s", type(error).__name__)
            stop.wait(POLL_S)
        except Exception:
            # Whatever it was: a thread that ended would leave the map standing still unnoticed.
            log.exception("the map is not folded")
            stop.wait(POLL_S)


@jobs.task(
    "livemap.rebuild", cron="11 4 * * *", priority=jobs.Priority.BULK, tells=jobs.operator_only
)
def rebuild(session: Session) -> None:
    """Counts all cells again and logs how many were wrong."""
    wrong = actions.rebuild(session)
    if wrong:
        log.error("%d cells of the map were wrong and are mended", wrong)
