"""Who may say what. Pure."""

from __future__ import annotations

import datetime as dt

from ugc.core.access import Actor
from ugc.core.subjects import Visibility

TEXT_MIN, TEXT_MAX = 2, 1000
SAME_WITHIN = dt.timedelta(hours=24)  # the same words of one member there are one comment
PAGE = 100  # comments under one subject; the latest


def may_comment(actor: Actor) -> bool:
    """Confirmed members, their own subject included."""
    return actor.is_member and actor.confirmed and not actor.suspended


def may_withdraw(actor: Actor, author_id: int | None, visibility: str) -> bool:
    return (
        actor.is_member
        and actor.id is not None
        and actor.id == author_id
        and visibility in (Visibility.PUBLISHED, Visibility.HELD)
    )


def may_see(actor: Actor, author_id: int | None, visibility: str) -> bool:
    """What waits is seen by its author and moderators."""
    mine = actor.id is not None and actor.id == author_id
    return visibility == Visibility.PUBLISHED or mine or actor.is_moderator
