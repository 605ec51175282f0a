"""The live reports of a watch: within its area, or along its way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa

from ugc.core.access import Actor
from ugc.core.db import Session
from ugc.geography import geo
from ugc.reports.models import Report
from ugc.reports.queries import reading
from ugc.reports.queries.reading import ReportRow
from ugc.watches.models import Watch
from ugc.watches.queries.reading import WatchRow

LIMIT = 200
# Each report beside the nearest piece of the way: how far along the whole way it is, and how far
# from it. Degrees of longitude are shortened to those of latitude, so that "nearest" is in metres.
ALONG = sa.text(
    """
    WITH pieces AS (
      SELECT (dump).path[1] AS number, (dump).geom AS line
      FROM (SELECT ST_Dump(geom) AS dump FROM watches WHERE id = :watch_id) AS dumped),
    measured AS (
      SELECT line, ST_Length(line::geography) AS length,
        sum(ST_Length(line::geography)) OVER (ORDER BY number) AS until FROM pieces)
    SELECT r.id, piece.metres,
      piece.until - piece.length + piece.length * ST_LineLocatePoint(
        ST_Scale(piece.line, cos(radians(ST_Y(r.geom))), 1),
        ST_Scale(r.geom, cos(radians(ST_Y(r.geom))), 1)) AS along
    FROM reports r CROSS JOIN LATERAL (
      SELECT line, length, until, ST_Distance(line::geography, r.geom::geography) AS metres
      FROM measured ORDER BY metres LIMIT 1) AS piece
    WHERE r.id = ANY(:ids)
    ORDER BY along, r.id
    """
)


@dataclass(frozen=True)
class Watched:
    """`along` is in metres from the beginning of a way; None in an area. In a way's rows
    `report.metres` is how far from the way it is."""

    report: ReportRow
    along: float | None = None


def reports_watched(session: Session, actor: Actor, watch: WatchRow) -> list[Watched]:
    """At most `LIMIT`: of an area the newest first, of a way in the order along it."""
    shape = sa.select(Watch.geom).where(Watch.id == watch.id).scalar_subquery()
    reach = sa.select(Watch.reach).where(Watch.id == watch.id).scalar_subquery()
    query = (
        reading.read_columns()
        .where(
            reading.is_alive(),
            Report.visibility.in_(reading.SHOWN),
            Report.geom.op("&&")(reach),
            sa.func.ST_DWithin(
                geo.as_geography(Report.geom), geo.as_geography(shape), watch.distance_m
            ),
        )
        .order_by(Report.created_at.desc(), Report.id.desc())
        .limit(LIMIT)
    )
    if watch.kinds:
        query = query.where(Report.kind.in_(watch.kinds))
    found = [r for r in reading.read_rows(session, query, actor) if r.reliability >= watch.least]
    if watch.shape != "way":
        return [Watched(row) for row in found]
    by_id = {row.id: row for row in found}
    places = session.execute(ALONG, {"watch_id": watch.id, "ids": list(by_id)})
    return [Watched(replace(by_id[p.id], metres=p.metres), p.along) for p in places]


def live_counts(session: Session, watch_ids: Sequence[int]) -> dict[int, int]:
    """How many living reports each of the watches tells of now, by its id; in one statement."""
    if not watch_ids:
        return {}
    rows = session.execute(
        sa.select(Watch.id, sa.func.count())
        .join(
            Report,
            sa.and_(
                Report.geom.op("&&")(Watch.reach),
                sa.func.ST_DWithin(
                    geo.as_geography(Report.geom), geo.as_geography(Watch.geom), Watch.distance_m
                ),
            ),
        )
        .where(
            Watch.id.in_(watch_ids),
            reading.is_alive(),
            Report.visibility.in_(reading.SHOWN),
            sa.or_(sa.func.cardinality(Watch.kinds) == 0, Report.kind == sa.any_(Watch.kinds)),
            reading.reliability_now() >= Watch.least,
        )
        .group_by(Watch.id)
    )
    return {row[0]: row[1] for row in rows}


def reports_followed(session: Session, actor: Actor, ids: Sequence[int]) -> list[ReportRow]:
    """Those of the subjects that are public reports, in the given order."""
    query = reading.read_columns().where(Report.id.in_(ids), Report.visibility.in_(reading.SHOWN))
    found = {row.id: row for row in reading.read_rows(session, query, actor)}
    return [found[i] for i in ids if i in found]
