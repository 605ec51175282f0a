"""Reads of the API. A page is one statement whose answer is the JSON text itself, fetched as bytes
in binary format: the fastest way measured that needs no stored copies (docs/benchmarks.md)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import psycopg
import sqlalchemy as sa

from ugc.brandapi.queries.resources import feature
from ugc.core.db import Session
from ugc.core.resources import Resource
from ugc.core.subjects import Subject
from ugc.geography import geo
from ugc.reports.api import REPORTS

_FAR = "'3000-01-01 00:00:00+00'::timestamptz"


def _told(resource: Resource, geojson: bool, order: str) -> tuple[str, str, str]:
    """SQL of a page's columns, of their JSON text as bytes, and of a digest of what of it changes
    with the content alone (NULL: all of it does)."""
    steady, fading = feature(resource, geojson)
    if fading is None:
        columns, whole, digest = f"{steady} AS steady", "steady", "max(NULL::text)"
    else:
        columns, whole = f"{steady} AS steady, {fading} AS fading", "steady || fading"
        digest = f"md5(coalesce(string_agg(steady, ',' ORDER BY {order}), ''))"
    body = f"convert_to(coalesce(string_agg({whole}, ',' ORDER BY {order}), ''), 'UTF8')"
    return columns, body, digest


def _envelopes(bounds: geo.Bounds, point: str | None, values: dict[str, Any]) -> str:
    parts = []
    for n, part in enumerate(bounds.parts):
        names = [f"box{n}_{edge}" for edge in range(4)]
        values.update(zip(names, part, strict=True))
        marks = ", ".join(f"%({name})s::float8" for name in names)
        parts.append(f"{point} && ST_MakeEnvelope({marks}, 4326)")
    return f"({' OR '.join(parts)})"


def is_wide(bounds: geo.Bounds | None) -> bool:
    """Wide boxes are read newest first from the order of time, narrow ones from the index on place
    and time (measured: beyond some two degrees each way the former wins)."""
    if bounds is None:
        return True
    return sum((east - west) * (north - south) for west, south, east, north in bounds.parts) > 4


def newest_sql(
    resource: Resource,
    *,
    geojson: bool,
    bounds: geo.Bounds | None,
    filters: Sequence[str],
    after: bool,
    values: dict[str, Any],
) -> str:
    """The statement of a page, newest first: (JSON text as bytes, how many rows there were,
    created_at and id of the last one shown, digest of what does not fade or None). `values` gets
    the box; it holds `site`, `limit`, the filters and, with `after`, `after_at` and `after_id`."""
    where = [resource.shown, *(resource.filters[name] for name in filters)]
    if bounds is not None:
        where.append(_envelopes(bounds, resource.point, values))
    order = "c.created_at DESC, c.id DESC"
    if resource is REPORTS and not is_wide(bounds):
        # The order of GiST(geom, created_at); ties by id.
        order = f"c.created_at <-> {_FAR}, c.id DESC"
    if after:
        where.append("(c.created_at, c.id) < (%(after_at)s::timestamptz, %(after_id)s::bigint)")
    # The rows are chosen first: what only the fields need is joined for the page alone.
    chosen = (
        f"SELECT c.id, c.created_at FROM {resource.table} c{resource.choose}"
        f" WHERE {' AND '.join(where)} ORDER BY {order} LIMIT %(limit)s::int + 1"
    )
    columns, body, digest = _told(resource, geojson, "n")
    return (
        f"WITH chosen AS MATERIALIZED ({chosen}), numbered AS MATERIALIZED ("
        "SELECT *, row_number() OVER (ORDER BY created_at DESC, id DESC) AS n FROM chosen),"
        f" page AS MATERIALIZED (SELECT k.n, {columns} FROM numbered k"
        f" JOIN {resource.table} c ON c.id = k.id{resource.source} WHERE k.n <= %(limit)s::int)"
        f" SELECT (SELECT {body} FROM page), count(*),"
        " max(created_at) FILTER (WHERE n = %(limit)s::int)::text,"
        " max(id) FILTER (WHERE n = %(limit)s::int),"
        f" (SELECT {digest} FROM page) FROM numbered"
    )


def changes_sql(
    resource: Resource,
    *,
    geojson: bool,
    bounds: geo.Bounds | None,
    filters: Sequence[str],
    values: dict[str, Any],
) -> str:
    """The statement of a page of the change feed, oldest change first: (JSON text of what is
    visible and matches, ids of the rest as JSON text, how many rows, txid and id of the last,
    digest as of a page).

    Only transactions older than every running one are told, so that a late commit is never behind
    a reader's cursor (core.subjects). What does not match any more is told as gone; what was never
    public is not told at all."""
    where = [resource.shown, *(resource.filters[name] for name in filters)]
    if bounds is not None:
        where.append(_envelopes(bounds, resource.point, values))
    columns, body, digest = _told(resource, geojson, "changed.changed_txid, changed.id")
    return (
        "WITH changed AS MATERIALIZED (SELECT id, public_id, visible, changed_txid FROM subjects"
        f" WHERE kind = '{resource.kind}' AND was_public"
        " AND changed_txid < pg_snapshot_xmin(stamped_snapshot())"
        " AND (changed_txid, id) > (%(after_txid)s::xid8, %(after_id)s::bigint)"
        " ORDER BY changed_txid, id LIMIT %(limit)s),"
        f" page AS (SELECT c.id, {columns}"
        f" FROM changed JOIN {resource.table} c ON c.id = changed.id{resource.source}"
        f" WHERE changed.visible AND {' AND '.join(where)})"
        f" SELECT {body},"
        " convert_to(coalesce(string_agg('\"' || changed.public_id || '\"', ','"
        " ORDER BY changed.changed_txid, changed.id) FILTER (WHERE page.id IS NULL), ''), 'UTF8'),"
        " count(*), (max(ARRAY[changed.changed_txid::text::numeric, changed.id]))[1]::text,"
        " (max(ARRAY[changed.changed_txid::text::numeric, changed.id]))[2]::bigint,"
        f" {digest} FROM changed LEFT JOIN page ON page.id = changed.id"
    )


def one_sql(resource: Resource, *, geojson: bool) -> str:
    """The statement of one: (JSON text as bytes, digest as of a page); no row when it is gone."""
    columns, body, digest = _told(resource, geojson, "steady")
    return (
        f"WITH page AS (SELECT {columns} FROM {resource.table} c{resource.source}"
        f" WHERE {resource.shown} AND s.public_id = %(public_id)s AND s.visible)"
        f" SELECT {body}, {digest} FROM page HAVING count(*) > 0"
    )


def rows(session: Session, statement: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Runs a statement on the session's own connection, past SQLAlchemy's result layers."""
    connection = session.connection().connection.driver_connection
    if not isinstance(connection, psycopg.Connection):
        raise TypeError("the API reads through psycopg")
    with connection.cursor(binary=True) as cursor:
        cursor.execute(statement.encode(), values, prepare=True)
        return cursor.fetchall()


def is_ahead(session: Session, txid: int) -> bool:
    """Whether no transaction up to now has this (stamped) id: it was given out by a server that was
    put back since, without a sign of that."""
    ahead = "SELECT CAST(:txid AS xid8) >= pg_snapshot_xmax(stamped_snapshot())"
    return bool(session.scalar(sa.text(ahead), {"txid": str(txid)}))


def txid_since(session: Session, kind: str, moment: dt.datetime) -> int:
    """The cursor of the change feed just before the first change at or after `moment`."""
    first = session.scalar(
        sa.select(sa.func.min(sa.cast(sa.cast(Subject.changed_txid, sa.Text), sa.Numeric))).where(
            Subject.kind == kind, Subject.changed_at >= moment
        )
    )
    if first is None:
        # Nothing since: whatever commits from now on is newer than every finished transaction.
        current = session.scalar(sa.text("SELECT pg_snapshot_xmin(stamped_snapshot())::text"))
        return int(str(current)) - 1
    return int(first) - 1
