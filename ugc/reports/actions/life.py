"""The life of a report after it was posted: confirmed, denied, closed, answered, reopened, merged,
expired. Nothing here commits."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from flask_babel import lazy_gettext
from sqlalchemy.dialects.postgresql import insert

from ugc import events
from ugc.content import actions as content_actions
from ugc.core import inputs, subjects
from ugc.core.access import SYSTEM, Actor, require_contributor
from ugc.core.db import Session, app_now, now
from ugc.core.errors import Conflict, Forbidden, Invalid
from ugc.core.subjects import Subject, Visibility
from ugc.geography import geo
from ugc.media import actions as media_actions
from ugc.media import queries as media_queries
from ugc.moderation import actions as moderation_actions
from ugc.reports.models import MemberPosition, Report, ReportState, Vote
from ugc.reports.queries import life as life_queries
from ugc.reports.queries import reading, trust
from ugc.reports.rules import belief, kinds, permissions
from ugc.watches.actions import watching as watches_watching


def tell(session: Session, report: Report, what: str, actor: Actor) -> None:
    """Emits what happened to a public report."""
    if report.visibility in reading.SHOWN:
        point = geo.Point(*life_queries.position(session, report.id))
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


def recompute_reliability(session: Session, report: Report) -> None:
    """Replays the log of votes: updates reliability, expiry and the counts of votes. The caller
    holds the row's lock."""
    votes = life_queries.casts(session, report.id, report.seen_at)
    span = kinds.KINDS[report.kind].span
    half_life = dt.timedelta(seconds=report.half_life_s)
    believed = belief.fold(report.prior, votes, report.seen_at, half_life)
    report.believed, report.believed_at = believed.expectation, believed.as_of
    report.reacted = belief.fold(belief.PRIOR_FLAT, votes, report.seen_at, half_life).expectation
    expires_at = belief.expires_at(believed, votes, report.seen_at, span)
    # What a source said of the end stands; people can only prolong it, or end it together.
    imported = report.source_id is not None
    report.expires_at = max(expires_at, report.expires_at) if imported else expires_at
    report.confirmations, report.denials = life_queries.vote_counts(session, report.id)


def renew(session: Session, actor: Actor, report: Report, moment: dt.datetime) -> None:
    """Its author vouches for it again: belief begins with their record, and only what is said from
    now on counts."""
    _begin_again(session, actor, report, moment)
    open_again(session, report, actor, "still_there")
    subjects.touch(session, report.id)
    tell(session, report, "confirmed", actor)


def _begin_again(session: Session, actor: Actor, report: Report, moment: dt.datetime) -> None:
    report.prior = trust.trust_of(session, actor.id)
    report.seen_at = moment
    recompute_reliability(session, report)


def open_again(session: Session, report: Report, actor: Actor, reason: str, note: str = "") -> None:
    """Logs that a report is back; also when its end had not been logged yet, so that it counts."""
    before = report.state
    if before == ReportState.OPEN:
        before = ReportState.EXPIRED
        subjects.log_transition(
            session, report.id, "state", ReportState.OPEN, before,
            reason="life_over", actor=SYSTEM.reference,
        )  # fmt: skip
    report.state, report.closed_at = ReportState.OPEN, None
    subjects.log_transition(
        session, report.id, "state", before, ReportState.OPEN,
        reason=reason, actor=actor.reference, note=note,
    )  # fmt: skip


def end(
    session: Session,
    report: Report,
    state: ReportState,
    reason: str,
    actor: Actor,
    note: str = "",
) -> None:
    subjects.log_transition(
        session, report.id, "state", report.state, state,
        reason=reason, actor=actor.reference, note=note,
    )  # fmt: skip
    report.state, report.closed_at = state, now(session)
    subjects.touch(session, report.id)


def close(session: Session, actor: Actor, report_id: int) -> None:
    """Its author (or a moderator) says that it is over. Raises Forbidden."""
    report = reading.locked(session, report_id)
    if not permissions.may_close(actor, report.author_id, report.visibility, report.state):
        raise Forbidden()
    mine = actor.id == report.author_id
    reason = "closed_by_author" if mine else "closed_by_moderator"
    end(session, report, ReportState.CLOSED, reason, actor)
    tell(session, report, "closed", actor)


def _note(text: str, field: str) -> str:
    """A reason that people can read. Raises Invalid on `field`."""
    return inputs.said_in(
        text, least=permissions.REASON_MIN, most=permissions.REASON_MAX, field=field
    )


def answer(session: Session, actor: Actor, report_id: int, *, note: str, closes: bool) -> None:
    """An official answer of those who run the site, on the time line for good; it may end the
    report. Raises Forbidden, Invalid, Conflict."""
    report = reading.locked(session, report_id)
    if not permissions.may_answer(actor) or report.visibility not in reading.SHOWN:
        raise Forbidden()
    if closes and report.state != ReportState.OPEN:
        raise Conflict(lazy_gettext("This report is over already."))
    note = _note(note, "answer")
    if closes:
        end(session, report, ReportState.CLOSED, "official_answer", actor, note)
    else:
        subjects.log_transition(
            session, report_id, "answer", None, "answered",
            reason="official_answer", actor=actor.reference, note=note,
        )  # fmt: skip
        subjects.touch(session, report_id)
    tell(session, report, "closed" if closes else "answered", actor)


