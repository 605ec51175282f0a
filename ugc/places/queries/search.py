"""Places by name, forgiving accents and typing errors, and likely duplicates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from ugc.core.access import Actor
from ugc.core.db import Session
from ugc.core.subjects import Visibility
from ugc.geography import geo
from ugc.places.models import Place
from ugc.places.queries import reading
from ugc.places.rules import describing


def _matches(text: str) -> sa.ColumnElement[bool]:
    """Names that have `text` in them or resemble it, by the trigram index on `name_key(name)`:

    name_key(name) %> name_key(:text) OR name_key(name) LIKE '%' || name_key(:text) || '%'

    A short text, of which there are no trigrams inside a name, is the beginning of a word."""
    text = describing.search_text(text)
    if not text:
        return sa.false()
    key = sa.func.name_key(text)
    if len(text) <= describing.SHORT_QUERY:
        return sa.or_(
            reading.NAME_KEY.like(key + "%"), reading.NAME_KEY.like(sa.literal("% ") + key + "%")
        )
    return sa.or_(
        reading.NAME_KEY.op("%>")(key), reading.NAME_KEY.like(sa.literal("%") + key + "%")
    )


def _likeness(text: str) -> sa.ColumnElement[float]:
    """A name that begins so before one that only has it, then what more people have rated."""
    text = describing.search_text(text)
    key = sa.func.name_key(text)
    if len(text) <= describing.SHORT_QUERY:
        # The beginnings of words are alike enough; there are many.
        return sa.case((reading.NAME_KEY.like(key + "%"), 1.0), else_=0.0) + sa.func.ln(
            Place.rating_count + 1
        )
    return (
        sa.func.word_similarity(key, reading.NAME_KEY)
        + sa.func.similarity(key, reading.NAME_KEY) / 2
        + sa.case((reading.NAME_KEY.like(key + "%"), 0.2), else_=0.0)
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
        weight = describing.PRIOR_WEIGHT
        mean = (weight * reading.usual_rating(session) + Place.rating_sum) / (
            weight + Place.rating_count
        )
        # Unreviewed ones, which would stand at the usual rating, come last: the nearest first.
        ordering = [(Place.rating_count > 0).desc(), sa.case((Place.rating_count > 0, mean)).desc()]
        if near is not None:
            ordering.append(geo.metres_between(Place.geom, near))
    if ordering:
        ordering = [reading.IS_CLOSED, *ordering]
    return query.order_by(*ordering, Place.created_at.desc(), Place.id.desc())


def search_places(
    session: Session,
    actor: Actor,
    *,
    near: geo.Point | None = None,
    page: int = 1,
    limit: int = reading.PAGE,
    **looked_for: Any,
) -> tuple[list[reading.PlaceRow], bool]:
    """Published places, and whether there are more after this page; takes what `search_query`
    takes. `order` is best (likeness of the name, else the weighted mean, unreviewed ones last),
    near or newest."""
    query = search_query(session, near=near, **looked_for)
    # Chosen first and joined then: a word in a name is that of thousands.
    ids = list(session.scalars(query.offset((page - 1) * limit).limit(limit + 1)))
    rows = reading.read_rows(
        session, reading.read_several(near is not None), actor, near, ids=ids[:limit]
    )
    rows.sort(key=lambda row: ids.index(row.id))
    return rows, len(ids) > limit


def likely_duplicates(
    session: Session,
    actor: Actor,
    name: str,
    point: geo.Point,
    *,
    phone: str = "",
    website: str = "",
    limit: int = 5,
) -> list[reading.PlaceRow]:
    """Places that may be the same: near by with a similar name, or with the same telephone or web
    address; nearest first. The actor's own that waits is among them."""
    key, name_key = sa.func.name_key(name), reading.NAME_KEY
    alike = sa.and_(
        geo.within_metres(Place.geom, point, describing.DUPLICATE_RADIUS_M),
        sa.or_(
            sa.func.similarity(key, name_key) >= describing.DUPLICATE_SIMILARITY,
            sa.func.word_similarity(key, name_key) >= 0.6,
            sa.func.word_similarity(name_key, key) >= 0.6,
        ),
    )
    same = [alike]
    own = sa.and_(Place.visibility == Visibility.HELD, Place.author_id == actor.id)
    near_enough = geo.within_metres(Place.geom, point, describing.SAME_CONTACT_RADIUS_M)
    if phone:
        same.append(sa.and_(near_enough, Place.phone == phone))
    if website:
        same.append(sa.and_(near_enough, Place.website == website))
    query = (
        reading.read_columns(True)
        .where(sa.or_(*same), sa.or_(Place.visibility == Visibility.PUBLISHED, own))
        .order_by(sa.text("metres"), Place.id)
        .limit(limit)
    )
    return reading.read_rows(session, query, actor, point)
