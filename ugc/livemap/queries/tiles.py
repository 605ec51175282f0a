"""Tiles of the map and its counts, from the things themselves and from the cells folded of them,
and what is kept of tiles in Redis (docs/decisions/0009)."""

from __future__ import annotations

import datetime as dt
import gzip
import hashlib
import secrets
from dataclasses import dataclass
from typing import Any

from ugc.core import cache
from ugc.core.db import Session
from ugc.geography.geo import Bounds
from ugc.livemap.queries.changes import NOW, read_cursor
from ugc.livemap.rules import (
    CELLS_PER_TILE,
    CLUSTERED_BELOW,
    POINT_LEVEL,
    Cursor,
    Only,
    Tile,
    tiles_over,
    tiles_within,
    zoom_of,
)
from ugc.reports.rules.permissions import NEAR_BRAND_M

BELIEF = "belief_now(r.believed, r.believed_at, r.half_life_s)"
RELIABILITY = f"out_of_ten({BELIEF}, r.visibility = 'held')"
ALIVE = "is_alive(r.state, r.expires_at) AND r.visibility IN ('published', 'held')"
# A point on the line between two tiles is in one of them.
IN_BOX = (
    "{0}.geom && ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326)"
    " AND (ST_X({0}.geom) < %(east)s OR %(east)s = 180) AND ST_Y({0}.geom) > %(south)s"
)
RUN_BY = (
    "EXISTS (SELECT FROM place_brands pb JOIN places bp ON bp.id = pb.place_id"
    " WHERE pb.brand_id = %(brand)s AND pb.until IS NULL AND {})"
)
NEAR_BRAND = RUN_BY.format(
    "bp.visibility = 'published' AND ST_DWithin(bp.geom::geography, r.geom::geography, %(near)s)"
)
OF_BRAND = RUN_BY.format("bp.id = p.id")
# Pixels at zoom 0 (tiles of 512) of the radius of a coarse report: `rules.spread`.
SPREAD = "r.accuracy_m / (78271.516964 * cos(radians(ST_Y(r.geom))))"
POINTS = {
    "reports": f"""
SELECT r.id AS fid, s.public_id AS id, 'report-' || r.kind AS mark, r.visibility = 'held' AS held,
  {RELIABILITY} AS reliability, extract(epoch FROM r.occurred_at)::bigint AS at,
  CASE WHEN r.coarse THEN {SPREAD} END AS spread,
  s.changed_txid::text::bigint AS version, ST_AsMVTGeom(ST_Transform(r.geom, 3857),
    ST_TileEnvelope(%(z)s, %(x)s, %(y)s)) AS geom
FROM reports r JOIN subjects s ON s.id = r.id WHERE {{where}}""",
    "places": """
SELECT p.id AS fid, s.public_id AS id, 'place-' || p.category AS mark, false AS held, p.name,
  nullif(p.rating_count, 0) AS rated,
  s.changed_txid::text::bigint AS version, ST_AsMVTGeom(ST_Transform(p.geom, 3857),
    ST_TileEnvelope(%(z)s, %(x)s, %(y)s)) AS geom
FROM places p JOIN subjects s ON s.id = p.id WHERE {where}""",
}
# Of the cells; one thing alone is shown as itself.
COUNTED_CELLS = """
SELECT a.quad, a.n, a.lon, a.lat, a.kind, lone.id
FROM (
  SELECT quad, sum(n)::bigint AS n, (sum(lon) / sum(n) / 1e6)::float8 AS lon,
    (sum(lat) / sum(n) / 1e6)::float8 AS lat, (array_agg(kind ORDER BY n DESC, kind))[1] AS kind
  FROM (
    SELECT quad, kind, sum(n) AS n, sum(lon_sum) AS lon, sum(lat_sum) AS lat FROM map_cells
    WHERE layer = %(layer)s AND level = %(level)s AND quad >= %(first)s AND quad < %(after)s
      AND n > 0{where} GROUP BY quad, kind
  ) AS by_kind GROUP BY quad
) AS a LEFT JOIN LATERAL (
  SELECT subject_id AS id FROM map_points
  WHERE a.n = 1 AND layer = %(layer)s AND quad >= a.quad << %(shift)s
    AND quad < (a.quad + 1) << %(shift)s{where} LIMIT 1
) AS lone ON true"""
# Of the things themselves, for what the cells do not know.
COUNTED_THINGS = """
SELECT map_quad(lon, lat, %(level)s) AS quad, count(*) AS n, avg(lon) AS lon, avg(lat) AS lat,
  mode() WITHIN GROUP (ORDER BY kind) AS kind, min(id) AS id
FROM ({things}) AS things GROUP BY 1"""
THINGS = {
    "reports": "SELECT r.id, r.kind, ST_X(r.geom) AS lon, ST_Y(r.geom) AS lat FROM reports r"
    " WHERE {where}",
    "places": "SELECT p.id, p.category AS kind, ST_X(p.geom) AS lon, ST_Y(p.geom) AS lat"
    " FROM places p WHERE {where}",
}
CLUSTERED_TILE = """
WITH counted AS MATERIALIZED ({counted}),
clusters AS (
  SELECT n, %(prefix)s || kind AS mark, ST_AsMVTGeom(ST_Transform(ST_SetSRID(
    ST_MakePoint(lon, lat), 4326), 3857), ST_TileEnvelope(%(z)s, %(x)s, %(y)s)) AS geom
  FROM counted WHERE n > 1),
points AS ({points})
SELECT as_of.*, coalesce((SELECT ST_AsMVT(clusters, 'clusters') FROM clusters), '')
  || coalesce((SELECT ST_AsMVT(points, 'points', 4096, 'geom', 'fid') FROM points), '')
FROM ({as_of}) AS as_of"""
POINT_TILE = """
WITH points AS ({points})
SELECT as_of.*, coalesce((SELECT ST_AsMVT(points, 'points', 4096, 'geom', 'fid') FROM points), '')
FROM ({as_of}) AS as_of"""
FOLDED_RECENTLY = dt.timedelta(minutes=5)
FOLDED = """
SELECT system, snapshot, aggregated_at FROM map_aggregations
WHERE aggregated_at > app_now() - %(recent)s
"""


