"""The list of a viewport (city, country, world; its newest 50, or its nearest 20), and the reports
like a new one near by, over millions of reports of which 100,000 are alive. Each through the
product's own functions and, where it has a page, through HTTP; beside it pgbench with what those
functions sent, in the same rounds. Then the index that each hot query of the map uses."""

from __future__ import annotations

import math
import multiprocessing
import os
import random
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa

from benchmarks import common, world
from ugc.brandapi.queries import statements as brandapi_statements
from ugc.config import libpq_url, sqlalchemy_url
from ugc.core.access import ANONYMOUS
from ugc.core.db import Session, app_now, db
from ugc.geography import geo
from ugc.livemap.queries import changes as livemap_changes
from ugc.livemap.queries import tiles as livemap_tiles
from ugc.livemap.rules import Only, Tile
from ugc.reports import api as reports_api
from ugc.reports.models import Report
from ugc.reports.queries import reading as reports_reading
from ugc.reports.rules.kinds import KINDS

SIZES = [int(each) for each in os.environ.get("BENCH_ROWS", "1000000,5000000").split(",")]
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
SECONDS = int(os.environ.get("BENCH_SECONDS", "4"))
PLACES = 40  # views of each width: the same for both sides
# Degrees each way from the middle of a city. The busiest cities, as more people look there.
WIDTHS = {"city": 0.1, "country": 5.0, "world": 0.0}
LIST, NEAREST = 50, 20


@dataclass(frozen=True)
class Case:
    """`ask` does it once at one of the `places`; `path` is the page that does, if any."""

    name: str
    ask: Callable[[Session, geo.Point], Any]
    path: Callable[[geo.Point], str] | None = None


def bounds(point: geo.Point, width: float) -> geo.Bounds:
    if not width:
        return geo.Bounds(-180, -85, 180, 85)
    return geo.Bounds.parsed(
        f"{point.lon - width},{max(-85, point.lat - width)},"
        f"{point.lon + width},{min(85, point.lat + width)}"
    )


def newest(width: float) -> Callable[[Session, geo.Point], Any]:
    return lambda session, point: reports_reading.reports_within(
        session, ANONYMOUS, bounds(point, width), limit=LIST
    )


def nearest(session: Session, point: geo.Point) -> Any:
    return reports_reading.reports_within(
        session, ANONYMOUS, bounds(point, WIDTHS["city"]), limit=NEAREST, near=point
    )


def similar(session: Session, point: geo.Point) -> Any:
    return reports_reading.similar_near(session, ANONYMOUS, KINDS["jam"], point)


def list_path(width: float, sort: str = "") -> Callable[[geo.Point], str]:
    def path(point: geo.Point) -> str:
        box = bounds(point, width)
        return (
            f"/map/list?show=reports&bbox={box.west:.4f},{box.south:.4f},{box.east:.4f},"
            f"{box.north:.4f}{sort}"
        )

    return path


CASES = [
    *(Case(f"newest {LIST}, {name}", newest(w), list_path(w)) for name, w in WIDTHS.items()),
    Case(f"nearest {NEAREST}, city", nearest, list_path(WIDTHS["city"], "&sort=near")),
    Case("similar near by", similar),
]


def places(url: str) -> list[geo.Point]:
    """Of the hundred cities with most reports, so many by chance, a little off their middles."""
    with psycopg.connect(libpq_url(sqlalchemy_url(url))) as connection:
        rows = connection.execute(
            "SELECT ST_X(geom), ST_Y(geom) FROM cities ORDER BY population *"
            " CASE WHEN country = 'ES' THEN 30 ELSE 1 END DESC LIMIT 100"
        ).fetchall()
    chance = random.Random(7)
    chosen = [chance.choice(rows) for _ in range(PLACES)]
    return [
        geo.Point(lon + chance.uniform(-0.02, 0.02), lat + chance.uniform(-0.02, 0.02))
        for lon, lat in chosen
    ]


# What the product sends, for pgbench ------------------------------------------------------------


def scripts(case: Case, url: str, points: Sequence[geo.Point], folder: Path) -> list[str]:
    """Arguments of pgbench: a script for each place."""
    arguments = []
    with common.application(url).app_context():
        for number, point in enumerate(points):
            with common.statements(db.session()) as sent:
                case.ask(db.session(), point)
            db.session.rollback()
            arguments += common.script(folder, f"{case.name}-{number}", sent)
        db.engine.dispose()
    return arguments


# The product ------------------------------------------------------------------------------------


def ask_for(url: str, name: str, points: list[geo.Point], seconds: int, answer: Connection) -> None:
    """How often a second one process does it."""
    [case] = [each for each in CASES if each.name == name]
    with common.application(url).app_context():
        for point in points[:3]:
            case.ask(db.session(), point)
        count, began = 0, time.monotonic()
        while time.monotonic() - began < seconds:
            case.ask(db.session(), points[count % len(points)])
            db.session.rollback()
            count += 1
        answer.send(count / (time.monotonic() - began))
        db.engine.dispose()


def functions(url: str, case: Case, points: list[geo.Point]) -> float:
    context = multiprocessing.get_context("spawn")
    running = []
    for _ in range(common.PROCESSES):
        ours, theirs = context.Pipe()
        process = context.Process(target=ask_for, args=(url, case.name, points, SECONDS, theirs))
        process.start()
        running.append((process, ours))
    total = sum(ours.recv() for _, ours in running)
    for process, _ in running:
        process.join()
    return float(total)


