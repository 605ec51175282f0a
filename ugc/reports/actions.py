"""Writes of reports. Nothing here commits."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from flask_babel import lazy_gettext
from sqlalchemy.dialects.postgresql import insert

from ugc import events
from ugc.core import gazetteer, geo, subjects
from ugc.core.access import Actor, ActorKind, require_contributor
from ugc.core.db import Session, app_now, now
from ugc.core.errors import Conflict, Forbidden, Invalid
from ugc.core.subjects import Visibility
from ugc.media import actions as media
from ugc.moderation import actions as moderation
from ugc.moderation import queries as moderation_queries
from ugc.reports import queries, rules
from ugc.reports.models import KIND, Report, ReportState, Vote


def post_report(
    session: Session,
    actor: Actor,
    *,
    kind: str,
    point: geo.Point,
    text: str = "",
    accuracy_m: float | None = None,
    language: str = "und",
    photos: Sequence[media.Upload] = (),
) -> str:
    """Posts a report and returns its public id. New members' text and photos wait for a moderator;
    kind, place and time show at once. Raises Forbidden, Invalid."""
    author_id = require_contributor(actor)
    if kind not in rules.KINDS:
        raise Invalid(fields={"kind": [lazy_gettext("Choose one of the kinds.")]})
    held = moderation.must_be_held(session, actor)
    moment = now(session)
    subject = subjects.create(session, KIND)
    city_id = gazetteer.nearest_city(session, point)
    visibility = Visibility.HELD if held else Visibility.PUBLISHED
    session.add(
        Report(
            id=subject.id,
            author_id=author_id,
            kind=kind,
            geom=point.ewkt,
            accuracy_m=accuracy_m,
            city_id=city_id,
            text=text,
            language=language,
            visibility=visibility,
            occurred_at=moment,
            expires_at=rules.first_expiry(rules.KINDS[kind], moment),
        )
    )
    session.flush()
    subjects.log_move(
        session, subject.id, "visibility", None, visibility, reason="posted", actor=actor.reference
    )
    media.attach(session, actor, subject.id, photos, held=held, city_id=city_id)
    events.emit(session, events.ContentPosted(subject.id, KIND, author_id, city_id, held))
    if held:
        moderation.open_case(session, subject.id, "held")
    else:
        events.emit(session, events.ContentApproved(subject.id, KIND, author_id, city_id))
    return subject.public_id


def add_photos(
    session: Session, actor: Actor, report_id: int, photos: Sequence[media.Upload]
) -> None:
    """Its author adds photos. A new member's wait for a moderator, in a case of their own when the
    report is public already. Raises Forbidden, Invalid."""
    require_contributor(actor)
    held = moderation.must_be_held(session, actor)
    if held:
        # Cases are locked before content, as by a moderator who decides.
        moderation.open_case(session, report_id, "held")
    report = queries.locked(session, report_id)
    if not rules.may_add_photos(actor, report.author_id, report.visibility):
        raise Forbidden()
    if not photos:
        raise Invalid(fields={"photos": [lazy_gettext("Choose a photo.")]})
    waits = held or report.visibility == Visibility.HELD
    media.attach(session, actor, report_id, photos, held=waits, city_id=report.city_id)


def vote(session: Session, actor: Actor, report_id: int, *, still_there: bool) -> None:
    """Confirms or denies; the same member's later vote replaces the earlier. Counts are recounted
    under the row's lock, so that no two votes at once lose one. Raises Forbidden, Conflict."""
    member_id = require_contributor(actor)
    report = queries.locked(session, report_id)
    moment = now(session)
    alive = rules.is_alive(report.state, report.expires_at, moment)
    if report.visibility not in queries.SHOWN or not alive:
        raise Conflict(lazy_gettext("This report is over; it cannot be confirmed any more."))
    if not rules.may_vote(actor, report.author_id, alive):
        raise Forbidden(lazy_gettext("Your own report is confirmed or denied by others."))
    before = queries.vote_of(session, report_id, member_id)
    if before is still_there:
        return
    session.execute(
        insert(Vote)
        .values(report_id=report_id, member_id=member_id, still_there=still_there)
        .on_conflict_do_update(
            index_elements=["report_id", "member_id"],
            set_={"still_there": still_there, "voted_at": app_now()},
        )
    )
    kind = rules.KINDS[report.kind]
    expires_at = report.expires_at
    if before is not None:
        # Take the earlier vote's effect back before the new one counts.
        share = rules.DENIAL_SHARE if before is False else -rules.CONFIRMATION_SHARE
        expires_at = expires_at + rules.life_share(kind, share)
    report.expires_at = rules.expiry_after_vote(kind, expires_at, moment, still_there)
    report.confirmations, report.denials = queries.vote_counts(session, report_id)
    subjects.touch(session, report_id)
    events.emit(
        session,
        events.ReportConfirmed(report_id, member_id, report.author_id, still_there, report.city_id),
    )


