"""What content may not be, and who may say so. Pure."""

from __future__ import annotations

import datetime as dt
import enum

from flask_babel import lazy_gettext

from ugc.core.access import Actor

NOTE_MAX = 1000
# A slip is noticed soon; later the author has read the decision and may have acted on it.
UNDO_WITHIN = dt.timedelta(hours=24)
# Contributions that a moderator must have approved before a member's next ones show at once.
APPROVED_BEFORE_FREE = 3
# Rules that a flag or a refusal names; codes are stored, texts are shown.
RULES = {
    "spam": lazy_gettext("Advertising or spam"),
    "insult": lazy_gettext("Insults, hate or threats"),
    "private": lazy_gettext("Personal data: names, number plates, telephones"),
    "false": lazy_gettext("False or misleading"),
    "off_topic": lazy_gettext("Not about this place or not useful here"),
    "illegal": lazy_gettext("Against the law"),
    "other": lazy_gettext("Something else, see the note"),
}
# Why a case was opened, as the queue says it.
REASONS = {
    "held": lazy_gettext("first contributions"),
    "flagged": lazy_gettext("flagged"),
    "doubted": lazy_gettext("doubted accounts"),
    "appealed": lazy_gettext("appeal"),
    "renamed": lazy_gettext("another name or web address"),
    "claimed": lazy_gettext("claim"),
    "lookalike": lazy_gettext("a name like another's"),
}


class Waiting(enum.StrEnum):
    """What of a contribution waits for a moderator."""

    NOTHING = "nothing"
    TEXT = "text"
    PHOTOS = "photos"
    BOTH = "both"  # text and photos; the rest shows
    ALL = "all"


WAITING = {
    Waiting.TEXT: lazy_gettext("The text waits for a moderator: until then others do not see it."),
    Waiting.PHOTOS: lazy_gettext(
        "The photos wait for a moderator: until then others do not see them."
    ),
    Waiting.BOTH: lazy_gettext(
        "Text and photos wait for a moderator: until then others do not see them."
    ),
    Waiting.ALL: lazy_gettext("It waits for a moderator: until then others do not see it."),
}


def waiting_of(*, text: bool, photos: bool) -> Waiting:
    """What waits of a contribution whose rest shows: its text, its photos."""
    if text and photos:
        return Waiting.BOTH
    if text:
        return Waiting.TEXT
    return Waiting.PHOTOS if photos else Waiting.NOTHING


def may_decide(actor: Actor, author_id: int | None) -> bool:
    """Moderators, but never on their own content."""
    return actor.is_moderator and actor.id != author_id


def may_flag(actor: Actor, author_id: int | None) -> bool:
    """Confirmed members, but not their own content."""
    return actor.is_member and actor.confirmed and not actor.suspended and actor.id != author_id


def must_be_held(actor: Actor, approved_contributions: int) -> bool:
    """By number of approved contributions, never by points; moderators are free."""
    return not actor.is_moderator and approved_contributions < APPROVED_BEFORE_FREE
