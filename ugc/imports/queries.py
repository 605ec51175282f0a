"""Reads of imports."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from ugc.core.db import Session
from ugc.core.sources import ImportRun, Source


@dataclass(frozen=True)
class RunRow:
    """How far a file came. Counts are of the whole run, over every interruption."""

    id: int
    source_id: int
    lines_done: int
    added: int
    changed: int
    rejected: int
    finished_at: dt.datetime | None


def run_of(session: Session, source_code: str, kind: str, file_hash: str) -> RunRow | None:
    row = session.execute(
        sa.select(ImportRun)
        .join(Source, Source.id == ImportRun.source_id)
        .where(Source.code == source_code, ImportRun.kind == kind, ImportRun.file_hash == file_hash)
        .execution_options(populate_existing=True)
    ).scalar_one_or_none()
    if row is None:
        return None
    return RunRow(
        row.id, row.source_id, row.lines_done, row.rows_added, row.rows_changed,
        row.rows_rejected, row.finished_at,
    )  # fmt: skip


def source_id(session: Session, code: str) -> int | None:
    return session.scalar(sa.select(Source.id).where(Source.code == code))


def has_places(session: Session, code: str) -> bool:
    query = sa.text(
        "SELECT EXISTS (SELECT FROM places JOIN sources ON sources.id = places.source_id"
        " WHERE sources.code = :code)"
    )
    return bool(session.scalar(query, {"code": code}))


def knows_crs(session: Session, crs: int) -> bool:
    query = sa.text("SELECT EXISTS (SELECT FROM spatial_ref_sys WHERE srid = :crs)")
    return bool(session.scalar(query, {"crs": crs}))


_TO_DEGREES = sa.text(
    "SELECT ST_X(g), ST_Y(g) FROM unnest(CAST(:x AS float8[]), CAST(:y AS float8[]))"
    " WITH ORDINALITY AS p (x, y, n), LATERAL (SELECT"
    " ST_Transform(ST_SetSRID(ST_MakePoint(p.x, p.y), :crs), 4326) AS g) AS t ORDER BY n"
)


def to_degrees(
    session: Session, crs: int, points: Sequence[tuple[float, float]]
) -> list[tuple[float, float] | None]:
    """Longitude and latitude of coordinates (east, north) in the system EPSG:`crs`; None where
    they are outside of what it can say. One point too wild fails the whole statement, so then they
    are asked one by one."""
    if not points:
        return []
    try:
        with session.begin_nested():
            values = {"x": [p[0] for p in points], "y": [p[1] for p in points], "crs": crs}
            return [(x, y) for x, y in session.execute(_TO_DEGREES, values)]
    except sa.exc.DBAPIError as error:
        if error.connection_invalidated:
            raise
        if len(points) == 1:
            return [None]
        half = len(points) // 2
        return [
            *to_degrees(session, crs, points[:half]),
            *to_degrees(session, crs, points[half:]),
        ]
