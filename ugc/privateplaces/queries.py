"""Reads of private places: for their owner, and for what is posted near them."""

from __future__ import annotations

import base64
import datetime as dt
from dataclasses import dataclass

import orjson
import sqlalchemy as sa
from cryptography.fernet import Fernet, InvalidToken

from ugc.core import keyed
from ugc.core.db import Session
from ugc.geography import geo
from ugc.privateplaces import rules
from ugc.privateplaces.models import PrivatePlace


@dataclass(frozen=True)
class PlaceRow:
    """`name`, `point` and `area` are None when the place was sealed with another SECRET_KEY: it
    protects nothing any more and can only be forgotten."""

    id: int
    name: str | None
    point: geo.Point | None
    area: rules.Area | None
    created_at: dt.datetime


def box_of(member_id: int) -> Fernet:
    """What seals and opens a member's places, with a key derived from SECRET_KEY for them alone."""
    return Fernet(base64.urlsafe_b64encode(keyed.derived_key(f"private places/{member_id}")))


def places_of(session: Session, member_id: int) -> list[PlaceRow]:
    """A member's places, the oldest first."""
    stored = session.scalars(
        sa.select(PrivatePlace).where(PrivatePlace.member_id == member_id).order_by(PrivatePlace.id)
    ).all()
    return [_opened(place) for place in stored]


def _opened(place: PrivatePlace) -> PlaceRow:
    try:
        said = orjson.loads(box_of(place.member_id).decrypt(place.sealed))
    except InvalidToken:
        return PlaceRow(place.id, None, None, None, place.created_at)
    point = geo.Point(said["lon"], said["lat"])
    key = keyed.derived_key("private areas")
    area = rules.area_of(key, place.member_id, point)
    return PlaceRow(place.id, said["name"], point, area, place.created_at)


def area_round(session: Session, member_id: int, point: geo.Point) -> rules.Area | None:
    """The area of the member's oldest place that holds the point; None when none does."""
    areas = (place.area for place in places_of(session, member_id))
    return next((area for area in areas if area is not None and area.holds(point)), None)
