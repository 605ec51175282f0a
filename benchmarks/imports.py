"""`ugc import reports` of a generated file of the generic GeoJSON layout, against COPY of the same
rows into the same two tables: what checking, mapping, cities and the change feed cost."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psycopg

from benchmarks import common
from ugc.config import ROOT, libpq_url, sqlalchemy_url

ROWS = int(os.environ.get("BENCH_IMPORT_ROWS", "20000"))
ROUNDS = int(os.environ.get("BENCH_IMPORT_ROUNDS", "3"))


def write_file(path: Path, first: int) -> None:
    chance = random.Random(first)
    features = [
        {
            "type": "Feature",
            "geometry": {
                "type": "Point",
                "coordinates": [
                    round(chance.uniform(-9, 3), 6),
                    round(chance.uniform(36, 43), 6),
                ],
            },
            "properties": {
                "id": f"row-{first + number}",
                "kind": chance.choice(["waste", "lighting", "roadworks"]),
                "text": f"The lamp number {number} has been out since Monday.",
                "occurred_at": "2026-03-01T10:00:00Z",
                "state": "closed",
                "language": "en",
            },
        }
        for number in range(ROWS)
    ]
    path.write_text(
        json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8"
    )


def main() -> None:
    print(f"Importing: {ROWS:,} reports in each of {ROUNDS} rounds", flush=True)
    url = common.database("bench_imports")
    address = libpq_url(sqlalchemy_url(url))
    env = {**os.environ, **common.settings(url), "PYTHONPATH": str(ROOT)}
    ours, theirs = [], []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(ROUNDS):
            path = Path(folder) / f"{number}.geojson"
            write_file(path, number * ROWS)
            began = time.perf_counter()
            subprocess.run(
                [sys.executable, "-c", "from ugc.cli.main import main; main()", "import", "reports",
                 str(path), "--mapping", "geojson"],
                env=env, cwd=ROOT, check=True, stdout=subprocess.DEVNULL,
            )  # fmt: skip
            ours.append(ROWS / (time.perf_counter() - began))
            with psycopg.connect(address) as connection:
                began = time.perf_counter()
                first = connection.execute("SELECT max(id) + 1 FROM subjects").fetchone()[0]
                with connection.cursor().copy(
                    "COPY subjects (id, kind, public_id) FROM STDIN"
                ) as copy:
                    for each in range(ROWS):
                        copy.write_row((first + each, "copied", f"copy-{number}-{each}"))
                with connection.cursor().copy(
                    "COPY reports (id, kind, geom, text, expires_at) FROM STDIN"
                ) as copy:
                    for each in range(ROWS):
                        point = f"SRID=4326;POINT({-9 + each % 1200 / 100} {36 + each % 700 / 100})"
                        copy.write_row(
                            (first + each, "waste", point, "The lamp is out.", "2026-04-01")
                        )
                connection.execute("SELECT setval('subjects_id_seq', %s)", (first + ROWS,))
                connection.commit()
                theirs.append(ROWS / (time.perf_counter() - began))
    with psycopg.connect(address) as connection:
        query = "SELECT count(*) FROM reports WHERE external_id IS NOT NULL"
        stored = connection.execute(query).fetchone()[0]
    common.tell("ugc import, whole process", ours, "rows/s")
    common.tell("COPY into the same tables", theirs, "rows/s")
    common.tell_ratio("import to COPY", ours, theirs)
    print(f"  rows afterwards: {stored} of {ROWS * ROUNDS}")
    if stored != ROWS * ROUNDS:
        raise SystemExit("✗ rows are missing")


if __name__ == "__main__":
    main()
