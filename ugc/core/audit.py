"""Log lines about security, in the logger `ugc.audit`: what happens to accounts, roles and keys and
what is refused. A line is `event name=value …` with ids and codes only, never a name or a text.
`docs/operations.md` lists the events."""

from __future__ import annotations

import logging
import re
import sys

import sqlalchemy as sa
from flask import Flask
from sqlalchemy import orm

from ugc.core.db import Session

log = logging.getLogger("ugc.audit")
_KEY = "audit_lines"
_CODE = re.compile(r"[\w.:/<>+-]{1,80}", re.ASCII)


def _line(event: str, facts: dict[str, object]) -> str:
    """What is no id or code becomes `?`, so that no request forges lines."""
    said = (
        f"{name}={value if _CODE.fullmatch(str(value)) else '?'}" for name, value in facts.items()
    )
    return " ".join([event, *said])


def note(session: Session, event: str, **facts: object) -> None:
    """Logs `event` with its facts as soon as the transaction commits; drops it when it does not."""
    session.info.setdefault(_KEY, []).append(_line(event, facts))


def note_now(event: str, **facts: object) -> None:
    """Logs at once: refusals, whose transaction is rolled back, and what comes before them."""
    log.info(_line(event, facts))


@sa.event.listens_for(orm.Session, "after_commit")
def _write(session: orm.Session) -> None:
    if session.in_nested_transaction():
        return
    for line in session.info.pop(_KEY, ()):
        log.info(line)


@sa.event.listens_for(orm.Session, "after_rollback")
def _drop(session: orm.Session) -> None:
    session.info.pop(_KEY, None)


def init_app(app: Flask) -> None:
    """Where the operator set no level or handler, lines go to standard error."""
    if log.level == logging.NOTSET:
        log.setLevel(logging.INFO)
    if not app.testing and not log.hasHandlers():
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter("%(asctime)s %(name)s %(message)s"))
        log.addHandler(handler)