def may_reopen(
    session: Session,
    actor: Actor,
    report_id: int,
    author_id: int | None,
    state: str,
    ended_at: dt.datetime | None,
) -> bool:
    """Whether `actor` may open the report again (`rules.may_reopen`)."""
    if state == ReportState.OPEN or not actor.is_member:
        return False
    return permissions.may_reopen(
        actor,
        author_id,
        state,
        ended_at,
        now(session),
        established=not moderation_actions.must_be_held(session, actor),
        ended_by=life_queries.ended_by(session, report_id),
        of_report=life_queries.times_back(session, report_id),
        of_day=life_queries.brought_back(session, actor.reference),
    )


def reopen(session: Session, actor: Actor, report_id: int, *, note: str) -> None:
    """It is not over: with a reason, it lives again from now. Raises Forbidden, Invalid."""
    require_contributor(actor)
    report = reading.locked(session, report_id)
    if report.visibility not in reading.SHOWN or not may_reopen(
        session, actor, report_id, report.author_id, report.state, report.closed_at
    ):
        raise Forbidden(
            lazy_gettext(
                "You cannot reopen this report. What a moderator or many people ended is opened"
                " again by a moderator; other reports come back %(report)d times at most, and"
                " %(day)d a day by one person. If it is there, report it again.",
                report=permissions.BACK_PER_REPORT,
                day=permissions.BACK_PER_DAY,
            )
        )
    note = _note(note, "note")
    _begin_again(session, actor, report, now(session))
    open_again(session, report, actor, "reopened", note)
    subjects.touch(session, report_id)
    tell(session, report, "reopened", actor)


def merge(session: Session, actor: Actor, report_id: int, into_id: int) -> None:
    """A moderator says that two reports are one: votes, photos and followers move to `into_id`, the
    old address leads there, all keep their points, and who reported it counts as having
    confirmed. Raises Forbidden, Invalid, Conflict."""
    if not permissions.may_merge(actor):
        raise Forbidden()
    if report_id == into_id:
        raise Invalid(fields={"into": [lazy_gettext("Choose another report to merge it into.")]})
    # Cases first, then both rows in the order of their ids: against deadlocks.
    moderation_actions.close_case(session, report_id)
    first, second = (reading.locked(session, i) for i in sorted((report_id, into_id)))
    old, new = (first, second) if first.id == report_id else (second, first)
    if old.state == ReportState.MERGED or new.state == ReportState.MERGED:
        raise Conflict(lazy_gettext("One of them was merged already."))
    if old.coarse or new.coarse:
        # Its address would lead to where exactly it is.
        raise Conflict(
            lazy_gettext("Only an area is public of one of them: they cannot be merged.")
        )
    if old.visibility not in reading.SHOWN or new.visibility not in reading.SHOWN:
        raise Conflict(lazy_gettext("Only reports that everybody sees can be merged."))
    if old.visibility == Visibility.HELD or media_queries.has_held(session, old.id):
        # Its case would be gone, and what waits would wait for ever.
        raise Conflict(
            lazy_gettext("Something of it waits in the queue. Decide that first, then merge.")
        )
    _move_votes(session, old, new)
    media_actions.move_photos(session, old.id, new.id)
    watches_watching.move_followers(session, old.id, new.id)
    content_actions.move_under(session, old.id, new.id)
    subject = session.get_one(Subject, old.id)
    subject.merged_into_id = new.id
    end(session, old, ReportState.MERGED, "merged", actor)
    subjects.touch(session, old.id, visible=False)
    recompute_reliability(session, new)
    subjects.log_transition(
        session, new.id, "state", new.state, new.state, reason="merged_in", actor=actor.reference
    )
    subjects.touch(session, new.id)
    tell(session, new, "merged", actor)


def _move_votes(session: Session, old: Report, new: Report) -> None:
    """A vote on the one is a vote on the other; of two by the same member the one on `new` stays.
    Votes of its author are left out."""
    rows = session.scalars(sa.select(Vote).where(Vote.report_id == old.id)).all()
    moved = [
        {
            "report_id": new.id,
            "member_id": row.member_id,
            "still_there": row.still_there,
            "weight": row.weight,
            "dampings": row.dampings,
            "established": row.established,
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
                "established": _was_established(session, old.author_id, old.occurred_at),
                "voted_at": old.occurred_at,
            }
        )
    if moved:
        session.execute(insert(Vote).values(moved).on_conflict_do_nothing())
    session.execute(sa.delete(Vote).where(Vote.report_id == old.id))


def _was_established(session: Session, member_id: int, moment: dt.datetime) -> bool:
    """As `_standing` for a member who does not act now, at the time of what they said."""
    return belief.is_established(
        moment - life_queries.joined_at(session, member_id),
        graduated=moderation_actions.is_graduated(session, member_id),
        proved_true=trust.record_of(session, member_id)[0],
    )


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
        subjects.log_transition(
            session, report.id, "state", ReportState.OPEN, ReportState.EXPIRED,
            reason="life_over", actor=SYSTEM.reference,
        )  # fmt: skip
        report.state, report.closed_at = ReportState.EXPIRED, report.expires_at
        subjects.touch(session, report.id)
        if report.asked_at is None and report.source_id is None:
            report.asked_at = now(session)
            asked = life_queries.who_saw_it(session, report)
            if asked and report.visibility in reading.SHOWN:
                events.emit(session, events.StillThereAsked(report.id, asked))
        tell(session, report, "expired", SYSTEM)
    return len(over)


def forget_positions(session: Session) -> None:
    """Deletes positions of voters that are a day old."""
    limit = app_now() - sa.cast("1 day", sa.Interval)
    session.execute(sa.delete(MemberPosition).where(MemberPosition.at < limit))
