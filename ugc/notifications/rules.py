"""What is told and how it reads. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext

PAGE = 30
KEPT_DAYS = 90


@dataclass(frozen=True)
class Kind:
    """`text` may name `%(title)s` (what it is about), `%(who)s` (a member) and `%(n)s`; `icon` is
    one of the sprite."""

    icon: str
    text: Any


KINDS = {
    "approved": Kind("check", lazy_gettext("A moderator approved it: %(title)s")),
    "refused": Kind("x", lazy_gettext("A moderator refused it: %(title)s")),
    "confirmed": Kind("thumbs-up", lazy_gettext("Others say that it is still there: %(title)s")),
    "still_there": Kind("map-pin", lazy_gettext("Is it still there? %(title)s")),
    "comment": Kind("message-circle", lazy_gettext("%(who)s said something about %(title)s")),
    "helpful": Kind("thumbs-up", lazy_gettext("Somebody found your review helpful: %(title)s")),
    "level": Kind("trending-up", lazy_gettext("You reached level %(n)s.")),
    "badge": Kind("award", lazy_gettext("You earned a badge.")),
    "contact": Kind("users", lazy_gettext("%(who)s joined through your link.")),
    "claim_approved": Kind("badge-check", lazy_gettext("You speak for %(title)s now.")),
    "claim_refused": Kind("x", lazy_gettext("Your claim was refused: %(title)s")),
    "news_posted": Kind("map-pin", lazy_gettext("New where you watch: %(title)s")),
    "news_votes": Kind("users", lazy_gettext("Others say whether it is still there: %(title)s")),
    "news_edited": Kind("pencil", lazy_gettext("Its author changed the text: %(title)s")),
    "news_answered": Kind("landmark", lazy_gettext("There is an official answer: %(title)s")),
    "news_closed": Kind("check", lazy_gettext("It is over: %(title)s")),
    "news_reopened": Kind("history", lazy_gettext("It is open again: %(title)s")),
    "news_merged": Kind("copy", lazy_gettext("Another report was merged into it: %(title)s")),
}
GONE = lazy_gettext("something that is gone")
SOMEBODY = lazy_gettext("Somebody")
