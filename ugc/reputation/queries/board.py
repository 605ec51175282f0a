"""Reads of the leaderboard: the first ones, and the reader's place among all."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from ugc.accounts.models import Member
from ugc.accounts.rules.credentials import Listing
from ugc.core.db import Session, app_now
from ugc.core.people import Who
from ugc.reputation.models import PointEntry, PointTotals

FIRST = 50
BESIDE = 2  # members before and after the reader


@dataclass(frozen=True)
class Standing:
    """One line; `handle` is None of a member whose profile lists nothing, where the list tells of a
    city or of days. `level` is that of all their points."""

    member_id: int
    handle: Who | None
    points: int
    level: int
    place: int


@dataclass(frozen=True)
class MyPlace:
    """The reader's place of `of` members with points, and who stands round it, the reader too."""

    place: int
    of: int
    points: int
    beside: list[Standing]


def _totals(days: int | None, city_id: int | None) -> sa.CTE:
    """(member_id, points) of members with points, of the last `days` times 24 hours or (None) of
    all time, in a city or (None) everywhere."""
    if days is None and city_id is None:
        # The folded totals, by their index: the whole ledger is long.
        folded = (
            sa.select(PointTotals.member_id, PointTotals.points)
            .join(Member, Member.id == PointTotals.member_id)
            .where(PointTotals.points > 0, Member.handle.is_not(None))
        )
        return folded.cte("totals").prefix_with("NOT MATERIALIZED", dialect="postgresql")
    total = sa.func.sum(PointEntry.points)
    query = (
        sa.select(PointEntry.member_id, total.label("points"))
        .join(Member, Member.id == PointEntry.member_id)
        .where(PointEntry.account == "available", Member.handle.is_not(None))
        .group_by(PointEntry.member_id)
        .having(total > 0)
    )
    if days is not None:
        query = query.where(PointEntry.created_at >= app_now() - dt.timedelta(days=days))
    if city_id is not None:
        query = query.where(PointEntry.city_id == city_id)
    return query.cte("totals")


def _named(lines: Any, reader_id: int | None, *, of_all: bool) -> sa.Select[Any]:
    """The lines with names and levels. Where the list tells of a city or of days, only its owner
    reads the name of a profile that lists nothing."""
    named: Any = Member.who
    if not of_all:
        open_to_reader = sa.or_(
            Member.profile_lists != Listing.NOTHING, Member.id == (reader_id or 0)
        )
        named = sa.type_coerce(sa.case((open_to_reader, Member.who)), Member.who.type)
    level = sa.func.coalesce(PointTotals.level, 1).label("level")
    return (
        sa.select(lines.c.member_id, named.label("handle"), lines.c.points, level)
        .join(Member, Member.id == lines.c.member_id)
        .outerjoin(PointTotals, PointTotals.member_id == lines.c.member_id)
    )


def _standings(rows: Sequence[Any], first: int) -> list[Standing]:
    return [
        Standing(row.member_id, row.handle, int(row.points), row.level, place)
        for place, row in enumerate(rows, start=first)
    ]


def leaders(
    session: Session,
    *,
    days: int | None,
    city_id: int | None = None,
    limit: int = FIRST,
    reader_id: int | None = None,
) -> list[Standing]:
    """Who has most available points, of the last `days` times 24 hours or (None) of all time; ties
    by who joined first. No month begins with an empty board."""
    totals = _totals(days, city_id)
    first = (
        sa.select(totals)
        .order_by(totals.c.points.desc(), totals.c.member_id)
        .limit(limit)
        .subquery()
    )
    query = _named(first, reader_id, of_all=days is None and city_id is None)
    rows = session.execute(query.order_by(first.c.points.desc(), first.c.member_id)).all()
    return _standings(rows, 1)


def my_place(
    session: Session, member_id: int, *, days: int | None, city_id: int | None = None
) -> MyPlace | None:
    """Where the member stands in the list of `leaders`, however far down, and the `BESIDE`
    before and after; None without points there."""
    totals = _totals(days, city_id)
    mine = sa.select(totals.c.points).where(totals.c.member_id == member_id).cte("mine")
    my_points = sa.select(mine.c.points).scalar_subquery()
    before = sa.or_(
        totals.c.points > my_points,
        sa.and_(totals.c.points == my_points, totals.c.member_id < member_id),
    )
    behind = sa.or_(
        totals.c.points < my_points,
        sa.and_(totals.c.points == my_points, totals.c.member_id > member_id),
    )
    found = session.execute(
        sa.select(
            my_points.label("points"),
            sa.select(sa.func.count()).select_from(totals).where(before).scalar_subquery(),
            sa.select(sa.func.count()).select_from(totals).scalar_subquery(),
        )
    ).one()
    if found[0] is None:
        return None
    above = (
        sa.select(totals).where(before).order_by(totals.c.points, totals.c.member_id.desc())
    ).limit(BESIDE)
    below = (
        sa.select(totals).where(behind).order_by(totals.c.points.desc(), totals.c.member_id)
    ).limit(BESIDE)
    me = sa.select(totals).where(totals.c.member_id == member_id)
    lines = sa.union_all(sa.select(above.subquery()), me, sa.select(below.subquery())).subquery(
        "lines"
    )
    query = _named(lines, member_id, of_all=days is None and city_id is None)
    rows = session.execute(query.order_by(lines.c.points.desc(), lines.c.member_id)).all()
    place = int(found[1]) + 1
    at = next(at for at, row in enumerate(rows) if row.member_id == member_id)
    return MyPlace(place, int(found[2]), int(found[0]), _standings(rows, place - at))
