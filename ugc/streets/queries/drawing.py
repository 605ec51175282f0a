"""Statements that make tiles of a load. `{raw}` and `{drawing}` are its staged tables."""

from __future__ import annotations

from ugc import languages

# A boundary that runs along the coast looks like a mistake: so far from it none is drawn (degrees).
COAST_DEGREES = 0.0002

PREPARE = (
    """INSERT INTO {raw} SELECT 'label', CASE WHEN layer = 'green' THEN 14 ELSE 12 END,
      properties, ST_PointOnSurface(geom) FROM {raw}
      WHERE layer IN ('green', 'water', 'paved', 'use') AND properties ? 'name'
        AND ST_Dimension(geom) = 2""",
    """INSERT INTO {raw} SELECT 'address', 14, jsonb_build_object('number', number), geom
      FROM addresses WHERE extract_id = :id""",
    f"""INSERT INTO {{raw}}
      SELECT 'boundary', CASE WHEN level <= 6 THEN 8 ELSE 10 END,
        jsonb_build_object('level', level), line
      FROM (SELECT level, (ST_Dump(ST_LineMerge(line))).geom AS line FROM (
          SELECT level, ST_Difference(ST_Union(ST_Boundary(geom)), (
              SELECT coalesce(ST_Union(ST_Buffer(geom, {COAST_DEGREES})),
                'SRID=4326;POINT EMPTY'::geometry)
              FROM {{raw}} WHERE layer = 'coast')) AS line
          FROM localities WHERE extract_id = :id AND kind = 'admin' AND level <= 8
          GROUP BY level) AS levels) AS lines
      WHERE ST_Dimension(line) = 1""",
    "DROP TABLE IF EXISTS {drawing}",
    # Ways reach out of the box: what lies outside is another map's.
    """CREATE UNLOGGED TABLE {drawing} AS
      SELECT layer, zoom, properties, shape AS geom, ST_Area(shape) AS area
      FROM {raw}, LATERAL (SELECT ST_Transform(ST_ClipByBox2D(
          CASE WHEN ST_IsValid(geom) THEN geom ELSE ST_MakeValid(geom) END,
          ST_MakeEnvelope(:west, :south, :east, :north, 4326)), 3857) AS shape) AS made
      WHERE layer <> 'coast' AND NOT ST_IsEmpty(shape)""",
    "CREATE INDEX ON {drawing} USING gist (geom)",
    "ANALYZE {drawing}",
)
INSERT_FACE = """INSERT INTO {raw} VALUES ('ground', 0,
  jsonb_build_object('kind', CAST(:kind AS text)), ST_GeomFromWKB(:shape, 4326))"""
COAST = "SELECT ST_AsBinary(geom) FROM {raw} WHERE layer = 'coast'"

# One tile, all layers. Far out, roads lose what only near ones say, and equal ones become one:
# longer lines for labels, fewer features. Shapes are clipped before they are simplified: large
# forests have most of their points elsewhere.
TILE = """
WITH tile AS (
  SELECT ST_TileEnvelope(%(z)s, %(x)s, %(y)s) AS inner_box,
    ST_TileEnvelope(%(z)s, %(x)s, %(y)s, margin => 0.03) AS outer_box),
found AS (
  SELECT layer, geom, area,
    CASE WHEN layer <> 'road' OR %(z)s = 14 THEN properties
      WHEN %(z)s < 12 OR (%(z)s < 13 AND zoom > 11)
        THEN properties - CAST(%(near)s AS text[])
      ELSE properties - 'oneway' END AS properties
  FROM {drawing}, tile
  WHERE geom && outer_box AND zoom <= %(z)s
    AND (area = 0 OR area >= %(least)s OR (%(z)s = 14 AND layer <> 'cover'))),
merged AS (
  SELECT layer, properties, geom, area FROM found
  WHERE layer NOT IN ('road', 'rail', 'waterway', 'boundary')
  UNION ALL
  SELECT layer, properties, ST_LineMerge(ST_Collect(geom), properties ? 'oneway'), 0 FROM found
  WHERE layer IN ('road', 'rail', 'waterway', 'boundary') GROUP BY layer, properties),
shaped AS MATERIALIZED (
  SELECT layer, properties, area, ST_AsMVTGeom(
    CASE WHEN ST_Dimension(geom) = 0 THEN geom
      WHEN %(z)s = 14 THEN ST_ClipByBox2D(geom, outer_box)
      ELSE ST_Simplify(ST_ClipByBox2D(geom, outer_box), %(fine)s, true) END,
    inner_box, 4096, 96) AS geom
  FROM merged, tile)
SELECT string_agg((
    SELECT ST_AsMVT(each, named.layer, 4096, 'geom') FROM (
      SELECT geom, properties FROM shaped
      WHERE shaped.layer = named.layer AND geom IS NOT NULL ORDER BY area DESC) AS each),
  ''::bytea)
FROM (SELECT DISTINCT layer FROM shaped WHERE geom IS NOT NULL) AS named
"""
# What a road says only near.
NAMES = ["name", *(f"name_{code}" for code in languages.CODES)]
NEAR = ["bridge", "tunnel", "layer", "oneway", *NAMES]
