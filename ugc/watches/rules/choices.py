"""What may be watched and how much of it, and which news goes where. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from ugc.watches.models import Delivery, MailKind

WATCHES_MAX = 20  # of one member

BROWSERS_MAX = 10  # of one member

NAME_MAX = 80

CITIES_SHOWN = 3  # of an area

KEPT_DAYS = 90  # news

MAIL_MAX = 50  # lines of one mail; the rest is counted

PUSHED_ONE_BY_ONE = 3  # more at once are one line

# What a follower is told, by what happened; the day folds votes to one line.
FOLLOWED = {
    "confirmed": "votes",
    "denied": "votes",
    "edited": "edited",
    "corrected": "corrected",
    "answered": "answered",
    "closed": "closed",
    "reopened": "reopened",
    "merged": "merged",
}
# A corrected one may be where, or of a kind, that was not watched; who was told is not told again.
APPEARED = frozenset({"posted", "approved", "corrected"})
# When a report may first reach the reliability that a watch asks for.
ROSE = APPEARED | {"confirmed", "reopened", "merged"}


class ReportKind(Protocol):
    """A kind of report as forms offer it; reports register theirs."""

    @property
    def code(self) -> str: ...
    @property
    def icon(self) -> str: ...
    def name(self, language: str) -> str: ...


_kinds: dict[str, ReportKind] = {}


def register_kinds(kinds: Iterable[ReportKind]) -> None:
    _kinds.update({kind.code: kind for kind in kinds})


def kinds() -> dict[str, ReportKind]:
    return dict(_kinds)


def appears(what: str, reliability: int, least: int) -> bool:
    """Whether a watch that asks for `least` of 10 tells of a report now; that it rose tells
    nothing new to a watch that takes every report."""
    if what in APPEARED:
        return reliability >= least
    return what in ROSE and 0 < least <= reliability


def mail_kind(delivery: str) -> MailKind | None:
    """The mail that news waits for."""
    if delivery == Delivery.NOW:
        return MailKind.NOW
    return MailKind.DIGEST if delivery in (Delivery.DAILY, Delivery.WEEKLY) else None


def wants(kind: str, delivery: str, still_there: bool) -> bool:
    """Whether a member who chose so still gets this kind of mail."""
    if kind == MailKind.STILL_THERE:
        return still_there
    return mail_kind(delivery) == kind
