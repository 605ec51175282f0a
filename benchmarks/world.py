"""A world for the benchmarks of the map: reports over real cities, 100,000 of them alive.

Half of them are in Spain, the rest over the world, to each city by its people, so that few cities
have most and thousands have a handful. The more recent, the denser; what is alive was posted within
the last weeks, between ten times as many that are over. Made in sets, once for all benchmarks of a
run that want the same size."""

from __future__ import annotations

import os
import time

import psycopg
import sqlalchemy as sa
from psycopg import sql

from benchmarks import common
from ugc.cli import main as cli_main
from ugc.config import libpq_url, sqlalchemy_url
from ugc.core.db import db, transaction

VERSION = "boca world 1"
ALIVE = 100_000
TRANSACTIONS = 100_000  # over so many the changes are spread
MEMBERS = 2000
COUNTRY = "ES"

MAKE_MEMBERS = """
WITH made AS (
  INSERT INTO subjects (kind, public_id) SELECT 'member', 'bench-member-' || n
  FROM generate_series(1, %(members)s) n RETURNING id, public_id
)
INSERT INTO members (id, handle, email, email_confirmed_at)
SELECT id, replace(public_id, 'bench-member', 'bench'), public_id || '@example.org', now() FROM made
"""
# One row a report, in the order of time; `place` is how far from the middle of which city.
DRAW = """
CREATE UNLOGGED TABLE drawn AS
WITH weighed AS (
  SELECT id, geom, population,
    population * CASE WHEN country = %(country)s
      THEN sum(population) FILTER (WHERE country <> %(country)s) OVER ()
         / sum(population) FILTER (WHERE country = %(country)s) OVER ()
      ELSE 1 END AS weight
  FROM cities
), counted AS (
  SELECT *, floor(weight / sum(weight) OVER () * %(rows)s * 1.01 + random()) AS count FROM weighed
), shuffled AS (
  SELECT c.id AS city_id, c.geom, c.population FROM counted c
  CROSS JOIN LATERAL generate_series(1, c.count::bigint)
  ORDER BY random() LIMIT %(rows)s
), placed AS (
  SELECT city_id, row_number() OVER () <= %(alive)s AS alive,
    random() * 2 * pi() AS angle, -ln(1 - random()) * 0.004 * (population / 1000.0) ^ 0.35 AS far,
    ST_X(geom) AS lon, ST_Y(geom) AS lat, random() AS age
  FROM shuffled
), timed AS (
  SELECT city_id, alive,
    least(179.999, greatest(-179.999, lon + far * cos(angle) / cos(radians(lat)))) AS lon,
    least(84.9, greatest(-84.9, lat + far * sin(angle))) AS lat,
    now() - CASE WHEN alive THEN least(-ln(1 - age) * 10, 60) ELSE 700 * age ^ 2 END
      * interval '1 day' AS created_at
  FROM placed
)
SELECT *, row_number() OVER (ORDER BY created_at) AS n FROM timed
"""
MAKE_SUBJECTS = """
INSERT INTO subjects (id, kind, public_id, created_at, changed_at, changed_txid)
OVERRIDING SYSTEM VALUE
SELECT n + %(after)s, 'report', lpad(to_hex(n * 40000003), 12, '0'), created_at, created_at,
  (%(txid)s + n * %(transactions)s / %(rows)s)::text::xid8
FROM drawn ORDER BY n
"""
MAKE_REPORTS = """
INSERT INTO reports (id, author_id, kind, geom, city_id, text, language, visibility, state,
  created_at, occurred_at, seen_at, expires_at, closed_at, half_life_s, believed, believed_at)
SELECT n + %(after)s, %(member)s + (n * 7919) %% %(members)s,
  (ARRAY['jam', 'roadworks', 'waste', 'lighting', 'accident', 'jam', 'hazard_road', 'jam'])
    [1 + n %% 8],
  ST_SetSRID(ST_MakePoint(lon, lat), 4326), city_id,
  'Number ' || n || ': from the roundabout on, as far as one can see, and it has been there since'
    || ' this morning.', 'en',
  CASE WHEN n %% 33 = 0 THEN CASE WHEN alive THEN 'held' ELSE 'hidden' END ELSE 'published' END,
  CASE WHEN alive THEN 'open' ELSE 'expired' END, created_at, created_at, created_at,
  CASE WHEN alive THEN now() + interval '10 days' ELSE created_at + interval '1 hour' END,
  CASE WHEN NOT alive THEN created_at + interval '1 hour' END,
  864000, 0.667, created_at
FROM drawn ORDER BY n
"""


