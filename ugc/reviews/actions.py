"""Writes of reviews. Nothing here commits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa
from flask_babel import lazy_gettext
from sqlalchemy.dialects.postgresql import insert

from ugc import events
from ugc.core import subjects
from ugc.core.access import Actor, ActorKind, require_contributor
from ugc.core.db import Session, now
from ugc.core.errors import Conflict, Forbidden, Invalid, NotFound, Stale
from ugc.core.subjects import Visibility
from ugc.media import actions as media
from ugc.moderation import actions as moderation
from ugc.moderation import queries as moderation_queries
from ugc.places import actions as place_actions
from ugc.places import queries as places
from ugc.places import rules as place_rules
from ugc.reviews import queries, rules
from ugc.reviews.models import KIND, HelpfulVote, Review, ReviewVersion

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
    known = {aspect.code for aspect in place_rules.CATEGORIES[category].aspects}
    if not set(opinion.subratings) <= known:
        raise Invalid(fields={"subratings": [lazy_gettext("This place has no such rating.")]})
    return opinion


def post_review(
    session: Session,
    actor: Actor,
    place_id: int,
    opinion: Opinion,
    photos: Sequence[media.Upload] = (),
) -> str:
    """Posts a review and returns its public id; a new member's waits whole for a moderator. Raises
    Conflict when the member reviewed the place before, Forbidden, Invalid, NotFound."""
    author_id = require_contributor(actor)
    held = moderation.must_be_held(session, actor)
    # The place's row is the referee of its totals, and of two reviews sent at once.
    place = places.locked(session, place_id)
    standing = place.visibility in (Visibility.PUBLISHED, Visibility.HELD)
    if not standing or not place_rules.may_see(actor, place.author_id, place.visibility):
        raise NotFound()
    if places.is_of_team(session, place_id, author_id):
        raise Forbidden(OWN_PLACE)
    if queries.own_review(session, actor, place_id) is not None:
        raise Conflict(lazy_gettext("You reviewed this place before: edit that review."))
    opinion = _checked(opinion, place.category)
    visibility = Visibility.HELD if held else Visibility.PUBLISHED
    subject = subjects.create(
        session, KIND, visible=not held and place.visibility == Visibility.PUBLISHED
    )
    session.add(
        Review(
            id=subject.id,
            author_id=author_id,
            place_id=place_id,
            rating=opinion.rating,
            subratings=opinion.subratings,
            title=opinion.title,
            text=opinion.text,
            visited_month=opinion.visited_month,
            visit_kind=opinion.visit_kind,
            language=opinion.language,
            visibility=visibility,
        )
    )
    session.flush()
    subjects.log_move(
        session, subject.id, "visibility", None, visibility, reason="posted", actor=actor.reference
    )
    media.attach(session, actor, subject.id, photos, held=held, city_id=place.city_id)
    events.emit(session, events.ContentPosted(subject.id, KIND, author_id, place.city_id, held))
    if held:
        moderation.open_case(session, subject.id, "held")
    else:
        recount(session, place_id)
        events.emit(session, events.ContentApproved(subject.id, KIND, author_id, place.city_id))
    return subject.public_id


def edit_review(
    session: Session,
    actor: Actor,
    review_id: int,
    *,
    revision: int,
    opinion: Opinion,
    photos: Sequence[media.Upload] = (),
) -> None:
    """Changes a review and keeps what it said; what a new member changes waits for a moderator
    again. Raises Forbidden, Invalid, Stale."""
    require_contributor(actor)
    held = moderation.must_be_held(session, actor)
    # Cases are locked before content, as by a moderator who decides.
    if held:
        moderation.open_case(session, review_id, "held")
    else:
        moderation.content_changed(session, review_id)
    review = _locked_with_place(session, review_id)
    if not rules.may_edit(actor, review.author_id, review.visibility):
        raise Forbidden()
    if review.revision != revision:
        raise Stale()
    place = places.locked(session, review.place_id)
    opinion = _checked(opinion, place.category)
    was_public = review.visibility == Visibility.PUBLISHED
    if was_public:
        # What nobody could read leaves no history: it would become public with the rest.
        session.add(
            ReviewVersion(
                review_id=review.id,
                revision=review.revision,
                rating=review.rating,
                title=review.title,
                text=review.text,
            )
        )
    for name in ("rating", "subratings", "title", "text", "visited_month", "visit_kind"):
        setattr(review, name, getattr(opinion, name))
    review.language = opinion.language
    review.revision += 1
    review.edited_at = now(session)
    session.flush()
    media.attach(
        session,
        actor,
        review.id,
        photos,
        held=held or review.visibility == Visibility.HELD,
        city_id=place.city_id,
    )
    if held and was_public:
        # Not gone: its points and photos stay, and it comes back when a moderator agrees.
        subjects.log_move(
            session, review_id, "visibility", review.visibility, Visibility.HELD,
            reason="edited", actor=actor.reference,
        )  # fmt: skip
        review.visibility = Visibility.HELD
        subjects.touch(session, review_id, visible=False)
        session.flush()
    else:
        subjects.touch(session, review_id)
    recount(session, review.place_id)


def _locked_with_place(session: Session, review_id: int) -> Review:
    """Places are locked before their reviews, so that two writers never wait for each other."""
    place_id = session.scalar(sa.select(Review.place_id).where(Review.id == review_id))
    if place_id is None:
        raise NotFound()
    places.locked(session, place_id)
    return queries.locked(session, review_id)


def recount(session: Session, place_id: int) -> None:
    """Under the place's lock: its totals from the published reviews."""
    place = places.locked(session, place_id)
    place.rating_count, place.rating_sum = queries.totals(session, place_id)
    session.flush()
    subjects.touch(session, place_id)


