"""Writes of reviews. Nothing here commits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa
from flask_babel import lazy_gettext
from sqlalchemy.dialects.postgresql import insert

from ugc import events
from ugc.content import actions as content_actions
from ugc.content import queries as content_queries
from ugc.content.actions import ContentKind, Parent
from ugc.core import subjects
from ugc.core.access import Actor, ActorKind, require_contributor
from ugc.core.db import Session, now
from ugc.core.errors import Conflict, Forbidden, Invalid, NotFound
from ugc.core.subjects import Visibility
from ugc.media import actions as media_actions
from ugc.moderation import queries as moderation_queries
from ugc.places.actions import editing as places_editing
from ugc.places.models import Place
from ugc.places.queries import reading as places_reading
from ugc.places.queries import running as places_running
from ugc.places.rules import categories as places_categories
from ugc.places.rules import describing as places_describing
from ugc.reviews import queries, rules
from ugc.reviews.models import KIND, HelpfulVote, Review

OWN_PLACE = lazy_gettext(
    "You are of the team of the brand that runs this place: its reviews are for its guests to write"
    " and to rate."
)


@dataclass(frozen=True)
class Opinion:
    """What a person says of a place. `subratings` maps an aspect of its category to 1–5."""

    rating: int
    text: str
    title: str = ""
    subratings: dict[str, int] = field(default_factory=dict)
    visited_month: dt.date | None = None
    visit_kind: str | None = None
    language: str = "und"


def _checked(opinion: Opinion, category: str) -> Opinion:
    known = {aspect.code for aspect in places_categories.CATEGORIES[category].aspects}
    if not set(opinion.subratings) <= known:
        raise Invalid(fields={"subratings": [lazy_gettext("This place has no such rating.")]})
    return opinion


def _recount(session: Session, review: Review) -> None:
    recount(session, review.place_id)


REVIEWS = content_actions.declare(
    ContentKind(
        KIND,
        Review,
        texts={"title": "", "text": ""}
        | {"subratings": {}, "visited_month": None, "visit_kind": None},
        counts=True,
        has_photos=True,
        order=("place_id", "id"),
        about="place_id",
        parent=Parent(Place, places_reading.locked),
        history=("rating", "title", "text"),
        on_changed=_recount,
    )
)
SAID = ("rating", "subratings", "title", "text", "visited_month", "visit_kind", "language")


def post_review(
    session: Session,
    actor: Actor,
    place_id: int,
    opinion: Opinion,
    photos: Sequence[media_actions.Upload] = (),
) -> str:
    """Posts a review and returns its public id; a new member's waits whole for a moderator. Raises
    Conflict when the member reviewed the place before, Forbidden, Invalid, NotFound."""
    author_id = require_contributor(actor)
    # The place's row is the referee of its totals, and of two reviews sent at once.
    place = places_reading.locked(session, place_id)
    standing = place.visibility in (Visibility.PUBLISHED, Visibility.HELD)
    if not standing or not places_describing.may_see(actor, place.author_id, place.visibility):
        raise NotFound()
    if places_running.is_of_team(session, place_id, author_id):
        raise Forbidden(OWN_PLACE)
    if queries.own_review(session, actor, place_id) is not None:
        raise Conflict(lazy_gettext("You reviewed this place before: edit that review."))
    opinion = _checked(opinion, place.category)
    review = Review(place_id=place_id, **{name: getattr(opinion, name) for name in SAID})
    return content_actions.submit(session, actor, REVIEWS, review, photos)


def edit_review(
    session: Session,
    actor: Actor,
    review_id: int,
    *,
    revision: int,
    opinion: Opinion,
    photos: Sequence[media_actions.Upload] = (),
) -> None:
    """Changes a review and keeps what it said; what a new member changes waits for a moderator
    again. Raises Forbidden, Invalid, Stale."""
    with content_actions.editing(
        session, actor, REVIEWS, review_id, revision=revision, photos=photos
    ) as edit:
        review = edit.row
        place = places_reading.locked(session, review.place_id)
        opinion = _checked(opinion, place.category)
        for name in SAID:
            setattr(review, name, getattr(opinion, name))
        review.edited_at = now(session)


def recount(session: Session, place_id: int) -> None:
    """Under the place's lock: its totals from the published reviews."""
    place = places_reading.locked(session, place_id)
    place.rating_count, place.rating_sum = queries.totals(session, place_id)
    session.flush()
    subjects.touch(session, place_id)


