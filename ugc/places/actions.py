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
from ugc.media import actions as media
from ugc.moderation import actions as moderation
from ugc.moderation import queries as moderation_queries
from ugc.places import queries, rules
from ugc.places.models import KIND, Place, PlaceBrand
from ugc.referrals import actions as referrals

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
    photos: Sequence[media.Upload] = (),
) -> str:
    """Suggests a place and returns its public id; a new member's waits whole for a moderator.
    `phone` is E.164. Raises Forbidden, Invalid."""
    author_id = require_contributor(actor)
    point = point.public
    if category not in rules.CATEGORIES:
        raise Invalid(fields={"category": [lazy_gettext("Choose one of the categories.")]})
    held = moderation.must_be_held(session, actor)
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
            opening_hours=opening_hours,
            timezone=rules.timezone_at(point),
            language=language,
            visibility=visibility,
        )
    )
    session.flush()
    subjects.log_move(
        session, subject.id, "visibility", None, visibility, reason="posted", actor=actor.reference
    )
    media.attach(session, actor, subject.id, photos, held=held, city_id=city_id)
    events.emit(session, events.ContentPosted(subject.id, KIND, author_id, city_id, held))
    if held:
        moderation.open_case(session, subject.id, "held")
    else:
        events.emit(session, events.ContentApproved(subject.id, KIND, author_id, city_id))
    return subject.public_id


def edit_place(
    session: Session, actor: Actor, place_id: int, *, revision: int, point: geo.Point, **values: Any
) -> None:
    """Changes the facts of a place; what a new member changes waits for a moderator again. Raises
    Forbidden, Invalid, Stale when it changed since `revision`."""
    require_contributor(actor)
    point = point.public
    if values["category"] not in rules.CATEGORIES:
        raise Invalid(fields={"category": [lazy_gettext("Choose one of the categories.")]})
    held = moderation.must_be_held(session, actor)
    # Cases are locked before content, as by a moderator who decides.
    if held:
        moderation.open_case(session, place_id, "held")
    else:
        moderation.content_changed(session, place_id)
    place = queries.locked(session, place_id)
    if not rules.may_edit(actor, place.author_id, place.visibility):
        raise Forbidden()
    if place.revision != revision:
        raise Stale()
    for field in ("name", "category", "address", "phone", "website", "opening_hours"):
        setattr(place, field, values[field])
    place.geom = point.ewkt
    place.city_id = gazetteer.nearest_city(session, point)
    place.timezone = rules.timezone_at(point)
    place.revision += 1
    if held and place.visibility == Visibility.PUBLISHED:
        # Not gone: its points and photos stay, and it comes back when a moderator agrees.
        subjects.log_move(
            session, place_id, "visibility", place.visibility, Visibility.HELD,
            reason="edited", actor=actor.reference,
        )  # fmt: skip
        place.visibility = Visibility.HELD
        _visibility_changed(session, place_id, False)
    else:
        subjects.touch(session, place_id)
    events.emit(session, events.PlaceChanged(place_id))


def add_photos(
    session: Session, actor: Actor, place_id: int, photos: Sequence[media.Upload]
) -> None:
    """Any member shows what it looks like. Raises Forbidden, Invalid."""
    require_contributor(actor)
    held = moderation.must_be_held(session, actor)
    if held:
        # Cases are locked before content, as by a moderator who decides.
        moderation.open_case(session, place_id, "held")
    place = queries.locked(session, place_id)
    if place.visibility not in (Visibility.PUBLISHED, Visibility.HELD):
        raise Forbidden()
    if not photos:
        raise Invalid(fields={"photos": [lazy_gettext("Choose a photo.")]})
    waits = held or place.visibility == Visibility.HELD
    media.attach(session, actor, place_id, photos, held=waits, city_id=place.city_id)


