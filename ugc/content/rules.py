"""Who may do what to contributed content. Pure."""

from __future__ import annotations

from ugc.core.access import Actor
from ugc.core.subjects import Visibility

STANDING = (Visibility.PUBLISHED, Visibility.HELD)


def may_see(actor: Actor, author_id: int | None, visibility: str) -> bool:
    """The published; all of one's own; moderators see everything."""
    return visibility == Visibility.PUBLISHED or _is_own(actor, author_id) or actor.is_moderator


def may_edit(actor: Actor, author_id: int | None, visibility: str) -> bool:
    """The author of what is published or held, unless they are suspended."""
    return may_withdraw(actor, author_id, visibility) and not actor.suspended


def may_withdraw(actor: Actor, author_id: int | None, visibility: str) -> bool:
    """The author of what is published or held; suspended members too."""
    return actor.is_member and _is_own(actor, author_id) and visibility in STANDING


def _is_own(actor: Actor, author_id: int | None) -> bool:
    return actor.id is not None and actor.id == author_id
