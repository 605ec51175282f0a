"""Keeping `map_points` and `map_cells`: what changed since the last fold is taken out as it was
counted and put in as it is now, so that folding twice changes nothing (docs/decisions/0009)."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa

from ugc.core.db import Session
from ugc.livemap.models import MapAggregation, MapCell, MapPoint
from ugc.livemap.queries import changes, tiles
from ugc.livemap.rules import COARSEST_CELL, FINEST_CELL, POINT_LEVEL, SURE, Cursor
from ugc.reports.rules import belief as reports_belief

# A reliability of at least SURE, as `belief.out_of_ten` rounds it.
LIKELY = (SURE - 0.5) / 10
if reports_belief.HELD_RELIABILITY_CAP < SURE:
    raise RuntimeError("held reports are never likely: say so in THINGS_NOW")

# When a likely report stops being so: believed * 2^(-t / half life) = LIKELY.
THINGS_NOW = f"""
SELECT r.id AS subject_id, 'reports' AS layer, r.kind, {tiles.BELIEF} >= {LIKELY} AS sure,
  map_quad(ST_X(r.geom), ST_Y(r.geom), {POINT_LEVEL}) AS quad,
  round(ST_X(r.geom) * 1e6)::bigint AS lon, round(ST_Y(r.geom) * 1e6)::bigint AS lat,
  CASE WHEN {tiles.BELIEF} >= {LIKELY} THEN least(r.expires_at, r.believed_at
    + r.half_life_s * (ln(r.believed / {LIKELY}) / ln(2)) * interval '1 second')
  ELSE r.expires_at END AS next_at
FROM {{changed}} reports r {{on_report}}
WHERE {tiles.ALIVE}
UNION ALL
SELECT p.id, 'places', p.category, true, map_quad(ST_X(p.geom), ST_Y(p.geom), {POINT_LEVEL}),
  round(ST_X(p.geom) * 1e6)::bigint, round(ST_Y(p.geom) * 1e6)::bigint, NULL
FROM {{changed}} places p {{on_place}}
WHERE p.visibility = 'published'"""

_CHANGED_OF = """
  SELECT id FROM subjects WHERE kind = '{}'
    AND changed_txid >= pg_snapshot_xmin(%(since)s::pg_snapshot)
    AND NOT pg_visible_in_snapshot(changed_txid, %(since)s::pg_snapshot)"""
_ADD_UP = """
  SELECT layer, {level} AS level, quad >> (2 * ({deepest} - {level})) AS quad, kind, sure,
    sum(sign) AS n, sum(sign * lon) AS lon_sum, sum(sign * lat) AS lat_sum
  FROM {source} GROUP BY 1, 2, 3, 4, 5"""
FOLD = f"""
WITH changed AS MATERIALIZED ({_CHANGED_OF.format("report")} UNION {_CHANGED_OF.format("place")}
  UNION SELECT subject_id FROM map_points WHERE next_at <= app_now()),
before AS MATERIALIZED (
  SELECT m.* FROM changed c JOIN map_points m ON m.subject_id = c.id),
after AS MATERIALIZED ({
    THINGS_NOW.format(
        changed="changed c JOIN", on_report="ON r.id = c.id", on_place="ON p.id = c.id"
    )
}),
gone AS (
  DELETE FROM map_points m USING before b WHERE m.subject_id = b.subject_id
    AND NOT EXISTS (SELECT FROM after a WHERE a.subject_id = b.subject_id)),
kept AS (
  INSERT INTO map_points (subject_id, layer, kind, sure, quad, lon, lat, next_at)
  SELECT subject_id, layer, kind, sure, quad, lon, lat, next_at FROM after
  ON CONFLICT (subject_id) DO UPDATE SET kind = excluded.kind, sure = excluded.sure,
    quad = excluded.quad, lon = excluded.lon, lat = excluded.lat, next_at = excluded.next_at),
moves AS (
  SELECT layer, quad, kind, sure, lon, lat, -1 AS sign FROM before
  UNION ALL SELECT layer, quad, kind, sure, lon, lat, 1 FROM after),
cells AS ({
    _ADD_UP.format(
        level="level",
        deepest=POINT_LEVEL,
        source=f"moves, generate_series({COARSEST_CELL}, {FINEST_CELL}) AS level",
    )
}
  HAVING sum(sign) <> 0 OR sum(sign * lon) <> 0 OR sum(sign * lat) <> 0),
folded AS (
  INSERT INTO map_cells AS m (layer, level, quad, kind, sure, n, lon_sum, lat_sum)
  SELECT * FROM cells
  ON CONFLICT (layer, level, quad, kind, sure) DO UPDATE SET n = m.n + excluded.n,
    lon_sum = m.lon_sum + excluded.lon_sum, lat_sum = m.lat_sum + excluded.lat_sum)
