"""Publishes weekly figures. Nothing here commits."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from typing import Any

import sqlalchemy as sa

from ugc.core.db import Session, now
from ugc.influencers.queries import scores as influencers_scores
from ugc.spread.models import PublishedFigure, PublishedWeek
from ugc.spread.queries import published
from ugc.spread.rules import disclosure, shape, weeks

# Figures ------------------------------------------------------------------------------------


def publish_weekly_figures(session: Session, root_id: int) -> int:
    """Publishes the figures of each complete ISO week of a root that is not published yet; returns
    how many weeks. Published rows are immutable."""
    key = sa.func.hashtextextended(f"told:{root_id}", 0)
    session.execute(sa.select(sa.func.pg_advisory_xact_lock(key)))
    last = weeks.last_complete(now(session).astimezone(dt.UTC).date())
    before = published.last_told(session, root_id)
    if before is not None and before >= last:
        return 0
    counted_by_week = published.counted_by_week(session, root_id, last + weeks.WEEK)
    first = min((week for week, _ in counted_by_week), default=last)
    counted: dict[disclosure.Cell, int] = defaultdict(int)
    so_far = published.told_so_far(session, root_id)
    rows: list[dict[str, Any]] = []
    published_weeks: list[dict[str, Any]] = []
    by_week: dict[dt.date, list[tuple[disclosure.Cell, int]]] = defaultdict(list)
    for (week, cell), count in counted_by_week.items():
        by_week[week].append((cell, count))
    for number in range((last - first).days // 7 + 1):
        week = first + weeks.WEEK * number
        for cell, count in by_week[week]:
            counted[cell] += count
        if before is not None and week <= before:
            continue
        for cell, people in disclosure.release(counted, so_far).items():
            so_far[cell] = so_far.get(cell, 0) + people
            rows.append(
                {"root_id": root_id, "week": week, "series": cell[0], "key": cell[1],
                 "people": people}
            )  # fmt: skip
        published_weeks.append({"root_id": root_id, "week": week, "cascades": []})
    shown = shape.largest(
        published.reaches(session, root_id, last + weeks.WEEK),
        root_id,
        disclosure.total(so_far, "degree"),
    )
    published_weeks[-1]["cascades"] = [cascade.stored() for cascade in shown]
    session.execute(sa.insert(PublishedWeek), published_weeks)
    if rows:
        session.execute(sa.insert(PublishedFigure), rows)
    return len(published_weeks)


def publish_all_figures(session: Session) -> int:
    """Publishes the figures of all brands with an unpublished week; returns how many brands."""
    last = weeks.last_complete(now(session).astimezone(dt.UTC).date())
    waiting = published.untold_roots(session, last)
    if waiting:
        session.execute(sa.text(influencers_scores.PATIENTLY))
        session.execute(sa.text(influencers_scores.STORE_HOMES))
    for root_id in waiting:
        publish_weekly_figures(session, root_id)
    return len(waiting)
