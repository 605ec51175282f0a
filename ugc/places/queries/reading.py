"""Reads of places."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import sqlalchemy as sa

from ugc.accounts.models import Member
from ugc.core import cache
from ugc.core.access import ANONYMOUS, Actor
from ugc.core.db import Session, among, app_now, built_once, note_now, read_so_far
from ugc.core.errors import NotFound
from ugc.core.sources import Source
from ugc.core.subjects import Subject, Visibility
from ugc.geography import gazetteer, geo
from ugc.geography.gazetteer import City
from ugc.media import queries as media_queries
from ugc.places.models import Place, PlaceBrand
from ugc.places.queries.described import gives_address
from ugc.places.queries.objects import thing_of
from ugc.places.rules import categories as categories_rules
from ugc.places.rules import describing, holidays
from ugc.places.rules.objects import object_url
from ugc.streets.models import SubjectAddress
from ugc.streets.queries import addresses as streets_addresses_queries
from ugc.streets.rules import wording as streets_wording

PAGE = 12  # four are seen at once

NAME_KEY = sa.func.name_key(Place.name)

IS_CLOSED = Place.closed_at.is_not(None)  # for good


@dataclass(frozen=True)
class PlaceRow:
    """What lists and pages show; degrees, WGS 84; `mean` is the Bayesian one, None without a
    rating; `metres` from where the reader looked."""

    id: int
    public_id: str
    name: str
    category: categories_rules.Category
    lon: float
    lat: float
    city_id: int | None
    city: str | None  # as it is shown
    locality: str | None  # its bare name
    located: (
        streets_wording.Address | None
    )  # by a loaded extract; none where people wrote `address`
    country: str | None
    region: holidays.Region | None  # whose holidays its hours mean
    address: str
    phone: str
    website: str
    opening_hours: str
    timezone: str
    closed_at: dt.datetime | None  # since when it is known to be closed for good
    rating_count: int
    rating_sum: int
    mean: float | None
    visibility: str
    author_id: int | None
    author: str | None
    attribution: str | None
    licence: str | None
    source_url: str | None
    source_code: str | None
    created_at: dt.datetime
    revision: int
    metres: float | None = None
    cover: media_queries.PhotoRow | None = None
    brand_id: int | None = None  # that runs it now
    object_url: str | None = None  # of the thing of a loaded extract that it is

    @property
    def where(self) -> str:
        """Its address by a loaded extract, else its city, in the language in force."""
        return streets_wording.where(self.located, self.city)

    @property
    def address_line(self) -> str:
        """What people wrote, else street, quarter and town by a loaded extract; else ''."""
        return self.address or (streets_wording.whole_line(self.located) if self.located else "")


# Plain columns: making objects of them takes longer than reading.
READ = (
    Place.id, Place.name, Place.category, Place.city_id, Place.address, Place.phone, Place.website,
    Place.opening_hours, Place.timezone, Place.rating_count, Place.rating_sum, Place.visibility,
    Place.author_id, Place.created_at, Place.revision, Place.closed_at,
)  # fmt: skip


@built_once
def read_columns(is_near: bool = False) -> sa.Select[Any]:
    """With the distance from the parameters `lon` and `lat`, or none."""
    metres = geo.metres_from_parameters(Place.geom) if is_near else sa.null()
    runs = sa.select(PlaceBrand.brand_id).where(
        PlaceBrand.place_id == Place.id, PlaceBrand.until.is_(None)
    )
    columns: list[Any] = [
        *READ,
        Subject.public_id,
        geo.lon(Place.geom).label("lon"),
        geo.lat(Place.geom).label("lat"),
        Member.who.label("handle"),
        *gazetteer.shown_columns(),
        *streets_addresses_queries.columns(),
        Source.attribution,
        Source.licence,
        Source.url.label("source_url"),
        Source.code.label("source_code"),
        thing_of().label("osm"),
        sa.cast(metres, sa.Float).label("metres"),
        runs.correlate(Place).scalar_subquery().label("brand_id"),
        app_now().label("now"),
    ]
    return (
        sa.select(*columns)
        .join(Subject, Subject.id == Place.id)
        .outerjoin(Member, Member.id == Place.author_id)
        .outerjoin(City, City.id == Place.city_id)
        .outerjoin(SubjectAddress, gives_address())
        .outerjoin(Source, Source.id == Place.source_id)
    )


def usual_rating(session: Session) -> float:
    """The mean of all ratings of published places (m of the weighted mean), `rules.PRIOR_MEAN`
    before the first, as it was within the last half minute; the partial index of rated places
    answers alone."""
    read = read_so_far("usual_rating")
    if not read:
        read[None] = cache.of_late("usual_rating", 30, lambda: _usual_rating(session))
    return cast(float, read[None])


def _usual_rating(session: Session) -> float:
    total, count = session.execute(
        sa.select(sa.func.sum(Place.rating_sum), sa.func.sum(Place.rating_count)).where(
            Place.rating_count > 0, Place.visibility == Visibility.PUBLISHED
        )
    ).one()
    return float(total) / int(count) if count else describing.PRIOR_MEAN


def _plain_rows(
    session: Session, query: sa.Select[Any], near: geo.Point | None = None, **given: Any
) -> list[PlaceRow]:
    """The rows without their photos; `given` are the statement's parameters."""
    if near is not None:
        given |= {"lon": near.lon, "lat": near.lat}
    rows = session.execute(query, given).all()
    if rows:
        note_now(rows[0].now)
    return [_row(row) for row in rows]


