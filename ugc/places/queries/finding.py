"""What the search finds among places: by name, and by category where the words say where."""

from __future__ import annotations

import math
from typing import Any
from urllib.parse import urlencode

import sqlalchemy as sa
from flask_babel import get_locale, gettext

from ugc.core.access import Actor
from ugc.core.db import Session, built_once
from ugc.core.subjects import Subject, Visibility
from ugc.geography import gazetteer
from ugc.geography.gazetteer import City
from ugc.geography.geo import Point
from ugc.places.models import Place
from ugc.places.queries.described import gives_address
from ugc.places.rules import categories, describing
from ugc.places.rules.asked import category_said
from ugc.search.finding import Area, Found, Search, without_here
from ugc.search.likeness import likeness, words
from ugc.streets.models import SubjectAddress
from ugc.streets.queries import addresses as streets_addresses_queries
from ugc.streets.rules import wording as streets_wording

KEY = sa.func.name_key(Place.name)
LOOKED = 2_000  # names that have a word, before they are ranked
OF_CATEGORY = 4  # places that stand below the line of their category
RADIUS_M = 10_000
PLACE_ZOOM = 17
CLOSED_LOSES = 0.2  # of its likeness, a place that closed for good


def find(session: Session, actor: Actor, search: Search) -> list[Found]:
    found = _named(session, search, search.text, search.near)
    text = without_here(search.text)
    category = category_said(text)
    if category is not None:
        is_here = text != search.text
        found += _of_category(session, *category, search.near, None, sure=is_here)
    for what, area in search.within:
        category = category_said(what)
        if category is not None:
            return found + _of_category(session, *category, area.point, area, sure=True)
    for what, area in search.within[:1]:
        # "mercadona madrid": the name there.
        found += [each for each in _named(session, search, what, area.point) if _is_in(each, area)]
    return found


def _is_in(found: Found, area: Area) -> bool:
    point = found.point
    return point is not None and area.point.metres_to(point) <= max(RADIUS_M, area.radius_m)


def _distance() -> sa.ColumnElement[float]:
    """ln of 1 and the kilometres from the parameters `lon` and `lat`."""
    lon, lat = (sa.bindparam(name, type_=sa.Float) for name in ("lon", "lat"))
    there = sa.func.ST_SetSRID(sa.func.ST_MakePoint(lon, lat), 4326)
    return sa.func.ln(1 + sa.func.ST_DistanceSphere(Place.geom, there, type_=sa.Float) / 1000)


_SHOWN: tuple[Any, ...] = (
    Place.name, Place.category, Place.address, Place.rating_count, Place.rating_sum,
    Place.closed_at,
    Subject.public_id,
)  # fmt: skip


def _told(query: sa.Select[Any]) -> sa.Select[Any]:
    return (
        query.add_columns(
            sa.func.ST_X(Place.geom).label("lon"),
            sa.func.ST_Y(Place.geom).label("lat"),
            *gazetteer.shown_columns(),
            *streets_addresses_queries.columns(),
        )
        .join(Subject, Subject.id == Place.id)
        .outerjoin(City, City.id == Place.city_id)
        .outerjoin(SubjectAddress, gives_address())
    )


@built_once
def _by_name(guesses: bool, is_near: bool) -> sa.Select[Any]:
    """Names that hold the text from the beginning of a word on; with `guesses` those that resemble
    it: name_key(:text) <% name_key(name). Both by the trigram index; the best of `LOOKED` of
    them."""
    key = sa.func.name_key(sa.bindparam("text", type_=sa.Text))
    if not guesses:
        matches = sa.or_(KEY.like(key + "%"), KEY.like(sa.literal("% ") + key + "%"))
    else:
        matches = key.op("<%", is_comparison=True)(KEY)
    looked = (
        sa.select(Place.id)
        .where(matches, Place.visibility == Visibility.PUBLISHED)
        .limit(LOOKED)
        .cte("looked")
        .prefix_with("MATERIALIZED", dialect="postgresql")
    )
    score = sa.func.word_similarity(key, KEY) + sa.func.similarity(key, KEY) / 2
    score += sa.func.ln(Place.rating_count + 1) / 40
    score -= sa.case((Place.closed_at.is_not(None), CLOSED_LOSES), else_=0.0)
    if is_near:
        score -= _distance() * (0.3 / math.log(10_001))
    best = (
        sa.select(Place.id, score.label("score"))
        .join(looked, looked.c.id == Place.id)
        .order_by(score.desc(), Place.id)
        .limit(sa.bindparam("most", type_=sa.Integer))
        .cte("best")
        .prefix_with("MATERIALIZED", dialect="postgresql")
    )
    query = _told(sa.select(*_SHOWN)).join(best, best.c.id == Place.id)
    return query.order_by(best.c.score.desc(), Place.id)


