"""The temporary table of a batch, and what all kinds do with it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import orjson
import sqlalchemy as sa

from ugc.core import subjects
from ugc.core.access import SYSTEM
from ugc.core.db import Session

POINT = "ST_SetSRID(ST_MakePoint(s.lon, s.lat), 4326)"


@dataclasses.dataclass(frozen=True)
class Counts:
    """What a batch did. `refused` is (line, reason) of rows that only the database could judge."""

    added: int = 0
    changed: int = 0
    refused: tuple[tuple[int, str], ...] = ()


_SHARED = {
    "line": "bigint", "external_id": "text", "content_hash": "text", "language": "text",
    "public_id": "text",
}  # fmt: skip
_STAGED = {
    "report": {
        "lon": "float8", "lat": "float8", "kind": "text", "subkind": "text", "text": "text",
        "occurred_at": "timestamptz", "expires_at": "timestamptz", "closed": "boolean",
        "closed_at": "timestamptz", "former_hash": "text",
    },
    "place": {
        "lon": "float8", "lat": "float8", "name": "text", "category": "text", "address": "text",
        "phone": "text", "website": "text", "opening_hours": "text", "timezone": "text",
        "former_hash": "text",
    },
    "review": {
        "place": "text", "author": "text", "rating": "smallint", "subratings": "jsonb",
        "title": "text", "text": "text", "visited_month": "date", "original": "jsonb",
    },
}  # fmt: skip
# Made by the statements below.
_WORK = {
    "id": "bigint", "is_new": "boolean DEFAULT false", "is_changed": "boolean DEFAULT false",
    "place_id": "bigint", "author_id": "bigint", "old_place_id": "bigint", "old_state": "text",
    "new_state": "text",
}  # fmt: skip


def execute(session: Session, sql: str, **values: Any) -> sa.CursorResult[Any]:
    result = session.execute(sa.text(sql), values)
    assert isinstance(result, sa.CursorResult)
    return result


def stage(session: Session, kind: str, rows: Sequence[tuple[int, Any]]) -> None:
    columns = {**_SHARED, **_STAGED[kind]}
    shape = ", ".join(f"{name} {sql_type}" for name, sql_type in {**columns, **_WORK}.items())
    execute(
        session,
        f"CREATE TEMPORARY TABLE IF NOT EXISTS import_{kind} ({shape}) ON COMMIT DELETE ROWS",
    )
    execute(session, f"DELETE FROM import_{kind}")
    names = [name for name in columns if name not in ("line", "public_id")]
    json = [sql_type == "jsonb" for name, sql_type in columns.items() if name in names]
    connection = session.connection().connection.driver_connection
    assert connection is not None
    target = f"COPY import_{kind} (line, public_id, {', '.join(names)}) FROM STDIN"
    with connection.cursor() as cursor, cursor.copy(target) as copy:
        for line, row in rows:
            values = [
                orjson.dumps(getattr(row, name)).decode() if is_json else getattr(row, name)
                for name, is_json in zip(names, json, strict=True)
            ]
            copy.write_row([line, subjects.new_code(), *values])
    # Without figures the planner takes a temporary table for much larger than it is.
    execute(session, f"ANALYZE import_{kind}")


def match(session: Session, kind: str, source_id: int) -> None:
    """Finds the rows that are here already, locked in order, and which of them changed.

    Row by row through the indexes, never as a join: where a table grew since PostgreSQL last took
    its figures, it believes the table small and would look at all of it for every staged row."""
    execute(
        session,
        f"UPDATE import_{kind} s SET id = (SELECT t.id FROM {kind}s t"
        " WHERE t.source_id = :source AND t.external_id = s.external_id)",
        source=source_id,
    )
    ids = staged_ids(session, kind, "id IS NOT NULL")
    if not ids:
        return
    execute(
        session,
        f"SELECT id FROM {kind}s WHERE id = ANY(:ids) ORDER BY id FOR NO KEY UPDATE",
        ids=ids,
    )
    execute(
        session,
        f"UPDATE import_{kind} s SET is_changed = (SELECT t.content_hash IS DISTINCT FROM"
        f" s.content_hash FROM {kind}s t WHERE t.id = s.id) WHERE s.id IS NOT NULL",
    )
    if "former_hash" in _STAGED[kind]:
        _know_former(session, kind)


def _know_former(session: Session, kind: str) -> None:
    """A row whose hash was made before points were rounded to a metre says the same: it keeps all
    that it has and takes the new hash."""
    ids = staged_ids(session, kind, "is_changed")
    if not ids:
        return
    execute(
        session,
        f"UPDATE import_{kind} s SET is_changed = (SELECT t.content_hash IS DISTINCT FROM"
        f" s.former_hash FROM {kind}s t WHERE t.id = s.id) WHERE s.is_changed",
    )
    execute(
        session,
        f"UPDATE {kind}s t SET content_hash = s.content_hash FROM import_{kind} s"
        " WHERE t.id = ANY(:ids) AND s.id = t.id AND NOT s.is_changed",
        ids=ids,
    )


def staged_ids(session: Session, kind: str, where: str) -> list[int]:
    """Ids of rows that are here, for `= ANY(:ids)`, which keeps big tables to these rows."""
    return list(execute(session, f"SELECT id FROM import_{kind} WHERE {where}").scalars())


def make_subjects(session: Session, kind: str) -> int:
    """Subjects for the new rows; returns how many."""
    return execute(
        session,
        "WITH made AS (INSERT INTO subjects (kind, public_id)"
        f" SELECT :kind, public_id FROM import_{kind} WHERE id IS NULL ORDER BY line"
        " RETURNING id, public_id)"
        f" UPDATE import_{kind} s SET id = made.id, is_new = true"
        " FROM made WHERE made.public_id = s.public_id",
        kind=kind,
    ).rowcount


def log_new(session: Session, kind: str) -> None:
    execute(
        session,
        "INSERT INTO transitions (subject_id, field, old, new, reason, actor)"
        f" SELECT id, 'visibility', NULL, 'published', 'imported', :actor FROM import_{kind}"
        " WHERE is_new ORDER BY id",
        actor=SYSTEM.reference,
    )


def touch(session: Session, ids: Sequence[int]) -> int:
    """`subjects.touch` for many; returns how many. Hidden things stay hidden."""
    return execute(
        session,
        "UPDATE subjects SET changed_at = app_now(), changed_txid = pg_current_xact_id()"
        " WHERE id = ANY(:ids)",
        ids=list(ids),
    ).rowcount
