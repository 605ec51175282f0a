"""What a root's figures count, and what was told of them."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable

import sqlalchemy as sa

from ugc.brands.models import Brand
from ugc.core import wall
from ugc.core.db import Session
from ugc.fraud.queries import untrusted as fraud_untrusted
from ugc.referrals.models import CascadeReach, RootDay
from ugc.spread.models import PublishedFigure, PublishedWeek
from ugc.spread.rules import disclosure, growth, shape

# (Monday, cell) → how many; `counted_by_week`.
Weekly = dict[tuple[dt.date, disclosure.Cell], int]
_WEEK = "date_trunc('week', {} AT TIME ZONE 'UTC')::date"

# People who came to the root by a link, but those who do not count.
_PEOPLE = """
WITH people AS MATERIALIZED (
  SELECT c.member_id, c.sharer_id, c.reached_at, c.degree, c.channel, c.joined, l.subject_id
  FROM cascade_reaches c JOIN referral_links l ON l.id = c.link_id
  WHERE c.root_id = :root AND c.reached_at < :until
    AND c.member_id NOT IN (SELECT member_id FROM untrusted_members))
"""
_CUTS = f"""{_PEOPLE}, weeks AS (
  SELECT {_WEEK.format("reached_at")} AS week, p.*, h.city_id FROM people p
  LEFT JOIN home_cities h USING (member_id))
SELECT week, 'degree', degree::text, count(*) FROM weeks GROUP BY week, degree
UNION ALL SELECT week, 'channel', channel, count(*) FROM weeks GROUP BY week, channel
UNION ALL SELECT week, 'city', city_id::text, count(*) FROM weeks WHERE city_id IS NOT NULL
  GROUP BY week, city_id
UNION ALL SELECT week, 'subject', subject_id::text, count(*) FROM weeks GROUP BY week, subject_id
UNION ALL SELECT week, 'joined', '', count(*) FROM weeks WHERE joined GROUP BY week
"""
_STEPS = f"""{_PEOPLE},
published AS (
  SELECT p.member_id, min(c.created_at) AS at FROM people p
  JOIN contributions c ON c.author_id = p.member_id AND c.created_at >= p.reached_at
  WHERE c.visibility = 'published' AND c.created_at < :until GROUP BY p.member_id),
followed AS (
  SELECT greatest(f.since, p.reached_at) AS at FROM people p
  JOIN fans f ON f.member_id = p.member_id AND f.brand_id = :root WHERE f.since < :until),
brought AS (
  SELECT s.member_id, s.reached_at AS since, p.reached_at AS at
  FROM people p JOIN people s ON s.member_id = p.sharer_id WHERE p.reached_at >= s.reached_at),
firsts AS (SELECT member_id, since, min(at) AS at FROM brought GROUP BY member_id, since)
SELECT {_WEEK.format("at")}, 'contributed', '', count(*)::float8 FROM published GROUP BY 1
UNION ALL SELECT {_WEEK.format("at")}, 'fan', '', count(*) FROM followed GROUP BY 1
UNION ALL SELECT {_WEEK.format("since")}, 'brought', '', count(*) FROM brought
  WHERE at < since + :wait * interval '1 week' GROUP BY 1
UNION ALL SELECT {_WEEK.format("at")}, 'cycle',
    width_bucket(extract(epoch FROM at - since) / 86400.0, CAST(:edges AS numeric[]))::text,
    count(*) FROM firsts GROUP BY 1, 3
"""
# Members who made their first link to the brand, a place it runs or a review of one.
_SHARED = f"""
SELECT {_WEEK.format("at")}, count(*) FROM (
  SELECT l.owner_id, min(l.created_at) AS at FROM referral_links l
  JOIN members m ON m.id = l.owner_id
  WHERE l.created_at < :until AND l.subject_id IN (
    SELECT CAST(:root AS bigint)
    UNION SELECT place_id FROM place_brands WHERE brand_id = :root AND until IS NULL
    UNION SELECT r.id FROM reviews r JOIN place_brands b ON b.place_id = r.place_id
      AND b.brand_id = :root AND b.until IS NULL)
  GROUP BY l.owner_id) AS firsts GROUP BY 1
