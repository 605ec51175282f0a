"""Whether what a vote said proves true, so that its points are paid. Pure.

The first word of an established, independent member within one half-life after a vote decides
about it: the same word proves it true, the opposite one false. Without such a word a denial proves
true when the report ends as denied and no such member has confirmed it since; a confirmation that
met no later one proves nothing."""

from __future__ import annotations

import enum
from dataclasses import dataclass

# How a report ends as denied: by those who run the site, or by denials that weigh enough.
ENDED_BY_SITE = ("closed_by_moderator", "official_answer")
ENDED_BY_MANY = "denied_by_many"


class Verdict(enum.StrEnum):
    WAITS = "waits"
    PROVED = "proved"
    FORGOTTEN = "forgotten"  # it never pays


@dataclass(frozen=True)
class Bearing:
    """A vote (`said`: still there) and what others, established and independent of its voter, said
    of the same: `answered` is the first word within one half-life after it (None: none), `opposed`
    whether any later word was the opposite, `joined` whether one of them said the same at any time.
    """

    said: bool
    answered: bool | None = None
    opposed: bool = False
    joined: bool = False


@dataclass(frozen=True)
class Ending:
    """How a report ended: the reason of the move, and whether the voter made it."""

    reason: str
    by_voter: bool = False


def verdict(bearing: Bearing, ending: Ending | None, *, published: bool) -> Verdict:
    """What becomes of the points of a vote; `ending` is None while the report is open. Nothing is
    decided while the report waits for a moderator."""
    if not published:
        return Verdict.WAITS
    if bearing.answered is not None:
        return Verdict.PROVED if bearing.answered is bearing.said else Verdict.FORGOTTEN
    if ending is None:
        return Verdict.WAITS
    return Verdict.PROVED if _ended_as_said(bearing, ending) else Verdict.FORGOTTEN


def _ended_as_said(bearing: Bearing, ending: Ending) -> bool:
    if bearing.said or bearing.opposed:
        return False
    if ending.reason == ENDED_BY_MANY:
        return bearing.joined
    return ending.reason in ENDED_BY_SITE and not ending.by_voter
