"""Writes of reports. Nothing here commits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import sqlalchemy as sa
from flask_babel import lazy_gettext

from ugc import events
from ugc.content import actions as content
from ugc.content.actions import ContentKind, History
from ugc.core import gazetteer, geo, subjects
from ugc.core.access import SYSTEM, Actor, ActorKind, require_contributor
from ugc.core.db import Session, now
from ugc.core.errors import Forbidden, Invalid
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


def _published(session: Session, report: Report, is_new: bool) -> None:
    if not is_new and rules.is_alive(report.state, report.expires_at, now(session)):
        life.tell(session, report, "approved", SYSTEM)


def _withdrawn(session: Session, report: Report, actor: Actor) -> None:
    life.tell(session, report, "withdrawn", actor)


def _forget(session: Session, report: Report) -> None:
    """How exactly its author's device knew the place."""
    report.geom_exact = None
    if not report.coarse:
        report.accuracy_m = None


REPORTS = content.declare(
    ContentKind(
        KIND,
        Report,
        texts={"text": ""},
        counts=True,
        has_photos=True,
        shown=frozenset(rules.SHOWN),
        history=History(ReportVersion, "report_id", ("text",)),
        on_published=_published,
        before_withdrawal=_withdrawn,
        forget=_forget,
    )
)


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
    row = Report(
        kind=kind,
        subkind=subkind,
        geom=point.ewkt,
        geom_exact=given.ewkt if area else None,
        coarse=area is not None,
        author_hidden=kept_back.hides_author,
        accuracy_m=area.radius_m if area else accuracy_m,
        heading=None if area else heading,
        city_id=gazetteer.nearest_city(session, point),
        text=text,
        language=language,
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

    def appeared(report: Report) -> list[events.Event]:
        reason = "history" if over else "posted"
        subjects.log_move(
            session, report.id, "state", None, report.state, reason=reason, actor=actor.reference
        )
        watches.follow(session, actor, report.id)
        return [] if over else [life.changed(report, "posted", actor, point, moment)]

    return content.submit(session, actor, REPORTS, row, photos, held=held, also=appeared)


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
    with content.editing(
        session, actor, REPORTS, report_id, revision=revision, may=_may_edit
    ) as edit:
        report = edit.row
        report.text = text
    life.tell(session, report, "edited", actor)


def _may_edit(actor: Actor, report: Report) -> bool:
    return rules.may_edit(actor, report.author_id, report.visibility, report.state)


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
    """Takes a report back for its author. Raises Forbidden."""
    content.withdraw(session, actor, REPORTS, report_id)


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
    """Votes stay as counts without a name; reports go, or stay without their author."""
    content.erase(session, REPORTS, member_id, with_content=with_content)
    subjects.forget_notes(session, f"{ActorKind.MEMBER}:{member_id}", "reopened")