WRK_SCRIPT = """
local paths = {{ {paths} }}
local n, who = 0, 0
function request()
  n = n + 1
  -- One visitor may ask only so often: each request is another's.
  who = (who + 1) % 16000000
  wrk.headers["X-Forwarded-For"] = string.format("10.%d.%d.%d",
    math.floor(who / 65536), math.floor(who / 256) % 256, who % 256)
  return wrk.format("GET", paths[n % #paths + 1])
end
"""


def wrk(
    paths: Sequence[str], port: int, folder: Path, seconds: int = SECONDS
) -> tuple[float, float, float]:
    """As `common.wrk`, of these paths in turns."""
    listed = ", ".join(f'"{path}"' for path in paths)
    return common.wrk(WRK_SCRIPT.format(paths=listed), port, folder, seconds)


# Plans ------------------------------------------------------------------------------------------


def scans(node: dict[str, Any]) -> Iterator[str]:
    """Which indexes a plan reads, and which tables without one."""
    if "Index Name" in node:
        yield node["Index Name"]
    elif node["Node Type"] == "Seq Scan":
        yield f"{node['Relation Name']}: sequential"
    for child in node.get("Plans", ()):
        yield from scans(child)


def plans(url: str, point: geo.Point) -> None:
    """A line for each hot query: how long it took once, and what it read."""
    middle = {z: Tile(z, *tile_of(point, z)) for z in (4, 8, 10, 14)}
    everything = Only()

    def changes(session: Session, _point: geo.Point) -> None:
        livemap_changes.changes_since(session, livemap_changes.cursor_now(session))

    def expiring(session: Session, _point: geo.Point) -> None:
        session.scalars(
            sa.select(Report.id)
            .where(Report.state == "open", Report.expires_at <= app_now())
            .order_by(Report.expires_at)
            .limit(1000)
        ).all()

    def api_page(session: Session, _point: geo.Point) -> None:
        values: dict[str, Any] = {"limit": 100, "site": ""}
        statement = brandapi_statements.newest_sql(
            reports_api.REPORTS, geojson=True, bounds=bounds(point, 0.1), filters=[],
            after=False,
            values=values,
        )  # fmt: skip
        session.connection().exec_driver_sql(statement, values)

    asked = [
        *CASES,
        *(
            Case(
                f"tile z{z}", lambda s, _p, t=each: livemap_tiles.tile(s, "reports", t, everything)
            )
            for z, each in middle.items()
        ),
        Case("change feed", changes),
        Case("expiring", expiring),
        Case("a page of the API, city", api_page),
    ]
    print("  what the queries read (and how long one took):")
    with common.application(url).app_context():
        for case in asked:
            with common.statements(db.session()) as sent:
                case.ask(db.session(), point)
            took, read = 0.0, list[str]()
            for each in sent:
                explain = f"EXPLAIN (ANALYZE, FORMAT JSON) {each}"
                [plan] = (
                    db.session.connection().exec_driver_sql(explain.replace("%", "%%")).scalar_one()
                )
                took += plan["Execution Time"] + plan["Planning Time"]
                read += scans(plan["Plan"])
            db.session.rollback()
            listed = ", ".join(dict.fromkeys(read))
            print(f"    {case.name:<26} {took:>8,.1f} ms   {listed}", flush=True)
        db.engine.dispose()


def tile_of(point: geo.Point, z: int) -> tuple[int, int]:
    y = math.asinh(math.tan(math.radians(point.lat)))
    return int((point.lon + 180) / 360 * 2**z), int((1 - y / math.pi) / 2 * 2**z)


def main() -> None:
    common.need_wrk()
    for rows in SIZES:
        print(f"Viewports over {rows:,} reports, {min(rows, world.ALIVE):,} alive", flush=True)
        url = world.make(rows)
        points = places(url)
        port = common.free_port()
        figures: dict[str, list[tuple[float, ...]]] = {case.name: [] for case in CASES}
        with (
            tempfile.TemporaryDirectory() as name,
            common.web_server(url, port, PROXY_HOPS="1"),
        ):
            folder = Path(name)
            arguments = {case.name: scripts(case, url, points, folder) for case in CASES}
            for number in range(ROUNDS + 1):
                for case in CASES:
                    bare = common.pgbench(arguments[case.name], url, SECONDS)
                    mine = functions(url, case, points)
                    page = wrk([case.path(p) for p in points], port, folder) if case.path else (0,)
                    if number:  # the first warms caches and connections
                        figures[case.name].append((bare, mine, *page))
        for case in CASES:
            columns = list(zip(*figures[case.name], strict=True))
            common.tell(f"{case.name}: pgbench", columns[0], "/s")
            common.tell(f"{case.name}: functions", columns[1], "/s")
            common.tell_ratio("functions to pgbench", columns[1], columns[0])
            if case.path:
                common.tell(f"{case.name}: through HTTP", columns[2], "/s")
                common.tell(f"{case.name}: its 99th percentile", columns[4], "ms")
                common.tell_ratio("HTTP to pgbench", columns[2], columns[0])
        plans(url, points[0])


if __name__ == "__main__":
    main()
