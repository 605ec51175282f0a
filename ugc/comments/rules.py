"""Who may say what. Pure."""

from __future__ import annotations

import datetime as dt

from ugc.core.access import Actor

TEXT_MIN, TEXT_MAX = 2, 1000
SAME_WITHIN = dt.timedelta(hours=24)  # the same words of one member there are one comment
PAGE = 100  # comments under one subject; the latest


def may_comment(actor: Actor) -> bool:
    """Confirmed members, their own subject included."""
    return actor.is_member and actor.confirmed and not actor.suspended
