"""Browsers that take web push."""

from __future__ import annotations

import sqlalchemy as sa
from flask_babel import lazy_gettext
from sqlalchemy.dialects.postgresql import insert

from ugc.core.db import Session
from ugc.core.errors import Conflict, NotFound
from ugc.watches.models import (
    PushSubscription,
)
from ugc.watches.queries import reading
from ugc.watches.rules import browsers as browsers_rules
from ugc.watches.rules import choices

# browsers -----------------------------------------------------------------------------------


def add_browser(
    session: Session,
    member_id: int,
    session_id: int,
    browser: browsers_rules.Browser,
    user_agent: str,
) -> None:
    """Pushes go to this browser from now on; a browser belongs to the member who signed in last.
    Raises Conflict (too many)."""
    known = reading.browsers(session, member_id)
    if len(known) >= choices.BROWSERS_MAX and browser.endpoint not in {b.endpoint for b in known}:
        told = lazy_gettext(
            "At most %(most)d browsers are told. Remove one first.", most=choices.BROWSERS_MAX
        )
        raise Conflict(told)
    values = {
        "member_id": member_id,
        "session_id": session_id,
        "p256dh": browser.p256dh,
        "auth": browser.auth,
        "user_agent": user_agent[:300],
    }
    session.execute(
        insert(PushSubscription)
        .values(endpoint=browser.endpoint, **values)
        .on_conflict_do_update(index_elements=["endpoint"], set_=values)
    )


def remove_browser(session: Session, member_id: int, subscription_id: int) -> None:
    """Raises NotFound, also for another member's."""
    gone = session.execute(
        sa.delete(PushSubscription)
        .where(PushSubscription.id == subscription_id, PushSubscription.member_id == member_id)
        .returning(PushSubscription.id)
    ).first()
    if gone is None:
        raise NotFound()
