"""Reads of follows, watches and how members want to be told."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import sqlalchemy as sa
from geoalchemy2.shape import to_shape
from shapely.geometry.base import BaseGeometry

from ugc.accounts.models import Member, MemberSession
from ugc.core.db import Session, app_now, built_once
from ugc.core.errors import NotFound
from ugc.core.subjects import Subject
from ugc.geography import gazetteer
from ugc.watches.models import Follow, MailChoice, PushSubscription, Watch
from ugc.watches.rules import choices


def followers(session: Session, subject_id: int) -> list[int]:
    """Ids of the members who follow a subject."""
    return list(session.scalars(sa.select(Follow.member_id).where(Follow.subject_id == subject_id)))


def following(session: Session, member_id: int | None, subject_id: int) -> tuple[bool, int]:
    """Whether the member follows a subject, and how many do."""
    given = {"subject_id": subject_id, "member_id": member_id}
    is_one, count = session.execute(_following(), given).one()
    return bool(is_one), count


@built_once
def _following() -> Any:
    is_one = sa.func.bool_or(Follow.member_id == sa.bindparam("member_id"))
    return sa.select(is_one, sa.func.count()).where(Follow.subject_id == sa.bindparam("subject_id"))


def followed(session: Session, member_id: int, limit: int = 30) -> list[int]:
    """Ids of what the member follows, the latest first."""
    query = sa.select(Follow.subject_id).where(Follow.member_id == member_id)
    return list(session.scalars(query.order_by(Follow.since.desc()).limit(limit)))


# watches ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class WatchRow:
    """A watch as pages show it. `box` is west, south, east, north in degrees; `centre` (lon, lat)
    stands for a circle, None for other shapes."""

    id: int
    public_id: str
    name: str
    shape: str
    distance_m: float
    kinds: list[str]
    least: int
    paused: bool
    created_at: dt.datetime
    centre: tuple[float, float] | None


_SHOWN = (
    Watch.id,
    Watch.public_id,
    Watch.name,
    Watch.shape,
    Watch.distance_m,
    Watch.kinds,
    Watch.least,
    Watch.paused_at,
    Watch.created_at,
    sa.case(
        (sa.func.GeometryType(Watch.geom) == "POINT", sa.func.ST_X(Watch.geom)), else_=None
    ).label("lon"),
    sa.case(
        (sa.func.GeometryType(Watch.geom) == "POINT", sa.func.ST_Y(Watch.geom)), else_=None
    ).label("lat"),
)


def _row(row: Any) -> WatchRow:
    return WatchRow(
        row.id,
        row.public_id,
        row.name,
        row.shape,
        row.distance_m,
        list(row.kinds),
        row.least,
        row.paused_at is not None,
        row.created_at,
        None if row.lon is None else (row.lon, row.lat),
    )


def watches_of(session: Session, member_id: int) -> list[WatchRow]:
    query = sa.select(*_SHOWN).where(Watch.member_id == member_id).order_by(Watch.id)
    return [_row(row) for row in session.execute(query)]


def own_watch(session: Session, member_id: int | None, public_id: str) -> WatchRow:
    """Raises NotFound, also for another member's."""
    query = sa.select(*_SHOWN).where(Watch.public_id == public_id, Watch.member_id == member_id)
    row = session.execute(query).first()
    if row is None:
        raise NotFound()
    return _row(row)


def locked(session: Session, member_id: int, public_id: str) -> Watch:
    """The member's own, locked until the transaction ends. Raises NotFound."""
    found = session.scalar(
        sa.select(Watch)
        .where(Watch.public_id == public_id, Watch.member_id == member_id)
        .with_for_update(key_share=True)
    )
    if found is None:
        raise NotFound()
    return found


