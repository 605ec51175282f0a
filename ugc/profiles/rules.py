"""Who sees a profile's text, and what it may not be. Pure."""

from __future__ import annotations

from flask_babel import lazy_gettext

from ugc.core.access import Actor
from ugc.core.subjects import Visibility
from ugc.moderation.rules import RULES as CONTENT_RULES

TEXT_MAX = 500
RULES = {
    "impersonation": lazy_gettext("Poses as another person or as an organisation"),
    **{code: text for code, text in CONTENT_RULES.items() if code != "off_topic"},
}


def is_shown(visibility: str, *, confirmed: bool, suspended: bool) -> bool:
    """Whether all may read the text of an author who is `confirmed` and `suspended`."""
    return visibility == Visibility.PUBLISHED and confirmed and not suspended


def may_see(actor: Actor, author_id: int, shown: bool) -> bool:
    """The author and moderators also see what waits or was refused."""
    return shown or actor.id == author_id or actor.is_moderator


def next_visibility(now: Visibility | None, *, held: bool, waits: bool) -> Visibility:
    """After its author changed the text: what must be held, was refused, or waits for a decision is
    read by a moderator first."""
    refused = now in (Visibility.HIDDEN, Visibility.REMOVED)
    return Visibility.HELD if held or waits or refused else Visibility.PUBLISHED
