"""Reads of suspensions: who is suspended, why, until when, and who decided."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from ugc.accounts.models import Member, Suspension, SuspensionLift, SuspensionNote
from ugc.accounts.rules.suspensions import WITHOUT_END
from ugc.core.db import Session, app_now


@dataclass(frozen=True)
class SuspensionRow:
    """One of a member's suspensions; `by` is the moderator, None for the operator or for
    one who left; `lifted_at` when it was ended before its time."""

    id: int
    member_id: int
    reason: str
    until: dt.datetime | None
    note: str
    cause: str
    by: str | None
    suspended_at: dt.datetime
    lifted_at: dt.datetime | None
    lifted_by: str | None
    stands: bool


def _suspensions() -> Any:
    by, lifter = sa.orm.aliased(Member), sa.orm.aliased(Member)
    stands = sa.and_(
        SuspensionLift.suspension_id.is_(None),
        sa.or_(Suspension.until.is_(None), Suspension.until > app_now()),
    )
    return (
        sa.select(
            Suspension.id, Suspension.member_id, Suspension.reason, Suspension.until,
            sa.func.coalesce(SuspensionNote.note, ""), Suspension.cause, by.who,
            Suspension.suspended_at, SuspensionLift.lifted_at, lifter.who, stands,
        )
        .outerjoin(SuspensionNote, SuspensionNote.suspension_id == Suspension.id)
        .outerjoin(SuspensionLift, SuspensionLift.suspension_id == Suspension.id)
        .outerjoin(by, by.id == Suspension.by_id)
        .outerjoin(lifter, lifter.id == SuspensionLift.by_id)
    )  # fmt: skip


def all_of(session: Session, member_id: int) -> list[SuspensionRow]:
    """All of a member's, the newest first."""
    query = _suspensions().where(Suspension.member_id == member_id).order_by(Suspension.id.desc())
    return [SuspensionRow(*row) for row in session.execute(query)]


def several(session: Session, ids: Iterable[int]) -> list[SuspensionRow]:
    """These suspensions, in no order."""
    query = _suspensions().where(Suspension.id.in_(list(ids)))
    return [SuspensionRow(*row) for row in session.execute(query)]


def one(session: Session, suspension_id: int) -> SuspensionRow | None:
    return next(iter(several(session, [suspension_id])), None)


def standing(session: Session, member_id: int) -> SuspensionRow | None:
    """Of those that stand the one that ends last."""
    stand = [each for each in all_of(session, member_id) if each.stands]
    return max(stand, key=lambda each: (each.until or WITHOUT_END, each.id), default=None)


def suspended_among(session: Session, ids: Iterable[int]) -> set[int]:
    """Those of the members who are suspended now."""
    query = sa.select(Member.id).where(Member.id.in_(list(ids)), Member.suspended_until > app_now())
    return set(session.scalars(query))


def not_suspended() -> sa.ColumnElement[bool]:
    """For queries of members: those who are not suspended now."""
    return sa.func.coalesce(Member.suspended_until <= app_now(), sa.true())


def ended(session: Session, limit: int = 500) -> list[Member]:
    """Members whose suspension came to its end and who were not told yet, locked."""
    return list(
        session.scalars(
            sa.select(Member)
            .where(Member.suspended_until <= app_now(), Member.erased_at.is_(None))
            .order_by(Member.suspended_until)
            .limit(limit)
            .with_for_update(skip_locked=True, key_share=True)
        )
    )
