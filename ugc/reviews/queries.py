"""Reads of reviews."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import sqlalchemy as sa

from ugc.accounts.models import Member
from ugc.core import gazetteer
from ugc.core.access import Actor
from ugc.core.db import Session, read_so_far
from ugc.core.errors import NotFound
from ugc.core.gazetteer import City
from ugc.core.sources import Source
from ugc.core.subjects import Subject, SubjectInfo, Visibility
from ugc.media import queries as media
from ugc.places import queries as places
from ugc.places import rules as place_rules
from ugc.places.models import Place
from ugc.reviews import rules
from ugc.reviews.models import KIND, HelpfulVote, Review, ReviewVersion

# At most one standing review per member and place.
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
    category: place_rules.Category
    rating: int
    subratings: list[tuple[place_rules.Aspect, int]]
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
    photos: Sequence[media.PhotoRow] = field(default=())


def by_team() -> sa.ColumnElement[bool]:
    """Whether a review's author is of the team of the brand that runs its place, or was when it was
    written or later: such a review counts for nothing."""
    return places.ran_by_team_of(Review.place_id, Review.author_id, Review.created_at)


def counted() -> sa.ColumnElement[bool]:
    """The reviews that means and counts are made of."""
    return sa.and_(Review.visibility == Visibility.PUBLISHED, sa.not_(by_team()))


def _columns(actor: Actor) -> sa.Select[Any]:
    mine = (
        sa.exists().where(HelpfulVote.review_id == Review.id, HelpfulVote.member_id == actor.id)
        if actor.id is not None
        else sa.false()
    )
    place_subject = sa.orm.aliased(Subject)
    columns: Any = (
        sa.select(
            Review,
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
        )
        .join(Subject, Subject.id == Review.id)
        .join(Place, Place.id == Review.place_id)
        .join(place_subject, place_subject.id == Place.id)
        .outerjoin(Member, Member.id == Review.author_id)
        .outerjoin(Source, Source.id == Review.source_id)
        .outerjoin(City, City.id == Place.city_id)
    )
    return columns


def _rows(session: Session, query: sa.Select[Any], actor: Actor) -> list[ReviewRow]:
    rows = session.execute(query).all()
    photos: dict[int, list[media.PhotoRow]] = {}
    for photo in media.photos_of(session, actor, [row.Review.id for row in rows]):
        photos.setdefault(photo.subject_id, []).append(photo)
    return [_row(row, photos.get(row.Review.id, [])) for row in rows]


def _row(row: Any, photos: Sequence[media.PhotoRow]) -> ReviewRow:
    review: Review = row.Review
    category = place_rules.CATEGORIES.get(row.category, place_rules.CATEGORIES["other"])
    return ReviewRow(
        id=review.id,
        public_id=row.public_id,
        place_id=review.place_id,
        place_public_id=row.place_public_id,
        place_name=row.place_name,
        place_visibility=row.place_visibility,
        city=gazetteer.shown_city(row),
        category=category,
        rating=review.rating,
        subratings=[
            (aspect, review.subratings[aspect.code])
            for aspect in category.aspects
            if aspect.code in review.subratings
        ],
        title=review.title,
        text=review.text,
        language=review.language,
        visited_month=review.visited_month,
        visit_kind=review.visit_kind,
        helpful=review.helpful,
        found_helpful=row.found_helpful,
        by_team=row.by_team,
        visibility=review.visibility,
        author_id=review.author_id,
        author=row.handle,
        attribution=row.attribution,
        created_at=review.created_at,
        edited_at=review.edited_at,
        revision=review.revision,
        photos=photos,
    )


def _seen(session: Session, actor: Actor, condition: Any) -> ReviewRow:
    rows = _rows(session, _columns(actor).where(condition), actor)
    if not rows or not rules.may_see(
        actor, rows[0].author_id, rows[0].visibility, rows[0].place_visibility
    ):
        raise NotFound()
    return rows[0]


def review_by_public_id(session: Session, actor: Actor, public_id: str) -> ReviewRow:
    """The review as `actor` may see it. Raises NotFound."""
    return _seen(session, actor, Subject.public_id == public_id)


def review_by_id(session: Session, actor: Actor, review_id: int) -> ReviewRow:
    """As `review_by_public_id`. Raises NotFound."""
    return _seen(session, actor, Review.id == review_id)


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
    visible = Review.visibility == Visibility.PUBLISHED
    if actor.id is not None:
        own = sa.and_(Review.author_id == actor.id, Review.visibility == Visibility.HELD)
        visible = sa.or_(visible, own)
    orders: dict[str, list[Any]] = {
        "helpful": [Review.helpful.desc()],
        "newest": [],
        "best": [Review.rating.desc()],
        "worst": [Review.rating],
    }
    query = (
        _columns(actor)
        .where(Review.place_id == place_id, visible)
        .order_by(
            (Review.visibility == Visibility.HELD).desc(),
            # Ratings without a word, from imports, come after what people wrote.
            (Review.text == ""),
            *orders.get(order, orders["helpful"]),
            Review.created_at.desc(),
            Review.id.desc(),
        )
        .offset((page - 1) * limit)
        .limit(limit + 1)
    )
    if rating is not None:
        query = query.where(Review.rating == rating)
    rows = _rows(session, query, actor)
    return rows[:limit], len(rows) > limit


def ids_of_place(place_id: int) -> sa.Select[int]:
    return sa.select(Review.id).where(Review.place_id == place_id)


def distribution(session: Session, place_id: int) -> dict[int, int]:
    """How many published ratings of each value, 5 to 1."""
    rows = session.execute(
        sa.select(Review.rating, sa.func.count())
        .where(Review.place_id == place_id, counted())
        .group_by(Review.rating)
    )
    counts = {int(rating): int(count) for rating, count in rows}
    return {rating: counts.get(rating, 0) for rating in reversed(rules.RATINGS)}


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
    query = _columns(actor).where(
        Review.place_id == place_id,
        Review.author_id == actor.id,
        Review.visibility.in_(STANDING),
    )
    rows = _rows(session, query, actor)
    return rows[0] if rows else None


def reviews_by(session: Session, actor: Actor, member_id: int, limit: int = 50) -> list[ReviewRow]:
    """What a member reviewed, newest first, as `actor` may see it: to others, of public places
    only."""
    query = (
        _columns(actor)
        .where(Review.author_id == member_id)
        .order_by(Review.created_at.desc(), Review.id.desc())
        .limit(limit)
    )
    if actor.id != member_id:
        query = query.where(
            Review.visibility == Visibility.PUBLISHED, Place.visibility == Visibility.PUBLISHED
        )
    return _rows(session, query, actor)


def published_by_group(session: Session, ids: sa.Select[int]) -> int:
    """How many published ones the members of a query have."""
    query = sa.select(sa.func.count()).where(
        Review.author_id.in_(ids), Review.visibility == Visibility.PUBLISHED
    )
    return session.scalar(query) or 0


def versions(session: Session, review_id: int) -> list[ReviewVersion]:
    """What it said before, newest first."""
    return list(
        session.scalars(
            sa.select(ReviewVersion)
            .where(ReviewVersion.review_id == review_id)
            .order_by(ReviewVersion.id.desc())
        )
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
