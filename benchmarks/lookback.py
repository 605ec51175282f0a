"""Looking back over five million reports: the JSON of a day, a month and a year of a city, a
country and the world, through the web server, cold (nothing kept) and from the cache; beside it the
bare SQL of the same answers under pgbench."""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import subprocess
import tempfile
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import psycopg
import redis

from benchmarks import common
from ugc.cli.main import load_cities
from ugc.config import libpq_url, sqlalchemy_url
from ugc.core.db import transaction
from ugc.geography import geo
from ugc.lookback import pages as lookback_pages
from ugc.lookback import queries as lookback_queries
from ugc.lookback import rules as lookback_rules

ROWS = int(os.environ.get("BENCH_ROWS", "5000000"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
UTC = ZoneInfo("UTC")
CITY, COUNTRY, WORLD = "-3.9,40.3,-3.5,40.6", "-10,35,5,44", "-180,-85,180,85"
ZOOMS = {CITY: 11, COUNTRY: 6, WORLD: 2}
# Reports lie round cities by their population, those of Spain sixty times as often: a community at
# home somewhere. (kind, up to this share of all, mean life in minutes.)
KINDS = (
    "('jam', 0.35, 60), ('accident', 0.45, 80), ('hazard_road', 0.6, 45),"
    " ('roadworks', 0.7, 20000), ('waste', 0.85, 4000), ('lighting', 0.92, 14000),"
    " ('weather', 1.0, 240)"
)
DRAWN = f"""
CREATE UNLOGGED TABLE drawn AS
SELECT lon, lat, city_id, code, began, random() AS luck,
  began - ln(1 - random()) * life * interval '1 minute' AS ends
FROM (SELECT *, day + ((random() + random()) / 2) * interval '1 day' AS began FROM (
  SELECT c.id AS city_id, random() AS pick,
    ST_X(c.geom) + 0.03 * sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random()) AS lon,
    ST_Y(c.geom) + 0.02 * sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random()) AS lat,
    date_trunc('day', now()) - floor(1 + random() * 365) * interval '1 day' AS day
  FROM (SELECT id, geom, weight / sum(weight) OVER () AS share FROM (
      SELECT id, geom, population * CASE country WHEN 'ES' THEN 60 ELSE 1 END AS weight
      FROM cities) AS weighed) AS c,
    generate_series(1, round(c.share * {ROWS})::int)) AS placed) AS timed,
  LATERAL (SELECT code, life FROM (VALUES {KINDS}) AS kinds (code, upto, life)
    WHERE upto >= pick ORDER BY upto LIMIT 1) AS kind
ORDER BY began
"""
# In the order of time, as they come; one in twenty is not public or was merged.
REPORTS = """
INSERT INTO reports (id, kind, geom, city_id, text, language, state, visibility, created_at,
  occurred_at, seen_at, believed_at, expires_at, closed_at)
SELECT first + row_number() OVER (ORDER BY began) - 1, code,
  ST_SetSRID(ST_MakePoint(lon, least(89, greatest(-89, lat))), 4326), city_id,
  'A report with the usual words of a person who saw it, and how it went on.', 'en',
  CASE WHEN luck < 0.01 THEN 'merged' WHEN ends < now() THEN 'expired' ELSE 'open' END,
  CASE WHEN luck > 0.97 THEN 'hidden' WHEN luck > 0.96 THEN 'withdrawn' ELSE 'published' END,
  began, began, began, began, ends, CASE WHEN ends < now() THEN ends END
FROM drawn, (SELECT min(id) AS first FROM subjects WHERE kind = 'report') AS s
"""


@dataclass(frozen=True)
class Case:
    name: str
    bbox: str
    days: int

    @property
    def span(self) -> lookback_rules.Span:
        last = lookback_rules.midnight(dt.datetime.now(dt.UTC).date() - lookback_rules.DAY, UTC)
        return lookback_rules.Span("part", last - self.days * lookback_rules.DAY, last, UTC)

    @property
    def query(self) -> str:
        times = {
            "from": f"{self.span.start:%Y-%m-%dT%H:%MZ}",
            "to": f"{self.span.end:%Y-%m-%dT%H:%MZ}",
        }
        return urlencode({"bbox": self.bbox, "zoom": ZOOMS[self.bbox], "zone": "UTC", **times})

    @property
    def statements(self) -> list[str]:
        """What the answer asks of the database, the time and the sample's rows aside."""
        bounds, edges = geo.Bounds.parsed(self.bbox), lookback_rules.edges(self.span)
        size = lookback_rules.cell_degrees(bounds, ZOOMS[self.bbox])
        within = lookback_queries.Within(bounds, self.span.start, self.span.end)
        wide = lookback_queries.Within(
            lookback_rules.rounded(bounds, size), self.span.start, self.span.end
        )
        points = lookback_queries.points_sql(within, lookback_pages.MOST_POINTS + 1)
        return [
            points,
            lookback_queries.total_sql(wide, edges, size, 2 * lookback_pages.SAMPLE / ROWS),
        ]


CASES = (
    Case("a city's day", CITY, 1), Case("a city's month", CITY, 30),
    Case("a city's year", CITY, 360),
    Case("a country's day", COUNTRY, 1), Case("a country's month", COUNTRY, 30),
    Case("the world's day", WORLD, 1), Case("the world's month", WORLD, 30),
    Case("the world's year", WORLD, 360),
)  # fmt: skip


def fill(url: str) -> int:
    """The cities, and ROWS reports or so: returns how many."""
    app = common.application(url)
    with app.app_context(), transaction() as session:
        load_cities(session)
    with psycopg.connect(libpq_url(sqlalchemy_url(url)), autocommit=True) as connection:
        execute = connection.execute
        for setting in (
            "synchronous_commit = off", "session_replication_role = replica",
            "maintenance_work_mem = '512MB'", "work_mem = '256MB'",
        ):  # fmt: skip
            execute(f"SET {setting}")
        execute("SELECT setseed(0.5)")
        execute(DRAWN)
        count = int(execute("SELECT count(*) FROM drawn").fetchone()[0])
        execute(
            "INSERT INTO subjects (kind, public_id)"
            " SELECT 'report', 'b' || lpad(to_hex(n), 11, '0') FROM generate_series(1, %s) AS n",
            (count,),
        )
        indexes = execute(
            "SELECT indexname, indexdef FROM pg_indexes"
            " WHERE tablename = 'reports' AND indexname LIKE 'ix%'"
        ).fetchall()
        for name, _ in indexes:
            execute(f"DROP INDEX {name}")
        execute(REPORTS)
        for _, definition in indexes:
            execute(definition)
        execute("DROP TABLE drawn")
        for table in ("reports", "subjects"):
            execute(f"VACUUM ANALYZE {table}")
        sizes = execute(
            "SELECT pg_size_pretty(pg_relation_size('reports')),"
            " pg_size_pretty(pg_relation_size('ix_reports_occurred_at')),"
            " pg_size_pretty(pg_relation_size('ix_reports_lifetime'))"
        ).fetchone()
    print("  reports {}, ix_reports_occurred_at {}, ix_reports_lifetime {}".format(*sizes))
    return count


def ask(port: int, query: str) -> tuple[float, dict[str, object]]:
    """(milliseconds, the answer)."""
    began = time.perf_counter()
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/map/history/data?{query}") as answer:
        body = answer.read()
    return (time.perf_counter() - began) * 1000, json.loads(body)


def pgbench(url: str, script: Path) -> float:
    """Milliseconds of one run."""
    found = subprocess.run(
        [common.postgres_program("pgbench"), "-n", "-c1", "-j1", "-t1", "-f", str(script),
         libpq_url(sqlalchemy_url(url))],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    latency = re.search(r"latency average = ([\d.]+) ms", found.stdout)
    assert latency, found.stdout
    return float(latency[1])


def measure(url: str, port: int, case: Case, store: redis.Redis, folder: Path) -> None:
    points, sums = case.statements
    _, answer = ask(port, case.query)
    many = answer["cells"] is not None
    script = folder / "case.sql"
    script.write_text(f"{sums if many else points};\n", encoding="utf-8")
    cold, kept, bare = [], [], []
    for _ in range(ROUNDS):
        store.flushdb()
        cold.append(ask(port, case.query)[0])
        kept.append(ask(port, case.query)[0])
        bare.append(pgbench(url, script))
    print(
        f"  {case.name}: {answer['total']:,} reports" + (", as sums and a sample" if many else "")
    )
    common.tell("  through the web server, nothing kept", cold, "ms")
    if many:
        common.tell("  from the cache, the sample looked up", kept, "ms")
    common.tell("  pgbench, the same statements", bare, "ms")
    common.tell_ratio("web server to pgbench", cold, bare)


def main() -> None:
    print(f"Looking back: {ROWS:,} reports of a year round the world's cities", flush=True)
    url = common.database("bench_lookback")
    fill(url)
    port = common.free_port()
    store = redis.Redis.from_url(os.environ["REDIS_URL"])
    with tempfile.TemporaryDirectory() as folder, common.web_server(url, port):
        for case in CASES:
            measure(url, port, case, store, Path(folder))


if __name__ == "__main__":
    main()
