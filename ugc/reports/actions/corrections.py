"""Corrections: its author says that a report is of another kind, or elsewhere. Nothing here
commits."""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import lazy_gettext

from ugc.core import subjects
from ugc.core.access import Actor, require_contributor
from ugc.core.db import Session, now
from ugc.core.errors import Conflict, Forbidden, Invalid, Stale
from ugc.geography import gazetteer, geo
from ugc.moderation import actions as moderation_actions
from ugc.privateplaces import queries as privateplaces_queries
from ugc.privateplaces.rules import Area
from ugc.reports.actions import life as life_actions
from ugc.reports.actions import posting as posting_actions
from ugc.reports.models import Report
from ugc.reports.queries import corrections as corrections_queries
from ugc.reports.queries import life as life_queries
from ugc.reports.queries import reading
from ugc.reports.rules import belief, kinds, permissions
from ugc.reports.rules import corrections as corrections_rules


@dataclass(frozen=True)
class Wanted:
    """What the author says now: codes of the taxonomy; `point` None leaves it where it is, with
    `accuracy_m` the metres that their device told of it. `exact` as when posting."""

    kind: str
    subkind: str | None = None
    point: geo.Point | None = None
    accuracy_m: float | None = None
    exact: bool = False


def correct(
    session: Session, actor: Actor, report_id: int, wanted: Wanted, *, revision: int
) -> bool:
    """Its author corrects the kind, the sub-kind and the point of an open report; returns whether
    that changed anything. While only they spoke about it all may change; later the kind within its
    family and the point by `corrections.WITHIN_M` in all, and votes from far from there stop
    counting. It is no sighting: the report lives from when it was seen. Raises Forbidden, Stale,
    Invalid, Conflict."""
    member_id = require_contributor(actor)
    if wanted.kind not in kinds.KINDS:
        raise Invalid(fields={"kind": [lazy_gettext("Choose one of the kinds.")]})
    # Cases are locked before content, as by a moderator who decides.
    moderation_actions.lock_case(session, report_id)
    report = reading.locked(session, report_id)
    if not permissions.may_edit(actor, report.author_id, report.visibility, report.state):
        raise Forbidden()
    if report.revision != revision:
        raise Stale()
    free = not corrections_queries.others_spoke(session, report_id, member_id)
    before = geo.Point(*life_queries.position(session, report_id))
    place = _new_place(session, actor, report, wanted, before)
    another = (wanted.kind, wanted.subkind) != (report.kind, report.subkind)
    if not another and place is None:
        return False
    if not another and place is not None and place.public == before:
        # Moved within its area: all that others see is as it was.
        report.geom_exact = place.given.ewkt
        report.revision += 1
        return True
    if corrections_queries.corrections_of(session, report_id) >= corrections_rules.MOST:
        told = lazy_gettext(
            "A report can be corrected %(most)d times. Withdraw it and report it again.",
            most=corrections_rules.MOST,
        )
        raise Conflict(told, code="corrected_too_often")
    fold = _change_kind(session, actor, report, wanted, free=free) if another else False
    if place is not None:
        fold |= _change_place(session, actor, report, place, before, free=free)
    if fold:
        _fold_again(session, report)
    report.revision += 1
    moderation_actions.content_changed(session, report_id)
    subjects.touch(session, report_id)
    session.flush()
    life_actions.tell(session, report, "corrected", actor)
    return True


# kind -----------------------------------------------------------------------------------------


def _change_kind(
    session: Session, actor: Actor, report: Report, wanted: Wanted, *, free: bool
) -> bool:
    """Returns whether the belief has to be folded again: another kind fades otherwise."""
    kind = kinds.KINDS[wanted.kind]
    if kind not in corrections_rules.kinds_for(kinds.KINDS[report.kind], free=free):
        told = lazy_gettext(
            "Others have spoken about it: it can only become a kind of the same family."
        )
        raise Invalid(fields={"kind": [told]})
    posting_actions.check_subkind(wanted.kind, wanted.subkind)
    subjects.log_transition(
        session, report.id, "kind",
        corrections_rules.code_of(report.kind, report.subkind),
        corrections_rules.code_of(wanted.kind, wanted.subkind),
        reason="corrected_kind", actor=actor.reference,
    )  # fmt: skip
    fold = wanted.kind != report.kind
    report.kind, report.subkind = wanted.kind, wanted.subkind
    report.half_life_s = kind.span.half_life.total_seconds()
    return fold


