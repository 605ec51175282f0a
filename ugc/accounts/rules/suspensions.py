"""Reasons and lengths of suspensions, and who may suspend. Pure."""

from __future__ import annotations

import datetime as dt

from flask_babel import lazy_gettext

from ugc.core.access import Actor, ActorKind

# Why a member is suspended: codes are stored, texts are shown.
REASONS = {
    "spam": lazy_gettext("advertising or spam"),
    "insult": lazy_gettext("insults, hate or threats"),
    "private": lazy_gettext("personal data of other people"),
    "false": lazy_gettext("false or misleading content"),
    "impersonation": lazy_gettext("posing as another person or as an organisation"),
    "accounts": lazy_gettext(
        "several accounts of one person, or accounts made to spread something"
    ),
    "illegal": lazy_gettext("something against the law"),
    "security": lazy_gettext("another person seems to use the account"),
    "other": lazy_gettext("see the moderator’s note"),
}
# Days that the form offers; 0 is without end.
DAYS = (1, 3, 7, 30, 90, 365, 0)
MOST_DAYS = 3650
NOTE_MAX = 1000
# `members.suspended_until` of a suspension without end: comparisons need a time.
WITHOUT_END = dt.datetime(9999, 1, 1, tzinfo=dt.UTC)


def may_suspend(actor: Actor, member_id: int, moderates: bool) -> bool:
    """Whether `actor` may suspend a member, or lift it, by the acts of their role; `moderates` when
    the member has a role over the site. Never themselves; the operator (the system) all."""
    if actor.kind is ActorKind.SYSTEM:
        return True
    if actor.id == member_id:
        return False
    return actor.may("suspend_moderators" if moderates else "suspend_members")
