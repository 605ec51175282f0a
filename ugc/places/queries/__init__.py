"""Reads of places."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import sqlalchemy as sa

from ugc.accounts.models import Member
from ugc.core import cache, gazetteer, geo
from ugc.core.access import ANONYMOUS, Actor
from ugc.core.db import Session, among, app_now, built_once, note_now, read_so_far
from ugc.core.errors import NotFound
from ugc.core.gazetteer import City
from ugc.core.sources import Source
from ugc.core.subjects import Subject, Visibility
from ugc.media import queries as media
from ugc.places import rules
from ugc.places.models import Place, PlaceBrand
from ugc.places.queries.described import describe as describe
from ugc.places.queries.described import gives_address
from ugc.places.queries.objects import thing_of
from ugc.places.queries.running import brand_of as brand_of
from ugc.places.queries.running import ids_of_brand as ids_of_brand
from ugc.places.queries.running import is_of_team as is_of_team
from ugc.places.queries.running import ran_by_team_of as ran_by_team_of
from ugc.places.rules.objects import object_url
from ugc.streets.models import SubjectAddress
from ugc.streets.queries import addresses
from ugc.streets.rules import wording

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
    category: rules.Category
    lon: float
    lat: float
    city_id: int | None
    city: str | None  # as it is shown
    locality: str | None  # its bare name
    located: wording.Address | None  # by a loaded extract; none where people wrote `address`
    country: str | None
    region: rules.Region | None  # whose holidays its hours mean
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
    cover: media.PhotoRow | None = None
    brand_id: int | None = None  # that runs it now
    object_url: str | None = None  # of the thing of a loaded extract that it is

    @property
    def where(self) -> str:
        """Its address by a loaded extract, else its city, in the language in force."""
        return wording.where(self.located, self.city)

    @property
    def address_line(self) -> str:
        """What people wrote, else street, quarter and town by a loaded extract; else ''."""
        return self.address or (wording.whole_line(self.located) if self.located else "")


# Plain columns: making objects of them takes longer than reading.
READ = (
    Place.id, Place.name, Place.category, Place.city_id, Place.address, Place.phone, Place.website,
    Place.opening_hours, Place.timezone, Place.rating_count, Place.rating_sum, Place.visibility,
    Place.author_id, Place.created_at, Place.revision, Place.closed_at,
)  # fmt: skip


@built_once
def _columns(is_near: bool = False) -> sa.Select[Any]:
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
        *addresses.columns(),
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
    return float(total) / int(count) if count else rules.PRIOR_MEAN


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
        category=rules.CATEGORIES.get(place.category, rules.CATEGORIES["other"]),
        lon=place.lon,
        lat=place.lat,
        city_id=place.city_id,
        city=gazetteer.shown_city(place),
        locality=place.city,
        located=addresses.address_of(place),
        country=place.country,
        region=rules.region_of(place.country, place.admin),
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


def _rows(
    session: Session,
    query: sa.Select[Any],
    actor: Actor,
    near: geo.Point | None = None,
    **given: Any,
) -> list[PlaceRow]:
    rows = _plain_rows(session, query, near, **given)
    covers = media.covers(session, actor, (row.id for row in rows))
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
    return _columns().where(column == sa.bindparam("key"))


@built_once
def _several(is_near: bool) -> sa.Select[Any]:
    return _columns(is_near).where(among(Place.id))


def _seen(session: Session, actor: Actor, key: int | str) -> PlaceRow:
    read = read_so_far("places")
    row: PlaceRow | None = read.get(key)
    if row is None:
        row = next(iter(_plain_rows(session, _one(type(key)), key=key)), None)
        if row is not None:
            read[row.id] = read[row.public_id] = row
            read_so_far("brands_of_places")[row.id] = row.brand_id
    if row is None or not rules.may_see(actor, row.author_id, row.visibility):
        raise NotFound()
    return row


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


def _matches(text: str) -> sa.ColumnElement[bool]:
    """Names that have `text` in them or resemble it, by the trigram index on `name_key(name)`:

    name_key(name) %> name_key(:text) OR name_key(name) LIKE '%' || name_key(:text) || '%'

    A short text, of which there are no trigrams inside a name, is the beginning of a word."""
    text = rules.search_text(text)
    if not text:
        return sa.false()
    key = sa.func.name_key(text)
    if len(text) <= rules.SHORT_QUERY:
        return sa.or_(NAME_KEY.like(key + "%"), NAME_KEY.like(sa.literal("% ") + key + "%"))
    return sa.or_(NAME_KEY.op("%>")(key), NAME_KEY.like(sa.literal("%") + key + "%"))


def _likeness(text: str) -> sa.ColumnElement[float]:
    """A name that begins so before one that only has it, then what more people have rated."""
    text = rules.search_text(text)
    key = sa.func.name_key(text)
    if len(text) <= rules.SHORT_QUERY:
        # The beginnings of words are alike enough; there are many.
        return sa.case((NAME_KEY.like(key + "%"), 1.0), else_=0.0) + sa.func.ln(
            Place.rating_count + 1
        )
    return (
        sa.func.word_similarity(key, NAME_KEY)
        + sa.func.similarity(key, NAME_KEY) / 2
        + sa.case((NAME_KEY.like(key + "%"), 0.2), else_=0.0)
        + sa.func.ln(Place.rating_count + 1) / 40
    )


def search_query(
    session: Session,
    *,
    text: str = "",
    categories: Sequence[str] = (),
    near: geo.Point | None = None,
    radius_m: float | None = None,
    bounds: geo.Bounds | None = None,
    order: str = "best",
) -> sa.Select[Any]:
    """The ids that `search_places` finds, in their order: those that are closed for good last, but
    for the newest."""
    query = sa.select(Place.id).where(Place.visibility == Visibility.PUBLISHED)
    if text:
        query = query.where(_matches(text))
    if categories:
        query = query.where(Place.category.in_(categories))
    if near is not None and radius_m is not None:
        query = query.where(geo.within_metres(Place.geom, near, radius_m))
    if bounds is not None:
        query = query.where(bounds.contains(Place.geom))
    ordering: list[Any] = []
    if order == "near" and near is not None:
        ordering = [geo.metres_between(Place.geom, near)]
    elif order == "best" and text:
        ordering = [_likeness(text).desc()]
    elif order == "best":
        weight = rules.PRIOR_WEIGHT
        mean = (weight * usual_rating(session) + Place.rating_sum) / (weight + Place.rating_count)
        # Unreviewed ones, which would stand at the usual rating, come last: the nearest first.
        ordering = [(Place.rating_count > 0).desc(), sa.case((Place.rating_count > 0, mean)).desc()]
        if near is not None:
            ordering.append(geo.metres_between(Place.geom, near))
    if ordering:
        ordering = [IS_CLOSED, *ordering]
    return query.order_by(*ordering, Place.created_at.desc(), Place.id.desc())


def search_places(
    session: Session,
    actor: Actor,
    *,
    near: geo.Point | None = None,
    page: int = 1,
    limit: int = PAGE,
    **looked_for: Any,
) -> tuple[list[PlaceRow], bool]:
    """Published places, and whether there are more after this page; takes what `search_query`
    takes. `order` is best (likeness of the name, else the weighted mean, unreviewed ones last),
    near or newest."""
    query = search_query(session, near=near, **looked_for)
    # Chosen first and joined then: a word in a name is that of thousands.
    ids = list(session.scalars(query.offset((page - 1) * limit).limit(limit + 1)))
    rows = _rows(session, _several(near is not None), actor, near, ids=ids[:limit])
    rows.sort(key=lambda row: ids.index(row.id))
    return rows, len(ids) > limit


def shown(session: Session, actor: Actor, ids: Sequence[int]) -> list[PlaceRow]:
    """Places that `actor` was found to see, in no order."""
    return _rows(session, _several(False), actor, ids=ids)


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
        query = _columns(True).where(Place.id.in_(nearest)).order_by(sa.text("metres"))
        return _plain_rows(session, query.offset(skip or None).limit(limit), near)
    order = (IS_CLOSED, Place.rating_count.desc(), Place.id.desc())
    chosen = chosen.order_by(*order).offset(skip or None).limit(limit)
    return _plain_rows(session, _columns().where(Place.id.in_(chosen)).order_by(*order))


def places_near(
    session: Session,
    actor: Actor,
    point: geo.Point,
    *,
    radius_m: float = rules.POINT_RADIUS_M,
    categories: Sequence[str] = (),
    limit: int = 10,
) -> list[PlaceRow]:
    """Published places within `radius_m` metres, nearest first."""
    found, _more = search_places(
        session,
        actor,
        near=point,
        radius_m=radius_m,
        categories=categories,
        order="near",
        limit=limit,
    )
    return found


def likely_duplicates(
    session: Session,
    actor: Actor,
    name: str,
    point: geo.Point,
    *,
    phone: str = "",
    website: str = "",
    limit: int = 5,
) -> list[PlaceRow]:
    """Places that may be the same: near by with a similar name, or with the same telephone or web
    address; nearest first. The actor's own that waits is among them."""
    key, name_key = sa.func.name_key(name), NAME_KEY
    alike = sa.and_(
        geo.within_metres(Place.geom, point, rules.DUPLICATE_RADIUS_M),
        sa.or_(
            sa.func.similarity(key, name_key) >= rules.DUPLICATE_SIMILARITY,
            sa.func.word_similarity(key, name_key) >= 0.6,
            sa.func.word_similarity(name_key, key) >= 0.6,
        ),
    )
    same = [alike]
    own = sa.and_(Place.visibility == Visibility.HELD, Place.author_id == actor.id)
    near_enough = geo.within_metres(Place.geom, point, rules.SAME_CONTACT_RADIUS_M)
    if phone:
        same.append(sa.and_(near_enough, Place.phone == phone))
    if website:
        same.append(sa.and_(near_enough, Place.website == website))
    query = (
        _columns(True)
        .where(sa.or_(*same), sa.or_(Place.visibility == Visibility.PUBLISHED, own))
        .order_by(sa.text("metres"), Place.id)
        .limit(limit)
    )
    return _rows(session, query, actor, point)


def places_of_brand(
    session: Session, brand_id: int, page: int = 1, limit: int = PAGE
) -> tuple[list[PlaceRow], bool]:
    """The published places that a brand runs now, the most rated first; and whether there are more
    after this page."""
    given: dict[str, Any] = {"brand_id": brand_id, "skip": (page - 1) * limit, "most": limit + 1}
    rows = _rows(session, _of_brand(), ANONYMOUS, **given)
    return rows[:limit], len(rows) > limit


@built_once
def _of_brand() -> sa.Select[Any]:
    return (
        _columns()
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
        _columns()
        .where(Place.author_id == member_id)
        .order_by(Place.created_at.desc(), Place.id.desc())
        .limit(limit)
    )
    if actor.id != member_id:
        query = query.where(Place.visibility == Visibility.PUBLISHED)
    return _rows(session, query, actor)


def published_by_group(ids: sa.Select[int]) -> sa.Select[int]:
    """How many published ones the members of a query have, for a part of a statement."""
    return sa.select(sa.func.count()).where(
        Place.author_id.in_(ids), Place.visibility == Visibility.PUBLISHED
    )
