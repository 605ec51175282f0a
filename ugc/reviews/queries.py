"""Reads of reviews."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import sqlalchemy as sa

from ugc.accounts.models import Member
from ugc.core.access import Actor
from ugc.core.db import Session, among, built_once, read_so_far
from ugc.core.errors import NotFound
from ugc.core.sources import Source
from ugc.core.subjects import Subject, SubjectInfo, Visibility
from ugc.geography import gazetteer
from ugc.geography.gazetteer import City
from ugc.media import queries as media_queries
from ugc.places.models import Place
from ugc.places.queries import running as places_running
from ugc.places.rules import categories as places_categories
from ugc.reviews import rules
from ugc.reviews.models import KIND, HelpfulVote, Review
from ugc.search import finding
from ugc.search.wordings import excerpt, text_likeness, text_query

# At most one standing review per member and place.
LOOKED = 500  # texts that have the words that are looked for, before the best are chosen
STANDING = (Visibility.PUBLISHED, Visibility.HELD, Visibility.HIDDEN)
PAGE = 20
ORDERS = ("helpful", "newest", "best", "worst")


@dataclass(frozen=True)
class ReviewRow:
    """What lists and pages show. `subratings` are (aspect, 1 to 5); `helpful` counts the votes and
    `found_helpful` says whether the reader's is among them; `by_team` that the brand of the place
    speaks of itself."""

    id: int
    public_id: str
    place_id: int
    place_public_id: str
    place_name: str
    place_visibility: str
    city: str | None
    category: places_categories.Category
    rating: int
    subratings: list[tuple[places_categories.Aspect, int]]
    title: str
    text: str
    language: str
    visited_month: dt.date | None
    visit_kind: str | None
    helpful: int
    found_helpful: bool
    by_team: bool
    visibility: str
    author_id: int | None
    author: str | None
    attribution: str | None
    created_at: dt.datetime
    edited_at: dt.datetime | None
    revision: int
    photos: Sequence[media_queries.PhotoRow] = field(default=())


def by_team() -> sa.ColumnElement[bool]:
    """Whether a review's author is of the team of the brand that runs its place, or was when it was
    written or later: such a review counts for nothing."""
    return places_running.ran_by_team_of(Review.place_id, Review.author_id, Review.created_at)


def counted() -> sa.ColumnElement[bool]:
    """The reviews that means and counts are made of."""
    return sa.and_(Review.visibility == Visibility.PUBLISHED, sa.not_(by_team()))


# Plain columns: making objects of them takes longer than reading.
READ = (
    Review.id, Review.place_id, Review.rating, Review.subratings, Review.title, Review.text,
    Review.language, Review.visited_month, Review.visit_kind, Review.helpful, Review.visibility,
    Review.author_id, Review.created_at, Review.edited_at, Review.revision,
)  # fmt: skip


@built_once
def _columns(is_member: bool) -> sa.Select[Any]:
    """For a member the parameter `reader` is the member's id."""
    mine = (
        sa.exists().where(
            HelpfulVote.review_id == Review.id, HelpfulVote.member_id == sa.bindparam("reader")
        )
        if is_member
        else sa.false()
    )
    has_photos = sa.exists().where(media_queries.are_of(Review.id))
    place_subject = sa.orm.aliased(Subject)
    columns: Any = (
        sa.select(
            *READ,
            Subject.public_id,
            Place.name.label("place_name"),
            Place.category,
            Place.visibility.label("place_visibility"),
            place_subject.public_id.label("place_public_id"),
            Member.who.label("handle"),
            *gazetteer.shown_columns(),
            Source.attribution,
            mine.label("found_helpful"),
            by_team().label("by_team"),
            has_photos.label("has_photos"),
        )
        .join(Subject, Subject.id == Review.id)
        .join(Place, Place.id == Review.place_id)
        .join(place_subject, place_subject.id == Place.id)
        .outerjoin(Member, Member.id == Review.author_id)
        .outerjoin(Source, Source.id == Review.source_id)
        .outerjoin(City, City.id == Place.city_id)
    )
    return columns


def _rows(session: Session, query: sa.Select[Any], actor: Actor, **given: Any) -> list[ReviewRow]:
    """`given` are the statement's parameters beside the reader."""
    rows = session.execute(query, {"reader": actor.id, **given}).all()
    photos: dict[int, list[media_queries.PhotoRow]] = {}
    pictured = [row.id for row in rows if row.has_photos]
    media_queries.note_without(row.id for row in rows if not row.has_photos)
    for photo in media_queries.photos_of(session, actor, pictured):
        photos.setdefault(photo.subject_id, []).append(photo)
    return [_row(row, photos.get(row.id, [])) for row in rows]


