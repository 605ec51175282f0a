"""How moderators of the tests decide what waits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from flask.testing import FlaskClient

from ugc.core.db import Session
from ugc.core.subjects import Subject
from ugc.moderation.models import Case

# The button of the queue by how its decision is stored; `false` and `cleared` are of rings.
ACTION_OF = {
    "approved": "approve",
    "refused": "refuse",
    "false": "find_false",
    "cleared": "clear",
}


def open_cases(session: Session, kind: str | None = None) -> Sequence[sa.Row[Any]]:
    """Those that wait (id, version, reason), the oldest first; of one kind of subject alone."""
    query = (
        sa.select(Case.id, Case.version, Case.reason)
        .where(Case.decided_at.is_(None))
        .order_by(Case.id)
    )
    if kind is not None:
        query = query.join(Subject, Subject.id == Case.subject_id).where(Subject.kind == kind)
    return session.execute(query).all()


def decide(
    moderator: FlaskClient,
    session: Session,
    outcome: str = "approved",
    *,
    case: sa.Row[Any] | None = None,
    rule: str = "false",
    note: str = "Not so.",
) -> int:
    """Decides a case of `open_cases`, the oldest if none is given; the status of the answer."""
    case = case or open_cases(session)[0]
    form = {"version": case.version, "action": ACTION_OF[outcome], "rule": rule, "note": note}
    return moderator.post(f"/moderation/{case.id}", data=form).status_code


def decide_only(
    moderator: FlaskClient, session: Session, outcome: str = "approved", **form: str
) -> None:
    """Decides the one case that waits."""
    [case] = open_cases(session)
    assert decide(moderator, session, outcome, case=case, **form) == 303
