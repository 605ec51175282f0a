"""Reads of the names that members have beside their handles."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from ugc.accounts.models import Member, MemberName
from ugc.accounts.rules import naming as naming_rules
from ugc.core.db import Session, lately


def histories(session: Session, ids: Sequence[int]) -> dict[int, list[MemberName]]:
    """What members were called, the newest first; an empty list for a handle alone."""
    query = sa.select(MemberName).where(MemberName.member_id.in_(ids))
    found: dict[int, list[MemberName]] = {each: [] for each in ids}
    for name in session.scalars(query.order_by(MemberName.id.desc())):
        found[name.member_id].append(name)
    return found


def notes_of(session: Session, ids: Iterable[int]) -> dict[int, str]:
    """What moderators wrote when they took names away, by the change."""
    rows = session.execute(
        sa.select(MemberName.id, MemberName.note).where(MemberName.id.in_(list(ids)))
    )
    return {row.id: row.note for row in rows}


def own_changes(session: Session, member_id: int) -> list[int]:
    """The names that the member set themselves within `rules.CHANGES_DAYS` days."""
    query = sa.select(MemberName.id).where(
        MemberName.member_id == member_id,
        MemberName.by_id.is_(None),
        MemberName.name != "",
        lately(MemberName.set_at, dt.timedelta(days=naming_rules.CHANGES_DAYS)),
    )
    return list(session.scalars(query))


def taken_away(session: Session, member_id: int) -> list[str]:
    """Names that moderators took away from the member."""
    before = sa.orm.aliased(MemberName)
    name = (
        sa.select(before.name)
        .where(before.member_id == member_id, before.id < MemberName.id)
        .order_by(before.id.desc())
        .limit(1)
        .correlate(MemberName)
        .scalar_subquery()
    )
    query = sa.select(name).where(MemberName.member_id == member_id, MemberName.by_id.is_not(None))
    return [each for each in session.scalars(query) if each]


def is_handle_of_another(session: Session, handles: Sequence[str], member_id: int | None) -> bool:
    """Whether one of `handles` is that of a member other than this one (None: of any)."""
    query = sa.select(sa.exists().where(Member.handle.in_(handles), Member.id != (member_id or 0)))
    return bool(handles) and bool(session.scalar(query))