def _row(row: Any, photos: Sequence[media_queries.PhotoRow]) -> ReviewRow:
    category = places_categories.CATEGORIES.get(row.category, places_categories.CATEGORIES["other"])
    return ReviewRow(
        id=row.id,
        public_id=row.public_id,
        place_id=row.place_id,
        place_public_id=row.place_public_id,
        place_name=row.place_name,
        place_visibility=row.place_visibility,
        city=gazetteer.shown_city(row),
        category=category,
        rating=row.rating,
        subratings=[
            (aspect, row.subratings[aspect.code])
            for aspect in category.aspects
            if aspect.code in row.subratings
        ],
        title=row.title,
        text=row.text,
        language=row.language,
        visited_month=row.visited_month,
        visit_kind=row.visit_kind,
        helpful=row.helpful,
        found_helpful=row.found_helpful,
        by_team=row.by_team,
        visibility=row.visibility,
        author_id=row.author_id,
        author=row.handle,
        attribution=row.attribution,
        created_at=row.created_at,
        edited_at=row.edited_at,
        revision=row.revision,
        photos=photos,
    )


@built_once
def _one(of: type[int | str], is_member: bool) -> sa.Select[Any]:
    column = Subject.public_id if of is str else Review.id
    return _columns(is_member).where(column == sa.bindparam("key"))


def _seen(session: Session, actor: Actor, key: int | str) -> ReviewRow:
    rows = _rows(session, _one(type(key), actor.id is not None), actor, key=key)
    if not rows or not rules.may_see(
        actor, rows[0].author_id, rows[0].visibility, rows[0].place_visibility
    ):
        raise NotFound()
    return rows[0]


def reviews_by_ids(session: Session, actor: Actor, ids: Sequence[int]) -> dict[int, ReviewRow]:
    """Those that `actor` may see."""
    rows = _rows(session, _several(actor.id is not None), actor, ids=list(ids))
    return {
        row.id: row
        for row in rows
        if rules.may_see(actor, row.author_id, row.visibility, row.place_visibility)
    }


@built_once
def _several(is_member: bool) -> sa.Select[Any]:
    return _columns(is_member).where(among(Review.id))


def review_by_public_id(session: Session, actor: Actor, public_id: str) -> ReviewRow:
    """The review as `actor` may see it. Raises NotFound."""
    return _seen(session, actor, public_id)


def review_by_id(session: Session, actor: Actor, review_id: int) -> ReviewRow:
    """As `review_by_public_id`. Raises NotFound."""
    return _seen(session, actor, review_id)


def locked(session: Session, review_id: int) -> Review:
    """The row as it is now, locked until the transaction ends. Raises NotFound."""
    review = session.scalar(
        sa.select(Review)
        .where(Review.id == review_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if review is None:
        raise NotFound()
    return review


def reviews_of_place(
    session: Session,
    actor: Actor,
    place_id: int,
    *,
    order: str = "helpful",
    rating: int | None = None,
    page: int = 1,
    limit: int = PAGE,
) -> tuple[list[ReviewRow], bool]:
    """Published reviews, the reader's own that waits first; and whether there are more after this
    page."""
    read = read_so_far("reviews_of_places")
    key = actor.id, place_id, order, rating, page, limit
    if key not in read:
        read[key] = _reviews_of_place(session, actor, place_id, order, rating, page, limit)
    return cast("tuple[list[ReviewRow], bool]", read[key])


def _reviews_of_place(
    session: Session, actor: Actor, place_id: int, order: str, rating: int | None, page: int,
    limit: int,
) -> tuple[list[ReviewRow], bool]:  # fmt: skip
    order = order if order in ORDERS else "helpful"
    query = _of_place(order, rating is not None, actor.id is not None)
    given = {"place_id": place_id, "rating": rating, "skip": (page - 1) * limit, "most": limit + 1}
    rows = _rows(session, query, actor, **given)
    return rows[:limit], len(rows) > limit


@built_once
def _of_place(order: str, is_rated: bool, is_member: bool) -> sa.Select[Any]:
    visible = Review.visibility == Visibility.PUBLISHED
    if is_member:
        mine = Review.author_id == sa.bindparam("reader")
        visible = sa.or_(visible, sa.and_(mine, Review.visibility == Visibility.HELD))
    orders: dict[str, list[Any]] = {
        "helpful": [Review.helpful.desc()],
        "newest": [],
        "best": [Review.rating.desc()],
        "worst": [Review.rating],
    }
    query = (
        _columns(is_member)
        .where(Review.place_id == sa.bindparam("place_id"), visible)
        .order_by(
            (Review.visibility == Visibility.HELD).desc(),
            # Ratings without a word, from imports, come after what people wrote.
            (Review.text == ""),
            *orders[order],
            Review.created_at.desc(),
            Review.id.desc(),
        )
        .offset(sa.bindparam("skip", type_=sa.Integer))
        .limit(sa.bindparam("most", type_=sa.Integer))
    )
    return query.where(Review.rating == sa.bindparam("rating")) if is_rated else query


def ids_of_place(place_id: int) -> sa.Select[int]:
    return sa.select(Review.id).where(Review.place_id == place_id)


def distribution(session: Session, place_id: int) -> dict[int, int]:
    """How many published ratings of each value, 5 to 1."""
    rows = session.execute(_distribution(), {"place_id": place_id})
    counts = {int(rating): int(count) for rating, count in rows}
    return {rating: counts.get(rating, 0) for rating in reversed(rules.RATINGS)}


@built_once
def _distribution() -> Any:
    return (
        sa.select(Review.rating, sa.func.count())
        .where(Review.place_id == sa.bindparam("place_id"), counted())
        .group_by(Review.rating)
    )


def totals(session: Session, place_id: int) -> tuple[int, int]:
    """(count, sum) of the published ratings."""
    row = session.execute(
        sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(Review.rating), 0)).where(
            Review.place_id == place_id, counted()
        )
    ).one()
    return int(row[0]), int(row[1])