def _of_layer(layer: str, only: Only) -> str:
    """What of a layer is shown, as SQL over `reports r` or `places p`."""
    if layer == "places":
        shown = "p.visibility = 'published'"
        return shown if only.brand_id is None else f"{shown} AND {OF_BRAND}"
    shown = ALIVE
    if only.kinds:
        shown += " AND r.kind = ANY(%(kinds)s)"
    if only.hours is not None:
        shown += " AND r.occurred_at >= app_now() - %(hours)s * interval '1 hour'"
    if only.least:
        shown += f" AND {RELIABILITY} >= %(least)s"
    return shown if only.brand_id is None else f"{shown} AND {NEAR_BRAND}"


def _of_cells(layer: str, only: Only) -> str:
    """As `_of_layer`, over cells and points."""
    if layer == "places":
        return ""
    return (" AND kind = ANY(%(kinds)s)" if only.kinds else "") + (
        " AND sure" if only.least else ""
    )


def _tile_sql(layer: str, z: int, only: Only) -> str:
    alias = "r" if layer == "reports" else "p"
    box = f"{IN_BOX.format(alias)} AND {_of_layer(layer, only)}"
    if z >= CLUSTERED_BELOW:
        return POINT_TILE.format(points=POINTS[layer].format(where=box), as_of=NOW)
    if only.is_counted:
        counted = COUNTED_CELLS.format(where=_of_cells(layer, only))
    else:
        counted = COUNTED_THINGS.format(things=THINGS[layer].format(where=box))
    # Asked again whether it is shown: it may have been hidden since the last fold.
    alone = f"{alias}.id IN (SELECT id FROM counted WHERE n = 1) AND {_of_layer(layer, only)}"
    return CLUSTERED_TILE.format(
        counted=counted, points=POINTS[layer].format(where=alone), as_of=NOW
    )


def _tile_values(layer: str, tile: Tile, only: Only) -> dict[str, Any]:
    level = tile.z + CELLS_PER_TILE
    first, after = tile.quads(level)
    west, south, east, north = tile.bounds.parts[0]
    return {
        **{"z": tile.z, "x": tile.x, "y": tile.y},
        **{"west": west, "south": south, "east": east, "north": north},
        **{"layer": layer, "prefix": f"{layer[:-1]}-", "level": level},
        **{"first": first, "after": after, "shift": 2 * (POINT_LEVEL - level)},
        **_only_values(only),
    }


def _only_values(only: Only) -> dict[str, Any]:
    return {
        "kinds": list(only.kinds), "hours": only.hours, "least": only.least,
        "brand": only.brand_id, "near": NEAR_BRAND_M,
    }  # fmt: skip


def tile(session: Session, layer: str, wanted: Tile, only: Only) -> tuple[Cursor, bytes]:
    """A Mapbox vector tile (version 2.1, extent 4096) of what the public sees, and the moment
    as of which it is. Below zoom `CLUSTERED_BELOW` counts of cells are in its layer `clusters`;
    things themselves are in `points`."""
    connection = session.connection()
    cursor = None
    if wanted.z < CLUSTERED_BELOW and only.is_counted:
        # Asked first: what is folded meanwhile makes the tile newer, never older.
        folded = connection.exec_driver_sql(FOLDED, {"recent": FOLDED_RECENTLY}).first()
        cursor = read_cursor(tuple(folded)) if folded is not None else None
    sql, values = _tile_sql(layer, wanted.z, only), _tile_values(layer, wanted, only)
    row = connection.exec_driver_sql(sql, values).one()
    return cursor or read_cursor(tuple(row[:3])), bytes(row[3])


COUNT_CELLS = """
SELECT coalesce(sum(n), 0)::bigint FROM (
  SELECT sum(n) AS n, sum(lon_sum) / sum(n) / 1e6 AS lon, sum(lat_sum) / sum(n) / 1e6 AS lat
  FROM unnest(%(firsts)s::bigint[], %(afters)s::bigint[]) AS part (first, after)
  JOIN map_cells ON layer = %(layer)s AND level = %(level)s
    AND quad >= part.first AND quad < part.after AND n > 0{where}
  GROUP BY quad
) AS cells WHERE {there}"""
COUNT_THINGS = "SELECT count(*) FROM {table} WHERE ({there}) AND {where}"