def set_brand(session: Session, actor: Actor, place_id: int, brand_id: int | None) -> None:
    """Says which brand runs a place from now on (None: no brand). The teams of the new and of the
    present brand may, and moderators. Raises Forbidden."""
    require_contributor(actor)
    queries.locked(session, place_id)
    present = queries.brand_of(session, place_id)
    if present == brand_id:
        return
    asked = {each for each in (present, brand_id) if each is not None}
    ours = all(actor.may("run_places", each) for each in asked)
    if not ours and not actor.may("edit_content"):
        raise Forbidden(
            lazy_gettext("Another brand says that it runs this place. A moderator can change it.")
        )
    session.execute(
        sa.update(PlaceBrand)
        .where(PlaceBrand.place_id == place_id, PlaceBrand.until.is_(None))
        .values(until=now(session))
    )
    if brand_id is not None:
        session.add(PlaceBrand(place_id=place_id, brand_id=brand_id))
    session.flush()
    subjects.touch(session, place_id)
    events.emit(session, events.PlaceChanged(place_id))


def withdraw(session: Session, actor: Actor, place_id: int) -> None:
    """Who suggested it takes it back while nobody has reviewed it. Raises Forbidden."""
    moderation.close_case(session, place_id)
    place = queries.locked(session, place_id)
    if not rules.may_withdraw(actor, place.author_id, place.visibility, place.rating_count):
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
    media.follow(session, place.id, visibility)
    _visibility_changed(session, place.id, public)
    facts = (place.id, KIND, place.author_id, place.city_id)
    if public:
        events.emit(session, events.ContentApproved(*facts))
    else:
        events.emit(session, events.ContentGone(*facts, str(visibility)))


def move(session: Session, place_id: int, visibility: Visibility, reason: str, who: str) -> None:
    """What a moderator's decision does; nothing when it is so already. Raises Conflict when its
    author took it back."""
    place = queries.locked(session, place_id)
    before = Visibility(place.visibility)
    if before is visibility:
        # Photos that were added to a public place waited alone.
        media.follow(session, place_id, visibility)
        return
    if visibility not in subjects.VISIBILITY_MOVES[before]:
        raise Conflict(lazy_gettext("Its author took it back meanwhile."))
    _set_visibility(session, place, visibility, reason, who)


def author_of(session: Session, place_id: int) -> int | None:
    return queries.locked(session, place_id).author_id


moderation.register(KIND, moderation.Content(author_of, move, Place, counts=True))
# A place that is shared spreads the brand that runs it.
referrals.register_root(KIND, queries.brand_of)


def export_member(session: Session, member_id: int) -> list[dict[str, object]]:
    """The places a member suggested, for their own export."""
    me = Actor(ActorKind.MEMBER, id=member_id)
    rows = queries.places_by(session, me, member_id, limit=100_000)
    decisions = moderation_queries.decisions_on(session, (row.id for row in rows))
    return [
        {
            "id": row.public_id,
            "name": row.name,
            "category": row.category.code,
            "lon": row.lon,
            "lat": row.lat,
            "address": row.address,
            "phone": row.phone,
            "website": row.website,
            "opening_hours": row.opening_hours,
            "visibility": row.visibility,
            "created_at": row.created_at,
            "decisions": decisions.get(row.id, []),
        }
        for row in rows
    ]


def erase_member(session: Session, member_id: int, with_content: bool) -> None:
    """Places that others have reviewed stay without their author; the rest go when the person said
    so."""
    ids = session.scalars(
        sa.select(Place.id).where(Place.author_id == member_id).order_by(Place.id)
    ).all()
    for place_id in ids:
        moderation.lock_case(session, place_id)
        place = queries.locked(session, place_id)
        goes = with_content and place.rating_count == 0
        moderation.forget_texts(session, place_id, with_flags=goes)
        if goes:
            if place.visibility in (Visibility.PUBLISHED, Visibility.HELD):
                moderation.close_case(session, place.id)
                _set_visibility(session, place, Visibility.WITHDRAWN, "erasure", "system")
            for field in ("name", "address", "phone", "website", "opening_hours"):
                setattr(place, field, "")
        else:
            subjects.touch(session, place.id)
        place.author_id = None
