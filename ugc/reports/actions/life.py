"""The life of a report after it was posted: confirmed, denied, closed, answered, reopened, merged,
expired. Nothing here commits."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from flask_babel import lazy_gettext
from sqlalchemy.dialects.postgresql import insert

from ugc import events
from ugc.comments import actions as comments
from ugc.core import geo, subjects
from ugc.core.access import SYSTEM, Actor, require_contributor
from ugc.core.db import Session, app_now, now
from ugc.core.errors import Conflict, Forbidden, Invalid
from ugc.core.subjects import Subject, Visibility
from ugc.media import actions as media
from ugc.media import queries as media_queries
from ugc.moderation import actions as moderation
from ugc.reports import queries, rules
from ugc.reports.models import MemberPosition, Report, ReportState, Vote
from ugc.reports.queries import life as story
from ugc.reports.rules import belief
from ugc.watches import actions as watches


def tell(session: Session, report: Report, what: str, actor: Actor) -> None:
    """Says what happened to a report that everybody can see."""
    if report.visibility in queries.SHOWN:
        point = geo.Point(*story.position(session, report.id))
        events.emit(session, changed(report, what, actor, point, now(session)))


def changed(
    report: Report, what: str, actor: Actor, point: geo.Point, moment: dt.datetime
) -> events.ReportChanged:
    """What happened to a report at its public `point`, told at `moment`."""
    held = report.visibility == Visibility.HELD
    return events.ReportChanged(
        report.id,
        what,
        report.kind,
        report.author_id,
        actor.id,
        point.lon,
        point.lat,
        report.city_id,
        belief.out_of_ten(report.believed, held=held),
        held,
        moment.isoformat(),
    )


def refold(session: Session, report: Report) -> None:
    """What is believed, and until when, from the log of votes; under the row's lock."""
    votes = story.casts(session, report.id, report.seen_at)
    span = rules.KINDS[report.kind].span
    half_life = dt.timedelta(seconds=report.half_life_s)
    believed = belief.fold(report.prior, votes, report.seen_at, half_life)
    report.believed, report.believed_at = believed.expectation, believed.as_of
    report.reacted = belief.fold(belief.PRIOR_FLAT, votes, report.seen_at, half_life).expectation
    expires_at = belief.expires_at(believed, votes, report.seen_at, span)
    # What a source said of the end stands; people can only prolong it, or end it together.
    imported = report.source_id is not None
    report.expires_at = max(expires_at, report.expires_at) if imported else expires_at
    report.confirmations, report.denials = story.vote_counts(session, report.id)


def vote(
    session: Session,
    actor: Actor,
    report_id: int,
    *,
    still_there: bool,
    position: geo.Point | None = None,
) -> None:
    """Confirms or denies; the same member's later vote replaces the earlier. Under the row's lock,
    so that no two votes at once lose one. "Still there" brings back what faded a little while ago.
    Of `position`, where the voter is, only a tenth of a degree is kept, for a day. Raises
    Forbidden, Conflict."""
    member_id = require_contributor(actor)
    report = queries.locked(session, report_id)
    moment = now(session)
    alive = rules.is_alive(report.state, report.expires_at, moment)
    revived = still_there and rules.may_revive(report.state, report.expires_at, moment)
    if report.visibility not in queries.SHOWN or not (alive or revived):
        raise Conflict(lazy_gettext("This report is over; it cannot be confirmed any more."))
    if report.author_id == member_id and revived:
        renew(session, actor, report, moment)
        return
    if not rules.may_vote(actor, report.author_id, alive=True):
        raise Forbidden(lazy_gettext("Your own report is confirmed or denied by others."))
    before = story.vote_of(session, report_id, member_id)
    if before is still_there and not revived:
        return
    weight, dampings = _weight(session, actor, report, still_there, position, moment)
    said = {"still_there": still_there, "weight": weight, "dampings": dampings}
    session.execute(
        insert(Vote)
        .values(report_id=report_id, member_id=member_id, **said)
        .on_conflict_do_update(
            index_elements=["report_id", "member_id"], set_={**said, "voted_at": app_now()}
        )
    )
    refold(session, report)
    denied = not revived and belief.is_denied(story.casts(session, report_id, report.seen_at))
    if revived and report.expires_at > moment:
        # A word that weighs nothing brings nothing back.
        _open_again(session, report, actor, "still_there")
    elif denied:
        _end(session, report, ReportState.CLOSED, "denied_by_many", SYSTEM)
    subjects.touch(session, report_id)
    tell(session, report, "confirmed" if still_there else "denied", actor)
    if denied:
        tell(session, report, "closed", SYSTEM)
    events.emit(
        session,
        events.ReportConfirmed(report_id, member_id, report.author_id, still_there, report.city_id),
    )


