"""Reads of brands' teams: members, invitations and what happened."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from ugc.accounts.models import Grant, Member
from ugc.accounts.queries import grants as accounts_grants_queries
from ugc.accounts.rules.roles import Role, roles_that_may
from ugc.brands import rules
from ugc.brands.models import Brand, TeamInvitation
from ugc.core.db import Session, app_now

LOG_MOST = 100


@dataclass(frozen=True)
class InvitationRow:
    """An invitation into a team; names are None of erased members."""

    id: int
    handle: str | None
    role: Role
    invited_by: str | None
    invited_at: dt.datetime
    expires_at: dt.datetime


@dataclass(frozen=True)
class Line:
    """One line of a team's log. `what` is `given`, `ended`, `invited`, `declined` or `revoked`;
    `by` is '' where the operator or a migration acted, None of an erased member."""

    at: dt.datetime
    what: str
    handle: str | None
    role: Role
    by: str | None


def members(session: Session, brand_id: int) -> list[accounts_grants_queries.GrantRow]:
    """The roles over the brand that are in force, the longest first."""
    return [
        row
        for row in accounts_grants_queries.listed(session, subject_ids=[brand_id])
        if row.in_force
    ]


def brands_of(session: Session, member_id: int) -> list[int]:
    """Brands over which the member holds a role."""
    held = accounts_grants_queries.of_member(session, member_id)
    return [grant.subject_id for grant in held if grant.subject_id is not None]


def _open() -> sa.ColumnElement[bool]:
    """Unanswered, not too old, and its writer may still change the team."""
    return sa.and_(
        TeamInvitation.outcome.is_(None),
        TeamInvitation.expires_at > app_now(),
        sa.exists()
        .where(
            Grant.subject_id == TeamInvitation.brand_id,
            Grant.member_id == TeamInvitation.invited_by_id,
            Grant.role.in_(roles_that_may("manage_team")),
            accounts_grants_queries.in_force(),
            Member.id == Grant.member_id,
            accounts_grants_queries.standing(),
        )
        .correlate(TeamInvitation),
    )


def open_invitations(session: Session, brand_id: int) -> list[InvitationRow]:
    """Invitations that wait, the oldest first."""
    inviter = orm.aliased(Member)
    invited = orm.aliased(Member)
    rows = session.execute(
        sa.select(TeamInvitation, invited.who.label("handle"), inviter.who.label("invited_by"))
        .join(invited, invited.id == TeamInvitation.member_id)
        .join(inviter, inviter.id == TeamInvitation.invited_by_id)
        .where(TeamInvitation.brand_id == brand_id, _open())
        .order_by(TeamInvitation.id)
    )
    return [
        InvitationRow(
            row.TeamInvitation.id,
            row.handle,
            Role(row.TeamInvitation.role),
            row.invited_by,
            row.TeamInvitation.invited_at,
            row.TeamInvitation.expires_at,
        )
        for row in rows
    ]


def invitation_of(session: Session, brand_id: int, member_id: int | None) -> InvitationRow | None:
    """The invitation that waits for the member."""
    if member_id is None:
        return None
    query = sa.select(TeamInvitation.id).where(
        TeamInvitation.brand_id == brand_id, TeamInvitation.member_id == member_id, _open()
    )
    wanted = session.scalar(query)
    if wanted is None:
        return None
    return next((row for row in open_invitations(session, brand_id) if row.id == wanted), None)


def is_open(session: Session, invitation_id: int) -> bool:
    query = sa.select(TeamInvitation.id).where(TeamInvitation.id == invitation_id, _open())
    return session.scalar(query) is not None


def unanswered(session: Session, brand_id: int | None, member_id: int) -> Sequence[TeamInvitation]:
    """Invitations of the member without an outcome, of one brand or of all."""
    query = sa.select(TeamInvitation).where(
        TeamInvitation.member_id == member_id, TeamInvitation.outcome.is_(None)
    )
    if brand_id is not None:
        query = query.where(TeamInvitation.brand_id == brand_id)
    return session.scalars(query.order_by(TeamInvitation.id)).all()


def locked_open_invitation(
    session: Session, brand_id: int, member_id: int
) -> TeamInvitation | None:
    """The member's invitation that waits, locked until the transaction ends."""
    return session.scalar(
        sa.select(TeamInvitation)
        .where(TeamInvitation.brand_id == brand_id, TeamInvitation.member_id == member_id, _open())
        .with_for_update(of=TeamInvitation, key_share=True)
        .execution_options(populate_existing=True)
    )


