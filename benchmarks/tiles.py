"""Tiles of the map at zooms 4, 8, 10 and 14 over millions of reports, 100,000 of them alive: made
each time by the web server, and from its cache, beside pgbench with the same statement."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from benchmarks import common, viewport, world
from ugc.core.db import Session, db, transaction
from ugc.geography import geo
from ugc.livemap import actions as livemap_actions
from ugc.livemap.queries import tiles as livemap_tiles
from ugc.livemap.rules import Only, Tile

ROWS = int(os.environ.get("BENCH_ROWS", "5000000").split(",")[-1])
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
ZOOMS = (4, 8, 10, 14)


def case(z: int) -> viewport.Case:
    def wanted(point: geo.Point) -> Tile:
        return Tile(z, *viewport.tile_of(point, z))

    def ask(session: Session, point: geo.Point) -> None:
        livemap_tiles.tile(session, "reports", wanted(point), Only())

    def path(point: geo.Point) -> str:
        tile = wanted(point)
        return f"/map/tiles/reports/{tile.z}/{tile.x}/{tile.y}"

    return viewport.Case(f"tile z{z}", ask, path)


def main() -> None:
    common.need_wrk()
    print(f"Tiles over {ROWS:,} reports, {min(ROWS, world.ALIVE):,} alive", flush=True)
    url = world.make(ROWS)
    with common.application(url).app_context():
        with transaction() as session:
            livemap_actions.rebuild(session)
        db.engine.dispose()
    points = viewport.places(url)
    cases = {z: case(z) for z in ZOOMS}
    figures: dict[int, list[tuple[float, ...]]] = {z: [] for z in ZOOMS}
    with_cache = common.free_port()
    with (
        tempfile.TemporaryDirectory() as name,
        common.web_server(url, with_cache, PROXY_HOPS="1"),
    ):
        without = common.free_port()
        folder = Path(name)
        # Where there is no Redis, each tile is made.
        with common.web_server(url, without, PROXY_HOPS="1", REDIS_URL=""):
            arguments = {
                z: viewport.scripts(each, url, points, folder) for z, each in cases.items()
            }
            for number in range(ROUNDS + 1):
                for z, each in cases.items():
                    paths = [each.path(point) for point in points] if each.path else []
                    bare = common.pgbench(arguments[z], url, viewport.SECONDS)
                    cold = viewport.wrk(paths, without, folder)
                    kept = viewport.wrk(paths, with_cache, folder)
                    if number:  # the first warms caches and connections
                        figures[z].append((bare, *cold, *kept))
    for z in ZOOMS:
        bare, cold, _, cold_tail, kept, _, kept_tail = zip(*figures[z], strict=True)
        common.tell(f"z{z}: pgbench, the same statement", bare, "/s")
        common.tell(f"z{z}: web server, made each time", cold, "/s")
        common.tell(f"z{z}: its 99th percentile", cold_tail, "ms")
        common.tell_ratio("made each time to pgbench", cold, bare)
        common.tell(f"z{z}: web server, from the cache", kept, "/s")
        common.tell(f"z{z}: its 99th percentile", kept_tail, "ms")
        common.tell_ratio("from the cache to pgbench", kept, bare)


if __name__ == "__main__":
    main()