def _weight(
    session: Session,
    actor: Actor,
    report: Report,
    still_there: bool,
    position: geo.Point | None,
    moment: dt.datetime,
) -> tuple[float, list[str]]:
    """What the vote counts for, and why it counts for less."""
    member_id = require_contributor(actor)
    dampings: list[belief.Damping] = []
    age = moment - story.joined_at(session, member_id)
    if age < dt.timedelta(hours=belief.NEWCOMER_HOURS) and not actor.is_moderator:
        dampings.append(belief.Damping.NEWCOMER)
    companions = story.companions(session, report.id, member_id, still_there)
    if companions:
        dampings.append(belief.Damping.TOGETHER)
    if position is not None:
        dampings += _moved(session, member_id, report, position, moment)
    trust = story.trust_of(session, member_id)
    weight = belief.vote_weight(trust, dampings, companions=companions)
    return weight, [str(damping) for damping in dampings]


def _moved(
    session: Session, member_id: int, report: Report, position: geo.Point, moment: dt.datetime
) -> list[belief.Damping]:
    """What is impossible about where the voter says to be; keeps a tenth of a degree of it."""
    there = geo.Point(*story.position(session, report.id))
    here = geo.Point(round(position.lon, 1), round(position.lat, 1))
    last = story.last_position(session, member_id)
    moved = hours = None
    if last is not None:
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


def renew(session: Session, actor: Actor, report: Report, moment: dt.datetime) -> None:
    """Somebody vouches for it anew: belief begins again with their record, and only what is said
    from now on counts."""
    report.prior = story.trust_of(session, actor.id)
    report.seen_at = moment
    refold(session, report)
    if report.state != ReportState.OPEN:
        _open_again(session, report, actor, "still_there")
    subjects.touch(session, report.id)
    tell(session, report, "confirmed", actor)


def _open_again(
    session: Session, report: Report, actor: Actor, reason: str, note: str = ""
) -> None:
    before = report.state
    report.state, report.closed_at = ReportState.OPEN, None
    if before != ReportState.OPEN:
        subjects.log_move(
            session, report.id, "state", before, ReportState.OPEN,
            reason=reason, actor=actor.reference, note=note,
        )  # fmt: skip


def _end(
    session: Session,
    report: Report,
    state: ReportState,
    reason: str,
    actor: Actor,
    note: str = "",
) -> None:
    subjects.log_move(
        session, report.id, "state", report.state, state,
        reason=reason, actor=actor.reference, note=note,
    )  # fmt: skip
    report.state, report.closed_at = state, now(session)
    subjects.touch(session, report.id)


def close(session: Session, actor: Actor, report_id: int) -> None:
    """Its author (or a moderator) says that it is over. Raises Forbidden."""
    report = queries.locked(session, report_id)
    if not rules.may_close(actor, report.author_id, report.state):
        raise Forbidden()
    mine = actor.id == report.author_id
    reason = "closed_by_author" if mine else "closed_by_moderator"
    _end(session, report, ReportState.CLOSED, reason, actor)
    tell(session, report, "closed", actor)


def _note(text: str, field: str) -> str:
    """A reason that people can read. Raises Invalid on `field`."""
    text = text.strip()
    if not rules.REASON_MIN <= len(text) <= rules.REASON_MAX:
        told = lazy_gettext(
            "Say it in %(least)d to %(most)d characters.",
            least=rules.REASON_MIN,
            most=rules.REASON_MAX,
        )
        raise Invalid(fields={field: [told]})
    return text


def answer(session: Session, actor: Actor, report_id: int, *, note: str, closes: bool) -> None:
    """An official answer of those who run the site, on the time line for good; it may end the
    report. Raises Forbidden, Invalid, Conflict."""
    report = queries.locked(session, report_id)
    if not rules.may_answer(actor):
        raise Forbidden()
    if closes and report.state != ReportState.OPEN:
        raise Conflict(lazy_gettext("This report is over already."))
    note = _note(note, "answer")
    if closes:
        _end(session, report, ReportState.CLOSED, "official_answer", actor, note)
    else:
        subjects.log_move(
            session, report_id, "answer", None, "answered",
            reason="official_answer", actor=actor.reference, note=note,
        )  # fmt: skip
        subjects.touch(session, report_id)
    tell(session, report, "closed" if closes else "answered", actor)


def reopen(session: Session, actor: Actor, report_id: int, *, note: str) -> None:
    """It is not over: with a reason, it lives again from now. Raises Forbidden, Invalid."""
    require_contributor(actor)
    report = queries.locked(session, report_id)
    moment = now(session)
    established = not moderation.must_be_held(session, actor)
    if report.visibility not in queries.SHOWN or not rules.may_reopen(
        actor, report.author_id, report.state, report.closed_at, moment, established=established
    ):
        raise Forbidden(lazy_gettext("You cannot reopen this report."))
    note = _note(note, "note")
    report.prior = story.trust_of(session, actor.id)
    report.seen_at = moment
    refold(session, report)
    _open_again(session, report, actor, "reopened", note)
    subjects.touch(session, report_id)
    tell(session, report, "reopened", actor)


