"""The town of a street that no area of administration covers: an extract of the middle of a city
cuts the shape of the city itself. Streets that are loaded get theirs with their next file."""

from alembic import op

revision = "0056"
down_revision = "0055"

# The measure of `gazetteer.nearest_city`: near ones, of which larger ones reach farther.
TOWN_NEAR = """
CREATE FUNCTION town_near(point geometry) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT name FROM (
    SELECT name, population, ST_DistanceSphere(cities.geom, point) AS metres FROM cities
    WHERE population >= 5000 ORDER BY cities.geom <-> point LIMIT 8) AS near
  WHERE metres <= 40000
  ORDER BY (metres + 500) / power(greatest(1, population)::float8, 0.25::float8) LIMIT 1 $$
"""
WHERE_IS = """
CREATE OR REPLACE FUNCTION where_is(point geometry) RETURNS TABLE (
  street text, number text, side smallint, corner text, before text, after text,
  quarter text, town text, extract_id bigint, metres float8)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  WITH load AS (
    SELECT id FROM extracts
    WHERE step = 'shown' AND schema = 'boca' AND ST_X(point) BETWEEN west AND east
      AND ST_Y(point) BETWEEN south AND north
    ORDER BY (east - west) * (north - south) LIMIT 1),
  near AS MATERIALIZED (
    SELECT r.geom, r.name, r.kind, r.street_id, ST_DistanceSphere(r.geom, point) AS metres
    FROM roads AS r, load
    WHERE r.extract_id = load.id AND r.street_id IS NOT NULL AND ST_DWithin(r.geom, point, 0.005)
    ORDER BY r.geom <-> point LIMIT 12),
  road AS (
    SELECT near.*, ST_LineLocatePoint(geom, point) AS at, greatest(ST_Length(geom), 1e-9) AS long
    FROM near
    ORDER BY metres + CASE WHEN kind IN ('path', 'steps', 'track', 'cycleway') THEN 8
      WHEN kind = 'service' THEN 4 ELSE 0 END
    LIMIT 1),
  way AS (
    SELECT road.*, ST_ClosestPoint(geom, point) AS foot,
      ST_LineInterpolatePoint(geom, greatest(0, at - 0.0001 / long)) AS tail,
      ST_LineInterpolatePoint(geom, least(1, at + 0.0001 / long)) AS head
    FROM road),
  line AS (
    SELECT way.*, (ST_X(head) - ST_X(tail)) * cos(radians(ST_Y(foot))) AS dx,
      ST_Y(head) - ST_Y(tail) AS dy
    FROM way),
  here AS (
    SELECT line.*, CASE WHEN metres < 3 THEN NULL ELSE sign(
      dy * (ST_X(point) - ST_X(foot)) * cos(radians(ST_Y(foot))) - dx * (ST_Y(point) - ST_Y(foot)))
      END::smallint AS side
    FROM line),
  house AS (
    SELECT a.number FROM here, addresses AS a
    WHERE a.street_id = here.street_id AND ST_DWithin(a.geom, point, 0.0006)
      AND ST_DistanceSphere(a.geom, point) <= 25
      AND sign(dy * (ST_X(a.geom) - ST_X(foot)) * cos(radians(ST_Y(foot)))
        - dx * (ST_Y(a.geom) - ST_Y(foot))) = side
    ORDER BY a.geom <-> point LIMIT 1),
  crossing AS MATERIALIZED (
    SELECT s.name, ST_DistanceSphere(c.geom, point) AS metres,
      dx * (ST_X(c.geom) - ST_X(foot)) * cos(radians(ST_Y(foot)))
        + dy * (ST_Y(c.geom) - ST_Y(foot)) > 0 AS is_ahead
    FROM here, corners AS c, unnest(c.street_ids) AS other JOIN streets AS s ON s.id = other
    WHERE ST_DWithin(c.geom, point, 0.006) AND here.street_id = ANY(c.street_ids)
      AND other <> here.street_id AND name_key(s.name) <> name_key(here.name)
    ORDER BY c.geom <-> point, s.rank LIMIT 40)
  SELECT here.name, (SELECT number FROM house), here.side,
    (SELECT name FROM crossing WHERE crossing.metres <= 20 ORDER BY crossing.metres LIMIT 1),
    (SELECT name FROM crossing WHERE NOT is_ahead ORDER BY crossing.metres LIMIT 1),
    (SELECT name FROM crossing WHERE is_ahead ORDER BY crossing.metres LIMIT 1),
    quarter_at(point, load.id), {town}, load.id, here.metres
  FROM load LEFT JOIN here ON true $$
"""


def _where_is(town: str) -> str:
    return WHERE_IS.replace("{town}", town)


def upgrade() -> None:
    op.execute(TOWN_NEAR)
    op.execute(
        _where_is(
            "coalesce(town_at(point, load.id),"
            " (SELECT s.town FROM streets AS s WHERE s.id = here.street_id))"
        )
    )


def downgrade() -> None:
    op.execute(_where_is("town_at(point, load.id)"))
    op.execute("DROP FUNCTION town_near(geometry)")