def _fold_again(session: Session, report: Report) -> None:
    """Raises Invalid when a report of its new kind would be over."""
    session.flush()
    life_actions.recompute_reliability(session, report)
    if report.expires_at <= now(session):
        told = lazy_gettext(
            "It was seen so long ago that it would be over as this kind. Say that it is over"
            " instead."
        )
        raise Invalid(fields={"kind": [told]}, code="over_by_then")


# place ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Place:
    """Where a report is to be: `public` for all (the middle of `area` when that alone shows),
    `given` by its author."""

    public: geo.Point
    given: geo.Point
    area: Area | None
    accuracy_m: float | None


def _new_place(
    session: Session, actor: Actor, report: Report, wanted: Wanted, before: geo.Point
) -> _Place | None:
    """None when it stays where it is, and what is kept back of it too."""
    kind = kinds.KINDS[wanted.kind]
    given = None if wanted.point is None else wanted.point.public
    if given is None or (given == before and not report.coarse):
        if report.coarse or kind.on_road is kinds.KINDS[report.kind].on_road:
            return None
        given = before  # another kind keeps other things back
    kept = corrections_rules.kept_back(
        kind,
        privateplaces_queries.area_round(session, require_contributor(actor), given),
        coarse=report.coarse,
        author_hidden=report.author_hidden,
        exact=wanted.exact,
    )
    public = kept.area.middle if kept.area else given
    if public == before and not report.coarse:
        return None
    return _Place(public, given, kept.area, wanted.accuracy_m)


def _change_place(
    session: Session, actor: Actor, report: Report, place: _Place, before: geo.Point, *, free: bool
) -> bool:
    """Returns whether votes stopped counting. Raises Invalid."""
    metres, area = before.metres_to(place.public), place.area
    if free:
        report.moved_m = 0.0
    else:
        _check_way(report, metres, becomes_coarse=area is not None)
        report.moved_m = min(corrections_rules.WITHIN_M, report.moved_m + metres)
    report.geom, report.geom_exact = place.public.ewkt, place.given.ewkt if area else None
    report.coarse = area is not None
    report.accuracy_m = area.radius_m if area else place.accuracy_m
    report.heading = None if area else report.heading
    if place.public == before:
        return False
    report.city_id = gazetteer.nearest_city(session, place.public)
    subjects.log_transition(
        session, report.id, "place", None, "moved",
        reason="corrected_place", actor=actor.reference,
    )  # fmt: skip
    return False if free else _silence_far_votes(session, report.id, place.public)


def _check_way(report: Report, metres: float, *, becomes_coarse: bool) -> None:
    """Raises Invalid for a way that is too long once others spoke about the report, and for one
    into or out of the area of a private place, which would say where about it is."""
    left = corrections_rules.metres_left(report.moved_m, free=False) or 0.0
    told = None
    if becomes_coarse is not report.coarse or (report.coarse and metres > 0):
        told = lazy_gettext(
            "Others have spoken about it: its area stays. Withdraw it and report it again."
        )
    elif metres > left:
        told = lazy_gettext(
            "Others have spoken about it: it can be moved by %(metres)d m at most.",
            metres=int(left),
        )
    if told is not None:
        raise Invalid(fields={"location": [told]})


def _silence_far_votes(session: Session, report_id: int, point: geo.Point) -> bool:
    """Votes that came from far from `point` stop counting; returns whether there were any."""
    silenced = False
    for vote, position in corrections_queries.votes_with_positions(session, report_id):
        was_far = belief.Damping.FAR in vote.dampings
        is_far = position is not None and position.metres_to(point) / 1000 > belief.FAR_KM
        if vote.weight > 0 and (was_far or is_far):
            vote.weight, silenced = 0.0, True
            vote.dampings = [*vote.dampings, str(belief.Damping.MOVED)]
    return silenced
