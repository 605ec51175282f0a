"""What is told and how it reads. Pure."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from flask_babel import gettext, lazy_gettext, ngettext

from ugc.core.people import Who, who

PAGE = 30
KEPT_DAYS = 90
NAMED = 3  # people who are named in one line


@dataclass(frozen=True)
class Told:
    """What a line speaks of: `title` is what it is about and where, `who` are people, `count` how
    many people or things were folded into it, `level` a member's, `role` the name of one, `of` the
    kind of content that was decided."""

    title: str = ""
    who: tuple[Who, ...] = ()
    count: int = 1
    level: int = 0
    role: str = ""
    of: str = ""

    @property
    def names(self) -> str:
        shown = ", ".join(who(each).in_text for each in self.who[:NAMED])
        return shown + ("…" if len(self.who) > NAMED else "")

    @property
    def full_names(self) -> str:
        """With their handles, where it must be plain who it is."""
        return ", ".join(who(each).full for each in self.who[:NAMED])


class Family(enum.StrEnum):
    """What a member chooses for: kinds of news that belong together."""

    DECISIONS = "decisions"
    ACCOUNT = "account"
    CONFIRMED = "confirmed"
    STILL_THERE = "still_there"
    COMMENTS = "comments"
    HELPFUL = "helpful"
    PROGRESS = "progress"
    CONTACTS = "contacts"
    BRANDS = "brands"
    WATCHING = "watching"


FAMILIES: dict[Family, Any] = {
    Family.COMMENTS: lazy_gettext("Comments where you wrote"),
    Family.CONFIRMED: lazy_gettext("Confirmations of your reports"),
    Family.STILL_THERE: lazy_gettext("Whether a report is still there"),
    Family.HELPFUL: lazy_gettext("Helpful votes for your reviews"),
    Family.PROGRESS: lazy_gettext("Levels and badges"),
    Family.CONTACTS: lazy_gettext("Contacts who joined by you"),
    Family.BRANDS: lazy_gettext("Brands and their teams"),
    Family.WATCHING: lazy_gettext("What you watch and follow"),
    Family.DECISIONS: lazy_gettext("Moderators' decisions on what you sent"),
    Family.ACCOUNT: lazy_gettext("Your account and your roles"),
}


# Always in the inbox: what they say changes what the member may do, or must be answered in time.
LOCKED = frozenset({Family.DECISIONS, Family.ACCOUNT})


@dataclass(frozen=True)
class Where:
    """Where news of a family reaches a member; none of the three is nowhere."""

    site: bool = True
    mail: bool = False
    push: bool = False

    @property
    def anywhere(self) -> bool:
        return self.site or self.mail or self.push


# Until a member chose; the others stand on the site alone.
DEFAULTS = {
    Family.WATCHING: Where(mail=True, push=True),
    Family.STILL_THERE: Where(mail=True, push=True),
}


def where(family: Family, chosen: Where | None) -> Where:
    """What holds for a member who chose so, or did not choose (None)."""
    found = chosen or DEFAULTS.get(family, Where())
    return replace(found, site=True) if family in LOCKED else found


def where_of_boxes(ticked: Iterable[str]) -> dict[Family, Where]:
    """The whole table, from what was ticked: `<family>:site`, `<family>:mail`, `<family>:push`."""
    boxes = set(ticked)
    return {
        family: where(
            family, Where(*(f"{family}:{way}" in boxes for way in ("site", "mail", "push")))
        )
        for family in FAMILIES
    }


@dataclass(frozen=True)
class Kind:
    """`icon` is one of the sprite; `say` makes the line in the language in force. Of a kind that
    `folds`, what a day brought about one thing is one line."""

    family: Family
    icon: str
    say: Callable[[Told], str]
    folds: bool = False


def _commented(told: Told) -> str:
    return ngettext(
        "%(who)s said something about %(title)s",
        "%(num)d people said something about %(title)s: %(who)s",
        told.count,
        who=told.names,
        title=told.title,
    )


def _confirmed(told: Told) -> str:
    return ngettext(
        "%(num)d person confirmed your report: %(title)s",
        "%(num)d people confirmed your report: %(title)s",
        told.count,
        title=told.title,
    )


def _helpful(told: Told) -> str:
    return ngettext(
        "Somebody found your review helpful: %(title)s",
        "%(num)d people found your review helpful: %(title)s",
        told.count,
        title=told.title,
    )


def _joined(told: Told) -> str:
    return ngettext(
        "%(who)s joined through your link.",
        "%(num)d people joined through your link: %(who)s",
        told.count,
        who=told.names,
    )


def _badges(told: Told) -> str:
    return ngettext("You earned a badge:", "You earned %(num)d badges:", told.count)


def _about(text: Any) -> Callable[[Told], str]:
    """A sentence that names `%(title)s` only."""
    return lambda told: str(text) % {"title": told.title}


def _role(text: Any) -> Callable[[Told], str]:
    """A sentence that may name `%(who)s`, `%(role)s` and `%(title)s`."""
    return lambda told: str(text) % {"title": told.title, "role": told.role, "who": told.full_names}


# What a moderator decided, by the kind of content: a report and a comment under it are two things.
APPROVED = {
    "report": lazy_gettext("A moderator approved your report: %(title)s"),
    "comment": lazy_gettext("A moderator approved your comment on: %(title)s"),
    "review": lazy_gettext("A moderator approved your review of: %(title)s"),
    "place": lazy_gettext("A moderator approved the place that you suggested: %(title)s"),
    "photos": lazy_gettext("A moderator approved the photos that you added to: %(title)s"),
    "brand": lazy_gettext("A moderator approved the brand that you suggested: %(title)s"),
    "brand_change": lazy_gettext("A moderator approved the new name or web address of: %(title)s"),
    "place_claim": lazy_gettext("A moderator decided that your brand runs: %(title)s"),
    "invitation": lazy_gettext("A moderator approved the invitation of: %(title)s"),
    "member": lazy_gettext("A moderator approved what your profile says."),
    "appeal": lazy_gettext("A moderator granted your appeal."),
}
REFUSED = {
    "report": lazy_gettext("A moderator refused your report: %(title)s"),
    "comment": lazy_gettext("A moderator refused your comment on: %(title)s"),
    "review": lazy_gettext("A moderator refused your review of: %(title)s"),
    "place": lazy_gettext("A moderator refused the place that you suggested: %(title)s"),
    "brand": lazy_gettext("A moderator refused the brand that you suggested: %(title)s"),
    "brand_change": lazy_gettext("A moderator refused the new name or web address of: %(title)s"),
    "place_claim": lazy_gettext("A moderator decided that your brand does not run: %(title)s"),
    "invitation": lazy_gettext("A moderator refused the invitation of: %(title)s"),
    "member": lazy_gettext("A moderator refused what your profile says."),
    "appeal": lazy_gettext("A moderator refused your appeal."),
}


def _decided(texts: Mapping[str, Any], otherwise: Any) -> Callable[[Told], str]:
    """The sentence of the kind of content; `otherwise` for one that is not known any more."""
    return lambda told: str(texts.get(told.of, otherwise)) % {"title": told.title}


KINDS = {
    "approved": Kind(
        Family.DECISIONS,
        "check",
        _decided(APPROVED, lazy_gettext("A moderator approved it: %(title)s")),
    ),
    "refused": Kind(
        Family.DECISIONS,
        "x",
        _decided(REFUSED, lazy_gettext("A moderator refused it: %(title)s")),
    ),
    "confirmed": Kind(Family.CONFIRMED, "thumbs-up", _confirmed, folds=True),
    "still_there": Kind(
        Family.STILL_THERE, "map-pin", _about(lazy_gettext("Is it still there? %(title)s"))
    ),
    "comment": Kind(Family.COMMENTS, "message-circle", _commented, folds=True),
    "helpful": Kind(Family.HELPFUL, "thumbs-up", _helpful, folds=True),
    "level": Kind(
        Family.PROGRESS,
        "trending-up",
        lambda told: gettext("You reached level %(n)s.", n=told.level),
        folds=True,
    ),
    "badge": Kind(Family.PROGRESS, "award", _badges, folds=True),
    "contact": Kind(Family.CONTACTS, "users", _joined, folds=True),
    "invitation": Kind(Family.BRANDS, "mail", _about(lazy_gettext("Bring others: %(title)s"))),
    "claim_approved": Kind(
        Family.DECISIONS, "badge-check", _about(lazy_gettext("You speak for %(title)s now."))
    ),
    "claim_refused": Kind(
        Family.DECISIONS, "x", _about(lazy_gettext("Your claim was refused: %(title)s"))
    ),
    "site_role_given": Kind(
        Family.ACCOUNT,
        "shield-check",
        _role(lazy_gettext("You have a role in this community now: %(role)s")),
    ),
    "site_role_ended": Kind(
        Family.ACCOUNT,
        "shield-check",
        _role(lazy_gettext("Your role in this community ended: %(role)s")),
    ),
    "brand_role_given": Kind(
        Family.ACCOUNT,
        "badge-check",
        _role(lazy_gettext("Your role in the team of %(title)s: %(role)s")),
    ),
    "brand_role_ended": Kind(
        Family.ACCOUNT, "x", _role(lazy_gettext("You are not in the team of %(title)s any more."))
    ),
    "other_site_role_given": Kind(
        Family.ACCOUNT,
        "shield-check",
        _role(lazy_gettext("%(who)s has a role in this community now: %(role)s")),
    ),
    "other_site_role_ended": Kind(
        Family.ACCOUNT,
        "shield-check",
        _role(lazy_gettext("The role of %(who)s in this community ended: %(role)s")),
    ),
    "other_brand_role_given": Kind(
        Family.BRANDS,
        "users",
        _role(lazy_gettext("The role of %(who)s in the team of %(title)s: %(role)s")),
    ),
    "other_brand_role_ended": Kind(
        Family.BRANDS,
        "users",
        _role(lazy_gettext("%(who)s is not in the team of %(title)s any more.")),
    ),
    "team_invited": Kind(
        Family.BRANDS,
        "users",
        _role(lazy_gettext("%(who)s asks you into the team of %(title)s: %(role)s")),
    ),
    "photo_unreadable": Kind(
        Family.DECISIONS,
        "image",
        _about(lazy_gettext("Your photo cannot be read, send it as another file: %(title)s")),
    ),
    "photo_removed": Kind(
        Family.DECISIONS,
        "image",
        _about(lazy_gettext("A moderator removed a photo of yours, and says there why: %(title)s")),
    ),
    "photo_failed": Kind(
        Family.DECISIONS,
        "image",
        _about(
            lazy_gettext("Your photo could not be prepared. Take it back, send it again: %(title)s")
        ),
    ),
    "place_taken": Kind(
        Family.DECISIONS,
        "store",
        _about(lazy_gettext("A moderator decided that your brand does not run %(title)s.")),
    ),
    "account_false": Kind(
        Family.DECISIONS,
        "shield-check",
        _about(lazy_gettext("A moderator decided that your account is not one of a person alone.")),
    ),
    "account_cleared": Kind(
        Family.DECISIONS,
        "shield-check",
        _about(lazy_gettext("A moderator looked at doubts about your account and cleared them.")),
    ),
    "suspended": Kind(
        Family.DECISIONS,
        "shield-check",
        _about(lazy_gettext("Your account is suspended: you can read, not contribute.")),
    ),
    "name_taken": Kind(
        Family.DECISIONS,
        "user",
        _about(lazy_gettext("A moderator took your name away: your username stands alone now.")),
    ),
    "reinstated": Kind(
        Family.DECISIONS,
        "check",
        _about(lazy_gettext("Your account is no longer suspended. Welcome back.")),
    ),
    "address_taken": Kind(
        Family.ACCOUNT,
        "mail",
        _about(
            lazy_gettext(
                "An older account has your e-mail address too, spelt otherwise, and keeps it: set"
                " another one in your settings."
            )
        ),
    ),
    "unsent_confirm": Kind(
        Family.ACCOUNT,
        "mail",
        _about(
            lazy_gettext(
                "The mail with the link that confirms your address could not be sent. See in your"
                " settings whether the address is right, and ask for the link again."
            )
        ),
    ),
    "unsent_reset": Kind(
        Family.ACCOUNT,
        "mail",
        _about(
            lazy_gettext(
                "The mail with the link to a new password could not be sent. If you still need it,"
                " ask for it again."
            )
        ),
    ),
    "unsent_mail_change": Kind(
        Family.ACCOUNT,
        "mail",
        _about(
            lazy_gettext(
                "A mail about your new e-mail address could not be sent, so the change is not done."
                " Look at the address in your settings and change it again."
            )
        ),
    ),
    "unsent_notice": Kind(
        Family.ACCOUNT,
        "mail",
        _about(
            lazy_gettext(
                "A mail about a change to your account could not be sent. See in your settings"
                " whether your address and the browsers signed in are yours."
            )
        ),
    ),
    "unsent_suspension": Kind(
        Family.ACCOUNT,
        "mail",
        _about(
            lazy_gettext(
                "The mail about your suspension or its end could not be sent. Your settings show"
                " whether you are suspended, and why."
            )
        ),
    ),
    "unsent_news": Kind(
        Family.ACCOUNT,
        "mail",
        _about(
            lazy_gettext(
                "A mail with news could not be sent. The news is in this inbox; see in your"
                " settings whether your e-mail address is right."
            )
        ),
    ),
    "unsent_push": Kind(
        Family.ACCOUNT,
        "mail",
        _about(
            lazy_gettext(
                "News could not be pushed to one of your browsers. The news is in this inbox; if it"
                " happens again, turn pushes off and on in that browser."
            )
        ),
    ),
    "news_posted": Kind(
        Family.WATCHING, "map-pin", _about(lazy_gettext("New where you watch: %(title)s"))
    ),
    "news_votes": Kind(
        Family.WATCHING,
        "users",
        _about(lazy_gettext("Others say whether it is still there: %(title)s")),
        folds=True,
    ),
    "news_edited": Kind(
        Family.WATCHING,
        "pencil",
        _about(lazy_gettext("Its author changed the text: %(title)s")),
        folds=True,
    ),
    "news_corrected": Kind(
        Family.WATCHING,
        "map-pin",
        _about(lazy_gettext("Its author corrected what or where it is: %(title)s")),
    ),
    "news_answered": Kind(
        Family.WATCHING,
        "landmark",
        _about(lazy_gettext("There is an official answer: %(title)s")),
        folds=True,
    ),
    "news_closed": Kind(Family.WATCHING, "check", _about(lazy_gettext("It is over: %(title)s"))),
    "news_reopened": Kind(
        Family.WATCHING, "history", _about(lazy_gettext("It is open again: %(title)s"))
    ),
    "news_merged": Kind(
        Family.WATCHING,
        "copy",
        _about(lazy_gettext("Another report was merged into it: %(title)s")),
    ),
}


def kinds_of(family: Family) -> list[str]:
    return [code for code, kind in KINDS.items() if kind.family is family]


def family_of(code: str | None) -> Family | None:
    """The family that an address names, or None."""
    return Family(code) if code in list(Family) else None


GONE = lazy_gettext("something that is gone")
SOMEBODY = lazy_gettext("Somebody")
