"""Log lines about security: written when the transaction has committed, dropped when it has not.

A line is `event name=value …` with ids and codes only, in the logger `ugc.audit`."""

from __future__ import annotations

import logging

import sqlalchemy as sa
from sqlalchemy import orm

from ugc.core.db import Session

log = logging.getLogger("ugc.audit")
_KEY = "audit_lines"


def note(session: Session, event: str, **facts: object) -> None:
    """Logs `event` with its facts as soon as the transaction commits."""
    line = " ".join([event, *(f"{name}={value}" for name, value in facts.items())])
    session.info.setdefault(_KEY, []).append(line)


@sa.event.listens_for(orm.Session, "after_commit")
def _write(session: orm.Session) -> None:
    if session.in_nested_transaction():
        return
    for line in session.info.pop(_KEY, ()):
        log.info(line)


@sa.event.listens_for(orm.Session, "after_rollback")
def _drop(session: orm.Session) -> None:
    session.info.pop(_KEY, None)