def merge(session: Session, actor: Actor, report_id: int, into_id: int) -> None:
    """A moderator says that two reports are one: votes, photos and followers move to `into_id`, the
    old address leads there, everybody keeps their points, and who reported it counts as having
    confirmed. Raises Forbidden, Invalid, Conflict."""
    if not rules.may_merge(actor):
        raise Forbidden()
    if report_id == into_id:
        raise Invalid(fields={"into": [lazy_gettext("Choose another report to merge it into.")]})
    # Cases first, then both rows in the order of their ids: nobody waits in a circle.
    moderation.close_case(session, report_id)
    first, second = (queries.locked(session, i) for i in sorted((report_id, into_id)))
    old, new = (first, second) if first.id == report_id else (second, first)
    if old.state == ReportState.MERGED or new.state == ReportState.MERGED:
        raise Conflict(lazy_gettext("One of them was merged already."))
    if old.coarse or new.coarse:
        # Its address would lead to where exactly it is.
        raise Conflict(
            lazy_gettext("Only an area is public of one of them: they cannot be merged.")
        )
    if old.visibility not in queries.SHOWN or new.visibility not in queries.SHOWN:
        raise Conflict(lazy_gettext("Only reports that everybody sees can be merged."))
    if old.visibility == Visibility.HELD or media_queries.has_held(session, old.id):
        # Its case would be gone, and what waits would wait for ever.
        raise Conflict(
            lazy_gettext("Something of it waits in the queue. Decide that first, then merge.")
        )
    _move_votes(session, old, new)
    media.move_photos(session, old.id, new.id)
    watches.move_followers(session, old.id, new.id)
    comments.move_comments(session, old.id, new.id)
    subject = session.get_one(Subject, old.id)
    subject.merged_into_id = new.id
    _end(session, old, ReportState.MERGED, "merged", actor)
    subjects.touch(session, old.id, visible=False)
    refold(session, new)
    subjects.log_move(
        session, new.id, "state", new.state, new.state, reason="merged_in", actor=actor.reference
    )
    subjects.touch(session, new.id)
    tell(session, new, "merged", actor)


def _move_votes(session: Session, old: Report, new: Report) -> None:
    """A vote on the one is a vote on the other; of two by the same member the one on `new` stays.
    Nobody votes on their own report."""
    rows = session.scalars(sa.select(Vote).where(Vote.report_id == old.id)).all()
    moved = [
        {
            "report_id": new.id,
            "member_id": row.member_id,
            "still_there": row.still_there,
            "weight": row.weight,
            "dampings": row.dampings,
            "voted_at": row.voted_at,
        }
        for row in rows
        if row.member_id != new.author_id
    ]
    if old.author_id is not None and old.author_id != new.author_id:
        moved.append(
            {
                "report_id": new.id,
                "member_id": old.author_id,
                "still_there": True,
                "weight": belief.vote_weight(old.prior),
                "dampings": [],
                "voted_at": old.occurred_at,
            }
        )
    if moved:
        session.execute(insert(Vote).values(moved).on_conflict_do_nothing())
    session.execute(sa.delete(Vote).where(Vote.report_id == old.id))


def expire(session: Session) -> int:
    """Logs the end of reports whose life is over, and asks once whether they are still there;
    returns how many ended."""
    over = session.scalars(
        sa.select(Report)
        .where(Report.state == ReportState.OPEN, Report.expires_at <= app_now())
        .order_by(Report.expires_at)  # by id, the whole table would be searched for them
        .limit(1000)
        .with_for_update(key_share=True, skip_locked=True)
    ).all()
    for report in over:
        subjects.log_move(
            session, report.id, "state", ReportState.OPEN, ReportState.EXPIRED,
            reason="life_over", actor=SYSTEM.reference,
        )  # fmt: skip
        report.state, report.closed_at = ReportState.EXPIRED, report.expires_at
        subjects.touch(session, report.id)
        if report.asked_at is None and report.source_id is None:
            report.asked_at = now(session)
            asked = story.who_saw_it(session, report)
            if asked and report.visibility in queries.SHOWN:
                events.emit(session, events.StillThereAsked(report.id, asked))
        tell(session, report, "expired", SYSTEM)
    return len(over)


def forget_positions(session: Session) -> None:
    """Where people were a day ago is nobody's business."""
    limit = app_now() - sa.cast("1 day", sa.Interval)
    session.execute(sa.delete(MemberPosition).where(MemberPosition.at < limit))
