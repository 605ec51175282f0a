"""Writes of the inbox. Nothing here commits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from ugc.core.db import Session, app_now
from ugc.notifications import queries, rules
from ugc.notifications.models import Notification


def tell(
    session: Session,
    member_id: int | None,
    kind: str,
    cause: str,
    *,
    subject_id: int | None = None,
    **facts: Any,
) -> None:
    """Tells a member something, once per cause; nobody is told nothing."""
    if member_id is None:
        return
    session.execute(
        insert(Notification)
        .values(member_id=member_id, kind=kind, cause=cause, subject_id=subject_id, facts=facts)
        .on_conflict_do_nothing()
    )


def mark_read(
    session: Session, member_id: int, notification_id: int, folded: Sequence[int] = ()
) -> None:
    """With what was folded into the same line. Raises NotFound."""
    row = queries.own(session, member_id, notification_id)
    session.execute(
        sa.update(Notification)
        .where(
            Notification.id.in_([row.id, *folded]),
            Notification.member_id == member_id,
            Notification.read_at.is_(None),
        )
        .values(read_at=app_now())
    )


def mark_all_read(session: Session, member_id: int) -> None:
    session.execute(
        sa.update(Notification)
        .where(Notification.member_id == member_id, Notification.read_at.is_(None))
        .values(read_at=app_now())
    )


def forget_old(session: Session) -> None:
    """Deletes those that were read long ago."""
    limit = app_now() - sa.cast(f"{rules.KEPT_DAYS} days", sa.Interval)
    session.execute(sa.delete(Notification).where(Notification.read_at < limit))


def export_member(session: Session, member_id: int) -> list[dict[str, object]]:
    return [
        {"kind": n.kind, "of": of, "facts": n.facts, "at": n.created_at, "read_at": n.read_at}
        for n, of in queries.all_of(session, member_id)
    ]


def erase_member(session: Session, member_id: int, _with_content: bool) -> None:
    session.execute(sa.delete(Notification).where(Notification.member_id == member_id))
