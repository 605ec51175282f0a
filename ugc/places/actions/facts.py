"""Writes of the facts of places, by the rank of what they come from. Nothing here commits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from flask_babel import lazy_gettext

from ugc import events
from ugc.core import subjects
from ugc.core.access import SYSTEM, Actor, require_contributor
from ugc.core.db import Session, now
from ugc.core.errors import Conflict, Forbidden
from ugc.core.subjects import Visibility
from ugc.geography import gazetteer
from ugc.moderation import actions as moderation_actions
from ugc.places.models import Place, PlaceFact
from ugc.places.queries import facts as facts_queries
from ugc.places.queries import reading, running
from ugc.places.rules import describing
from ugc.places.rules import facts as facts_rules
from ugc.places.rules.facts import Origin, Verdict


@dataclass(frozen=True)
class Offered:
    """The fields that were written, and those whose value waits as a proposal."""

    written: tuple[str, ...] = ()
    proposed: tuple[str, ...] = ()


def offer(
    session: Session,
    place_id: int,
    origin: Origin,
    values: Mapping[str, facts_rules.Value],
    at: dt.datetime | None = None,
) -> Offered:
    """Tells what an origin says of a place at a time (None: now). Each field that differs is
    written where the origin's rank is that of the present value or above; else it waits as the
    proposal of its field, if it was not refused before.

    `values` are those of fields that the origin speaks of, in the form that forms store: `point`
    a `geo.Point`, `closed` a bool, the rest texts ('' for none). Locks the place. Raises
    NotFound."""
    place = reading.locked(session, place_id)
    if place.visibility == Visibility.WITHDRAWN:
        return Offered()
    done = put(session, place, origin, values, at=at or now(session))
    if done.written:
        changed(session, place)
    return done


def changed(session: Session, place: Place) -> None:
    """Tells readers that facts of a place are other ones."""
    place.revision += 1
    session.flush()
    subjects.touch(session, place.id)
    events.emit(session, events.PlaceChanged(place.id))


def put(
    session: Session,
    place: Place,
    origin: Origin,
    values: Mapping[str, facts_rules.Value],
    *,
    at: dt.datetime,
    by: int | None = None,
) -> Offered:
    """As `offer`, of a locked place, and tells no reader. `by` is the member who says it."""
    rows = facts_queries.rows_of(session, place.id)
    usual = facts_queries.usual_origin(session, place.source_id)
    present = facts_queries.present_values(session, place)
    done: dict[Verdict, list[str]] = {verdict: [] for verdict in Verdict}
    for field, value in values.items():
        row, said = rows.get(field), facts_rules.written(value)
        verdict = facts_rules.judge(
            field, said, origin,
            present=present[field],
            of=row.origin if row else facts_rules.usual_of(field, present[field], usual),
            refused=row.refused if row else (),
        )  # fmt: skip
        done[verdict].append(field)
        if row is None and verdict is not Verdict.NOTHING:
            row = PlaceFact(
                place_id=place.id, field=field, origin=usual, at=place.created_at, refused=[]
            )
            session.add(row)
        if row is not None:
            _settle(session, place, row, verdict, said, origin, at, by)
    session.flush()
    return Offered(tuple(done[Verdict.WRITE]), tuple(done[Verdict.PROPOSE]))


def _settle(
    session: Session, place: Place, row: PlaceFact, verdict: Verdict, said: str, origin: Origin,
    at: dt.datetime, by: int | None,
) -> None:  # fmt: skip
    if verdict is Verdict.WRITE:
        write(session, place, row.field, said, origin, at=at, by=by)
        row.origin, row.at = origin, at
        if row.proposed == said:
            _propose(row, None)
        return
    if row.proposed_origin is not None and not facts_rules.outranks(origin, row.proposed_origin):
        # What a stronger origin proposed waits for its decision.
        return
    if verdict is Verdict.PROPOSE:
        if row.proposed != said or row.proposed_origin != origin:
            _propose(row, said, origin, at)
    else:
        _propose(row, None)


def _propose(
    row: PlaceFact,
    said: str | None,
    origin: Origin | None = None,
    at: dt.datetime | None = None,
) -> None:
    row.proposed, row.proposed_origin, row.proposed_at = said, origin, at


def write(
    session: Session, place: Place, field: str, said: str, origin: Origin, *, at: dt.datetime,
    by: int | None,
) -> None:  # fmt: skip
    """Gives a field of a locked place its value, and what follows from it: city and time zone from
    the point, since when and by which member the web address stands. All the world writes into
    OpenStreetMap, so an address of an extract proves no brand, however long it stands."""
    if field == "point":
        point = facts_rules.point_of(said)
        place.geom = point.ewkt
        place.city_id = gazetteer.nearest_city(session, point)
        place.timezone = describing.timezone_at(point)
    elif field == "closed":
        place.closed_at = at if said else None
        subjects.log_transition(
            session, place.id, "closed", None, "closed" if said else "reopened",
            reason="said", actor=f"member:{by}" if by is not None else SYSTEM.reference,
        )  # fmt: skip
    else:
        setattr(place, field, said)
    if field == "website":
        place.website_since = None if origin is Origin.EXTRACT else now(session)
        place.website_by_id = by


def decide(
    session: Session, actor: Actor, place_id: int, field: str, proposed: str, *, take: bool
) -> bool:
    """Takes what is proposed for a field, or keeps the present value, after which the same is not
    proposed again. Returns False, and does nothing, when it was decided already. Raises Conflict
    when another value is proposed meanwhile, Forbidden."""
    member_id = require_contributor(actor)
    # Cases are locked before content, as by a moderator who decides.
    moderation_actions.content_changed(session, place_id)
    place = reading.locked(session, place_id)
    brand_id = running.brand_of(session, place_id)
    if not describing.may_edit(actor, place.author_id, place.visibility, brand_id):
        raise Forbidden()
    row = facts_queries.rows_of(session, place_id).get(field)
    if row is None or row.proposed is None or row.proposed_origin is None:
        return False
    mine = facts_rules.origin_of(actor, brand_id)
    if not facts_rules.outranks(mine, row.origin):
        raise Forbidden()
    if row.proposed != proposed:
        raise Conflict(lazy_gettext("Something else is proposed meanwhile. Look at it again."))
    said, by_whom, at = row.proposed, Origin(row.proposed_origin), row.proposed_at
    _propose(row, None)
    reason = "taken" if take else "kept"
    subjects.log_transition(
        session, place_id, "proposal", by_whom, field, reason=reason, actor=actor.reference
    )
    if not take:
        row.refused = [*row.refused, said][-facts_rules.REFUSED_MOST :]
        session.flush()
        return True
    write(session, place, field, said, by_whom, at=at or now(session), by=member_id)
    if by_whom in facts_rules.MACHINES:
        # What is taken from a file stays the file's, with its terms, and follows it from now on.
        row.origin, row.at = by_whom, at or now(session)
    else:
        row.origin, row.at = mine, now(session)
    changed(session, place)
    return True
