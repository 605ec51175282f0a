"""Reads of grants: who holds which role over the site or a brand. Whether one is in force is
computed when it is read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from ugc.accounts.models import Grant, Member
from ugc.accounts.rules.roles import Role, grants
from ugc.core import access
from ugc.core.db import Session, app_now
from ugc.core.subjects import Subject
from ugc.geography.gazetteer import City

_SCOPE = ("role", "subject_id", "city_id", "language", "kind")


@dataclass(frozen=True)
class GrantRow:
    """One grant as lists show it; names are None of erased members. `given_by` and `ended_by` are
    '' where the operator or a migration acted."""

    id: int
    member_id: int
    handle: str | None
    role: Role
    subject_id: int | None
    brand: str | None
    city: str | None
    language: str | None
    kind: str | None
    starts_at: dt.datetime
    until: dt.datetime | None
    given_at: dt.datetime
    given_by: str | None
    reason: str
    ended_at: dt.datetime | None
    ended_by: str | None
    end_reason: str
    in_force: bool


def in_force(grant: Any = Grant) -> sa.ColumnElement[bool]:
    """Not ended, begun, and its time not over."""
    return sa.and_(
        grant.ended_at.is_(None),
        grant.starts_at <= app_now(),
        sa.or_(grant.until.is_(None), grant.until > app_now()),
    )


def standing(member: Any = Member) -> sa.ColumnElement[bool]:
    """Members whose roles count: confirmed, not suspended, not erased."""
    return sa.and_(
        member.erased_at.is_(None),
        member.email_confirmed_at.is_not(None),
        sa.or_(member.suspended_until.is_(None), member.suspended_until <= app_now()),
    )


def as_json(member_id: Any) -> sa.ScalarSelect[Any]:
    """The roles of a member in force as a JSON list, for a column of another statement."""
    facts = [part for name in _SCOPE for part in (name, getattr(Grant, name))]
    listed = sa.func.json_agg(sa.func.json_build_object(*facts))
    return (
        sa.select(sa.func.coalesce(listed, sa.literal_column("'[]'::json")))
        .where(Grant.member_id == member_id, in_force())
        .correlate(Member)
        .scalar_subquery()
    )


def of_member(session: Session, member_id: int) -> tuple[access.Grant, ...]:
    """The roles of a member that are in force."""
    return grants(session.execute(sa.select(as_json(member_id))).scalar_one())


def site_roles(session: Session, member_id: int) -> list[Role]:
    """The member's site roles in force, the widest first."""
    held = {grant.role for grant in of_member(session, member_id) if grant.subject_id is None}
    return [role for role in Role if role in held]


def is_standing(session: Session, member_id: int) -> bool:
    query = sa.select(sa.exists().where(Member.id == member_id, standing()))
    return bool(session.scalar(query))


def holders(session: Session, role: Role, subject_id: int | None = None) -> list[int]:
    """Standing members who hold `role` over the brand (None: the site), the longest first."""
    query = (
        sa.select(Grant.member_id)
        .join(Member, Member.id == Grant.member_id)
        .where(Grant.role == role, _over(subject_id), in_force(), standing())
        .group_by(Grant.member_id)
        .order_by(sa.func.min(Grant.starts_at), Grant.member_id)
    )
    return list(session.scalars(query))


def holds_any(subject_id: Any, roles: Collection[Role]) -> sa.Exists:
    """Whether a standing member holds one of `roles` over the brand, for a part of a statement."""
    return (
        sa.exists()
        .where(
            Grant.subject_id == subject_id,
            Grant.role.in_(list(roles)),
            in_force(),
            Member.id == Grant.member_id,
            standing(),
        )
        .correlate_except(Grant, Member)
    )


def is_on(session: Session, subject_id: int, member_id: int) -> bool:
    """Whether the member holds a role over the brand."""
    held = sa.exists().where(
        Grant.member_id == member_id, Grant.subject_id == subject_id, in_force()
    )
    return bool(session.scalar(sa.select(held)))


def open_grants(
    session: Session, member_id: int, role: Role | None = None, subject_id: int | None = None
) -> Sequence[Grant]:
    """Grants that have not ended, over the brand (None: the site), whatever their time."""
    query = sa.select(Grant).where(
        Grant.member_id == member_id, Grant.ended_at.is_(None), _over(subject_id)
    )
    if role is not None:
        query = query.where(Grant.role == role)
    return session.scalars(query.order_by(Grant.id)).all()


