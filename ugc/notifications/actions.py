"""Writes of the inbox. Nothing here commits."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from ugc.core.db import Session, app_now
from ugc.notifications import queries, rules
from ugc.notifications.models import NewsChoice, Notification


def tell(
    session: Session,
    member_id: int | None,
    kind: str,
    cause: str,
    *,
    subject_id: int | None = None,
    **facts: Any,
) -> None:
    """Tells a member something, once per cause, where they chose for its family; None is told
    nothing."""
    if member_id is None:
        return
    family = rules.KINDS[kind].family
    where = queries.where(session, [member_id], family)[member_id]
    if not where.anywhere:
        return
    told = session.scalar(
        insert(Notification)
        .values(
            member_id=member_id,
            kind=kind,
            cause=cause,
            subject_id=subject_id,
            facts=facts,
            shown=where.site,
        )
        .on_conflict_do_nothing()
        .returning(Notification.id)
    )
    if told is not None and (where.mail or where.push):
        for react in _on_told:
            react(session, Told(told, member_id, family, where))


@dataclass(frozen=True)
class Told:
    """A notification that was just made, and where its member wants its family."""

    notification_id: int
    member_id: int
    family: rules.Family
    where: rules.Where


_on_told: list[Callable[[Session, Told], None]] = []


def on_told(react: Callable[[Session, Told], None]) -> None:
    """A higher capability says what must be true when a member was told something that is to leave
    the site; it runs in the same transaction."""
    _on_told.append(react)


def choose(session: Session, member_id: int, chosen: Mapping[rules.Family, rules.Where]) -> None:
    """Where the member wants each family from now on."""
    values = [
        {"member_id": member_id, "family": family, **asdict(where)}
        for family, where in chosen.items()
    ]
    query = insert(NewsChoice).values(values)
    session.execute(
        query.on_conflict_do_update(
            index_elements=["member_id", "family"],
            set_={way: query.excluded[way] for way in ("site", "mail", "push")},
        )
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
    """Deletes those that were read long ago, or that went by mail or push alone long ago."""
    limit = app_now() - sa.cast(f"{rules.KEPT_DAYS} days", sa.Interval)
    unseen = sa.and_(~Notification.shown, Notification.created_at < limit)
    session.execute(sa.delete(Notification).where(sa.or_(Notification.read_at < limit, unseen)))


def export_choices(session: Session, member_id: int) -> dict[str, object]:
    """Where the member wants each family of news."""
    chosen = queries.wheres(session, member_id)
    return {str(family): asdict(where) for family, where in chosen.items()}


def erase_choices(session: Session, member_id: int, _with_content: bool) -> None:
    session.execute(sa.delete(NewsChoice).where(NewsChoice.member_id == member_id))


def export_member(session: Session, member_id: int) -> list[dict[str, object]]:
    return [
        {"kind": n.kind, "of": of, "facts": n.facts, "at": n.created_at, "read_at": n.read_at}
        for n, of in queries.all_of(session, member_id)
    ]


def erase_member(session: Session, member_id: int, _with_content: bool) -> None:
    session.execute(sa.delete(Notification).where(Notification.member_id == member_id))
