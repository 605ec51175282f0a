"""Statements that make streets, their towns and their corners of the roads of a load.

All take `:id`, the load's. Degrees are converted to metres by the sphere."""

from __future__ import annotations

# Roads of one name belong together when they are not farther apart than this (degrees, about
# 150 m): a large town has one name in many of its villages.
NEAR_DEGREES = 0.0018

MAKE_STREETS = (
    "DROP TABLE IF EXISTS made_streets",
    f"""CREATE TEMPORARY TABLE made_streets ON COMMIT DROP AS
      SELECT dense_rank() OVER (ORDER BY name_key(name), part) AS number, id AS road_id
      FROM (SELECT id, name,
          ST_ClusterDBSCAN(geom, {NEAR_DEGREES}, 1) OVER (PARTITION BY name_key(name)) AS part
        FROM roads WHERE extract_id = :id AND name IS NOT NULL) AS clustered""",
    "CREATE INDEX ON made_streets (road_id)",
    "ANALYZE made_streets",
    # Ids of the sequence, in one block: numbers of this load plus where the sequence stands.
    """WITH made AS (
      SELECT number, min(name) AS name, ST_Multi(ST_LineMerge(ST_Collect(geom))) AS geom,
        sum(ST_Length(geom::geography)) AS metres,
        min(array_position(CAST(:kinds AS text[]), kind)) AS rank
      FROM made_streets JOIN roads ON roads.id = road_id GROUP BY number),
    inserted AS (
      INSERT INTO streets (extract_id, name, metres, rank, centre, geom)
      SELECT :id, name, metres, coalesce(rank, 99), ST_ClosestPoint(geom, ST_Centroid(geom)), geom
      FROM made ORDER BY number
      RETURNING id)
    SELECT min(id) AS first, count(*) AS streets FROM inserted""",
    """UPDATE roads SET street_id = :first - 1 + number
      FROM made_streets WHERE roads.id = road_id""",
    """INSERT INTO street_names (extract_id, street_id, key, core)
      SELECT DISTINCT :id, street_id, name_key(said), street_core(said)
      FROM roads, unnest(names) AS said
      WHERE extract_id = :id AND street_id IS NOT NULL AND name_key(said) <> ''""",
    "ANALYZE roads, streets, street_names, localities, addresses, extract_places",
)
PLACE_STREETS = """UPDATE streets SET quarter = quarter_at(centre, :id),
    town = coalesce(town_at(centre, :id), town_near(centre))
  WHERE extract_id = :id"""
PLACE_ADDRESSES = """UPDATE addresses SET street_id = found.street_id
  FROM (SELECT a.id, near.street_id FROM addresses AS a, LATERAL (
      SELECT n.street_id FROM street_names AS n JOIN streets AS s ON s.id = n.street_id
      WHERE n.key = name_key(a.street) AND n.extract_id = :id AND ST_DWithin(s.geom, a.geom, 0.01)
      ORDER BY s.geom <-> a.geom LIMIT 1) AS near
    WHERE a.extract_id = :id) AS found
  WHERE addresses.id = found.id"""
MAKE_CORNERS = """INSERT INTO corners (extract_id, street_ids, geom)
  SELECT :id, array_agg(DISTINCT street_id), (array_agg(n.geom))[1]
  FROM {nodes} AS n JOIN roads ON roads.way = n.way AND roads.extract_id = :id
  WHERE street_id IS NOT NULL
  GROUP BY node HAVING count(DISTINCT street_id) > 1"""