SELECT layer, quad FROM before UNION SELECT layer, quad FROM after"""
FILL_POINTS = (
    "INSERT INTO map_points (subject_id, layer, kind, sure, quad, lon, lat, next_at)"
    + THINGS_NOW.format(changed="", on_report="", on_place="")
)
_ONCE_EACH = "(SELECT *, 1 AS sign FROM map_points) AS points"
FILL_CELLS = f"""
INSERT INTO map_cells (layer, level, quad, kind, sure, n, lon_sum, lat_sum)
{_ADD_UP.format(level=FINEST_CELL, deepest=POINT_LEVEL, source=_ONCE_EACH)}"""
# Each level from the one below it.
FILL_ABOVE = """
INSERT INTO map_cells (layer, level, quad, kind, sure, n, lon_sum, lat_sum)
SELECT layer, %(level)s, quad >> 2, kind, sure, sum(n), sum(lon_sum), sum(lat_sum)
FROM map_cells WHERE level = %(level)s + 1 GROUP BY layer, quad >> 2, kind, sure"""
RENEWED = dt.timedelta(minutes=1)  # a quiet map says at least this often that it is up to date


@dataclass(frozen=True)
class Folded:
    """Which quads (of `POINT_LEVEL`) changed in which layer; `everything` when all may have."""

    quads: dict[str, set[int]]
    everything: bool = False


def fold(session: Session) -> Folded:
    """Brings the cells up to now, in one transaction. Changes nothing while another process does
    it.

    After a restored dump, whose transaction ids are others, and at first, all is counted again."""
    state = _state(session, skip_locked=True)
    if state is None:
        return Folded({})
    now = changes.cursor_now(session)
    last = _last(state)
    if last is None or not last.precedes(now):
        _fill(session)
        _done(state, now)
        return Folded({}, everything=True)
    quads = _fold_since(session, last)
    if quads or now.at - last.at > RENEWED:
        _done(state, now)
    return Folded(quads)


def _state(session: Session, *, skip_locked: bool) -> MapAggregation | None:
    query = sa.select(MapAggregation).with_for_update(key_share=True, skip_locked=skip_locked)
    return session.scalar(query.execution_options(populate_existing=True))


def _last(state: MapAggregation) -> Cursor | None:
    if state.system is None or state.snapshot is None or state.aggregated_at is None:
        return None
    return changes.read_cursor((state.system, state.snapshot, state.aggregated_at))


def _done(state: MapAggregation, now: Cursor) -> None:
    state.system, state.snapshot, state.aggregated_at = now.system, str(now.snapshot), now.at


def _fold_since(session: Session, last: Cursor) -> dict[str, set[int]]:
    quads: dict[str, set[int]] = {}
    values = {"since": str(last.snapshot)}
    for layer, quad in session.connection().exec_driver_sql(FOLD, values):
        quads.setdefault(layer, set()).add(quad)
    return quads


def _fill(session: Session) -> None:
    connection = session.connection()
    session.execute(sa.delete(MapCell))
    session.execute(sa.delete(MapPoint))
    connection.exec_driver_sql(FILL_POINTS)
    connection.exec_driver_sql(FILL_CELLS)
    for level in range(FINEST_CELL - 1, COARSEST_CELL - 1, -1):
        connection.exec_driver_sql(FILL_ABOVE, {"level": level})


COUNTED = "SELECT layer, level, quad, kind, sure, n, lon_sum, lat_sum FROM map_cells WHERE n <> 0"
DIFFERENT = f"""
SELECT count(DISTINCT (layer, level, quad)) FROM (
  ({COUNTED} EXCEPT SELECT * FROM cells_before) UNION ALL
  (SELECT * FROM cells_before EXCEPT {COUNTED})) AS different"""


def rebuild(session: Session) -> int:
    """Counts all cells again and returns how many were wrong. Waits for a process that
    aggregates."""
    state = _state(session, skip_locked=False)
    if state is None:
        raise RuntimeError("map_aggregations has lost its row")
    now = changes.cursor_now(session)
    last = _last(state)
    if last is not None and last.precedes(now):
        _fold_since(session, last)  # what changed since then was not counted wrong
    connection = session.connection()
    connection.exec_driver_sql(f"CREATE TEMPORARY TABLE cells_before ON COMMIT DROP AS {COUNTED}")
    _fill(session)
    wrong = int(connection.exec_driver_sql(DIFFERENT).scalar_one())
    connection.exec_driver_sql("DROP TABLE cells_before")
    _done(state, now)
    return wrong
