"""Following a brand."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from ugc.brands.models import (
    Fan,
)
from ugc.core.access import Actor, require_contributor
from ugc.core.db import Session


def follow(session: Session, actor: Actor, brand_id: int, *, following: bool) -> None:
    """Becomes a fan, or stops being one. Raises Forbidden, SignInNeeded."""
    member_id = require_contributor(actor)
    if following:
        session.execute(
            insert(Fan).values(brand_id=brand_id, member_id=member_id).on_conflict_do_nothing()
        )
    else:
        session.execute(sa.delete(Fan).where(Fan.brand_id == brand_id, Fan.member_id == member_id))
