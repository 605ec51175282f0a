"""What changed on the map since a cursor, read by transaction id (docs/decisions/0005).

Each statement is one snapshot, which is also the next cursor: a transaction that began long ago and
commits late is in no snapshot before, so it is told then, and no reader waits for it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import psycopg

from ugc.core import generation
from ugc.core.db import Session
from ugc.livemap.rules import MOST_AT_ONCE, Change, Cursor, Snapshot
from ugc.reports.rules import belief as reports_belief

CHANNEL = "subjects"  # where the triggers of `subjects` tell of a commit; the payload is the kind

# A cursor is good in the life of the database that made it: its generation, and where that is now.
NOW = """
SELECT hashtextextended(concat_ws(':', code, xmin, database_mark()), 0)
    & x'7fffffffffffffff'::bigint AS system, stamped_snapshot()::text AS snapshot, app_now() AS at
FROM database_generation
"""
# The first branch is answered by ix_subjects_feed, the second by ix_reports_open_expires_at.
CHANGES = f"""
WITH as_of AS ({NOW}), told AS (
  (SELECT id FROM subjects WHERE kind = 'report'
     AND changed_txid >= pg_snapshot_xmin(%(since)s::pg_snapshot)
     AND NOT pg_visible_in_snapshot(changed_txid, %(since)s::pg_snapshot)
   ORDER BY changed_txid LIMIT %(most)s)
  UNION
  (SELECT id FROM reports WHERE state = 'open'
     AND expires_at > %(at)s AND expires_at <= app_now() LIMIT %(most)s)
)
SELECT as_of.*, c.*
FROM as_of LEFT JOIN (
  SELECT r.id, s.public_id, s.changed_txid::text, r.kind, ST_X(r.geom), ST_Y(r.geom),
    s.visible AND is_alive(r.state, r.expires_at)
      AND r.visibility IN ('published', 'held') AS shown,
    r.visibility = 'held', r.moved, belief_now(r.believed, r.believed_at, r.half_life_s),
    r.occurred_at, r.expires_at, CASE WHEN r.coarse THEN r.accuracy_m END AS area_m,
    s.changed_txid AS turn
  FROM told JOIN reports r ON r.id = told.id JOIN subjects s ON s.id = r.id
) AS c ON true
ORDER BY c.turn, c.id
"""

STANDINGS = """
SELECT s.token_hash, coalesce(m.suspended_until > app_now(), false)
FROM member_sessions s JOIN members m ON m.id = s.member_id
WHERE s.token_hash = ANY(%(hashes)s) AND s.revoked_at IS NULL AND s.expires_at > app_now()
  AND m.erased_at IS NULL
"""


class NoGeneration(RuntimeError):
    """The row of `database_generation` was left out of a restore; the web server writes another."""


@dataclass(frozen=True)
class Batch:
    """What changed up to `cursor`; `changes` is None when it is too much to tell one by one."""

    cursor: Cursor
    changes: list[Change] | None


def _batch(rows: list[tuple[Any, ...]]) -> Batch:
    cursor = read_cursor(rows[0] if rows else None)
    if len(rows) > MOST_AT_ONCE:
        return Batch(cursor, None)
    return Batch(
        cursor,
        [
            Change(
                id=row[3],
                public_id=row[4],
                txid=int(row[5]),
                kind=row[6],
                lon=row[7],
                lat=row[8],
                shown=row[9],
                held=row[10],
                moved=row[11],
                reliability=reports_belief.out_of_ten(row[12], held=row[10]),
                occurred_at=row[13],
                expires_at=row[14],
                area_m=row[15],
            )
            for row in rows
            if row[3] is not None
        ],
    )


def _values(since: Snapshot, at: dt.datetime) -> dict[str, Any]:
    return {"since": str(since), "at": at, "most": MOST_AT_ONCE + 1}


def read_cursor(row: tuple[Any, ...] | None) -> Cursor:
    """The cursor of a row such as `NOW` answers."""
    if row is None:
        raise NoGeneration
    return Cursor(row[0], Snapshot.parsed(row[1]), row[2])


def cursor_now(session: Session) -> Cursor:
    """Where the map is now. What is read after this may be newer, never older."""
    generation.current(session)
    row = session.connection().exec_driver_sql(NOW).first()
    return read_cursor(tuple(row) if row else None)


def changes_since(session: Session, since: Cursor) -> Batch:
    """What a poll answers: the same rows, in the same order, as the stream tells."""
    result = session.connection().exec_driver_sql(CHANGES, _values(since.snapshot, since.at))
    return _batch([tuple(row) for row in result])


async def now(connection: psycopg.AsyncConnection[Any]) -> Cursor:
    """As `cursor_now`, for the stream's own connection."""
    cursor = await connection.execute(NOW)
    return read_cursor(await cursor.fetchone())


async def read(connection: psycopg.AsyncConnection[Any], since: Snapshot, at: dt.datetime) -> Batch:
    """What `since` does not see, and what expired after `at`; the connection commits by itself."""
    cursor = await connection.execute(CHANGES, _values(since, at), prepare=True)
    return _batch(await cursor.fetchall())


async def standings(
    connection: psycopg.AsyncConnection[Any], hashes: Iterable[str]
) -> dict[str, bool]:
    """Of sessions that are still good, by the hash of their token: whether the member is
    suspended."""
    cursor = await connection.execute(STANDINGS, {"hashes": list(hashes)}, prepare=True)
    return dict(await cursor.fetchall())
