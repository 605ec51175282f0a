"""Writes of places. Nothing here commits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext

from ugc import events
from ugc.core import gazetteer, geo, subjects
from ugc.core.access import Actor, ActorKind, require_contributor
from ugc.core.db import Session, now
from ugc.core.errors import Conflict, Forbidden, Invalid, Stale
from ugc.core.subjects import Visibility
from ugc.media import actions as media_actions
from ugc.moderation import actions as moderation_actions
from ugc.moderation import queries as moderation_queries
from ugc.places.actions import claims as claims_actions
from ugc.places.actions import facts as facts_actions
from ugc.places.actions.facts import offer as offer
from ugc.places.models import KIND, Origin, Place, PlaceFact
from ugc.places.queries import reading, running
from ugc.places.rules import categories, describing
from ugc.places.rules import facts as facts_rules
from ugc.referrals.actions import linking as referrals_linking

_on_visibility: list[Callable[[Session, int, bool], None]] = []


def on_visibility(react: Callable[[Session, int, bool], None]) -> None:
    """A higher capability says what must be true as soon as a place is public or not any more:
    `react(session, place_id, public)` runs in the same transaction, under the place's lock."""
    _on_visibility.append(react)


def _visibility_changed(session: Session, place_id: int, public: bool) -> None:
    subjects.touch(session, place_id, visible=public)
    for react in _on_visibility:
        react(session, place_id, public)


def add_place(
    session: Session,
    actor: Actor,
    *,
    name: str,
    category: str,
    point: geo.Point,
    address: str = "",
    phone: str = "",
    website: str = "",
    opening_hours: str = "",
    language: str = "und",
    photos: Sequence[media_actions.Upload] = (),
) -> str:
    """Suggests a place and returns its public id; a new member's waits whole for a moderator.
    `phone` is E.164. Raises Forbidden, Invalid."""
    author_id = require_contributor(actor)
    point = point.public
    if category not in categories.CATEGORIES:
        raise Invalid(fields={"category": [lazy_gettext("Choose one of the categories.")]})
    held = moderation_actions.must_be_held(session, actor)
    visibility = Visibility.HELD if held else Visibility.PUBLISHED
    subject = subjects.create(session, KIND, visible=not held)
    city_id = gazetteer.nearest_city(session, point)
    session.add(
        Place(
            id=subject.id,
            author_id=author_id,
            name=name,
            category=category,
            geom=point.ewkt,
            city_id=city_id,
            address=address,
            phone=phone,
            website=website,
            website_since=now(session) if website else None,
            website_by_id=author_id if website else None,
            opening_hours=opening_hours,
            timezone=describing.timezone_at(point),
            language=language,
            visibility=visibility,
        )
    )
    session.flush()
    subjects.log_move(
        session, subject.id, "visibility", None, visibility, reason="posted", actor=actor.reference
    )
    media_actions.attach(session, actor, subject.id, photos, held=held, city_id=city_id)
    events.emit(session, events.ContentPosted(subject.id, KIND, author_id, city_id, held))
    if held:
        moderation_actions.open_case(session, subject.id, "held")
    else:
        events.emit(session, events.ContentApproved(subject.id, KIND, author_id, city_id))
    return subject.public_id


def edit_place(
    session: Session,
    actor: Actor,
    place_id: int,
    *,
    revision: int,
    point: geo.Point,
    closed: bool | None = None,
    **values: Any,
) -> facts_actions.Offered:
    """Changes the facts of a place, by the rank of who edits: what a stronger origin wrote stays,
    and the change waits as a proposal. What a new member changes waits for a moderator again. With
    `closed` None that stays as it is. Raises Forbidden, Invalid, Stale when it changed since
    `revision`."""
    require_contributor(actor)
    if values["category"] not in categories.CATEGORIES:
        raise Invalid(fields={"category": [lazy_gettext("Choose one of the categories.")]})
    brand_id = running.brand_of(session, place_id)
    origin = facts_rules.origin_of(actor, brand_id)
    # A brand's team was looked at when the place came to it.
    held = origin is Origin.MEMBER and moderation_actions.must_be_held(session, actor)
    # Cases are locked before content, as by a moderator who decides.
    if held:
        moderation_actions.open_case(session, place_id, "held")
    else:
        moderation_actions.content_changed(session, place_id)
    place = reading.locked(session, place_id)
    if not describing.may_edit(actor, place.author_id, place.visibility, brand_id):
        raise Forbidden()
    if place.revision != revision:
        raise Stale()
    said: dict[str, facts_rules.Value] = {field: values[field] for field in facts_rules.TEXTS}
    said["point"] = point
    if closed is not None:
        said["closed"] = closed
    done = facts_actions.put(session, place, origin, said, at=now(session), by=actor.id)
    facts_actions.changed(session, place)
    if held and place.visibility == Visibility.PUBLISHED:
        # Not gone: its points and photos stay, and it comes back when a moderator agrees.
        subjects.log_move(
            session, place_id, "visibility", place.visibility, Visibility.HELD,
            reason="edited", actor=actor.reference,
        )  # fmt: skip
        place.visibility = Visibility.HELD
        _visibility_changed(session, place_id, False)
    return done


