"""Votes on reports: what one counts for, what it brings about, and what the voter is told. Nothing
here commits."""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import dataclass

from flask_babel import lazy_gettext
from sqlalchemy.dialects.postgresql import insert

from ugc import events
from ugc.core import subjects
from ugc.core.access import SYSTEM, Actor, require_contributor
from ugc.core.db import AHEAD, Session, app_now, now
from ugc.core.errors import Conflict, Forbidden
from ugc.geography import geo
from ugc.moderation import actions as moderation_actions
from ugc.reports.actions import life as life_actions
from ugc.reports.models import MemberPosition, Report, ReportState, Vote
from ugc.reports.queries import life as life_queries
from ugc.reports.queries import reading, trust
from ugc.reports.rules import belief, permissions


class Outcome(enum.StrEnum):
    """What became of a member's word, so that they are told the truth about it."""

    COUNTS = "counts"
    LESS = "less"  # it weighs less, for the reasons told beside it
    NOTHING = "nothing"
    SAID = "said"  # the same was said before, and nothing has changed since
    ENDED = "ended"
    BACK = "back"
    NOT_BACK = "not_back"


@dataclass(frozen=True)
class Told:
    """`dampings` are codes of `belief.Damping`, empty unless they matter."""

    outcome: Outcome
    dampings: tuple[str, ...] = ()


def confirm_or_deny(
    session: Session,
    actor: Actor,
    report_id: int,
    *,
    still_there: bool,
    position: geo.Point | None = None,
) -> Told:
    """Confirms or denies; the same member's later vote replaces the earlier, and the same word
    counts again when the report was reopened or contradicted since. Under the row's lock, so that
    no two votes at once lose one. "Still there" brings back what faded a little while ago. Of
    `position`, where the voter is, only a tenth of a degree is kept, for a day. Raises Forbidden,
    Conflict."""
    member_id = require_contributor(actor)
    report = reading.locked(session, report_id)
    moment = now(session)
    # A clock that was set back must not leave votes unheard until it is there again.
    report.seen_at = min(report.seen_at, moment)
    alive = permissions.is_alive(report.state, report.expires_at, moment)
    revived = still_there and permissions.may_revive(report.state, report.expires_at, moment)
    if report.visibility not in reading.SHOWN or not (alive or revived):
        raise Conflict(lazy_gettext("This report is over; it cannot be confirmed any more."))
    mine = report.author_id == member_id
    if not (mine and revived) and not permissions.may_vote(actor, report.author_id, alive=True):
        raise Forbidden(lazy_gettext("Your own report is confirmed or denied by others."))
    standing = _standing(session, actor, moment)
    if revived:
        _check_back(session, actor, report, established=standing.established)
    if mine:
        life_actions.renew(session, actor, report, moment)
        return Told(Outcome.BACK)
    before = life_queries.vote_row(session, report_id, member_id)
    if (
        before is not None
        and not revived
        and not _says_more(session, report, before, still_there, position)
    ):
        return Told(Outcome.SAID)
    weight, dampings = _weight(session, actor, report, still_there, position, standing)
    said = {
        "still_there": still_there,
        "weight": weight,
        "dampings": dampings,
        "established": standing.established,
    }
    session.execute(
        insert(Vote)
        .values(report_id=report_id, member_id=member_id, **said)
        .on_conflict_do_update(
            index_elements=["report_id", "member_id"], set_={**said, "voted_at": app_now()}
        )
    )
    life_actions.recompute_reliability(session, report)
    return _follow_up(session, actor, report, still_there, dampings, revived=revived)


def _follow_up(
    session: Session,
    actor: Actor,
    report: Report,
    still_there: bool,
    dampings: list[str],
    *,
    revived: bool,
) -> Told:
    """What a vote brings about: the report ends or comes back, and others are told."""
    member_id = require_contributor(actor)
    votes = life_queries.casts(session, report.id, report.seen_at)
    half_life = dt.timedelta(seconds=report.half_life_s)
    denied = not still_there and belief.is_denied(votes, half_life)
    # A word that weighs nothing brings nothing back.
    back = revived and report.expires_at > now(session)
    if back:
        life_actions.open_again(session, report, actor, "still_there")
    elif denied:
        life_actions.end(session, report, ReportState.CLOSED, "denied_by_many", SYSTEM)
    subjects.touch(session, report.id)
    life_actions.tell(session, report, "confirmed" if still_there else "denied", actor)
    if denied:
        life_actions.tell(session, report, "closed", SYSTEM)
    events.emit(
        session,
        events.ReportConfirmed(report.id, member_id, report.author_id, still_there, report.city_id),
    )
    if revived:
        return Told(Outcome.BACK if back else Outcome.NOT_BACK)
    if denied:
        return Told(Outcome.ENDED)
    weighs = sum(vote.weight for vote in belief.counted(votes) if vote.member_id == member_id)
    if weighs <= 0:
        return Told(Outcome.NOTHING, tuple(dampings))
    return Told(Outcome.LESS if dampings else Outcome.COUNTS, tuple(dampings))


