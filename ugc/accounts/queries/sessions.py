"""The session of a request, and all sessions of a member."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from ugc.accounts.models import (
    Member,
    MemberSession,
)
from ugc.accounts.queries import grants as grants_queries
from ugc.accounts.rules.roles import grants as as_grants
from ugc.core.access import Grant
from ugc.core.db import Session, app_now, built_once, note_now
from ugc.core.subjects import Subject


def session_member(
    session: Session, token_hash: str, *, keep: bool = False, exclusive: bool = False
) -> tuple[Member, str, int, tuple[Grant, ...]] | None:
    """The member, their public id, the session's id and the roles in force behind a cookie, while
    it is good. With `keep`, the member is not erased until this transaction ends; an erasure that
    runs is waited for. With `exclusive`, the member's other writing requests are waited for too."""
    query = _session_member(keep, exclusive)
    row = session.execute(query, {"token_hash": token_hash}).first()
    if row is None:
        return None
    note_now(row[4])
    return row[0], row[1], row[2], as_grants(row[3])


@built_once
def _session_member(keep: bool, exclusive: bool) -> sa.Select[Any]:
    query: sa.Select[Any] = (
        sa.select(
            Member,
            Subject.public_id,
            MemberSession.id,
            grants_queries.as_json(Member.id),
            app_now(),
        )
        .join(MemberSession, MemberSession.member_id == Member.id)
        .join(Subject, Subject.id == Member.id)
        .where(
            MemberSession.token_hash == sa.bindparam("token_hash"),
            MemberSession.revoked_at.is_(None),
            MemberSession.expires_at > app_now(),
            Member.erased_at.is_(None),
        )
    )
    if exclusive:
        return query.with_for_update(of=Member)
    if keep:
        return query.with_for_update(read=True, key_share=True, of=Member)
    return query


def open_sessions(session: Session, member_id: int) -> list[MemberSession]:
    return list(
        session.scalars(
            sa.select(MemberSession)
            .where(
                MemberSession.member_id == member_id,
                MemberSession.revoked_at.is_(None),
                MemberSession.expires_at > app_now(),
            )
            .order_by(MemberSession.created_at.desc())
        )
    )


def all_sessions(session: Session, member_id: int) -> list[MemberSession]:
    """Open and ended ones, for the member's own export."""
    query = sa.select(MemberSession).where(MemberSession.member_id == member_id)
    return list(session.scalars(query.order_by(MemberSession.id)))