def count_within(session: Session, layer: str, bounds: Bounds, zoom: int, only: Only) -> int:
    """How many things the map shows in a view at a tile zoom: what its points and clusters add
    up to there, from the same rows."""
    zoom = max(0, min(zoom, zoom_of(bounds) + 2))
    values: dict[str, Any] = {**_only_values(only), "layer": layer}
    for number, part in enumerate(bounds.parts):
        values |= dict(zip((f"{side}{number}" for side in "wsen"), part, strict=True))
    numbers = range(len(bounds.parts))
    if zoom < CLUSTERED_BELOW and only.is_counted:
        parts = [each.quads(zoom + CELLS_PER_TILE) for each in set(tiles_within(bounds, zoom))]
        values |= {"firsts": [a for a, _ in parts], "afters": [b for _, b in parts]}
        values["level"] = zoom + CELLS_PER_TILE
        there = " OR ".join(
            f"(lon BETWEEN %(w{i})s AND %(e{i})s AND lat BETWEEN %(s{i})s AND %(n{i})s)"
            for i in numbers
        )
        sql = COUNT_CELLS.format(where=_of_cells(layer, only), there=there)
    else:
        alias = "r" if layer == "reports" else "p"
        there = " OR ".join(
            f"{alias}.geom && ST_MakeEnvelope(%(w{i})s, %(s{i})s, %(e{i})s, %(n{i})s, 4326)"
            for i in numbers
        )
        table = "reports r" if layer == "reports" else "places p"
        sql = COUNT_THINGS.format(table=table, there=there, where=_of_layer(layer, only))
    return int(session.connection().exec_driver_sql(sql, values).scalar_one())


# What is kept -----------------------------------------------------------------------------------
#
# Versioned cache: each tile has a version token in Redis that every change under it rotates
# (`forget`). A cached tile names the tokens that were read before it was built, and is valid only
# under the same ones: a tile built from rows that changed meanwhile is never served. Tokens outlive
# the entries under older ones.

KEPT_S = 15  # beliefs fade and ages grow without a change
KEPT_CLUSTERED_S = 60
MARK_S = 2 * KEPT_CLUSTERED_S
ALL = "tiles"
MOST_MARKS = 5000  # beyond that, all tiles are forgotten at once
PACKED_FROM = 1000  # bytes


@dataclass(frozen=True)
class KeptTile:
    """`body` is gzip when `packed`."""

    cursor: str
    etag: str
    packed: bool
    body: bytes

    @property
    def plain(self) -> bytes:
        return gzip.decompress(self.body) if self.packed else self.body


def _mark(layer: str, z: int, quad: int) -> str:
    return f"tiles:{layer}:{z}:{quad}"


def _key(layer: str, wanted: Tile, only: Only) -> str:
    return f"tile:{layer}:{wanted.z}:{wanted.quad}:{only.key}"


def kept(layer: str, wanted: Tile, only: Only) -> tuple[bytes, KeptTile | None]:
    """(the marks as they stand, the tile that was kept under them)."""
    whole, mark, found = cache.get_many(
        [ALL, _mark(layer, wanted.z, wanted.quad), _key(layer, wanted, only)]
    )
    marks = (whole or b"-") + b" " + (mark or b"-")
    if found is None:
        return marks, None
    under, cursor, etag, packed, body = found.split(b"\n", 4)
    if under != marks:
        return marks, None
    return marks, KeptTile(cursor.decode(), etag.decode(), packed == b"gzip", body)


def make(session: Session, layer: str, wanted: Tile, only: Only, marks: bytes) -> KeptTile:
    """The tile as it is now, kept under the marks that stood before."""
    cursor, body = tile(session, layer, wanted, only)
    etag = hashlib.blake2b(body, digest_size=12).hexdigest()
    packed = len(body) >= PACKED_FROM
    made = KeptTile(str(cursor), etag, packed, gzip.compress(body, 6) if packed else body)
    head = b"\n".join(
        [marks, made.cursor.encode(), etag.encode(), b"gzip" if packed else b"plain", made.body]
    )
    seconds = KEPT_S if wanted.z >= CLUSTERED_BELOW else KEPT_CLUSTERED_S
    cache.put(_key(layer, wanted, only), head, seconds)
    return made


def forget(quads: dict[str, set[int]]) -> None:
    """Renews the marks of all tiles over these quads (of `POINT_LEVEL`, by layer)."""
    marks = [
        _mark(layer, z, quad) for layer, there in quads.items() for z, quad in tiles_over(there)
    ]
    if len(marks) > MOST_MARKS:
        forget_all()
    elif marks:
        cache.put_many(dict.fromkeys(marks, secrets.token_hex(8).encode()), MARK_S)


def forget_all() -> None:
    cache.put_many({ALL: secrets.token_hex(8).encode()}, MARK_S)
