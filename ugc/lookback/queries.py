"""Reads of what was: public reports only, those merged into another not again.

Boxes, times and kinds stand in the text of the statements: a plan made for any box would be wrong
for most, and the indexes are partial. They are numbers, times and codes of ours, never what
a reader typed."""

from __future__ import annotations

import datetime as dt
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ugc.core.db import Session
from ugc.geography.geo import Bounds
from ugc.reports.rules import kinds as reports_kinds

PUBLIC = "r.visibility = 'published' AND r.state <> 'merged'"
ENDED = "greatest(r.occurred_at, coalesce(r.closed_at, r.expires_at))"


@dataclass(frozen=True)
class Past:
    """A report as it was: degrees, WGS 84; alive from `began` until `ended`."""

    id: int
    public_id: str
    kind: str
    lon: float
    lat: float
    began: dt.datetime
    ended: dt.datetime


@dataclass(frozen=True)
class Total:
    """What is too much to be sent one by one. `counts` by kind and bar of what began in the span;
    `before` had begun earlier; `cells` are (lon, lat, how many) of both; `sample` are ids, each
    taken with the same chance."""

    counts: dict[str, list[int]]
    before: int
    cells: list[tuple[float, float, int]]
    sample: list[int]


@dataclass(frozen=True)
class Within:
    """Where, when and of which kinds (none: of every) is looked."""

    bounds: Bounds
    start: dt.datetime
    end: dt.datetime
    kinds: Sequence[str] = ()

    @property
    def where(self) -> str:
        boxes = " OR ".join(
            "r.geom && ST_MakeEnvelope({}, 4326)".format(", ".join(repr(float(n)) for n in part))
            for part in self.bounds.parts
        )
        kinds = ", ".join(f"'{kind}'" for kind in self.kinds if kind in reports_kinds.KINDS)
        return f"{PUBLIC} AND ({boxes})" + (f" AND r.kind IN ({kinds})" if kinds else "")

    @property
    def sql(self) -> str:
        """What began in the span (ix_reports_occurred_at holds all that is asked), and what had
        begun before and was not over at its start (ix_reports_lifetime)."""
        start, end = _time(self.start), _time(self.end)
        columns = "r.id, r.kind, r.geom, r.occurred_at"
        return (
            f"SELECT {columns} FROM reports r WHERE {self.where}"
            f" AND r.occurred_at >= {start} AND r.occurred_at < {end}"
            f" UNION ALL SELECT {columns} FROM reports r WHERE {self.where}"
            f" AND tstzrange(r.occurred_at, {ENDED}) @> {start} AND r.occurred_at < {start}"
        )


def _time(at: dt.datetime) -> str:
    return f"'{at.astimezone(dt.UTC).isoformat()}'::timestamptz"


def _run(session: Session, statement: str) -> list[Any]:
    return list(session.connection().exec_driver_sql(statement))


def _past(rows: Sequence[Any]) -> list[Past]:
    return [Past(*row) for row in rows]


def reports_of(session: Session, within: Within, most: int) -> list[Past] | None:
    """All of them, the oldest first; None when there are more than `most`."""
    rows = _run(session, points_sql(within, most + 1))
    return None if len(rows) > most else sorted(_past(rows), key=lambda past: past.began)


def points_sql(within: Within, limit: int) -> str:
    # Found in the indexes first: only what is sent is read from the tables.
    return (
        "SELECT r.id, s.public_id, r.kind, ST_X(r.geom), ST_Y(r.geom), r.occurred_at,"
        f" {ENDED} FROM (SELECT id FROM ({within.sql}) AS both_parts LIMIT {int(limit)}) AS found"
        " JOIN reports r ON r.id = found.id JOIN subjects s ON s.id = found.id"
    )


def sample_of(session: Session, ids: Sequence[int]) -> list[Past]:
    """Those of them that are public now, the oldest first."""
    rows = _run(
        session,
        "SELECT r.id, s.public_id, r.kind, ST_X(r.geom), ST_Y(r.geom), r.occurred_at,"
        f" {ENDED} FROM reports r JOIN subjects s ON s.id = r.id"
        f" WHERE {PUBLIC} AND r.id = ANY(ARRAY[{', '.join(str(int(i)) for i in ids)}]::bigint[])",
    )
    return sorted(_past(rows), key=lambda past: past.began)