def own_review(session: Session, actor: Actor, place_id: int) -> ReviewRow | None:
    """The actor's standing review of a place."""
    if actor.id is None:
        return None
    rows = _rows(session, _own(), actor, place_id=place_id)
    return rows[0] if rows else None


@built_once
def _own() -> sa.Select[Any]:
    return _columns(True).where(
        Review.place_id == sa.bindparam("place_id"),
        Review.author_id == sa.bindparam("reader"),
        Review.visibility.in_(STANDING),
    )


def reviews_by(session: Session, actor: Actor, member_id: int, limit: int = 50) -> list[ReviewRow]:
    """What a member reviewed, newest first, as `actor` may see it: to others, of public places
    only."""
    query = (
        _columns(actor.id is not None)
        .where(Review.author_id == member_id)
        .order_by(Review.created_at.desc(), Review.id.desc())
        .limit(limit)
    )
    if actor.id != member_id:
        query = query.where(
            Review.visibility == Visibility.PUBLISHED, Place.visibility == Visibility.PUBLISHED
        )
    return _rows(session, query, actor)


def published_by_group(ids: sa.Select[int]) -> sa.Select[int]:
    """How many published ones the members of a query have, for a part of a statement."""
    return sa.select(sa.func.count()).where(
        Review.author_id.in_(ids), Review.visibility == Visibility.PUBLISHED
    )


def helpful_count(session: Session, review_id: int) -> int:
    query = sa.select(sa.func.count()).where(HelpfulVote.review_id == review_id)
    return session.scalar(query) or 0


def city_of(session: Session, review_id: int) -> int | None:
    """GeoNames id of the city of the place."""
    return session.scalar(
        sa.select(Place.city_id)
        .join(Review, Review.place_id == Place.id)
        .where(Review.id == review_id)
    )


def describe(
    session: Session, ids: Iterable[int], author_id: int | None = None
) -> list[SubjectInfo]:
    """What all may see, and what this author still sees of their own."""
    own = Review.still_seen_by(author_id)
    public = sa.and_(
        Review.visibility == Visibility.PUBLISHED, Place.visibility == Visibility.PUBLISHED
    )
    rows = session.execute(
        sa.select(Review.id, Review.title, Place.name, Subject.public_id)
        .join(Subject, Subject.id == Review.id)
        .join(Place, Place.id == Review.place_id)
        .where(Review.id.in_(list(ids)), sa.or_(public, own))
    )
    return [
        SubjectInfo(
            r.id,
            KIND,
            r.public_id,
            r.title or r.name,
            f"/reviews/{r.public_id}",
            r.name if r.title else "",
        )
        for r in rows
    ]


@built_once
def _by_words() -> sa.Select[Any]:
    """to_tsvector(name_key(title || ' ' || text)) @@ to_tsquery(:query), by the index of words."""
    simple = sa.text("'simple'::regconfig")
    said = Review.title + sa.literal_column("' '") + Review.text
    vector = sa.func.to_tsvector(simple, sa.func.name_key(said), type_=sa.Text)
    asked = sa.func.to_tsquery(simple, sa.bindparam("query", type_=sa.Text))
    looked = (
        sa.select(Review.id)
        .where(vector.op("@@")(asked), Review.visibility == Visibility.PUBLISHED)
        .limit(LOOKED)
        .cte("looked")
        .prefix_with("MATERIALIZED", dialect="postgresql")
    )
    return (
        sa.select(
            Review.title, Review.text, Review.helpful, Place.name, Subject.public_id,
            sa.func.ST_X(Place.geom).label("lon"), sa.func.ST_Y(Place.geom).label("lat"),
        )
        .join(looked, looked.c.id == Review.id)
        .join(Subject, Subject.id == Review.id)
        .join(Place, Place.id == Review.place_id)
        .where(Place.visibility == Visibility.PUBLISHED)
        .order_by(Review.helpful.desc(), Review.created_at.desc(), Review.id.desc())
        .limit(sa.bindparam("most", type_=sa.Integer))
    )  # fmt: skip


def find(session: Session, _actor: Actor, search: finding.Search) -> list[finding.Found]:
    """What the search finds among reviews: published ones of published places, by their words."""
    query = text_query(search.words)
    if not query:
        return []
    found = []
    for row in session.execute(_by_words(), {"query": query, "most": search.limit}):
        text = " ".join(filter(None, (row.title, row.text)))
        found.append(
            finding.Found(
                "review", row.title or row.name,
                " · ".join(filter(None, (row.name if row.title else "",
                                         excerpt(search.words, row.text)))),
                text_likeness(search.words, text), min(1.0, row.helpful / 20), "message-circle",
                row.lon, row.lat, url=f"/reviews/{row.public_id}",
            )
        )  # fmt: skip
    return found
