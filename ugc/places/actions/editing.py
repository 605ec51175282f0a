"""Writes of places. Nothing here commits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext

from ugc import events
from ugc.content import actions as content_actions
from ugc.content.actions import ContentKind
from ugc.core.access import Actor, ActorKind, require_contributor
from ugc.core.db import Session, now
from ugc.core.errors import Forbidden, Invalid
from ugc.core.subjects import Visibility
from ugc.geography import gazetteer, geo
from ugc.media import actions as media_actions
from ugc.moderation import queries as moderation_queries
from ugc.places.actions import claims as claims_actions
from ugc.places.actions import facts as facts_actions
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


def _moved(session: Session, place: Place) -> None:
    for react in _on_visibility:
        react(session, place.id, place.visibility == Visibility.PUBLISHED)


def _forget(session: Session, place: Place, goes: bool) -> None:
    if goes:
        session.execute(sa.delete(PlaceFact).where(PlaceFact.place_id == place.id))


PLACES = content_actions.declare(
    ContentKind(
        KIND,
        Place,
        texts=dict.fromkeys(("name", "address", "phone", "website", "opening_hours"), ""),
        counts=True,
        has_photos=True,
        on_moved=_moved,
        # What others have reviewed belongs to all.
        stays=lambda place: place.rating_count > 0,
        forget=_forget,
    )
)


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
    place = Place(
        name=name,
        category=category,
        geom=point.ewkt,
        city_id=gazetteer.nearest_city(session, point),
        address=address,
        phone=phone,
        website=website,
        website_since=now(session) if website else None,
        website_by_id=author_id if website else None,
        opening_hours=opening_hours,
        timezone=describing.timezone_at(point),
        language=language,
    )
    return content_actions.submit(session, actor, PLACES, place, photos)


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
    trusted = origin is not Origin.MEMBER

    def may(actor: Actor, place: Place) -> bool:
        return describing.may_edit(actor, place.author_id, place.visibility, brand_id)

    with content_actions.editing(
        session, actor, PLACES, place_id, revision=revision, may=may, trusted=trusted
    ) as edit:
        said: dict[str, facts_rules.Value] = {field: values[field] for field in facts_rules.TEXTS}
        said["point"] = point
        if closed is not None:
            said["closed"] = closed
        done = facts_actions.put(session, edit.row, origin, said, at=now(session), by=actor.id)
    events.emit(session, events.PlaceChanged(place_id))
    return done


def add_photos(
    session: Session, actor: Actor, place_id: int, photos: Sequence[media_actions.Upload]
) -> None:
    """Any member shows what it looks like. Raises Forbidden, Invalid."""
    content_actions.add_photos(session, actor, PLACES, place_id, photos, _is_standing)


def _is_standing(_actor: Actor, place: Place) -> bool:
    return place.visibility in (Visibility.PUBLISHED, Visibility.HELD)


def withdraw(session: Session, actor: Actor, place_id: int) -> None:
    """Takes a place back for its author, while it has no review. Raises Forbidden."""
    content_actions.withdraw(session, actor, PLACES, place_id, _may_withdraw)


def _may_withdraw(actor: Actor, place: Place) -> bool:
    if not describing.may_withdraw(actor, place.author_id, place.visibility, place.rating_count):
        raise Forbidden(lazy_gettext("Others have reviewed it: it stays. Flag what is wrong."))
    return True


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
    content_actions.erase(session, PLACES, member_id, with_content=with_content)
