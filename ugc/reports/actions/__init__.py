"""Writes of reports. Nothing here commits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import sqlalchemy as sa
from flask_babel import lazy_gettext

from ugc import events
from ugc.core import gazetteer, geo, subjects
from ugc.core.access import SYSTEM, Actor, ActorKind, require_contributor
from ugc.core.db import Session, now
from ugc.core.errors import Conflict, Forbidden, Invalid, Stale
from ugc.core.subjects import Visibility
from ugc.media import actions as media
from ugc.moderation import actions as moderation
from ugc.moderation import queries as moderation_queries
from ugc.privateplaces import queries as private_places
from ugc.reports import queries, rules
from ugc.reports.actions import life
from ugc.reports.models import (
    KIND,
    MemberPosition,
    Report,
    ReportState,
    ReportVersion,
)
from ugc.reports.queries import exact as exact_places
from ugc.reports.queries import life as story
from ugc.reports.queries import trust
from ugc.reports.rules import belief
from ugc.watches import actions as watches


def post_report(
    session: Session,
    actor: Actor,
    *,
    kind: str,
    subkind: str | None = None,
    point: geo.Point,
    text: str = "",
    accuracy_m: float | None = None,
    heading: int | None = None,
    language: str = "und",
    photos: Sequence[media.Upload] = (),
    occurred_at: dt.datetime | None = None,
    as_history: bool = False,
    kept_back: rules.Protection | None = None,
    held: bool | None = None,
) -> str:
    """Posts a report and returns its public id. New members' text and photos wait for a moderator;
    kind, place and time show at once. `occurred_at` is when it was seen (queued without a network,
    it comes late); one from so long ago that it would be over is refused as `too_late`, or taken
    `as_history`. `kept_back` is what `protection` said of it, `held` what
    `moderation.must_be_held` said of the actor; None asks it here. Raises Forbidden, Invalid."""
    author_id = require_contributor(actor)
    given = point.public
    if kind not in rules.KINDS:
        raise Invalid(fields={"kind": [lazy_gettext("Choose one of the kinds.")]})
    check_subkind(kind, subkind)
    if kept_back is None:
        kept_back = protection(session, actor, rules.KINDS[kind], given, exact=False)
    area = kept_back.area
    point = area.middle if area else given
    if held is None:
        held = moderation.must_be_held(session, actor)
    moment = now(session)
    seen_at = rules.seen_at(occurred_at, moment)
    if seen_at is None:
        raise Invalid(
            fields={"occurred_at": [lazy_gettext("It cannot have been seen in the future.")]}
        )
    prior = trust.trust_of(session, author_id)
    expires_at = rules.first_expiry(rules.KINDS[kind], seen_at, prior)
    over = expires_at <= moment
    if over and not as_history:
        raise Invalid(
            lazy_gettext(
                "This was seen so long ago that it is over by now. You can still add it as"
                " history: it will be on record, but not on the live map."
            ),
            code="too_late",
        )
    subject = subjects.create(session, KIND)
    city_id = gazetteer.nearest_city(session, point)
    visibility = Visibility.HELD if held else Visibility.PUBLISHED
    report = Report(
        id=subject.id,
        author_id=author_id,
        kind=kind,
        subkind=subkind,
        geom=point.ewkt,
        geom_exact=given.ewkt if area else None,
        coarse=area is not None,
        author_hidden=kept_back.hides_author,
        accuracy_m=area.radius_m if area else accuracy_m,
        heading=None if area else heading,
        city_id=city_id,
        text=text,
        language=language,
        visibility=visibility,
        state=ReportState.EXPIRED if over else ReportState.OPEN,
        closed_at=expires_at if over else None,
        asked_at=moment if over else None,
        occurred_at=seen_at,
        seen_at=seen_at,
        expires_at=expires_at,
        prior=prior,
        half_life_s=rules.KINDS[kind].span.half_life.total_seconds(),
        believed=prior,
        believed_at=seen_at,
        reacted=belief.PRIOR_FLAT,
    )
    session.add(report)
    session.flush()
    subjects.log_move(
        session, subject.id, "state", None, ReportState.EXPIRED if over else ReportState.OPEN,
        reason="history" if over else "posted", actor=actor.reference,
    )  # fmt: skip
    subjects.log_move(
        session, subject.id, "visibility", None, visibility, reason="posted", actor=actor.reference
    )
    media.attach(session, actor, subject.id, photos, held=held, city_id=city_id)
    watches.follow(session, actor, subject.id)
    told: list[events.Event] = [events.ContentPosted(subject.id, KIND, author_id, city_id, held)]
    if not over:
        told.append(life.changed(report, "posted", actor, point, moment))
    if held:
        moderation.open_first_case(session, subject.id)
    else:
        told.append(events.ContentApproved(subject.id, KIND, author_id, city_id))
    events.emit(session, *told)
    return subject.public_id


def check_subkind(kind: str, subkind: str | None) -> None:
    """Raises Invalid for a sub-kind that the kind does not have."""
    if subkind is not None and rules.KINDS[kind].subkind(subkind) is None:
        told = lazy_gettext("Choose one of those of its kind, or none.")
        raise Invalid(fields={"subkind": [told]})


def protection(
    session: Session, actor: Actor, kind: rules.Kind, point: geo.Point, *, exact: bool
) -> rules.Protection:
    """What is kept back of a report of this kind at `point`; nothing when its author wants it
    `exact`."""
    if exact:
        return rules.Protection()
    near = private_places.area_round(session, require_contributor(actor), point)
    return rules.protection(kind, near)


def edit_report(
    session: Session, actor: Actor, report_id: int, *, revision: int, text: str
) -> None:
    """Its author changes the text; what it said stays as history. What a new member changes waits
    for a moderator again. Raises Forbidden, Stale."""
    require_contributor(actor)
    held = moderation.must_be_held(session, actor)
    # Cases are locked before content, as by a moderator who decides.
    if held:
        moderation.open_case(session, report_id, "held")
    else:
        moderation.content_changed(session, report_id)
    report = queries.locked(session, report_id)
    if not rules.may_edit(actor, report.author_id, report.visibility, report.state):
        raise Forbidden()
    if report.revision != revision:
        raise Stale()
    if report.visibility == Visibility.PUBLISHED:
        # What nobody could read leaves no history: it would become public with the rest.
        session.add(ReportVersion(report_id=report_id, revision=revision, text=report.text))
    report.text = text
    report.revision += 1
    if held and report.visibility == Visibility.PUBLISHED:
        subjects.log_move(
            session, report_id, "visibility", report.visibility, Visibility.HELD,
            reason="edited", actor=actor.reference,
        )  # fmt: skip
        report.visibility = Visibility.HELD
    subjects.touch(session, report_id)
    life.tell(session, report, "edited", actor)


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


def withdraw(session: Session, actor: Actor, report_id: int) -> None:
    """The author takes it back. Raises Forbidden."""
    # Cases are locked before content, as by a moderator who decides.
    moderation.close_case(session, report_id)
    report = queries.locked(session, report_id)
    if not rules.may_withdraw(actor, report.author_id, report.visibility):
        raise Forbidden()
    life.tell(session, report, "withdrawn", actor)
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
    if rules.is_alive(report.state, report.expires_at, now(session)):
        life.tell(session, report, "approved", SYSTEM)


def author_of(session: Session, report_id: int) -> int | None:
    return queries.locked(session, report_id).author_id


moderation.register(KIND, moderation.Content(author_of, move, Report, counts=True))


def export_member(session: Session, member_id: int) -> dict[str, object]:
    """The member's reports with their full text and what was decided on them, and the member's
    votes on those of others."""
    me = Actor(ActorKind.MEMBER, id=member_id)
    rows = queries.reports_of(session, me, member_id, limit=100_000)
    decisions = moderation_queries.decisions_on(session, (row.id for row in rows))
    exact = exact_places.given_by(session, member_id)
    return {
        "posted": [
            {
                "id": row.public_id,
                "kind": row.kind.code,
                "subkind": row.subkind.code if row.subkind else None,
                "lon": row.lon,
                "lat": row.lat,
                "where": row.whole_where,
                "accuracy_m": row.accuracy_m,
                "coarse": row.coarse,
                "exact": {"lon": exact[row.id].lon, "lat": exact[row.id].lat}
                if row.id in exact
                else None,
                "author_hidden": row.author_hidden,
                "text": row.text,
                "language": row.language,
                "state": row.state,
                "visibility": row.visibility,
                "confirmations": row.confirmations,
                "denials": row.denials,
                "occurred_at": row.occurred_at,
                "expires_at": row.expires_at,
                "earlier": [version.text for version in story.versions(session, row.id)],
                "decisions": decisions.get(row.id, []),
            }
            for row in rows
        ],
        "notes": subjects.notes_of(session, me.reference),
        "votes": [
            {"report": of, "still_there": vote.still_there, "at": vote.voted_at}
            for vote, of in story.votes_by(session, member_id)
        ],
    }


def export_position(session: Session, member_id: int) -> dict[str, object]:
    """Where the member last was when they voted, to a tenth of a degree."""
    last = story.last_position(session, member_id)
    return {"lon": last[0].lon, "lat": last[0].lat, "at": last[1]} if last else {}


def erase_position(session: Session, member_id: int, _with_content: bool) -> None:
    session.execute(sa.delete(MemberPosition).where(MemberPosition.member_id == member_id))


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
        # What it said before goes either way.
        session.execute(sa.delete(ReportVersion).where(ReportVersion.report_id == report.id))
        report.geom_exact = None
        if not report.coarse:
            report.accuracy_m = None
        report.author_id = None
    subjects.forget_notes(session, f"{ActorKind.MEMBER}:{member_id}", "reopened")
