"""The search: the table of 60 over real extracts, and what a visitor's search costs over 58,000
names of streets: `BENCH=search`. BOCA_EXTRACTS names the folders of the extracts."""

from __future__ import annotations

import random
import statistics
import time

import sqlalchemy as sa

from benchmarks import common, search_table, search_world
from ugc.core.db import Session, db, transaction

NAMES = 58_000
ROUNDS = 4
SYLLABLES = (
    "al", "bar", "cor", "dal", "en", "fer", "gui", "ho", "ir", "ju", "lla", "mar", "nor", "ol",
    "per", "qui", "ros", "san", "ter", "ur", "val", "xi", "ye", "zar", "ma", "de", "ri", "to",
)  # fmt: skip
KINDS = ("Carrer", "Calle", "Avinguda", "Avenida", "Plaça", "Camí")
BOX = (1.41, 42.43, 1.79, 42.66)  # of Andorra, in which the streets lie


def add_streets(session: Session) -> None:
    """Made-up streets, so that there are `NAMES` in all, in an extract that is shown."""
    chance = random.Random(7)
    there = session.scalar(sa.text("SELECT count(*) FROM street_names")) or 0
    west, south, east, north = BOX
    rows = [
        (
            f"{chance.choice(KINDS)} {_word(chance)} {_word(chance)}",
            chance.uniform(west, east), chance.uniform(south, north),
        )
        for _ in range(max(0, NAMES - there))
    ]  # fmt: skip
    given = {
        "names": [row[0] for row in rows],
        "lons": [row[1] for row in rows],
        "lats": [row[2] for row in rows],
    }
    session.execute(
        sa.text(
            """
            WITH load AS (
              INSERT INTO extracts (code, file_name, sha256, step, west, south, east, north)
              VALUES ('made-up', 'none', 'none', 'shown', 1.41, 42.43, 1.79, 42.66) RETURNING id),
            made AS (
              INSERT INTO streets (extract_id, name, metres, rank, centre, geom)
              SELECT load.id, name, 300, 8, ST_SetSRID(ST_MakePoint(lon, lat), 4326),
                ST_Multi(ST_SetSRID(ST_MakeLine(
                  ST_MakePoint(lon, lat), ST_MakePoint(lon + 0.002, lat)), 4326))
              FROM load, unnest(CAST(:names AS text[]), CAST(:lons AS float8[]),
                CAST(:lats AS float8[])) AS row (name, lon, lat)
              RETURNING id, extract_id, name)
            INSERT INTO street_names (extract_id, street_id, key, core)
            SELECT extract_id, id, name_key(name), street_core(name) FROM made
            """
        ),
        given,
    )


def _word(chance: random.Random) -> str:
    return "".join(chance.choice(SYLLABLES) for _ in range(chance.randint(2, 4))).capitalize()


def asked(session: Session) -> list[str]:
    """What visitors type: the table, and names of streets whole, mistyped, with a number, begun."""
    chance = random.Random(11)
    names = session.scalars(
        sa.text("SELECT name FROM streets WHERE length(name) > 9 ORDER BY md5(name) LIMIT 120")
    ).all()
    ways = (
        lambda name: name,
        lambda name: search_table.mistyped(name, chance),
        lambda name: f"{name} {chance.randint(1, 90)}",
        lambda name: name.split(" ", 1)[-1][:5],
    )
    typed = [ways[at % len(ways)](name) for at, name in enumerate(names)]
    return [case.asked for case in search_table.cases()] + typed


def main() -> None:
    files = search_world.found_extracts()
    url = common.database("bench_search")
    app = common.application(url)
    with app.app_context():
        search_world.build(files)
    judged = [case for case in search_table.cases() if case.city in files]
    with app.test_request_context("/"):
        session = db.session()
        now = [search_table.place_of(case, session) for case in judged]
        before = [search_table.place_before(case, session) for case in judged]
        for case, at in zip(judged, now, strict=True):
            if not _is_first(at):
                print(f"  not among the first three: {case.asked!r} ({case.city})")
        print(
            f"table: {sum(map(_is_first, now))} of {len(judged)} among the first three"
            f" (before: {sum(map(_is_first, before))})"
        )
    with app.app_context(), transaction() as session:
        session.execute(sa.text("SET LOCAL statement_timeout = 0"))
        add_streets(session)
    with app.app_context(), db.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(sa.text("ANALYZE"))
    with app.app_context():
        names = db.session.scalar(sa.text("SELECT count(*) FROM street_names"))
        texts = asked(db.session())
        db.session.rollback()
    app.config["READERS_PER_ADDRESS"] = 100_000
    browser = app.test_client()
    took = []
    for turn in range(ROUNDS + 1):
        for text in texts:
            start = time.perf_counter()
            answer = browser.get(
                "/geo/search", query_string={"q": text, "all": "1", "at": "42.51, 1.53"}
            )
            if answer.status_code != 200:
                raise RuntimeError(f"{answer.status} for {text!r}")
            if turn:  # the first plans and compiles
                took.append((time.perf_counter() - start) * 1000)
    cuts = statistics.quantiles(took, n=100)
    print(
        f"search over {names:,} names of streets, {len(took)} requests of a visitor:"
        f" p50 {statistics.median(took):.1f} ms, p95 {cuts[94]:.1f} ms, max {max(took):.1f} ms"
    )


def _is_first(at: int | None) -> bool:
    return at is not None and at <= search_table.FIRST


if __name__ == "__main__":
    main()
