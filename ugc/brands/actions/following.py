"""Following a brand."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from ugc import events
from ugc.brands.models import (
    Fan,
)
from ugc.core.access import Actor, require_contributor
from ugc.core.db import Session


def follow(session: Session, actor: Actor, brand_id: int, *, following: bool) -> None:
    """Becomes a fan, or stops being one. Raises Forbidden, SignInNeeded."""
    member_id = require_contributor(actor)
    if following:
        changed = session.scalar(
            insert(Fan)
            .values(brand_id=brand_id, member_id=member_id)
            .on_conflict_do_nothing()
            .returning(Fan.member_id)
        )
    else:
        changed = session.scalar(
            sa.delete(Fan)
            .where(Fan.brand_id == brand_id, Fan.member_id == member_id)
            .returning(Fan.member_id)
        )
    if changed is not None:
        events.emit(session, events.BrandFollowed(brand_id, member_id, following))