def make(rows: int) -> str:
    """The address of a database with such a world; made once in the life of its servers."""
    name = f"bench_world_{rows}"
    base = sa.engine.make_url(sqlalchemy_url(os.environ["DATABASE_URL"]))
    with psycopg.connect(libpq_url(_address(base, "postgres")), autocommit=True) as connection:
        found = connection.execute(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s",
            (name,),
        ).fetchone()
        if found == (VERSION,):
            common.migrate(base.set(database=name))
            return _address(base, name)
        began = time.monotonic()
        url = common.database(name)
        _fill(url, rows)
        connection.execute(
            sql.SQL("COMMENT ON DATABASE {} IS {}").format(sql.Identifier(name), VERSION)
        )
    print(f"  made {rows:,} reports in {time.monotonic() - began:,.0f} s", flush=True)
    return url


def _address(base: sa.URL, database: str) -> str:
    return base.set(database=database).render_as_string(hide_password=False)


def _fill(url: str, rows: int) -> None:
    with common.application(url).app_context():
        with transaction() as session:
            cli_main.load_cities(session)
        db.engine.dispose()
    with psycopg.connect(libpq_url(sqlalchemy_url(url)), autocommit=True) as connection:
        execute = connection.execute
        execute("SET synchronous_commit = off")
        execute("SET maintenance_work_mem = '1GB'")
        execute("SET work_mem = '512MB'")
        # Checks and messages of five million rows would take minutes and change nothing.
        execute("SET session_replication_role = replica")
        values = {
            "rows": rows,
            "alive": min(ALIVE, rows),
            "country": COUNTRY,
            "members": MEMBERS,
            "transactions": TRANSACTIONS,
        }
        execute(MAKE_MEMBERS, values)
        [values["member"]] = _one(connection, "SELECT min(id) FROM members")
        [values["after"]] = _one(connection, "SELECT max(id) FROM subjects")
        [values["txid"]] = _one(connection, "SELECT pg_current_xact_id()::text::bigint")
        execute(
            "DO $$ BEGIN FOR n IN 1.." + str(TRANSACTIONS + 1) + " LOOP"
            " PERFORM pg_current_xact_id(); COMMIT; END LOOP; END $$"
        )
        execute("ANALYZE cities")
        execute("SELECT setseed(0.5)")
        execute(DRAW, values)
        indexes = connection.execute(
            "SELECT i.indexname, i.indexdef FROM pg_indexes i"
            " WHERE i.tablename IN ('reports', 'subjects') AND NOT EXISTS"
            " (SELECT FROM pg_constraint c WHERE c.conname = i.indexname)"
        ).fetchall()
        for index, _definition in indexes:
            execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(index)))
        execute(MAKE_SUBJECTS, values)
        execute(MAKE_REPORTS, values)
        execute("DROP TABLE drawn")
        execute("SELECT setval(pg_get_serial_sequence('subjects', 'id'), max(id)) FROM subjects")
        for _index, definition in indexes:
            execute(definition.encode())
        execute("VACUUM ANALYZE")


def _one(connection: psycopg.Connection[tuple[object, ...]], statement: str) -> tuple[int]:
    row = connection.execute(statement.encode()).fetchone()
    if row is None:
        raise RuntimeError(statement)
    return row  # type: ignore[return-value]
