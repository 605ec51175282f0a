"""Reads of one's own points: what they came from, and what waits. From the ledger alone."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from ugc.core import subjects
from ugc.core.db import Session
from ugc.core.subjects import SubjectInfo
from ugc.reputation.models import PointEntry

PAGE = 30
WAITING_SHOWN = 30


@dataclass(frozen=True)
class Total:
    """What an action brought in all: `points` to spend, `held` that wait, `times` it paid."""

    action: str
    points: int
    held: int
    times: int


def totals_by_action(session: Session, member_id: int) -> list[Total]:
    """The most first; an action of which nothing stands or waits is left out."""
    available = PointEntry.account == "available"
    points = sa.func.coalesce(sa.func.sum(PointEntry.points).filter(available), 0)
    held = sa.func.coalesce(sa.func.sum(PointEntry.points).filter(~available), 0)
    times = sa.func.count(sa.distinct(PointEntry.cause)).filter(available, PointEntry.points > 0)
    rows = session.execute(
        sa.select(PointEntry.action, points, held, times)
        .where(PointEntry.member_id == member_id)
        .group_by(PointEntry.action)
        .having(sa.or_(points != 0, held != 0))
        .order_by(points.desc(), PointEntry.action)
    )
    return [Total(row[0], int(row[1]), int(row[2]), int(row[3])) for row in rows]


@dataclass(frozen=True)
class Line:
    """One movement of available points, or one that waits; `about` is what it was for, None when
    that is gone. `step` as in the ledger, `full` when the day brought no more. `times` is how many
    were folded into it."""

    id: int
    action: str
    step: str
    points: int
    at: dt.datetime
    about: SubjectInfo | None
    times: int = 1

    @property
    def full(self) -> bool:
        return self.step == "credit" and self.points == 0


def folded(lines: list[Line], zone: str) -> list[Line]:
    """The lines, with those of one day that say the same and lead nowhere as one; `zone` is the
    reader's."""
    found: dict[tuple[Any, ...], Line] = {}
    for line in lines:
        day = line.at.astimezone(ZoneInfo(zone)).date()
        key = (line.id,) if line.about else (line.action, line.step, line.full, day)
        if key in found:
            points = found[key].points + line.points
            found[key] = replace(found[key], points=points, times=found[key].times + 1)
        else:
            found[key] = line
    return list(found.values())


def movements(
    session: Session, member_id: int, before: int | None = None
) -> tuple[list[Line], int | None]:
    """A page of what came and went, the newest first, and the id that the next page is `before`,
    None at the end."""
    query = sa.select(PointEntry).where(
        PointEntry.member_id == member_id,
        sa.or_(
            sa.and_(PointEntry.account == "available", PointEntry.points != 0),
            sa.and_(PointEntry.step == "credit", PointEntry.points == 0),
        ),
    )
    if before is not None:
        query = query.where(PointEntry.id < before)
    rows = list(session.scalars(query.order_by(PointEntry.id.desc()).limit(PAGE + 1)))
    following = rows[PAGE - 1].id if len(rows) > PAGE else None
    rows = rows[:PAGE]
    about = _about(session, {row.subject_id for row in rows}, member_id)
    return [
        Line(
            row.id, row.action, row.step, row.points, row.created_at, about.get(row.subject_id or 0)
        )
        for row in rows
    ], following


def waiting(session: Session, member_id: int) -> tuple[list[Line], int]:
    """What waits: the newest `WAITING_SHOWN`, and how many in all."""
    columns = (PointEntry.action, PointEntry.cause)
    standing = sa.func.sum(PointEntry.points)
    query = (
        sa.select(
            *columns,
            standing.label("points"),
            sa.func.max(PointEntry.id).label("id"),
            sa.func.max(PointEntry.created_at).label("at"),
            sa.func.max(PointEntry.subject_id).label("subject_id"),
            sa.func.count().over().label("in_all"),
        )
        .where(PointEntry.member_id == member_id, PointEntry.account == "held")
        .group_by(*columns)
        .having(standing > 0)
        .order_by(sa.func.max(PointEntry.id).desc())
        .limit(WAITING_SHOWN)
    )
    rows = session.execute(query).all()
    about = _about(session, {row.subject_id for row in rows}, member_id)
    lines = [
        Line(row.id, row.action, "held", int(row.points), row.at, about.get(row.subject_id or 0))
        for row in rows
    ]
    return lines, int(rows[0].in_all) if rows else 0


def _about(session: Session, ids: set[int | None], member_id: int) -> dict[int, SubjectInfo]:
    known = [each for each in ids if each is not None]
    return subjects.describe(session, known, member_id) if known else {}
