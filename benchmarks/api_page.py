"""A page of 100 features of `/api/v1/reports`, key check included, over a million reports: requests
through the web server against pgbench running the same statements (the key's and the page's)."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

import psycopg

from benchmarks import common
from ugc.brandapi import rules as brandapi_rules
from ugc.brandapi.queries import keys as brandapi_keys
from ugc.brandapi.queries import statements as brandapi_statements
from ugc.config import libpq_url, sqlalchemy_url
from ugc.geography import geo
from ugc.reports import api as reports_api

ROWS = int(os.environ.get("BENCH_ROWS", "1000000"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
SECONDS = int(os.environ.get("BENCH_SECONDS", "6"))
CONNECTIONS = 8
# 200 boxes of 0.2 by 0.2 degrees (about 22 km): the same for both sides.
BOXES, STEP, WEST, SOUTH, SIZE = 200, 0.6, -9.0, 36.0, 0.2


def fill(url: str) -> str:
    """A million reports, a brand and a key, which is returned."""
    key = brandapi_rules.new_key()
    with psycopg.connect(libpq_url(sqlalchemy_url(url)), autocommit=True) as connection:
        execute = connection.execute
        execute("SET synchronous_commit = off")
        member = execute(
            "INSERT INTO subjects (kind, public_id) VALUES ('member', 'bench-member') RETURNING id"
        ).fetchone()[0]
        execute(
            "INSERT INTO members (id, handle, email) VALUES (%s, 'bench', 'bench@example.org')",
            (member,),
        )
        brand = execute(
            "INSERT INTO subjects (kind, public_id) VALUES ('brand', 'bench-brand') RETURNING id"
        ).fetchone()[0]
        execute("INSERT INTO brands (id, name) VALUES (%s, 'Bench')", (brand,))
        execute(
            "INSERT INTO api_keys (brand_id, name, hint, key_hash, scopes, created_by_id)"
            " VALUES (%s, 'bench', 'boca_', %s, %s, %s)",
            (brand, brandapi_rules.key_hash(key), list(brandapi_rules.SCOPES), member),
        )
        execute(
            "INSERT INTO key_uses (key_id, used_at)"
            " SELECT id, app_now() + interval '1 day' FROM api_keys"
        )
        execute(
            "INSERT INTO subjects (kind, public_id)"
            " SELECT 'report', 'b' || lpad(to_hex(n), 11, '0') FROM generate_series(1, %s) n",
            (ROWS,),
        )
        execute("SELECT setseed(0.5)")
        execute(
            "INSERT INTO reports (id, author_id, kind, geom, text, language, visibility,"
            " created_at, occurred_at, expires_at)"
            " SELECT id, %s, (ARRAY['jam', 'roadworks', 'waste', 'lighting'])[1 + id %% 4],"
            " ST_SetSRID(ST_MakePoint(-9.5 + random() * 13, 35.5 + random() * 7), 4326),"
            " 'Report number ' || id || ', with the usual words of a person who saw it.', 'en',"
            " 'published', now() - random() * interval '300 days', now(),"
            " now() + interval '10 days' FROM subjects WHERE kind = 'report'",
            (member,),
        )
        execute("VACUUM ANALYZE")
    return key


def pgbench_script(key: str) -> str:
    """The API's own two statements, for pgbench."""
    values: dict[str, object] = {"limit": 100}
    bounds = geo.Bounds(WEST, SOUTH, WEST + SIZE, SOUTH + SIZE)
    page = brandapi_statements.newest_sql(
        reports_api.REPORTS,
        geojson=True,
        bounds=bounds,
        filters=[],
        after=False,
        values=values,
    )
    page = page.replace("%(site)s", "'http://127.0.0.1:8000'")
    page = re.sub(r"%\((\w+)\)s", r":\1", page)
    # pgbench takes HH24:MI:SS for variables; the planner folds this into the same constant.
    page = page.replace("HH24:MI:SS", "HH24' || ':' || 'MI' || ':' || 'SS")
    digest = brandapi_rules.key_hash(key)
    key_check = re.sub(r"%\(digest\)s", f"'{digest}'", brandapi_keys.KEY_SQL)
    return "\n".join(
        (
            f"\\set n random(0, {BOXES - 1})",
            "\\set limit 100",
            f"\\set box0_0 {WEST} + (:n % 20) * {STEP}",
            f"\\set box0_1 {SOUTH} + (:n / 20) * {STEP}",
            f"\\set box0_2 :box0_0 + {SIZE}",
            f"\\set box0_3 :box0_1 + {SIZE}",
            f"{key_check};",
            f"{page};",
            "",
        )
    )


WRK_SCRIPT = """
math.randomseed(42)
wrk.headers["Authorization"] = "Bearer {key}"
function request()
  local n = math.random(0, {last})
  local west = {west} + (n % 20) * {step}
  local south = {south} + math.floor(n / 20) * {step}
  return wrk.format("GET", string.format("/api/v1/reports?limit=100&bbox=%.3f,%.3f,%.3f,%.3f",
    west, south, west + {size}, south + {size}))
end
"""


def main() -> None:
    common.need_wrk()
    print(f"API page: 100 features of {ROWS:,} reports, key check included", flush=True)
    url = common.database("bench_api")
    key = fill(url)
    port = common.free_port()
    with (
        tempfile.TemporaryDirectory() as folder,
        common.web_server(url, port, API_LIMIT="100000000 per minute"),
    ):
        script = Path(folder) / "page.sql"
        script.write_text(pgbench_script(key), encoding="utf-8")
        pages = WRK_SCRIPT.format(
            key=key, last=BOXES - 1, west=WEST, south=SOUTH, step=STEP, size=SIZE
        )
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/api/v1/reports?bbox=-9,36,-8.8,36.2",
            headers={"Authorization": f"Bearer {key}"},
        )
        with urllib.request.urlopen(request) as answer:
            page = json.load(answer)
        assert len(page["features"]) == 100, len(page["features"])
        ours, theirs, medians, tails = [], [], [], []
        for round_number in range(ROUNDS + 1):
            rate, median, tail = common.wrk(pages, port, Path(folder), SECONDS, CONNECTIONS)
            bench = subprocess.run(
                [common.postgres_program("pgbench"), "-n", "-M", "prepared", "-c",
                 str(CONNECTIONS), "-j1", "-T", str(SECONDS), "-f", str(script),
                 libpq_url(sqlalchemy_url(url))],
                capture_output=True, text=True, check=False,
            )  # fmt: skip
            if bench.returncode:
                sys.exit(bench.stderr)
            bare = re.search(r"tps = ([\d.]+) \(without", bench.stdout)
            assert bare, bench.stdout
            if round_number == 0:
                continue  # warms caches and connections
            ours.append(rate)
            medians.append(median)
            tails.append(tail)
            theirs.append(float(bare[1]))
    common.tell("through the web server", ours, "pages/s")
    common.tell("its median time", medians, "ms")
    common.tell("its 99th percentile", tails, "ms")
    common.tell("pgbench, the same statements", theirs, "pages/s")
    common.tell_ratio("web server to pgbench", ours, theirs)


if __name__ == "__main__":
    main()
