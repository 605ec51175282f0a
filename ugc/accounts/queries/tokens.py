"""Links that were mailed: of confirmations, new passwords, new addresses."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa

from ugc.accounts.models import (
    AccountToken,
)
from ugc.accounts.rules.credentials import REPEAT_MINUTES
from ugc.core.db import Session, app_now, lately


def tokens(session: Session, member_id: int) -> list[AccountToken]:
    """The links that were sent by mail, for the member's own export."""
    query = sa.select(AccountToken).where(AccountToken.member_id == member_id)
    return list(session.scalars(query.order_by(AccountToken.id)))


def good_token(session: Session, token_hash: str, purpose: str) -> AccountToken | None:
    """The unused, unexpired token, locked until the transaction ends."""
    return session.scalar(
        sa.select(AccountToken)
        .where(
            AccountToken.token_hash == token_hash,
            AccountToken.purpose == purpose,
            AccountToken.used_at.is_(None),
            AccountToken.expires_at > app_now(),
        )
        .with_for_update(key_share=True)
    )


def ended_token(session: Session, token_hash: str, *purposes: str) -> AccountToken | None:
    """The token, when it ended within `REPEAT_MINUTES`."""
    return session.scalar(
        sa.select(AccountToken).where(
            AccountToken.token_hash == token_hash,
            AccountToken.purpose.in_(purposes),
            lately(AccountToken.used_at, dt.timedelta(minutes=REPEAT_MINUTES)),
        )
    )
