"""Reads of what the facts of places come from."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa

from ugc.core.access import Actor
from ugc.core.db import Session
from ugc.core.sources import Source
from ugc.core.subjects import Visibility
from ugc.geography import geo
from ugc.places.models import Place, PlaceBrand, PlaceFact
from ugc.places.queries.reading import PAGE, PlaceRow, shown
from ugc.places.rules import facts as facts_rules

MOST_COUNTED = 1_000


@dataclass(frozen=True)
class Proposal:
    """What a weaker origin says instead of the present value; both as `rules.written` gives
    them."""

    field: str
    present: str
    present_origin: str
    proposed: str
    origin: str
    at: dt.datetime


@dataclass(frozen=True)
class Facts:
    """The origin of each field, and what waits to be decided."""

    origins: dict[str, str]
    proposals: list[Proposal]
    usual: str  # of fields without a row

    @property
    def is_of_extract(self) -> bool:
        """Whether OpenStreetMap says a field of a place that came from elsewhere."""
        is_said = facts_rules.Origin.EXTRACT in self.origins.values()
        return is_said and self.usual != facts_rules.Origin.EXTRACT

    def decided_by(self, actor: Actor, brand_id: int | None) -> list[Proposal]:
        """The proposals that an editor of the place decides; `brand_id` runs it."""
        mine = facts_rules.origin_of(actor, brand_id)
        return [each for each in self.proposals if facts_rules.outranks(mine, each.present_origin)]


def rows_of(session: Session, place_id: int) -> dict[str, PlaceFact]:
    """The rows of a place by field, as they are now."""
    query = sa.select(PlaceFact).where(PlaceFact.place_id == place_id)
    rows = session.scalars(query.execution_options(populate_existing=True))
    return {row.field: row for row in rows}


def usual_origin(session: Session, source_id: int | None) -> facts_rules.Origin:
    """The origin of fields without a row, of a place of this source."""
    code = session.scalar(sa.select(Source.code).where(Source.id == source_id))
    return facts_rules.origin_of_source(code)


def point_of(session: Session, place_id: int) -> geo.Point:
    row = session.execute(
        sa.select(geo.lon(Place.geom), geo.lat(Place.geom)).where(Place.id == place_id)
    ).one()
    return geo.Point(*row)


def present_values(session: Session, place: Place) -> dict[str, str]:
    """Every field as `rules.written` gives it."""
    values = {field: getattr(place, field) for field in facts_rules.TEXTS}
    values["point"] = facts_rules.written(point_of(session, place.id))
    values["closed"] = facts_rules.written(place.closed_at is not None)
    return values


def facts_of(session: Session, place: PlaceRow) -> Facts:
    usual = facts_rules.origin_of_source(place.source_code)
    rows = rows_of(session, place.id)
    origins = {f: rows[f].origin if f in rows else usual.value for f in facts_rules.FIELDS}
    present = {field: str(getattr(place, field)) for field in facts_rules.TEXTS}
    present["category"] = place.category.code
    present["point"] = facts_rules.written(geo.Point(place.lon, place.lat))
    present["closed"] = facts_rules.written(place.closed_at is not None)
    proposals = [
        Proposal(
            field, present[field], row.origin, row.proposed,
            row.proposed_origin, row.proposed_at or row.at,
        )
        for field in facts_rules.FIELDS
        if (row := rows.get(field)) and row.proposed is not None and row.proposed_origin
    ]  # fmt: skip
    return Facts(origins, proposals, usual)


def _may_decide(actor: Actor) -> sa.ColumnElement[bool]:
    """The proposals that `actor` decides, as `rules.outranks` and `may_edit` say of each."""
    standing = Place.visibility.in_((Visibility.PUBLISHED, Visibility.HELD))
    if actor.may("edit_content"):
        return standing
    if actor.id is None:
        return sa.false()
    brand_ids = [each for each in actor.brand_ids if actor.may("run_places", each)]
    runs = sa.exists().where(
        PlaceBrand.place_id == Place.id, PlaceBrand.until.is_(None),
        PlaceBrand.brand_id.in_(brand_ids),
    )  # fmt: skip
    of_brand = sa.and_(
        Place.visibility == Visibility.PUBLISHED,
        runs,
        PlaceFact.origin != facts_rules.Origin.MODERATOR,
    )
    of_author = sa.and_(
        Place.author_id == actor.id,
        PlaceFact.origin.not_in((facts_rules.Origin.MODERATOR, facts_rules.Origin.BRAND)),
    )
    return sa.and_(standing, sa.or_(of_brand, of_author))


def places_to_decide(
    session: Session, actor: Actor, page: int = 1, limit: int = PAGE
) -> tuple[list[tuple[PlaceRow, int]], bool]:
    """Places with the number of their proposals that `actor` decides, the newest first, and
    whether there are more after this page."""
    last = sa.func.max(PlaceFact.proposed_at)
    query = (
        sa.select(PlaceFact.place_id, sa.func.count().label("waiting"))
        .join(Place, Place.id == PlaceFact.place_id)
        .where(PlaceFact.proposed.is_not(None), _may_decide(actor))
        .group_by(PlaceFact.place_id)
        .order_by(last.desc(), PlaceFact.place_id.desc())
        .offset((page - 1) * limit)
        .limit(limit + 1)
    )
    found = session.execute(query).all()
    places = {row.id: row for row in shown(session, actor, [row.place_id for row in found[:limit]])}
    return [(places[r.place_id], r.waiting) for r in found[:limit]], len(found) > limit


def to_decide(session: Session, actor: Actor) -> int:
    """How many proposals `actor` decides; counted to `MOST_COUNTED`."""
    query = (
        sa.select(PlaceFact.place_id)
        .join(Place, Place.id == PlaceFact.place_id)
        .where(PlaceFact.proposed.is_not(None), _may_decide(actor))
        .limit(MOST_COUNTED)
    )
    return session.scalar(sa.select(sa.func.count()).select_from(query.subquery())) or 0
