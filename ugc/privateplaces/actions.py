"""Writes of private places. Nothing here commits."""

from __future__ import annotations

import orjson
import sqlalchemy as sa
from flask_babel import lazy_gettext

from ugc.accounts.queries import lookup as accounts_lookup
from ugc.core.db import Session
from ugc.core.errors import Conflict, NotFound
from ugc.geography import geo
from ugc.privateplaces import queries, rules
from ugc.privateplaces.models import PrivatePlace


def name_place(session: Session, member_id: int, *, name: str, point: geo.Point) -> None:
    """Keeps a place for its member alone. Raises Conflict when they have named enough."""
    accounts_lookup.locked_member(session, member_id)
    count = sa.select(sa.func.count()).where(PrivatePlace.member_id == member_id)
    if (session.scalar(count) or 0) >= rules.MOST:
        raise Conflict(
            lazy_gettext("You have named %(n)d places. Forget one of them first.", n=rules.MOST)
        )
    said = orjson.dumps({"name": name, "lon": point.lon, "lat": point.lat})
    sealed = queries.box_of(member_id).encrypt(said)
    session.add(PrivatePlace(member_id=member_id, sealed=sealed))


def forget_place(session: Session, member_id: int, place_id: int) -> None:
    """What was posted near it keeps its area. Raises NotFound."""
    gone = session.scalar(
        sa.delete(PrivatePlace)
        .where(PrivatePlace.id == place_id, PrivatePlace.member_id == member_id)
        .returning(PrivatePlace.id)
    )
    if gone is None:
        raise NotFound()


def export_member(session: Session, member_id: int) -> list[dict[str, object]]:
    """A member's places for their own export; one that cannot be opened says so."""
    return [
        {
            "name": place.name,
            "lon": place.point.lon if place.point else None,
            "lat": place.point.lat if place.point else None,
            "area_m": place.area.radius_m if place.area else None,
            "readable": place.point is not None,
            "created_at": place.created_at,
        }
        for place in queries.places_of(session, member_id)
    ]


def erase_member(session: Session, member_id: int, _with_content: bool) -> None:
    session.execute(sa.delete(PrivatePlace).where(PrivatePlace.member_id == member_id))