def vote_helpful(session: Session, actor: Actor, review_id: int, *, helpful: bool) -> None:
    """Says (or unsays) that a review helped. Raises Forbidden."""
    member_id = require_contributor(actor)
    review = queries.locked(session, review_id)
    if not rules.may_vote(actor, review.author_id, review.visibility):
        raise Forbidden(lazy_gettext("Your own review is found helpful by others."))
    if helpful and places_running.is_of_team(session, review.place_id, member_id):
        raise Forbidden(OWN_PLACE)
    if helpful:
        changed = session.scalar(
            insert(HelpfulVote)
            .values(review_id=review_id, member_id=member_id)
            .on_conflict_do_nothing()
            .returning(HelpfulVote.member_id)
        )
    else:
        changed = session.scalar(
            sa.delete(HelpfulVote)
            .where(HelpfulVote.review_id == review_id, HelpfulVote.member_id == member_id)
            .returning(HelpfulVote.member_id)
        )
    if changed is None:
        return
    review.helpful = queries.helpful_count(session, review_id)
    subjects.touch(session, review_id)
    city_id = queries.city_of(session, review_id)
    events.emit(
        session,
        events.ReviewFoundHelpful(review_id, member_id, review.author_id, helpful, city_id),
    )


def withdraw(session: Session, actor: Actor, review_id: int) -> None:
    """Takes a review back for its author. Raises Forbidden."""
    content_actions.withdraw(session, actor, REVIEWS, review_id)


def _place_moved(session: Session, place_id: int, public: bool) -> None:
    """What is told of a place is seen with it alone, and so are its photos: readers of the change
    feed hear of its reviews too."""
    ids = sa.select(Review.id).where(
        Review.place_id == place_id, Review.visibility == Visibility.PUBLISHED
    )
    subjects.touch_all(session, ids, visible=public)


places_editing.on_visibility(_place_moved)


def place_changed(session: Session, place_id: int) -> None:
    """Reviews are told with the name, category and brand of their place, and are as public as it
    is: followers of the change feed hear of them."""
    subjects.touch_all(session, queries.ids_of_place(place_id))
    # Another brand may run it: what its team wrote does not count.
    recount(session, place_id)


def team_changed(session: Session, brand_id: int) -> None:
    """Reviews of a team on its own places count for nothing, from the moment on that their author
    joins it."""
    for place_id in sorted(places_running.ids_of_brand(session, brand_id)):
        recount(session, place_id)
        subjects.touch_all(session, queries.ids_of_place(place_id))


def export_member(session: Session, member_id: int) -> dict[str, object]:
    """The member's reviews with what they said before, and which ones they found helpful."""
    me = Actor(ActorKind.MEMBER, id=member_id)
    rows = queries.reviews_by(session, me, member_id, limit=100_000)
    decisions = moderation_queries.decisions_on(session, (row.id for row in rows))
    helpful = session.scalars(
        sa.select(subjects.Subject.public_id)
        .join(HelpfulVote, HelpfulVote.review_id == subjects.Subject.id)
        .where(HelpfulVote.member_id == member_id)
    )
    earlier = content_queries.versions_of(session, (row.id for row in rows))
    return {
        "reviews": [
            {
                "id": row.public_id,
                "place": row.place_name,
                "rating": row.rating,
                "subratings": {aspect.code: value for aspect, value in row.subratings},
                "title": row.title,
                "text": row.text,
                "language": row.language,
                "visited_month": row.visited_month,
                "visit_kind": row.visit_kind,
                "helpful": row.helpful,
                "visibility": row.visibility,
                "created_at": row.created_at,
                "edited_at": row.edited_at,
                "decisions": decisions.get(row.id, []),
                "earlier": [
                    {
                        "rating": int(v.said["rating"]),
                        "title": v.said["title"],
                        "text": v.said["text"],
                        "until": v.replaced_at,
                    }
                    for v in earlier.get(row.id, [])
                ],
            }
            for row in rows
        ],
        "found_helpful": list(helpful),
    }


def erase_member(session: Session, member_id: int, with_content: bool) -> None:
    """Reviews go, or stay without their author; helpful votes stay as counts without a name."""
    content_actions.erase(session, REVIEWS, member_id, with_content=with_content)
