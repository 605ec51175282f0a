"""Kinds of report, and who may do what to one; `belief` says how one is believed. Pure."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from ugc.content.rules import may_withdraw
from ugc.core.access import Actor
from ugc.core.subjects import Visibility
from ugc.privateplaces.rules import Area
from ugc.reports.models import ReportState
from ugc.reports.rules import kinds
from ugc.reports.rules.belief import expires_at, fold, trust

TEXT_MAX = 2000

REASON_MIN, REASON_MAX = 5, 500  # characters, of reopening and of official answers

LATE_MINUTES = 10  # posted so long after it was seen, a report is marked as late

CLOCK_AHEAD_MINUTES = 5

REVIVED_WITHIN_HOURS = 24  # what faded comes back when a member says that it is still there

REOPENED_WITHIN_DAYS = 30
# Members bring one report back so often at most, and so many reports a day each.
BACK_PER_REPORT, BACK_PER_DAY = 2, 2
# What ended for these reasons (of `moves`) is opened again by a moderator only.
ENDED_FOR_GOOD = frozenset({"closed_by_moderator", "official_answer", "denied_by_many"})
# What everyone sees of reports: the held ones without their text and photos.
SHOWN = (Visibility.PUBLISHED, Visibility.HELD)

NEAR_BRAND_M = 250  # a report so near to one of a brand's places is about it


NEWCOMERS_TRUST = trust(0, 0)

SOURCE_TRUST = 0.9  # of a city's own data


@dataclass(frozen=True)
class Protection:
    """What a report near a private place of its author keeps back: the place (`area` is public
    instead) or, of what is on a road, the author's name."""

    area: Area | None = None
    hides_author: bool = False


def protection(kind: kinds.Kind, area: Area | None) -> Protection:
    """What is kept back of a kind within the area of a private place (None: outside of all)."""
    if area is None:
        return Protection()
    return Protection(hides_author=True) if kind.on_road else Protection(area)


def is_mine(actor: Actor, author_id: int | None) -> bool:
    return actor.id is not None and actor.id == author_id


def may_see_author(actor: Actor, author_id: int | None, hidden: bool) -> bool:
    """A hidden one is named to the author and to moderators."""
    return not hidden or is_mine(actor, author_id) or actor.is_moderator


def first_expiry(
    kind: kinds.Kind, seen_at: dt.datetime, prior: float = NEWCOMERS_TRUST
) -> dt.datetime:
    """When a report leaves the map without a vote."""
    span = kind.span
    return expires_at(fold(prior, [], seen_at, span.half_life), [], seen_at, span)


def seen_at(said: dt.datetime | None, now: dt.datetime) -> dt.datetime | None:
    """When it was seen: now when nothing is said; clocks of telephones may be a little ahead; None
    for what would lie in the future."""
    if said is None or now < said <= now + dt.timedelta(minutes=CLOCK_AHEAD_MINUTES):
        return now
    return said if said <= now else None


def is_late(occurred_at: dt.datetime, created_at: dt.datetime) -> bool:
    return created_at - occurred_at > dt.timedelta(minutes=LATE_MINUTES)


def is_alive(state: str, expires_at: dt.datetime, now: dt.datetime) -> bool:
    return state == ReportState.OPEN and expires_at > now


def may_vote(actor: Actor, author_id: int | None, alive: bool) -> bool:
    """Any confirmed member but the author, while it is alive."""
    return (
        actor.is_member
        and actor.confirmed
        and not actor.suspended
        and actor.id != author_id
        and alive
    )


def may_add_photos(actor: Actor, author_id: int | None, visibility: str) -> bool:
    return may_withdraw(actor, author_id, visibility)


def may_close(actor: Actor, author_id: int | None, visibility: str, state: str) -> bool:
    """Its author and moderators, while it is open and on the map."""
    mine = actor.is_member and actor.id is not None and actor.id == author_id
    may = mine or actor.may("edit_content")
    return may and visibility in SHOWN and state == ReportState.OPEN


def may_see(actor: Actor, author_id: int | None, visibility: str) -> bool:
    """Published and held ones are seen by all (held ones without their text)."""
    return visibility in SHOWN or is_mine(actor, author_id) or actor.is_moderator


def may_see_text(actor: Actor, author_id: int | None, visibility: str) -> bool:
    mine = is_mine(actor, author_id)
    return visibility == Visibility.PUBLISHED or mine or actor.is_moderator


def may_edit(actor: Actor, author_id: int | None, visibility: str, state: str) -> bool:
    """Its author, while it is open."""
    return may_withdraw(actor, author_id, visibility) and state == ReportState.OPEN


def may_answer(actor: Actor) -> bool:
    """Officially, for those who run the site."""
    return actor.may("edit_content")


def may_merge(actor: Actor) -> bool:
    return actor.may("edit_content")


def may_revive(state: str, expires_at: dt.datetime, now: dt.datetime) -> bool:
    """What faded a little while ago is not gone for ever: "still there" brings it back."""
    faded = state == ReportState.EXPIRED or (state == ReportState.OPEN and expires_at <= now)
    return faded and now - expires_at <= dt.timedelta(hours=REVIVED_WITHIN_HOURS)


def may_come_back(
    actor: Actor, author_id: int | None, *, established: bool, of_report: int, of_day: int
) -> bool:
    """Whether "still there" may bring back what faded, which happened `of_report` times to this
    report, and `of_day` times by this member in a day. Established members other than its author
    are not limited: others can deny it again."""
    if established and actor.id != author_id:
        return True
    return of_report < BACK_PER_REPORT and of_day < BACK_PER_DAY


def may_reopen(
    actor: Actor,
    author_id: int | None,
    state: str,
    ended_at: dt.datetime | None,
    now: dt.datetime,
    *,
    established: bool,
    ended_by: str,
    of_report: int,
    of_day: int,
) -> bool:
    """With a reason, while it is not long over: moderators; its author, and members whose own
    contributions need no approval any more (`established`), but neither what ended for good nor
    more often than BACK_PER_REPORT and BACK_PER_DAY. Moderators do not decide on their own."""
    if not (actor.is_member and actor.confirmed and not actor.suspended):
        return False
    if state not in (ReportState.CLOSED, ReportState.EXPIRED) or ended_at is None:
        return False
    if now - ended_at > dt.timedelta(days=REOPENED_WITHIN_DAYS):
        return False
    mine = actor.id is not None and actor.id == author_id
    if actor.may("edit_content") and not mine:
        return True
    limited = of_report < BACK_PER_REPORT and of_day < BACK_PER_DAY
    return ended_by not in ENDED_FOR_GOOD and limited and (established or mine)