def vote_helpful(session: Session, actor: Actor, review_id: int, *, helpful: bool) -> None:
    """Says (or unsays) that a review helped. Raises Forbidden."""
    member_id = require_contributor(actor)
    review = queries.locked(session, review_id)
    if not rules.may_vote(actor, review.author_id, review.visibility):
        raise Forbidden(lazy_gettext("Your own review is found helpful by others."))
    if helpful and places.is_of_team(session, review.place_id, member_id):
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
    """The author takes it back. Raises Forbidden."""
    moderation.close_case(session, review_id)
    review = _locked_with_place(session, review_id)
    if not rules.may_withdraw(actor, review.author_id, review.visibility):
        raise Forbidden()
    _set_visibility(session, review, Visibility.WITHDRAWN, "withdrawn", actor.reference)


def _set_visibility(
    session: Session, review: Review, visibility: Visibility, reason: str, who: str
) -> None:
    """The place is locked already."""
    subjects.log_move(
        session, review.id, "visibility", review.visibility, visibility, reason=reason, actor=who
    )
    review.visibility = visibility
    session.flush()
    public = visibility is Visibility.PUBLISHED
    media.follow(session, review.id, visibility)
    place = places.locked(session, review.place_id)
    of_public_place = place.visibility == Visibility.PUBLISHED
    subjects.touch(session, review.id, visible=public and of_public_place)
    recount(session, review.place_id)
    city_id = place.city_id
    facts = (review.id, KIND, review.author_id, city_id)
    if public:
        events.emit(session, events.ContentApproved(*facts))
    else:
        events.emit(session, events.ContentGone(*facts, str(visibility)))


def _place_moved(session: Session, place_id: int, public: bool) -> None:
    """What is told of a place is seen with it alone, and so are its photos: readers of the change
    feed hear of its reviews too."""
    ids = sa.select(Review.id).where(
        Review.place_id == place_id, Review.visibility == Visibility.PUBLISHED
    )
    subjects.touch_all(session, ids, visible=public)


place_actions.on_visibility(_place_moved)


def move(session: Session, review_id: int, visibility: Visibility, reason: str, who: str) -> None:
    """What a moderator's decision does; nothing when it is so already. Raises Conflict when its
    author took it back."""
    review = _locked_with_place(session, review_id)
    before = Visibility(review.visibility)
    if before is visibility:
        # Photos that were added to a public review waited alone.
        media.follow(session, review_id, visibility)
        return
    if visibility not in subjects.VISIBILITY_MOVES[before]:
        raise Conflict(lazy_gettext("Its author took it back meanwhile."))
    _set_visibility(session, review, visibility, reason, who)


def place_changed(session: Session, place_id: int) -> None:
    """Reviews are told with the name, category and brand of their place, and are as public as it
    is: whoever follows the change feed hears of them."""
    subjects.touch_all(session, queries.ids_of_place(place_id))
    # Another brand may run it: what its team wrote does not count.
    recount(session, place_id)


def team_changed(session: Session, brand_id: int) -> None:
    """Reviews of a team on its own places count for nothing, from the moment on that their author
    joins it."""
    for place_id in sorted(places.ids_of_brand(session, brand_id)):
        recount(session, place_id)
        subjects.touch_all(session, queries.ids_of_place(place_id))


def author_of(session: Session, review_id: int) -> int | None:
    return _locked_with_place(session, review_id).author_id


moderation.register(KIND, moderation.Content(author_of, move, Review, counts=True))


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
                    {"rating": v.rating, "title": v.title, "text": v.text, "until": v.replaced_at}
                    for v in queries.versions(session, row.id)
                ],
            }
            for row in rows
        ],
        "found_helpful": list(helpful),
    }


def erase_member(session: Session, member_id: int, with_content: bool) -> None:
    """Reviews go, or stay without their author; what they said before goes either way. Helpful
    votes stay as counts without a name."""
    ids = session.scalars(
        sa.select(Review.id)
        .where(Review.author_id == member_id)
        .order_by(Review.place_id, Review.id)
    ).all()
    for review_id in ids:
        moderation.lock_case(session, review_id)
        review = _locked_with_place(session, review_id)
        moderation.forget_texts(session, review_id, with_flags=with_content)
        session.execute(sa.delete(ReviewVersion).where(ReviewVersion.review_id == review_id))
        if with_content:
            if review.visibility in (Visibility.PUBLISHED, Visibility.HELD):
                moderation.close_case(session, review_id)
                _set_visibility(session, review, Visibility.WITHDRAWN, "erasure", "system")
            review.title = review.text = ""
            review.subratings = {}
            review.visited_month = review.visit_kind = None
        else:
            subjects.touch(session, review_id)
        review.author_id = None