def total_sql(within: Within, edges: Sequence[dt.datetime], size: float, share: float) -> str:
    """One pass: (bar, kind, how many), (cell, how many, where their middle is) and the ids whose
    hash falls into `share` of all hashes: each has the same chance."""
    bars = ", ".join(_time(at) for at in edges)
    return f"""
SELECT GROUPING(bar), GROUPING(x), bar, kind, count(*), avg(lon), avg(lat), picked FROM (
  SELECT width_bucket(occurred_at, ARRAY[{bars}]) AS bar, kind, lon, lat,
    floor(lon / {size!r})::int AS x, floor(lat / {size!r})::int AS y,
    CASE WHEN hashint8(id) & 2147483647 < {int(share * 2147483648)} THEN id END AS picked
  FROM (SELECT id, kind, occurred_at, ST_X(geom) AS lon, ST_Y(geom) AS lat
    FROM ({within.sql}) AS both_parts) AS located) AS placed
GROUP BY GROUPING SETS ((bar, kind), (x, y), (picked))"""


def estimate(session: Session, within: Within) -> float:
    """How many the planner expects; 1 or more. Nothing is read for it."""
    rows = _run(session, f"EXPLAIN (FORMAT JSON) {within.sql}")
    plan = rows[0][0] if isinstance(rows[0][0], list) else json.loads(rows[0][0])
    return max(1.0, float(plan[0]["Plan"]["Plan Rows"]))


def total_of(
    session: Session,
    within: Within,
    edges: Sequence[dt.datetime],
    size: float,
    wanted: int,
    expected: float,
) -> Total:
    """Of however many; at most `wanted` of them as a sample, and half as many at least. Reads
    everything once, and again when there are far fewer than `expected`."""
    share = min(1.0, 2 * wanted / expected)
    counts: dict[str, list[int]] = {}
    before, cells, sample = 0, [], []
    for by_kind, by_cell, bar, kind, count, lon, lat, picked in _run(
        session, total_sql(within, edges, size, share)
    ):
        if not by_kind:
            if bar == 0:
                before += count
            else:
                counts.setdefault(kind, [0] * (len(edges) - 1))[bar - 1] += count
        elif not by_cell:
            cells.append((round(lon, 5), round(lat, 5), count))
        elif picked is not None:
            sample.append(picked)
    everything = before + sum(map(sum, counts.values()))
    if len(sample) < min(wanted, everything) / 2:
        sample = _sample(session, within, min(1.0, 1.2 * wanted / everything))
    if len(sample) > wanted:
        sample = random.Random(0).sample(sorted(sample), wanted)
    return Total(counts, before, cells, sample)


def _sample(session: Session, within: Within, share: float) -> list[int]:
    rows = _run(
        session,
        f"SELECT id FROM ({within.sql}) AS both_parts"
        f" WHERE hashint8(id) & 2147483647 < {int(share * 2147483648)}",
    )
    return [row[0] for row in rows]


def newest(session: Session, within: Within, limit: int) -> list[int]:
    """Ids of what began last in the span."""
    rows = _run(
        session,
        f"SELECT r.id FROM reports r WHERE {within.where}"
        f" AND r.occurred_at >= {_time(within.start)} AND r.occurred_at < {_time(within.end)}"
        f" ORDER BY r.occurred_at DESC, r.id DESC LIMIT {int(limit)}",
    )
    return [row[0] for row in rows]


def nearest(session: Session, within: Within) -> dt.datetime | None:
    """When the report began that is nearest to a span that has none; None when there is none."""
    rows = _run(
        session,
        f"(SELECT r.occurred_at, {_time(within.start)} - r.occurred_at AS far FROM reports r"
        f" WHERE {within.where} AND r.occurred_at < {_time(within.start)}"
        " ORDER BY r.occurred_at DESC LIMIT 1)"
        f" UNION ALL (SELECT r.occurred_at, r.occurred_at - {_time(within.end)} FROM reports r"
        f" WHERE {within.where} AND r.occurred_at >= {_time(within.end)}"
        " ORDER BY r.occurred_at LIMIT 1) ORDER BY far LIMIT 1",
    )
    return rows[0][0] if rows else None
