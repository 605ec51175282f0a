"""Sessions of members: opened at signing in, ended one by one."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Callable

import sqlalchemy as sa
from flask_babel import lazy_gettext

from ugc.accounts.actions import joining
from ugc.accounts.actions.links import digest
from ugc.accounts.models import (
    MemberSession,
)
from ugc.accounts.rules import credentials
from ugc.core import audit
from ugc.core.db import Session, app_now, now
from ugc.core.errors import Conflict


def on_sign_in(react: Callable[[Session, int], None]) -> None:
    """A higher capability says what must be true when a member has signed in in this browser; it
    gets the member's id and runs in the same transaction."""
    joining._on_sign_in.append(react)


def signed_in(session: Session, member_id: int) -> None:
    for react in joining._on_sign_in:
        react(session, member_id)


def open_session(session: Session, member_id: int, user_agent: str) -> str:
    """A new session; returns the token that the cookie holds."""
    token = secrets.token_urlsafe(32)
    session.add(
        MemberSession(
            member_id=member_id,
            token_hash=digest(token),
            user_agent=user_agent[:200],
            expires_at=now(session) + dt.timedelta(days=credentials.SESSION_DAYS),
        )
    )
    return token


def session_id_of(session: Session, token: str) -> int:
    """The row of a session that was opened with `token`."""
    return session.scalars(
        sa.select(MemberSession.id).where(MemberSession.token_hash == digest(token))
    ).one()


def revoke_session(session: Session, member_id: int, session_id: int) -> None:
    """Ends one of the member's own sessions; raises Conflict when it is not theirs or over."""
    result = session.execute(
        sa.update(MemberSession)
        .where(
            MemberSession.id == session_id,
            MemberSession.member_id == member_id,
            MemberSession.revoked_at.is_(None),
        )
        .values(revoked_at=app_now())
        .returning(MemberSession.id)
    ).first()
    if result is None:
        raise Conflict(lazy_gettext("That session is over already."))
    audit.note_now("session_ended", member=member_id, session=session_id)
