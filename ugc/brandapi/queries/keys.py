"""Reads of API keys."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from ugc.accounts.models import Member
from ugc.accounts.queries import grants as accounts_grants_queries
from ugc.accounts.rules.roles import roles_that_may
from ugc.brandapi.models import ApiKey, KeyUse
from ugc.brandapi.queries import statements
from ugc.core.db import Session


def _has_holder(brand_id: Any) -> sa.Exists:
    """Whether a standing member of the team holds a role that includes keys."""
    return accounts_grants_queries.holds_any(brand_id, roles_that_may("manage_keys"))


_HOLDER_SQL = str(
    _has_holder(sa.literal_column("b.id")).compile(
        dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True}
    )
)

KEY_SQL = (
    "SELECT k.id, k.brand_id, k.scopes, EXISTS (SELECT FROM key_uses u"
    " WHERE u.key_id = k.id AND u.used_at > app_now() - interval '1 minute'),"
    f" b.visibility = 'published' AND {_HOLDER_SQL}"
    " FROM api_keys k JOIN brands b ON b.id = k.brand_id WHERE k.key_hash = %(digest)s"
    " AND k.revoked_at IS NULL"
)


def key_by_hash(session: Session, digest: str) -> tuple[int, int, list[str], bool, bool] | None:
    """(key, brand, scopes, whether it was marked as used within the last minute, whether it works
    now) of a key that was not revoked."""
    found = statements.rows(session, KEY_SQL, {"digest": digest})
    return found[0] if found else None  # type: ignore[return-value]


@dataclass(frozen=True)
class KeyRow:
    id: int
    name: str
    hint: str
    scopes: list[str]
    created_by: str | None
    created_at: dt.datetime
    revoked_at: dt.datetime | None
    last_used_at: dt.datetime | None


def keys_of(session: Session, brand_id: int) -> list[KeyRow]:
    """A brand's keys, the valid ones first."""
    last_used = (
        sa.select(sa.func.max(KeyUse.used_at))
        .where(KeyUse.key_id == ApiKey.id)
        .correlate(ApiKey)
        .scalar_subquery()
    )
    found = session.execute(
        sa.select(ApiKey, Member.who.label("handle"), last_used.label("last_used_at"))
        .join(Member, Member.id == ApiKey.created_by_id)
        .where(ApiKey.brand_id == brand_id)
        .order_by(ApiKey.revoked_at.is_not(None), ApiKey.id.desc())
    )
    return [
        KeyRow(
            row.ApiKey.id,
            row.ApiKey.name,
            row.ApiKey.hint,
            list(row.ApiKey.scopes),
            row.handle,
            row.ApiKey.created_at,
            row.ApiKey.revoked_at,
            row.last_used_at,
        )
        for row in found
    ]


def keys_made_by(session: Session, member_id: int) -> list[dict[str, Any]]:
    """For the member's own export."""
    found = session.execute(
        sa.select(ApiKey.name, ApiKey.hint, ApiKey.scopes, ApiKey.created_at, ApiKey.revoked_at)
        .where(ApiKey.created_by_id == member_id)
        .order_by(ApiKey.id)
    )
    return [dict(row) for row in found.mappings()]


def has_holder(session: Session, brand_id: int) -> bool:
    """Whether a standing member of the brand's team holds a role that includes keys."""
    return bool(session.scalar(sa.select(_has_holder(brand_id))))


def valid_key_count(session: Session, brand_id: int) -> int:
    query = sa.select(sa.func.count()).where(
        ApiKey.brand_id == brand_id, ApiKey.revoked_at.is_(None)
    )
    return session.scalar(query) or 0
