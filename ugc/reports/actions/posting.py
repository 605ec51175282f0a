"""Writes of reports. Nothing here commits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from flask_babel import lazy_gettext

from ugc import events
from ugc.content import actions as content_actions
from ugc.content.actions import ContentKind
from ugc.core import subjects
from ugc.core.access import SYSTEM, Actor, require_contributor
from ugc.core.db import Session, now
from ugc.core.errors import Invalid
from ugc.geography import gazetteer, geo
from ugc.media import actions as media_actions
from ugc.privateplaces import queries as privateplaces_queries
from ugc.reports.actions import life as life_actions
from ugc.reports.models import (
    KIND,
    Report,
    ReportState,
)
from ugc.reports.queries import trust
from ugc.reports.rules import belief, kinds, permissions
from ugc.watches.actions import watching as watches_watching


def _published(session: Session, report: Report, is_new: bool) -> None:
    if not is_new and permissions.is_alive(report.state, report.expires_at, now(session)):
        life_actions.tell(session, report, "approved", SYSTEM)


def _withdrawn(session: Session, report: Report, actor: Actor) -> None:
    life_actions.tell(session, report, "withdrawn", actor)


def _forget(_session: Session, report: Report, _goes: bool) -> None:
    """How exactly its author's device knew the place."""
    report.geom_exact = None
    if not report.coarse:
        report.accuracy_m = None


REPORTS = content_actions.declare(
    ContentKind(
        KIND,
        Report,
        texts={"text": ""},
        counts=True,
        has_photos=True,
        shown=frozenset(permissions.SHOWN),
        history=("text",),
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
    photos: Sequence[media_actions.Upload] = (),
    occurred_at: dt.datetime | None = None,
    as_history: bool = False,
    kept_back: permissions.Protection | None = None,
    held: bool | None = None,
) -> str:
    """Posts a report and returns its public id. New members' text and photos wait for a moderator;
    kind, place and time show at once. `occurred_at` is when it was seen (queued without a network,
    it comes late); one from so long ago that it would be over is refused as `too_late`, or taken
    `as_history`. `kept_back` is what `protection` said of it, `held` what
    `moderation.must_be_held` said of the actor; None asks it here. Raises Forbidden, Invalid."""
    author_id = require_contributor(actor)
    given = point.public
    if kind not in kinds.KINDS:
        raise Invalid(fields={"kind": [lazy_gettext("Choose one of the kinds.")]})
    check_subkind(kind, subkind)
    if kept_back is None:
        kept_back = protection(session, actor, kinds.KINDS[kind], given, exact=False)
    area = kept_back.area
    point = area.middle if area else given
    moment = now(session)
    seen_at = permissions.seen_at(occurred_at, moment)
    if seen_at is None:
        raise Invalid(
            fields={"occurred_at": [lazy_gettext("It cannot have been seen in the future.")]}
        )
    prior = trust.trust_of(session, author_id)
    expires_at = permissions.first_expiry(kinds.KINDS[kind], seen_at, prior)
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
        half_life_s=kinds.KINDS[kind].span.half_life.total_seconds(),
        believed=prior,
        believed_at=seen_at,
        reacted=belief.PRIOR_FLAT,
    )

    def appeared(report: Report) -> list[events.Event]:
        reason = "history" if over else "posted"
        subjects.log_transition(
            session, report.id, "state", None, report.state, reason=reason, actor=actor.reference
        )
        watches_watching.follow(session, actor, report.id)
        return [] if over else [life_actions.changed(report, "posted", actor, point, moment)]

    return content_actions.submit(session, actor, REPORTS, row, photos, held=held, also=appeared)


def check_subkind(kind: str, subkind: str | None) -> None:
    """Raises Invalid for a sub-kind that the kind does not have."""
    if subkind is not None and kinds.KINDS[kind].subkind(subkind) is None:
        told = lazy_gettext("Choose one of those of its kind, or none.")
        raise Invalid(fields={"subkind": [told]})


def protection(
    session: Session, actor: Actor, kind: kinds.Kind, point: geo.Point, *, exact: bool
) -> permissions.Protection:
    """What is kept back of a report of this kind at `point`; nothing when its author wants it
    `exact`."""
    if exact:
        return permissions.Protection()
    near = privateplaces_queries.area_round(session, require_contributor(actor), point)
    return permissions.protection(kind, near)


def edit_report(
    session: Session, actor: Actor, report_id: int, *, revision: int, text: str
) -> None:
    """Its author changes the text; what it said stays as history. What a new member changes waits
    for a moderator again. Raises Forbidden, Stale."""
    with content_actions.editing(
        session, actor, REPORTS, report_id, revision=revision, may=_may_edit
    ) as edit:
        report = edit.row
        report.text = text
    life_actions.tell(session, report, "edited", actor)


def _may_edit(actor: Actor, report: Report) -> bool:
    return permissions.may_edit(actor, report.author_id, report.visibility, report.state)


def add_photos(
    session: Session, actor: Actor, report_id: int, photos: Sequence[media_actions.Upload]
) -> None:
    """Its author adds photos. A new member's wait for a moderator, in a case of their own when the
    report is public already. Raises Forbidden, Invalid."""
    content_actions.add_photos(session, actor, REPORTS, report_id, photos, _may_add_photos)


def _may_add_photos(actor: Actor, report: Report) -> bool:
    return permissions.may_add_photos(actor, report.author_id, report.visibility)


def withdraw(session: Session, actor: Actor, report_id: int) -> None:
    """Takes a report back for its author. Raises Forbidden."""
    content_actions.withdraw(session, actor, REPORTS, report_id)