"""


def counted_by_week(session: Session, root_id: int, until: dt.date) -> Weekly:
    """Every cell of `disclosure.SERIES` by the week in which it happened, for the weeks before
    `until` (a Monday). What a cohort `brought` is counted when its last day to bring is over."""
    given = {
        "root": root_id,
        "until": wall.midnight(until, dt.UTC),
        "wait": growth.WAIT_WEEKS,
        "edges": list(growth.CYCLE_EDGES),
    }
    buckets = [*(f"{edge:g}" for edge in growth.CYCLE_EDGES), "more"]
    found: Weekly = defaultdict(int)
    for week, series, key, count in session.execute(sa.text(_CUTS), given):
        if series == "degree":
            key = disclosure.degree_key(int(key))
        elif series == "channel":
            key = disclosure.channel_key(key)
        found[week, (series, key)] += int(count)
    for week, series, key, count in session.execute(sa.text(_STEPS), given):
        if series == "cycle":
            key = buckets[int(key)]
        if series == "brought":
            week += dt.timedelta(weeks=growth.WAIT_WEEKS)
            if week >= until:
                continue
        found[week, (series, key)] += int(count)
    for week, count in session.execute(sa.text(_SHARED), given):
        found[week, (disclosure.SHARED, "")] += int(count)
    week_of_day = sa.cast(sa.func.date_trunc("week", RootDay.day), sa.Date)
    visits = session.execute(
        sa.select(week_of_day, RootDay.degree, sa.func.sum(RootDay.visits))
        .where(RootDay.root_id == root_id, RootDay.day < until)
        .group_by(week_of_day, RootDay.degree)
    )
    for week, degree, count in visits:
        found[week, (disclosure.VISITS, disclosure.degree_key(degree))] += int(count)
    return dict(found)


def reaches(session: Session, root_id: int, until: dt.date) -> list[shape.Reached]:
    """Who came by whose link before a day, but those who do not count."""
    rows = session.execute(
        sa.select(CascadeReach.member_id, CascadeReach.sharer_id, CascadeReach.reached_at).where(
            CascadeReach.root_id == root_id,
            CascadeReach.reached_at < wall.midnight(until, dt.UTC),
            CascadeReach.member_id.not_in(fraud_untrusted.doubted()),
        )
    )
    return [shape.Reached(*row) for row in rows]


def untold_roots(session: Session, week: dt.date) -> list[int]:
    """Brands that people came to, and whose figures of a week wait."""
    query = sa.select(Brand.id).where(
        sa.or_(
            sa.exists().where(CascadeReach.root_id == Brand.id),
            sa.exists().where(RootDay.root_id == Brand.id),
        ),
        ~sa.exists().where(PublishedWeek.root_id == Brand.id, PublishedWeek.week == week),
    )
    return list(session.scalars(query.order_by(Brand.id)))


def last_told(session: Session, root_id: int) -> dt.date | None:
    return session.scalar(
        sa.select(sa.func.max(PublishedWeek.week)).where(PublishedWeek.root_id == root_id)
    )


def told_so_far(session: Session, root_id: int) -> dict[disclosure.Cell, int]:
    """All that was ever told of each cell."""
    return figures(session, root_id, None, None)


def figures(
    session: Session, root_id: int, first: dt.date | None, last: dt.date | None
) -> dict[disclosure.Cell, int]:
    """What the weeks from `first` to `last` (Mondays, None: no end) told, by cell."""
    query = sa.select(
        PublishedFigure.series, PublishedFigure.key, sa.func.sum(PublishedFigure.people)
    ).where(PublishedFigure.root_id == root_id)
    if first is not None:
        query = query.where(PublishedFigure.week >= first)
    if last is not None:
        query = query.where(PublishedFigure.week <= last)
    rows = session.execute(query.group_by(PublishedFigure.series, PublishedFigure.key))
    return {(series, key): int(people) for series, key, people in rows}


def by_week(
    session: Session, root_id: int, first: dt.date, last: dt.date, series: Iterable[str]
) -> dict[tuple[dt.date, disclosure.Cell], int]:
    """What each week of a span told of some series."""
    rows = session.execute(
        sa.select(
            PublishedFigure.week,
            PublishedFigure.series,
            PublishedFigure.key,
            PublishedFigure.people,
        ).where(
            PublishedFigure.root_id == root_id,
            PublishedFigure.week.between(first, last),
            PublishedFigure.series.in_(list(series)),
        )
    )
    return {(week, (name, key)): int(people) for week, name, key, people in rows}


def cascades(session: Session, root_id: int, last: dt.date) -> list[shape.Told]:
    """The largest cascades as last told by the end of a week."""
    stored = session.scalar(
        sa.select(PublishedWeek.cascades)
        .where(
            PublishedWeek.root_id == root_id,
            PublishedWeek.week <= last,
            sa.func.jsonb_array_length(PublishedWeek.cascades) > 0,
        )
        .order_by(PublishedWeek.week.desc())
        .limit(1)
    )
    return [shape.Told.loaded(each) for each in stored or ()]