def _row(place: Any) -> PlaceRow:
    return PlaceRow(
        id=place.id,
        public_id=place.public_id,
        name=place.name,
        category=categories_rules.CATEGORIES.get(
            place.category, categories_rules.CATEGORIES["other"]
        ),
        lon=place.lon,
        lat=place.lat,
        city_id=place.city_id,
        city=gazetteer.shown_city(place),
        locality=place.city,
        located=streets_addresses_queries.address_of(place),
        country=place.country,
        region=holidays.region_of(place.country, place.admin),
        address=place.address,
        phone=place.phone,
        website=place.website,
        opening_hours=place.opening_hours,
        timezone=place.timezone,
        closed_at=place.closed_at,
        rating_count=place.rating_count,
        rating_sum=place.rating_sum,
        mean=place.rating_sum / place.rating_count if place.rating_count else None,
        visibility=place.visibility,
        author_id=place.author_id,
        author=place.handle,
        attribution=place.attribution,
        licence=place.licence,
        source_url=place.source_url,
        source_code=place.source_code,
        created_at=place.created_at,
        revision=place.revision,
        metres=place.metres,
        brand_id=place.brand_id,
        object_url=object_url(place.osm) if place.osm else None,
    )


def read_rows(
    session: Session,
    query: sa.Select[Any],
    actor: Actor,
    near: geo.Point | None = None,
    **given: Any,
) -> list[PlaceRow]:
    rows = _plain_rows(session, query, near, **given)
    covers = media_queries.covers(session, actor, (row.id for row in rows))
    return [replace(row, cover=covers[row.id]) if row.id in covers else row for row in rows]


def place_by_public_id(session: Session, actor: Actor, public_id: str) -> PlaceRow:
    """The place as `actor` may see it. Raises NotFound."""
    return _seen(session, actor, public_id)


def place_by_id(session: Session, actor: Actor, place_id: int) -> PlaceRow:
    """As `place_by_public_id`. Raises NotFound."""
    return _seen(session, actor, place_id)


@built_once
def _one(of: type[int | str]) -> sa.Select[Any]:
    column = Subject.public_id if of is str else Place.id
    return read_columns().where(column == sa.bindparam("key"))


@built_once
def read_several(is_near: bool) -> sa.Select[Any]:
    return read_columns(is_near).where(among(Place.id))


def _seen(session: Session, actor: Actor, key: int | str) -> PlaceRow:
    read = read_so_far("places")
    row: PlaceRow | None = read.get(key)
    if row is None:
        row = next(iter(_plain_rows(session, _one(type(key)), key=key)), None)
        if row is not None:
            read[row.id] = read[row.public_id] = row
            read_so_far("brands_of_places")[row.id] = row.brand_id
    if row is None or not describing.may_see(actor, row.author_id, row.visibility):
        raise NotFound()
    return row