def _named(session: Session, search: Search, text: str, near: Point | None) -> list[Found]:
    text = describing.search_text(text)
    if not text:
        return []
    guesses = search.guesses and len(text) > describing.SHORT_QUERY
    given: dict[str, Any] = {"text": text, "most": search.limit}
    if near is not None:
        given |= {"lon": near.lon, "lat": near.lat}
    rows = session.execute(_by_name(guesses, near is not None), given)
    said = words(text)
    return [_found(row, likeness(said, words(row.name))) for row in rows]


@built_once
def _by_category(is_near: bool) -> sa.Select[Any]:
    """The nearest of a category in an area, or those with most ratings anywhere; none that closed
    for good."""
    query = _told(sa.select(*_SHOWN)).where(
        Place.category == sa.bindparam("category", type_=sa.Text),
        Place.visibility == Visibility.PUBLISHED,
        Place.closed_at.is_(None),
    )
    if is_near:
        lon, lat, span = (sa.bindparam(name, type_=sa.Float) for name in ("lon", "lat", "span"))
        there = sa.func.ST_SetSRID(sa.func.ST_MakePoint(lon, lat), 4326)
        query = query.where(Place.geom.op("&&")(sa.func.ST_Expand(there, span))).order_by(
            Place.geom.op("<->")(there) - sa.func.ln(Place.rating_count + 1) / 500
        )
    else:
        query = query.order_by(Place.rating_count.desc(), Place.id)
    return query.limit(OF_CATEGORY)


def _of_category(
    session: Session, code: str, alike: float, near: Point | None, area: Area | None, *, sure: bool
) -> list[Found]:
    """The list of a category there, and some of its places."""
    category = categories.CATEGORIES[code]
    name = category.name(_language())
    asked: dict[str, str] = {"category": code}
    given: dict[str, Any] = {"category": code}
    title, detail = name, gettext("All of this kind")
    if near is not None:
        where = area.name if area else ""
        asked |= {"lat": f"{near.lat:.5f}", "lon": f"{near.lon:.5f}", "radius": str(RADIUS_M)}
        asked["order"] = "near"
        given |= {"lon": near.lon, "lat": near.lat, "span": 0.15}
        title = f"{name} · {where}" if where else name
        detail = area.detail if area else gettext("Near the middle of the map")
    found = [
        Found(
            "category", title, detail, alike, 0.9 if sure else 0.5, category.icon,
            near.lon if near else None, near.lat if near else None,
            url=f"/places?{urlencode(asked)}",
        )
    ]  # fmt: skip
    for row in session.execute(_by_category(near is not None), given):
        found.append(_found(row, alike * (0.93 if sure else 0.8)))
    return found


def _language() -> str:
    locale = get_locale()
    return locale.language if locale else "en"


def _found(row: Any, alike: float) -> Found:
    category = categories.CATEGORIES.get(row.category, categories.CATEGORIES["other"])
    where = streets_wording.where(
        streets_addresses_queries.address_of(row), gazetteer.shown_city(row)
    )
    closed = gettext("Closed for good") if row.closed_at else ""
    parts = [closed, category.name(_language()), row.address, where]
    mean = row.rating_sum / row.rating_count if row.rating_count else 0.0
    return Found(
        "place", row.name, " · ".join(filter(None, parts)),
        alike - (CLOSED_LOSES if closed else 0),
        math.log(1 + row.rating_count) / 7, category.icon, row.lon, row.lat,
        url=f"/places/{row.public_id}", zoom=PLACE_ZOOM,
        stars=(mean, row.rating_count) if row.rating_count else None,
    )  # fmt: skip