def add_photos(
    session: Session, actor: Actor, place_id: int, photos: Sequence[media_actions.Upload]
) -> None:
    """Any member shows what it looks like. Raises Forbidden, Invalid."""
    require_contributor(actor)
    held = moderation_actions.must_be_held(session, actor)
    if held:
        # Cases are locked before content, as by a moderator who decides.
        moderation_actions.open_case(session, place_id, "held")
    place = reading.locked(session, place_id)
    if place.visibility not in (Visibility.PUBLISHED, Visibility.HELD):
        raise Forbidden()
    if not photos:
        raise Invalid(fields={"photos": [lazy_gettext("Choose a photo.")]})
    waits = held or place.visibility == Visibility.HELD
    media_actions.attach(session, actor, place_id, photos, held=waits, city_id=place.city_id)


def withdraw(session: Session, actor: Actor, place_id: int) -> None:
    """Takes a place back for its author, while it has no review. Raises Forbidden."""
    moderation_actions.close_case(session, place_id)
    place = reading.locked(session, place_id)
    if not describing.may_withdraw(actor, place.author_id, place.visibility, place.rating_count):
        raise Forbidden(lazy_gettext("Others have reviewed it: it stays. Flag what is wrong."))
    _set_visibility(session, place, Visibility.WITHDRAWN, "withdrawn", actor.reference)


def _set_visibility(
    session: Session, place: Place, visibility: Visibility, reason: str, who: str
) -> None:
    subjects.log_move(
        session, place.id, "visibility", place.visibility, visibility, reason=reason, actor=who
    )
    place.visibility = visibility
    public = visibility is Visibility.PUBLISHED
    media_actions.follow(session, place.id, visibility)
    _visibility_changed(session, place.id, public)
    known = (place.id, KIND, place.author_id, place.city_id)
    if public:
        events.emit(session, events.ContentApproved(*known))
    else:
        events.emit(session, events.ContentGone(*known, str(visibility)))


def move(session: Session, place_id: int, visibility: Visibility, reason: str, who: str) -> None:
    """What a moderator's decision does; nothing when it is so already. Raises Conflict when its
    author took it back."""
    place = reading.locked(session, place_id)
    before = Visibility(place.visibility)
    if before is visibility:
        # Photos that were added to a public place waited alone.
        media_actions.follow(session, place_id, visibility)
        return
    if visibility not in subjects.VISIBILITY_MOVES[before]:
        raise Conflict(lazy_gettext("Its author took it back meanwhile."))
    _set_visibility(session, place, visibility, reason, who)


def author_of(session: Session, place_id: int) -> int | None:
    return reading.locked(session, place_id).author_id


moderation_actions.register(
    KIND,
    moderation_actions.Reviewable(
        moderation_actions.approve_or_refuse(move, can_undo=True),
        author_of,
        table=Place,
        counts=True,
    ),
)
# A place that is shared spreads the brand that runs it.
referrals_linking.register_root(KIND, running.brand_of)


def export_member(session: Session, member_id: int) -> list[dict[str, object]]:
    """The places a member suggested, for their own export."""
    me = Actor(ActorKind.MEMBER, id=member_id)
    rows = reading.places_by(session, me, member_id, limit=100_000)
    decisions = moderation_queries.decisions_on(session, (row.id for row in rows))
    return [
        {
            "id": row.public_id,
            "name": row.name,
            "category": row.category.code,
            "lon": row.lon,
            "lat": row.lat,
            "address": row.address,
            "where": row.where,
            "phone": row.phone,
            "website": row.website,
            "opening_hours": row.opening_hours,
            "closed_at": row.closed_at,
            "visibility": row.visibility,
            "created_at": row.created_at,
            "decisions": decisions.get(row.id, []),
        }
        for row in rows
    ]


def erase_member(session: Session, member_id: int, with_content: bool) -> None:
    """Places that others have reviewed stay without their author; the rest go when the person said
    so."""
    claims_actions._forget_claims(session, member_id)
    ids = session.scalars(
        sa.select(Place.id).where(Place.author_id == member_id).order_by(Place.id)
    ).all()
    for place_id in ids:
        moderation_actions.lock_case(session, place_id)
        place = reading.locked(session, place_id)
        goes = with_content and place.rating_count == 0
        moderation_actions.forget_texts(session, place_id, with_flags=goes)
        if goes:
            if place.visibility in (Visibility.PUBLISHED, Visibility.HELD):
                moderation_actions.close_case(session, place.id)
                _set_visibility(session, place, Visibility.WITHDRAWN, "erasure", "system")
            for field in ("name", "address", "phone", "website", "opening_hours"):
                setattr(place, field, "")
            session.execute(sa.delete(PlaceFact).where(PlaceFact.place_id == place_id))
        else:
            subjects.touch(session, place.id)
        place.author_id = None