def close(session: Session, actor: Actor, report_id: int) -> None:
    """Its author (or a moderator) says that it is over. Raises Forbidden."""
    report = queries.locked(session, report_id)
    if not rules.may_close(actor, report.author_id, report.state):
        raise Forbidden()
    report.state = ReportState.CLOSED
    report.closed_at = now(session)
    subjects.log_move(
        session, report_id, "state", ReportState.OPEN, ReportState.CLOSED,
        reason="closed_by_author" if actor.id == report.author_id else "closed_by_moderator",
        actor=actor.reference,
    )  # fmt: skip
    subjects.touch(session, report_id)


def withdraw(session: Session, actor: Actor, report_id: int) -> None:
    """The author takes it back. Raises Forbidden."""
    # Cases are locked before content, as by a moderator who decides.
    moderation.close_case(session, report_id)
    report = queries.locked(session, report_id)
    if not rules.may_withdraw(actor, report.author_id, report.visibility):
        raise Forbidden()
    _hide(session, report, Visibility.WITHDRAWN, "withdrawn", actor.reference)


def _hide(session: Session, report: Report, visibility: Visibility, reason: str, who: str) -> None:
    subjects.log_move(
        session, report.id, "visibility", report.visibility, visibility, reason=reason, actor=who
    )
    report.visibility = visibility
    media.follow(session, report.id, visibility)
    subjects.touch(session, report.id, visible=False)
    events.emit(
        session,
        events.ContentGone(report.id, KIND, report.author_id, report.city_id, str(visibility)),
    )


def move(session: Session, report_id: int, visibility: Visibility, reason: str, who: str) -> None:
    """What a moderator's decision does to a report and its photos; nothing when it is so already.
    Raises Conflict when that move is not allowed (its author withdrew it)."""
    report = queries.locked(session, report_id)
    before = Visibility(report.visibility)
    if before is visibility:
        # Photos that were added to a public report waited alone.
        media.follow(session, report_id, visibility)
        return
    if visibility not in subjects.VISIBILITY_MOVES[before]:
        raise Conflict(lazy_gettext("Its author took it back meanwhile."))
    if visibility is not Visibility.PUBLISHED:
        _hide(session, report, visibility, reason, who)
        return
    subjects.log_move(
        session, report_id, "visibility", before, visibility, reason=reason, actor=who
    )
    report.visibility = visibility
    media.follow(session, report_id, visibility)
    subjects.touch(session, report_id, visible=True)
    events.emit(session, events.ContentApproved(report.id, KIND, report.author_id, report.city_id))


def author_of(session: Session, report_id: int) -> int | None:
    return queries.locked(session, report_id).author_id


moderation.register(KIND, moderation.Content(author_of, move, Report, queries.published_by))


def expire(session: Session) -> int:
    """Logs the end of reports whose life is over; returns how many."""
    over = session.scalars(
        sa.select(Report)
        .where(Report.state == ReportState.OPEN, Report.expires_at <= app_now())
        .limit(1000)
        .with_for_update(skip_locked=True)
    ).all()
    for report in over:
        report.state = ReportState.EXPIRED
        report.closed_at = report.expires_at
        subjects.log_move(
            session, report.id, "state", ReportState.OPEN, ReportState.EXPIRED,
            reason="life_over", actor="system",
        )  # fmt: skip
        subjects.touch(session, report.id)
    return len(over)


def export_member(session: Session, member_id: int) -> dict[str, object]:
    """The member's reports with their full text and what was decided on them, and the member's
    votes on those of others."""
    me = Actor(ActorKind.MEMBER, id=member_id)
    rows = queries.reports_of(session, me, member_id, limit=100_000)
    decisions = moderation_queries.decisions_on(session, (row.id for row in rows))
    return {
        "posted": [
            {
                "id": row.public_id,
                "kind": row.kind.code,
                "lon": row.lon,
                "lat": row.lat,
                "accuracy_m": row.accuracy_m,
                "text": row.text,
                "language": row.language,
                "state": row.state,
                "visibility": row.visibility,
                "confirmations": row.confirmations,
                "denials": row.denials,
                "occurred_at": row.occurred_at,
                "expires_at": row.expires_at,
                "decisions": decisions.get(row.id, []),
            }
            for row in rows
        ],
        "votes": [
            {"report": of, "still_there": vote.still_there, "at": vote.voted_at}
            for vote, of in queries.votes_by(session, member_id)
        ],
    }


def erase_member(session: Session, member_id: int, with_content: bool) -> None:
    """Votes stay as counts without a name; reports go, or stay without their author. How exactly
    the person's device knew the place goes either way."""
    ids = session.scalars(
        sa.select(Report.id).where(Report.author_id == member_id).order_by(Report.id)
    ).all()
    for report_id in ids:
        # Cases are locked before content, as by a moderator who decides.
        moderation.lock_case(session, report_id)
        report = queries.locked(session, report_id)
        moderation.forget_texts(session, report.id, with_flags=with_content)
        if with_content:
            if report.visibility in queries.SHOWN:
                moderation.close_case(session, report.id)
                _hide(session, report, Visibility.WITHDRAWN, "erasure", "system")
            report.text = ""
        else:
            subjects.touch(session, report.id)
        report.geom_exact = report.accuracy_m = None
        report.author_id = None
