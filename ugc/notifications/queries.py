"""Reads of the inbox."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from ugc.accounts.models import Member
from ugc.core import subjects
from ugc.core.db import Session
from ugc.core.errors import NotFound
from ugc.notifications import rules
from ugc.notifications.models import Notification


@dataclass(frozen=True)
class Item:
    """One line of the inbox; `url` is where it leads, '' when the thing is gone."""

    id: int
    kind: str
    icon: str
    text: str
    url: str
    subject_id: int | None
    facts: dict[str, Any]
    cause: str
    read: bool
    created_at: dt.datetime


def unread_count(session: Session, member_id: int) -> int:
    """By the partial index on unread ones."""
    query = sa.select(sa.func.count()).where(
        Notification.member_id == member_id, Notification.read_at.is_(None)
    )
    return session.scalar(query) or 0


def inbox(session: Session, member_id: int, before: int | None = None) -> list[Item]:
    """A page, newest first; `before` is the id of the last one seen."""
    query = (
        sa.select(Notification)
        .where(Notification.member_id == member_id)
        .order_by(Notification.id.desc())
        .limit(rules.PAGE)
    )
    if before is not None:
        query = query.where(Notification.id < before)
    rows = session.scalars(query).all()
    about = subjects.describe(
        session, [row.subject_id for row in rows if row.subject_id], member_id
    )
    people = {int(row.facts["who"]) for row in rows if "who" in row.facts}
    handles = {
        row.id: row.handle
        for row in session.execute(sa.select(Member.id, Member.handle).where(Member.id.in_(people)))
    }
    return [_item(row, about, handles) for row in rows]


def _item(
    row: Notification, about: dict[int, subjects.SubjectInfo], handles: dict[int, str | None]
) -> Item:
    info = about.get(row.subject_id) if row.subject_id else None
    kind = rules.KINDS[row.kind]
    handle = handles.get(int(row.facts.get("who", 0)))
    title = str(info.title) if info else str(row.facts.get("title", rules.GONE))
    url = info.url if info else str(row.facts.get("url", ""))
    if row.kind == "contact" and handle:
        url = f"/members/{handle}"
    text = str(kind.text) % {
        "title": title,
        "who": handle or str(rules.SOMEBODY),
        "n": row.facts.get("n", ""),
    }
    return Item(
        row.id,
        row.kind,
        kind.icon,
        text,
        url,
        row.subject_id,
        dict(row.facts),
        row.cause,
        row.read_at is not None,
        row.created_at,
    )


def all_of(session: Session, member_id: int) -> list[tuple[Notification, str | None]]:
    """Everything a member was told with the public id of what it is about, for their own export."""
    rows = session.execute(
        sa.select(Notification, subjects.Subject.public_id)
        .outerjoin(subjects.Subject, subjects.Subject.id == Notification.subject_id)
        .where(Notification.member_id == member_id)
        .order_by(Notification.id)
    )
    return [(row.Notification, row.public_id) for row in rows]


def own(session: Session, member_id: int, notification_id: int) -> Notification:
    """Raises NotFound for what is somebody else's."""
    row = session.scalar(
        sa.select(Notification).where(
            Notification.id == notification_id, Notification.member_id == member_id
        )
    )
    if row is None:
        raise NotFound()
    return row