def locked_invitation(session: Session, brand_id: int, invitation_id: int) -> TeamInvitation | None:
    """An invitation of the brand, locked until the transaction ends."""
    return session.scalar(
        sa.select(TeamInvitation)
        .where(TeamInvitation.brand_id == brand_id, TeamInvitation.id == invitation_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )


def declined_lately(session: Session, brand_id: int, member_id: int) -> bool:
    rest = sa.cast(f"{rules.DECLINED_DAYS} days", sa.Interval)
    query = sa.exists().where(
        TeamInvitation.brand_id == brand_id,
        TeamInvitation.member_id == member_id,
        TeamInvitation.outcome == "declined",
        TeamInvitation.ended_at > app_now() - rest,
    )
    return bool(session.scalar(sa.select(query)))


def log(session: Session, brand_id: int) -> list[Line]:
    """What happened in the team, the newest first."""
    lines = [*_of_grants(session, brand_id), *_of_invitations(session, brand_id)]
    return sorted(lines, key=lambda line: line.at, reverse=True)[:LOG_MOST]


def _of_grants(session: Session, brand_id: int) -> list[Line]:
    rows = accounts_grants_queries.listed(session, subject_ids=[brand_id], ended=True)
    lines = [Line(row.given_at, "given", row.handle, row.role, row.given_by) for row in rows]
    for row in rows:
        if row.ended_at is not None and not any(_follows(later, row) for later in rows):
            lines.append(Line(row.ended_at, "ended", row.handle, row.role, row.ended_by))
    return lines


def _follows(
    later: accounts_grants_queries.GrantRow, row: accounts_grants_queries.GrantRow
) -> bool:
    """Whether `later` is the role that took the place of `row`: its line says it already."""
    same = later.member_id == row.member_id and later.given_at == row.ended_at
    return same and later.id > row.id


def _of_invitations(session: Session, brand_id: int) -> list[Line]:
    inviter, invited, ender = orm.aliased(Member), orm.aliased(Member), orm.aliased(Member)
    rows = session.execute(
        sa.select(
            TeamInvitation,
            invited.who.label("handle"),
            inviter.who.label("invited_by"),
            ender.who.label("ended_by"),
        )
        .join(invited, invited.id == TeamInvitation.member_id)
        .join(inviter, inviter.id == TeamInvitation.invited_by_id)
        .outerjoin(ender, ender.id == TeamInvitation.ended_by_id)
        .where(TeamInvitation.brand_id == brand_id)
    )
    lines = []
    for row in rows:
        found, role = row.TeamInvitation, Role(row.TeamInvitation.role)
        lines.append(Line(found.invited_at, "invited", row.handle, role, row.invited_by))
        if found.outcome in ("declined", "revoked"):
            lines.append(Line(found.ended_at, found.outcome, row.handle, role, row.ended_by))
    return lines


def invitations_about(session: Session, member_id: int) -> list[dict[str, Any]]:
    """Invitations that the member got or wrote, for their own export."""
    rows = session.execute(
        sa.select(TeamInvitation, Brand.name)
        .join(Brand, Brand.id == TeamInvitation.brand_id)
        .where(
            sa.or_(TeamInvitation.member_id == member_id, TeamInvitation.invited_by_id == member_id)
        )
        .order_by(TeamInvitation.id)
    )
    return [
        {
            "brand": row.name,
            "to_you": row.TeamInvitation.member_id == member_id,
            "role": row.TeamInvitation.role,
            "invited_at": row.TeamInvitation.invited_at,
            "expires_at": row.TeamInvitation.expires_at,
            "outcome": row.TeamInvitation.outcome,
            "ended_at": row.TeamInvitation.ended_at,
        }
        for row in rows
    ]
