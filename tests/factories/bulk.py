"""Many rows by one statement: for plans, for counts, and for what happens when much changes."""

from __future__ import annotations

from typing import Any

import psycopg
import sqlalchemy as sa

from ugc.core.db import Session

# Stamped by the transaction that makes it, which is returned.
OWN_SUBJECT = (
    "INSERT INTO subjects (kind, public_id) VALUES ('report', %s) RETURNING changed_txid::text"
)
_BESIDE = """
WITH made AS (
  INSERT INTO subjects (kind, public_id)
  SELECT 'report', substr(md5(random()::text), 1, 12) FROM generate_series(1, %s)
  RETURNING id, public_id
), numbered AS (SELECT *, row_number() OVER () AS n FROM made), put AS (
  INSERT INTO reports (id, kind, geom, expires_at)
  SELECT id, 'jam', ST_SetSRID(ST_MakePoint(%s + n * %s, %s), 4326),
    app_now() + interval '1 hour' FROM numbered
) SELECT public_id FROM made"""


def reports_beside(
    connection: psycopg.Connection[Any], count: int, lon: float, lat: float, step: float
) -> list[str]:
    """Live jams to the east of a position, each a `step` (degrees) farther; their public ids."""
    rows = connection.execute(_BESIDE, (count, lon, step, lat)).fetchall()
    return [row[0] for row in rows]


def reports_by_minute(session: Session, count: int) -> None:
    """Live jams of which each expires a minute after the one before."""
    session.execute(
        sa.text(
            "WITH made AS (INSERT INTO subjects (kind, public_id) SELECT 'report', 'plan-' || n"
            " FROM generate_series(1, :count) n RETURNING id) INSERT INTO reports"
            " (id, kind, geom, expires_at) SELECT id, 'jam',"
            " ST_SetSRID(ST_MakePoint(0, id % 90), 4326), app_now() + id * interval '1 minute'"
            " FROM made"
        ),
        {"count": count},
    )
    session.execute(sa.text("ANALYZE subjects, reports"))


def reports_mostly_over(session: Session) -> None:
    """20,000 of which one in ten is alive."""
    session.execute(
        sa.text(
            "INSERT INTO subjects (kind, public_id)"
            " SELECT 'report', 'plan-' || n FROM generate_series(1, 20000) n"
        )
    )
    # A connection that knew the table as empty goes on checking foreign keys by reading it whole.
    session.execute(sa.text("ANALYZE subjects"))
    session.execute(
        sa.text(
            """
            INSERT INTO reports (id, kind, geom, state, created_at, expires_at)
            SELECT id, 'jam', ST_SetSRID(ST_MakePoint(2 * sin(id), 40 + cos(id * 7)), 4326),
              CASE WHEN id % 10 = 0 THEN 'open' ELSE 'expired' END,
              app_now() - id * interval '1 minute',
              app_now() + CASE WHEN id % 10 = 0 THEN interval '1 day' ELSE interval '-1 hour' END
            FROM subjects WHERE public_id LIKE 'plan-%'
            """
        )
    )
    session.execute(sa.text("ANALYZE reports"))


def reports_of_the_past(connection: sa.Connection) -> None:
    """20,000 all over the world, one each five minutes from 2026-11-01 on, each of an hour."""
    connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
    connection.exec_driver_sql(
        "INSERT INTO reports (id, kind, geom, occurred_at, expires_at, closed_at, state)"
        " SELECT 1000000 + n, 'jam',"
        " ST_SetSRID(ST_MakePoint(mod(n, 360) - 180, mod(n, 170) - 85), 4326),"
        " at, at + interval '1 hour', at + interval '1 hour', 'expired'"
        " FROM (SELECT n, '2026-11-01'::timestamptz + n * interval '5 minutes' AS at"
        " FROM generate_series(1, 20000) AS n) AS drawn"
    )
    connection.exec_driver_sql("ANALYZE reports")


def reports_scattered(session: Session, count: int, seed: int) -> None:
    """Reports of all kinds, ages and beliefs over two cities and the sea, some of them over."""
    session.execute(sa.text("SELECT setseed(:seed)"), {"seed": seed / 100})
    session.execute(
        sa.text(
            "WITH made AS (INSERT INTO subjects (kind, public_id) SELECT 'report',"
            " 'scatter-' || :seed || '-' || n FROM generate_series(1, :count) n RETURNING id)"
            " INSERT INTO reports (id, kind, geom, expires_at, believed, half_life_s, state,"
            " visibility, occurred_at) SELECT id, (ARRAY['jam', 'waste', 'accident'])[1 + id % 3],"
            " ST_SetSRID(CASE id % 4"
            " WHEN 0 THEN ST_MakePoint(-3.7 + random() / 5, 40.4 + random() / 5)"
            " WHEN 1 THEN ST_MakePoint(2.1 + random() / 5, 41.3 + random() / 5)"
            " ELSE ST_MakePoint(random() * 360 - 180, random() * 160 - 80) END, 4326),"
            " now() + (random() * 40 - 10) * interval '1 hour', random() * 0.95 + 0.02, 36000,"
            " CASE WHEN id % 11 = 0 THEN 'closed' ELSE 'open' END,"
            " (ARRAY['published', 'published', 'held', 'hidden'])[1 + id % 7 % 4],"
            " now() - random() * interval '30 hours' FROM made"
        ),
        {"count": count, "seed": seed},
    )


def watches_on_a_grid(session: Session, member_id: int) -> None:
    """One at each whole degree, 30 to each side of 0, 0."""
    session.execute(
        sa.text(
            "INSERT INTO watches (public_id, member_id, name, shape, geom, reach, distance_m)"
            " SELECT 'w' || x || '-' || y, :member, 'w', 'area', p, ST_Expand(p, 0.05), 5000"
            " FROM generate_series(-30, 30) AS x, generate_series(-30, 30) AS y,"
            " LATERAL ST_SetSRID(ST_MakePoint(x, y), 4326) AS p"
        ),
        {"member": member_id},
    )
    session.execute(sa.text("ANALYZE watches"))


def scores_of_spans(session: Session, city_id: int) -> None:
    """Random scores of all members in 200 invented spans, for each root and category that has
    some."""
    session.execute(
        sa.text(
            "INSERT INTO prescriptor_scores SELECT p.root_id, p.span, p.category, m.id, :city,"
            " random(), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 FROM members m CROSS JOIN (SELECT DISTINCT"
            " root_id, 'x' || n AS span, category FROM prescriptor_scores,"
            " generate_series(1, 200) n) p"
        ),
        {"city": city_id},
    )
    session.execute(sa.text("ANALYZE prescriptor_scores"))
