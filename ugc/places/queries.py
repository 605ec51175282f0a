"""Reads of places."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from ugc.accounts.models import Member
from ugc.core import geo
from ugc.core.access import ANONYMOUS, Actor
from ugc.core.db import Session
from ugc.core.errors import NotFound
from ugc.core.gazetteer import City
from ugc.core.sources import Source
from ugc.core.subjects import Subject, SubjectInfo, Visibility
from ugc.media import queries as media
from ugc.places import rules
from ugc.places.models import KIND, Place

PAGE = 24


@dataclass(frozen=True)
class PlaceRow:
    """What lists and pages show; degrees, WGS 84; `metres` from where the reader looked."""

    id: int
    public_id: str
    name: str
    category: rules.Category
    lon: float
    lat: float
    city_id: int | None
    city: str | None
    country: str | None
    address: str
    phone: str
    website: str
    opening_hours: str
    timezone: str
    rating_count: int
    rating_sum: int
    visibility: str
    author_id: int | None
    author: str | None
    attribution: str | None
    created_at: dt.datetime
    revision: int
    metres: float | None = None
    cover: media.PhotoRow | None = None

    @property
    def mean(self) -> float | None:
        """The Bayesian mean; None without a rating."""
        return (
            rules.bayesian_mean(self.rating_sum, self.rating_count) if self.rating_count else None
        )


def _columns(near: geo.Point | None = None) -> sa.Select[Any]:
    metres = geo.metres_between(Place.geom, near) if near else sa.null()
    return (
        sa.select(
            Place,
            Subject.public_id,
            geo.lon(Place.geom).label("lon"),
            geo.lat(Place.geom).label("lat"),
            Member.handle,
            City.name.label("city"),
            City.country.label("country"),
            Source.attribution,
            sa.cast(metres, sa.Float).label("metres"),
        )
        .join(Subject, Subject.id == Place.id)
        .outerjoin(Member, Member.id == Place.author_id)
        .outerjoin(City, City.id == Place.city_id)
        .outerjoin(Source, Source.id == Place.source_id)
    )


def _row(row: Any) -> PlaceRow:
    place: Place = row.Place
    return PlaceRow(
        id=place.id,
        public_id=row.public_id,
        name=place.name,
        category=rules.CATEGORIES.get(place.category, rules.CATEGORIES["other"]),
        lon=row.lon,
        lat=row.lat,
        city_id=place.city_id,
        city=row.city,
        country=row.country,
        address=place.address,
        phone=place.phone,
        website=place.website,
        opening_hours=place.opening_hours,
        timezone=place.timezone,
        rating_count=place.rating_count,
        rating_sum=place.rating_sum,
        visibility=place.visibility,
        author_id=place.author_id,
        author=row.handle,
        attribution=row.attribution,
        created_at=place.created_at,
        revision=place.revision,
        metres=row.metres,
    )


def _rows(session: Session, query: sa.Select[Any], actor: Actor) -> list[PlaceRow]:
    rows = [_row(row) for row in session.execute(query)]
    covers = media.covers(session, actor, (row.id for row in rows))
    return [replace(row, cover=covers[row.id]) if row.id in covers else row for row in rows]


def place_by_public_id(session: Session, actor: Actor, public_id: str) -> PlaceRow:
    """The place as `actor` may see it. Raises NotFound."""
    return _seen(session, actor, Subject.public_id == public_id)


def place_by_id(session: Session, actor: Actor, place_id: int) -> PlaceRow:
    """As `place_by_public_id`. Raises NotFound."""
    return _seen(session, actor, Place.id == place_id)


def _seen(session: Session, actor: Actor, condition: Any) -> PlaceRow:
    row = session.execute(_columns().where(condition)).first()
    if row is None or not rules.may_see(actor, row.Place.author_id, row.Place.visibility):
        raise NotFound()
    return _row(row)


def locked(session: Session, place_id: int) -> Place:
    """The row as it is now, locked until the transaction ends. Raises NotFound."""
    place = session.scalar(
        sa.select(Place)
        .where(Place.id == place_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if place is None:
        raise NotFound()
    return place


def search_places(
    session: Session,
    actor: Actor,
    *,
    text: str = "",
    categories: Sequence[str] = (),
    near: geo.Point | None = None,
    radius_m: float | None = None,
    bounds: geo.Bounds | None = None,
    order: str = "best",
    page: int = 1,
    limit: int = PAGE,
) -> tuple[list[PlaceRow], bool]:
    """Published places, and whether there are more after this page.

    By name: a part of the name, or trigrams of a word of it (`<%`, 0.45) so that typos are
    forgiven; both use the GIN index on `name_key(name)`. `order` is best (likeness of the name,
    then the Bayesian mean), near or newest."""
    query = _columns(near).where(Place.visibility == Visibility.PUBLISHED)
    name_key = sa.func.name_key(Place.name)
    mean = (rules.PRIOR_WEIGHT * rules.PRIOR_MEAN + Place.rating_sum) / (
        rules.PRIOR_WEIGHT + Place.rating_count
    )
    ordering: list[Any] = []
    if text:
        session.execute(sa.text("SET LOCAL pg_trgm.word_similarity_threshold = 0.45"))
        key = sa.func.name_key(text)
        part = name_key.like(
            sa.func.concat("%", sa.func.regexp_replace(key, r"([\\%_])", r"\\\1", "g"), "%")
        )
        query = query.where(sa.or_(part, key.op("<%")(name_key)))
        ordering.append(
            (sa.func.word_similarity(key, name_key) + sa.func.similarity(key, name_key) / 2).desc()
        )
    if categories:
        query = query.where(Place.category.in_(categories))
    if near is not None and radius_m is not None:
        query = query.where(geo.within_metres(Place.geom, near, radius_m))
    if bounds is not None:
        query = query.where(bounds.contains(Place.geom))
    if order == "near" and near is not None:
        # Planar order from the index; degrees east are shorter, so the page is sorted again below.
        ordering = [Place.geom.op("<->")(near.sql())]
    elif order == "newest":
        ordering = [Place.created_at.desc()]
    else:
        ordering.append(mean.desc())
    query = query.order_by(*ordering, Place.id.desc()).offset((page - 1) * limit).limit(limit + 1)
    rows = _rows(session, query, actor)
    shown = rows[:limit]
    if order == "near" and near is not None:
        shown.sort(key=lambda row: row.metres or 0)
    return shown, len(rows) > limit


def places_within(
    session: Session,
    bounds: geo.Bounds,
    categories: Sequence[str] = (),
    limit: int = 300,
) -> list[PlaceRow]:
    """Published places of a viewport, the most rated first."""
    query = (
        _columns()
        .where(bounds.contains(Place.geom), Place.visibility == Visibility.PUBLISHED)
        .order_by(Place.rating_count.desc(), Place.id.desc())
        .limit(limit)
    )
    if categories:
        query = query.where(Place.category.in_(categories))
    return [_row(row) for row in session.execute(query)]


def likely_duplicates(
    session: Session,
    name: str,
    point: geo.Point,
    *,
    phone: str = "",
    website: str = "",
    limit: int = 5,
) -> list[PlaceRow]:
    """Places that may be the same: near by with a similar name, or with the same telephone or web
    address; nearest first."""
    key, name_key = sa.func.name_key(name), sa.func.name_key(Place.name)
    alike = sa.and_(
        geo.within_metres(Place.geom, point, rules.DUPLICATE_RADIUS_M),
        sa.or_(
            sa.func.similarity(key, name_key) >= rules.DUPLICATE_SIMILARITY,
            sa.func.word_similarity(key, name_key) >= 0.6,
            sa.func.word_similarity(name_key, key) >= 0.6,
        ),
    )
    same = [alike]
    near_enough = geo.within_metres(Place.geom, point, 5_000)
    if phone:
        same.append(sa.and_(near_enough, Place.phone == phone))
    if website:
        same.append(sa.and_(near_enough, Place.website == website))
    query = (
        _columns(point)
        .where(sa.or_(*same), Place.visibility == Visibility.PUBLISHED)
        .order_by(sa.text("metres"))
        .limit(limit)
    )
    return _rows(session, query, ANONYMOUS)


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


def published_by(session: Session, member_id: int) -> int:
    query = sa.select(sa.func.count()).where(
        Place.author_id == member_id, Place.visibility == Visibility.PUBLISHED
    )
    return session.scalar(query) or 0


def describe(session: Session, ids: Iterable[int]) -> list[SubjectInfo]:
    rows = session.execute(
        sa.select(Place.id, Place.name, Subject.public_id)
        .join(Subject, Subject.id == Place.id)
        .where(Place.id.in_(list(ids)), Place.visibility == Visibility.PUBLISHED)
    )
    return [SubjectInfo(r.id, KIND, r.public_id, r.name, f"/places/{r.public_id}") for r in rows]