def _says_more(
    session: Session,
    report: Report,
    before: Vote,
    still_there: bool,
    position: geo.Point | None,
) -> bool:
    """Whether a vote changes something: another word than `before`, the same with a position that
    was missing, or the same after the report was reopened or contradicted."""
    if before.still_there is not still_there:
        return True
    silenced = {belief.Damping.NO_POSITION, belief.Damping.MOVED}
    if position is not None and silenced & set(before.dampings):
        return True
    contradicted_at = life_queries.last_said(
        session, report.id, still_there=not still_there, but=before.member_id
    )
    return belief.may_say_again(before.voted_at, report.seen_at, contradicted_at)


@dataclass(frozen=True)
class Standing:
    """A member as a voter: how often their word proved true, how long ago they joined, and whether
    they are established (`belief.is_established`)."""

    trust: float
    age: dt.timedelta
    established: bool


def _standing(session: Session, actor: Actor, moment: dt.datetime) -> Standing:
    member_id = require_contributor(actor)
    proved_true, proved_false = trust.record_of(session, member_id)
    age = moment - life_queries.joined_at(session, member_id)
    established = actor.is_moderator or belief.is_established(
        age, graduated=not moderation_actions.must_be_held(session, actor), proved_true=proved_true
    )
    return Standing(belief.trust(proved_true, proved_false), age, established)


def _weight(
    session: Session,
    actor: Actor,
    report: Report,
    still_there: bool,
    position: geo.Point | None,
    standing: Standing,
) -> tuple[float, list[str]]:
    """What the vote counts for, and why it counts for less."""
    member_id = require_contributor(actor)
    dampings: list[belief.Damping] = []
    new = standing.age < dt.timedelta(hours=belief.NEWCOMER_HOURS)
    if not standing.established:
        dampings.append(belief.Damping.NEWCOMER if new else belief.Damping.STRANGER)
    companions = life_queries.companions(session, report.id, member_id, still_there)
    if companions:
        dampings.append(belief.Damping.TOGETHER)
    if position is None:
        dampings.append(belief.Damping.NO_POSITION)
    else:
        dampings += _moved(session, member_id, report, position, now(session))
    weight = belief.vote_weight(standing.trust, dampings, companions=companions)
    return weight, [str(damping) for damping in dampings]


def _moved(
    session: Session, member_id: int, report: Report, position: geo.Point, moment: dt.datetime
) -> list[belief.Damping]:
    """What is impossible about where the voter says to be; keeps a tenth of a degree of it."""
    there = geo.Point(*life_queries.position(session, report.id))
    here = geo.Point(round(position.lon, 1), round(position.lat, 1))
    last = life_queries.last_position(session, member_id)
    moved = hours = None
    if last is not None and last[1] - moment <= AHEAD:  # else the clock was set back since
        moved = here.metres_to(last[0]) / 1000
        hours = (moment - last[1]).total_seconds() / 3600
    session.execute(
        insert(MemberPosition)
        .values(member_id=member_id, lon=here.lon, lat=here.lat)
        .on_conflict_do_update(
            index_elements=["member_id"],
            set_={"lon": here.lon, "lat": here.lat, "at": app_now()},
        )
    )
    return belief.position_dampings(position.metres_to(there) / 1000, moved, hours)


def _check_back(session: Session, actor: Actor, report: Report, *, established: bool) -> None:
    """Raises Conflict when "still there" of this member may not bring the report back."""
    if not actor.is_moderator and not permissions.may_come_back(
        actor,
        report.author_id,
        established=established,
        of_report=life_queries.times_back(session, report.id),
        of_day=life_queries.brought_back(session, actor.reference),
    ):
        raise Conflict(
            lazy_gettext(
                "This was brought back as often as it can be. If it is there, report it again."
            ),
            code="back_too_often",
        )