_WHERE = sa.text(
    f"""
    WITH parts AS (
      SELECT id, shape, ST_GeometryN(geom, 1) AS first,
        ST_GeometryN(geom, ST_NumGeometries(geom)) AS last,
        ST_Envelope(ST_GeometryN(reach, 1)) AS box
      FROM watches WHERE id = ANY(:ids)),
    points AS (
      SELECT id, 0 AS n, ST_StartPoint(first) AS geom FROM parts WHERE shape = 'way'
      UNION ALL SELECT id, 1, ST_EndPoint(last) FROM parts WHERE shape = 'way'
      UNION ALL SELECT id, n, ST_SetSRID(ST_MakePoint(
          (ST_XMin(box) + ST_XMax(box)) / 2 + dx * (ST_XMax(box) - ST_XMin(box)),
          (ST_YMin(box) + ST_YMax(box)) / 2 + dy * (ST_YMax(box) - ST_YMin(box))), 4326)
        FROM parts, (VALUES (0, 0.0, 0.0), (1, -0.25, 0.25), (2, 0.25, 0.25),
          (3, -0.25, -0.25), (4, 0.25, -0.25)) AS moved (n, dx, dy)
        WHERE shape = 'area')
    SELECT found.id, found.n, cities.name
    FROM (SELECT id, n, {gazetteer.nearest_city_sql("points.geom")} AS city_id FROM points) AS found
    JOIN cities ON cities.id = found.city_id
    ORDER BY found.id, found.n
    """
)


def cities_of(session: Session, watch_ids: Sequence[int]) -> dict[int, list[str]]:
    """Where watches are, by their ids: of a way the city where it starts and, when that is another,
    the one where it ends; of an area at most `rules.CITIES_SHOWN`, that of its middle first. What
    is far from every city is left out. One statement."""
    found: dict[int, list[str]] = {}
    for row in session.execute(_WHERE, {"ids": list(watch_ids)}):
        names = found.setdefault(row.id, [])
        if row.name not in names and len(names) < choices.CITIES_SHOWN:
            names.append(row.name)
    return found


def shape_of(session: Session, watch_id: int) -> BaseGeometry:
    return to_shape(session.scalars(sa.select(Watch.geom).where(Watch.id == watch_id)).one())


def outlines(session: Session, watch_ids: Iterable[int]) -> dict[int, dict[str, Any]]:
    """The shapes as GeoJSON for the map, by watch: a circle as a polygon."""
    rows = session.execute(
        sa.text(
            "SELECT id, ST_AsGeoJSON(CASE WHEN GeometryType(geom) = 'POINT'"
            " THEN ST_Buffer(geom::geography, distance_m, 24)::geometry ELSE geom END, 6) AS shape"
            " FROM watches WHERE id = ANY(:ids)"
        ),
        {"ids": list(watch_ids)},
    )
    return {row.id: orjson.loads(row.shape) for row in rows}


# choices ------------------------------------------------------------------------------------


def choice(session: Session, member_id: int) -> MailChoice:
    """The member's, or what holds while they have not chosen (not stored)."""
    return session.get(MailChoice, member_id) or MailChoice(
        member_id=member_id,
        delivery="site",
        still_there=True,
        hour=8,
        weekday=0,
        quiet_from=22,
        quiet_until=7,
        digest_due_at=None,
    )


def has_chosen(session: Session, member_id: int) -> bool:
    return session.get(MailChoice, member_id) is not None


def member_by_public_id(session: Session, public_id: str) -> Member:
    """Raises NotFound, also for erased members."""
    found = session.scalar(
        sa.select(Member)
        .join(Subject, Subject.id == Member.id)
        .where(Subject.public_id == public_id, Member.erased_at.is_(None))
    )
    if found is None:
        raise NotFound()
    return found


def public_id_of(session: Session, subject_id: int) -> str:
    return session.scalars(sa.select(Subject.public_id).where(Subject.id == subject_id)).one()


def browsers(session: Session, member_id: int) -> list[PushSubscription]:
    """The browsers that are pushed to: those still signed in."""
    return list(
        session.scalars(
            sa.select(PushSubscription)
            .join(MemberSession, MemberSession.id == PushSubscription.session_id)
            .where(PushSubscription.member_id == member_id, *live_session())
            .order_by(PushSubscription.id)
        )
    )


def live_session() -> tuple[sa.ColumnElement[bool], ...]:
    return (MemberSession.revoked_at.is_(None), MemberSession.expires_at > app_now())


def browser(session: Session, subscription_id: int) -> PushSubscription | None:
    """None when it is gone or its session is over."""
    return session.scalar(
        sa.select(PushSubscription)
        .join(MemberSession, MemberSession.id == PushSubscription.session_id)
        .where(PushSubscription.id == subscription_id, *live_session())
    )