def unended_of(session: Session, member_id: int) -> Sequence[Grant]:
    """Every grant of the member that has not ended."""
    query = sa.select(Grant).where(Grant.member_id == member_id, Grant.ended_at.is_(None))
    return session.scalars(query.order_by(Grant.id)).all()


def _over(subject_id: int | None) -> sa.ColumnElement[bool]:
    return Grant.subject_id.is_(None) if subject_id is None else Grant.subject_id == subject_id


def listed(
    session: Session,
    *,
    member_id: int | None = None,
    subject_ids: Collection[int] | None = None,
    site_only: bool = False,
    ended: bool = False,
) -> list[GrantRow]:
    """Grants with names: the longest first; with `ended` those too that are over."""
    giver, ender = orm.aliased(Member), orm.aliased(Member)
    query = (
        sa.select(
            Grant,
            Member.who.label("handle"),
            Subject.public_id.label("brand"),
            City.name.label("city"),
            giver.who.label("given_by"),
            ender.who.label("ended_by"),
            in_force().label("in_force"),
        )
        .join(Member, Member.id == Grant.member_id)
        .outerjoin(giver, giver.id == Grant.given_by_id)
        .outerjoin(ender, ender.id == Grant.ended_by_id)
        .outerjoin(Subject, Subject.id == Grant.subject_id)
        .outerjoin(City, City.id == Grant.city_id)
        .order_by(Grant.id)
    )
    if member_id is not None:
        query = query.where(Grant.member_id == member_id)
    if subject_ids is not None:
        query = query.where(Grant.subject_id.in_(subject_ids))
    if site_only:
        query = query.where(Grant.subject_id.is_(None))
    if not ended:
        query = query.where(
            Grant.ended_at.is_(None), sa.or_(Grant.until.is_(None), Grant.until > app_now())
        )
    return [_row(row) for row in session.execute(query)]


def _row(row: Any) -> GrantRow:
    grant: Grant = row.Grant
    return GrantRow(
        id=grant.id,
        member_id=grant.member_id,
        handle=row.handle,
        role=Role(grant.role),
        subject_id=grant.subject_id,
        brand=row.brand,
        city=row.city,
        language=grant.language,
        kind=grant.kind,
        starts_at=grant.starts_at,
        until=grant.until,
        given_at=grant.given_at,
        given_by="" if grant.given_by_id is None else row.given_by,
        reason=grant.reason,
        ended_at=grant.ended_at,
        ended_by="" if grant.ended_by_id is None else row.ended_by,
        end_reason=grant.end_reason,
        in_force=row.in_force,
    )


def lock_roles_of(session: Session, member_id: int) -> None:
    """One change of a member's roles at a time, until the transaction ends."""
    row = sa.select(Member.id).where(Member.id == member_id)
    session.execute(row.with_for_update(key_share=True))


def locked_grant(session: Session, grant_id: int) -> Grant | None:
    """The grant as it is now, locked until the transaction ends."""
    return session.scalar(
        sa.select(Grant)
        .where(Grant.id == grant_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )


def all_of_member(session: Session, member_id: int) -> list[dict[str, Any]]:
    """Every role the member held or holds, for their own export."""
    return [
        {
            "role": row.role,
            "brand": row.brand,
            "city": row.city,
            "language": row.language,
            "kind": row.kind,
            "from": row.starts_at,
            "until": row.until,
            "given_at": row.given_at,
            "reason": row.reason,
            "ended_at": row.ended_at,
            "end_reason": row.end_reason,
        }
        for row in listed(session, member_id=member_id, ended=True)
    ]


def acts_of_member(session: Session, member_id: int) -> list[dict[str, Any]]:
    """The roles that the member gave to others or took from them, for their own export."""
    query = (
        sa.select(Grant, Subject.public_id)
        .join(Subject, Subject.id == Grant.member_id)
        .where(sa.or_(Grant.given_by_id == member_id, Grant.ended_by_id == member_id))
        .order_by(Grant.id)
    )
    return [_acted(row.Grant, row.public_id, member_id) for row in session.execute(query)]


def _acted(grant: Grant, public_id: str, member_id: int) -> dict[str, Any]:
    gave, ended = grant.given_by_id == member_id, grant.ended_by_id == member_id
    return {
        "role": grant.role,
        "to": public_id,
        "given_at": grant.given_at if gave else None,
        "reason": grant.reason if gave else "",
        "ended_at": grant.ended_at if ended else None,
        "end_reason": grant.end_reason if ended else "",
    }