def places_by_ids(session: Session, actor: Actor, ids: Sequence[int]) -> dict[int, PlaceRow]:
    """Those that `actor` may see."""
    return {
        row.id: row
        for row in _plain_rows(session, read_several(False), ids=list(ids))
        if describing.may_see(actor, row.author_id, row.visibility)
    }


def locked(session: Session, place_id: int) -> Place:
    """The row as it is now, locked until the transaction ends. Raises NotFound."""
    place = session.scalar(
        sa.select(Place)
        .where(Place.id == place_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if place is None:
        raise NotFound()
    return place


def shown(session: Session, actor: Actor, ids: Sequence[int]) -> list[PlaceRow]:
    """Places that `actor` was found to see, in no order."""
    return read_rows(session, read_several(False), actor, ids=ids)


def places_within(
    session: Session,
    actor: Actor,
    bounds: geo.Bounds,
    categories: Sequence[str] = (),
    limit: int = 300,
    *,
    brand_id: int | None = None,
    near: geo.Point | None = None,
    skip: int = 0,
) -> list[PlaceRow]:
    """Published places of a viewport and the actor's own that wait, the most rated first, or those
    nearest to a point first, without their photos and without the first `skip`; only those that a
    brand runs now, if named."""
    shown = Place.visibility == Visibility.PUBLISHED
    if actor.id is not None:
        own = sa.and_(Place.author_id == actor.id, Place.visibility == Visibility.HELD)
        shown = sa.or_(shown, own)
    # Chosen first and joined then: a wide view holds many more than are shown.
    chosen = sa.select(Place.id).where(bounds.contains(Place.geom), shown)
    if categories:
        chosen = chosen.where(Place.category.in_(categories))
    if brand_id is not None:
        chosen = chosen.where(
            sa.exists().where(
                PlaceBrand.place_id == Place.id,
                PlaceBrand.brand_id == brand_id,
                PlaceBrand.until.is_(None),
            )
        )
    if near is not None:
        # The index orders by degrees: more are taken than are shown, and measured.
        nearest = geo.nearest(chosen, Place.geom, near, bounds, 3 * (skip + limit))
        query = read_columns(True).where(Place.id.in_(nearest)).order_by(sa.text("metres"))
        return _plain_rows(session, query.offset(skip or None).limit(limit), near)
    order = (IS_CLOSED, Place.rating_count.desc(), Place.id.desc())
    chosen = chosen.order_by(*order).offset(skip or None).limit(limit)
    return _plain_rows(session, read_columns().where(Place.id.in_(chosen)).order_by(*order))


def places_of_brand(
    session: Session, brand_id: int, page: int = 1, limit: int = PAGE
) -> tuple[list[PlaceRow], bool]:
    """The published places that a brand runs now, the most rated first; and whether there are more
    after this page."""
    given: dict[str, Any] = {"brand_id": brand_id, "skip": (page - 1) * limit, "most": limit + 1}
    rows = read_rows(session, _of_brand(), ANONYMOUS, **given)
    return rows[:limit], len(rows) > limit


@built_once
def _of_brand() -> sa.Select[Any]:
    return (
        read_columns()
        .join(PlaceBrand, PlaceBrand.place_id == Place.id)
        .where(
            PlaceBrand.brand_id == sa.bindparam("brand_id"),
            PlaceBrand.until.is_(None),
            Place.visibility == Visibility.PUBLISHED,
        )
        .order_by(IS_CLOSED, Place.rating_count.desc(), Place.name, Place.id)
        .offset(sa.bindparam("skip", type_=sa.Integer))
        .limit(sa.bindparam("most", type_=sa.Integer))
    )


def places_by(session: Session, actor: Actor, member_id: int, limit: int = 50) -> list[PlaceRow]:
    """What a member suggested, newest first, as `actor` may see it."""
    query = (
        read_columns()
        .where(Place.author_id == member_id)
        .order_by(Place.created_at.desc(), Place.id.desc())
        .limit(limit)
    )
    if actor.id != member_id:
        query = query.where(Place.visibility == Visibility.PUBLISHED)
    return read_rows(session, query, actor)


def published_by_group(ids: sa.Select[int]) -> sa.Select[int]:
    """How many published ones the members of a query have, for a part of a statement."""
    return sa.select(sa.func.count()).where(
        Place.author_id.in_(ids), Place.visibility == Visibility.PUBLISHED
    )
