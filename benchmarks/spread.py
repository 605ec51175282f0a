"""Spread over a million members in a heavy-tailed forest and ten million visits: the reach of a
random and of the biggest member, the hundred prescriptores of a city, a brand's spread room, each
through the product's function and beside it pgbench with what that sent, in the same rounds; the
room through HTTP too; joins a second under one hot referrer and under random ones, beside the same
rows by bare SQL; and openings of short links a second, beside the same server answering the same
redirect and doing nothing else."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import random
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import psycopg

from benchmarks import common, forest, posting
from ugc.accounts.models import KIND, Member
from ugc.config import libpq_url, sqlalchemy_url
from ugc.core import subjects
from ugc.core.db import Session, db, now, transaction
from ugc.influencers.queries import scores as influencers_scores
from ugc.referrals import queries as referrals_queries
from ugc.referrals.actions import linking as referrals_linking
from ugc.spread.queries import dashboard as spread_dashboard
from ugc.spread.rules import weeks as spread_weeks

MEMBERS = int(os.environ.get("BENCH_ROWS", "1000000"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
SECONDS = int(os.environ.get("BENCH_SECONDS", "4"))
ASKED = 40  # random members, cities or brands: the same for both sides


@dataclass(frozen=True)
class Case:
    """`ask` does it once for one of `ids`."""

    name: str
    ask: Callable[[Session, int], Any]
    ids: list[int]


def cases(world: forest.Forest) -> list[Case]:
    chance = random.Random(7)
    with psycopg.connect(libpq_url(sqlalchemy_url(world.url))) as connection:
        cities = [
            row[0]
            for row in connection.execute(
                "SELECT city_id FROM members GROUP BY 1 ORDER BY count(*) DESC LIMIT %s", (ASKED,)
            )
        ]
        brands = [row[0] for row in connection.execute("SELECT id FROM brands ORDER BY id")]
    return [
        Case(
            "reach, random member",
            referrals_queries.reach,
            [world.somebody(chance) for _ in range(ASKED)],
        ),
        Case("reach, the biggest", referrals_queries.reach, [world.biggest]),
        Case("prescriptores, 100 of a city", top, cities),
        Case("spread room, random brand", room, brands),
        Case("spread room, the biggest", room, brands[:1]),
    ]


def top(session: Session, city_id: int) -> Any:
    return influencers_scores.prescriptores(session, root_id=None, city_id=city_id, limit=100)


def room(session: Session, brand_id: int) -> Any:
    """A year of it, as the page reads it."""
    return spread_dashboard.load(
        session, brand_id, spread_weeks.last_weeks(52, spread_dashboard.today(session))
    )


def repeat(world: forest.Forest, number: int, seconds: int, answer: Connection) -> None:
    """How often a second one process does a case."""
    case = cases(world)[number]
    with common.application(world.url).app_context():
        for each in case.ids[:3]:
            case.ask(db.session(), each)
        db.session.rollback()
        count, began = 0, time.monotonic()
        while time.monotonic() - began < seconds:
            case.ask(db.session(), case.ids[count % len(case.ids)])
            db.session.rollback()
            count += 1
        answer.send(count / (time.monotonic() - began))
        db.engine.dispose()


def in_processes(work: Callable[..., None], *arguments: Any) -> float:
    """The sum of what `work(*arguments, answer)` answers in each of the processes."""
    context = multiprocessing.get_context("spawn")
    running = []
    for _ in range(common.PROCESSES):
        ours, theirs = context.Pipe()
        process = context.Process(target=work, args=(*arguments, theirs))
        process.start()
        running.append((process, ours))
    total = sum(ours.recv() for _, ours in running)
    for process, _ in running:
        process.join()
    return float(total)


def scripts(world: forest.Forest, case: Case, folder: Path) -> list[str]:
    arguments: list[str] = []
    with common.application(world.url).app_context():
        for each in case.ids:
            with common.statements(db.session()) as sent:
                case.ask(db.session(), each)
            db.session.rollback()
            arguments += common.script(folder, f"{case.name}-{each}", sent)
        db.engine.dispose()
    return arguments


# Joins ------------------------------------------------------------------------------------------


def parents(world: forest.Forest, hot: bool) -> list[tuple[int, str]]:
    """(member, code of their link to the site) of whom newcomers come by."""
    with psycopg.connect(libpq_url(sqlalchemy_url(world.url))) as connection:
        rows = connection.execute(
            "SELECT owner_id, code FROM referral_links WHERE code LIKE 'f%%' AND"
            + (" owner_id = %s" if hot else " owner_id <> %s ORDER BY md5(code) LIMIT 5000"),
            (world.biggest,),
        ).fetchall()
    return [(row[0], row[1]) for row in rows]


def join(world: forest.Forest, hot: bool, seconds: int, answer: Connection) -> None:
    """Newcomers a second: the member's row, the referral, and what counts it; without the hash of
    a password, which takes far longer than all of it and is meant to."""
    chance, known = random.Random(os.getpid()), parents(world, hot)
    with common.application(world.url).app_context():
        count, began = 0, time.monotonic()
        while time.monotonic() - began < seconds:
            with transaction() as session:
                moment = now(session)
                subject = subjects.create(session, KIND)
                name = secrets.token_hex(8)
                member = Member(
                    id=subject.id, handle=name, email=f"{name}@example.org", joined_at=moment
                )
                session.add(member)
                session.flush()
                referrals_linking.attribute(session, member, chance.choice(known)[1], moment)
            count += 1
        answer.send(count / (time.monotonic() - began))
        db.engine.dispose()


def join_barely(world: forest.Forest, hot: bool, seconds: int, answer: Connection) -> None:
    chance, known = random.Random(os.getpid()), parents(world, hot)
    with psycopg.connect(libpq_url(sqlalchemy_url(world.url))) as connection:
        count, began = 0, time.monotonic()
        while time.monotonic() - began < seconds:
            parent, code = chance.choice(known)
            name = secrets.token_hex(8)
            made = connection.execute(
                "INSERT INTO subjects (kind, public_id) VALUES ('member', %s) RETURNING id", (name,)
            ).fetchone()
            connection.execute(
                "INSERT INTO members (id, handle, email) VALUES (%s, %s, %s)",
                (made[0], name, f"{name}@example.org"),  # type: ignore[index]
            )
            connection.execute(
                "INSERT INTO referrals (member_id, parent_id, grandparent_id, great_grandparent_id,"
                " link_id) SELECT %s, %s, r.parent_id, r.grandparent_id, l.id FROM referral_links l"
                " LEFT JOIN referrals r ON r.member_id = l.owner_id WHERE l.code = %s",
                (made[0], parent, code),  # type: ignore[index]
            )
            connection.commit()
            count += 1
        answer.send(count / (time.monotonic() - began))


# Short links ------------------------------------------------------------------------------------

OPEN = """
local paths = {{ {paths} }}
local n, who = 0, {start}
function request()
  n = n + 1
  -- Each request is another person's, and most networks open a link once.
  who = (who + 7919) % 16000000
  wrk.headers["X-Forwarded-For"] = string.format("10.%d.%d.%d",
    math.floor(who / 65536), math.floor(who / 256) % 256, who % 256)
  wrk.headers["User-Agent"] = "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"
  return wrk.format("GET", paths[n % #paths + 1])
end
"""


def opened(paths: Sequence[str], port: int, folder: Path) -> tuple[float, float, float]:
    listed = ", ".join(f'"{path}"' for path in paths)
    script = OPEN.format(paths=listed, start=random.randrange(16_000_000))
    return common.wrk(script, port, folder, SECONDS)


def targets(world: forest.Forest, count: int) -> list[str]:
    """Short links, most of them the same few, as they are in life."""
    with psycopg.connect(libpq_url(sqlalchemy_url(world.url))) as connection:
        rows = connection.execute(
            "SELECT code FROM referral_links ORDER BY md5(code) LIMIT %s", (count,)
        ).fetchall()
    return [f"/r/{row[0]}" for row in rows]


def counted(world: forest.Forest) -> int:
    with psycopg.connect(libpq_url(sqlalchemy_url(world.url))) as connection:
        return int(common.one(connection, "SELECT sum(visits) FROM visit_days"))


BARE = """
from pathlib import Path
from flask import Flask, redirect
from ugc.front.application import Front
from ugc.front.static import StaticFiles
app = Flask("bare")
@app.get("/r/<code>")
def lead(code):
    response = redirect("/", 302)
    response.headers["Cache-Control"] = "private, no-store"
    return response
def build(bounds):
    return Front(app, StaticFiles(Path("build"), "/static/build", []), bounds)
"""


@contextlib.contextmanager
def bare_server(folder: Path, port: int) -> Iterator[None]:
    """The same web server with an application that only redirects."""
    (folder / "bare.py").write_text(BARE, encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, "-m", "ugc.front", "127.0.0.1", str(port), "2", "0", "bare:build"],
        cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        common.wait_for(f"http://127.0.0.1:{port}/r/x")
        yield
    finally:
        common.end(process)


def open_links(world: forest.Forest, folder: Path) -> None:
    """Each opening is another person's; afterwards every one of them has to be counted."""
    paths = targets(world, 2000)
    port, other = common.free_port(), 0
    ours: list[tuple[float, ...]] = []
    bare: list[tuple[float, ...]] = []
    with common.web_server(world.url, port, PROXY_HOPS="1"):
        other = common.free_port()
        with bare_server(folder, other):
            for number in range(ROUNDS + 1):
                before = counted(world)
                mine = opened(paths, port, folder)
                time.sleep(6)  # longer than a visit waits to be counted
                seen = counted(world) - before
                theirs = opened(paths, other, folder)
                if number:
                    ours.append((*mine, seen / (mine[0] * SECONDS)))
                    bare.append(theirs)
    columns, others = list(zip(*ours, strict=True)), list(zip(*bare, strict=True))
    common.tell("short links: a bare server", others[0], "/s")
    common.tell("short links: ours", columns[0], "/s")
    common.tell("its 99th percentile", columns[2], "ms")
    common.tell_ratio("ours to the bare server", columns[0], others[0])
    print(
        f"  of them counted afterwards: {min(columns[3]):.3f} to {max(columns[3]):.3f}", flush=True
    )


def open_rooms(world: forest.Forest, folder: Path) -> None:
    """A brand's spread room as its team sees it, through HTTP."""
    port = common.free_port()
    [cookie], _token = posting.cookies(world.url, port, 1)
    with psycopg.connect(libpq_url(sqlalchemy_url(world.url)), autocommit=True) as connection:
        connection.execute(
            "INSERT INTO grants (role, subject_id, member_id)"
            " SELECT 'owner', b.id, (SELECT max(id) FROM members) FROM brands b"
            " ON CONFLICT DO NOTHING"
        )
        brand = common.one(
            connection,
            "SELECT s.public_id FROM subjects s JOIN brands b USING (id) ORDER BY s.id LIMIT 1",
        )
    rates, tails = [], []
    with common.web_server(world.url, port):
        for number in range(ROUNDS + 1):
            request = (
                f'function request() return wrk.format("GET", "/brands/{brand}/spread?span=52w",'
                f' {{ Cookie = "{cookie}" }}) end'
            )
            rate, _median, tail = common.wrk(request, port, folder, SECONDS)
            if number:
                rates.append(rate)
                tails.append(tail)
    common.tell("spread room of the biggest brand: HTTP", rates, "/s")
    common.tell("its 99th percentile", tails, "ms")


def main() -> None:
    common.need_wrk()
    print(f"Spread: {MEMBERS:,} members, {MEMBERS * forest.VISITS_PER_MEMBER:,} visits", flush=True)
    world = forest.make(MEMBERS)
    known = cases(world)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        arguments = {case.name: scripts(world, case, folder) for case in known}
        figures: dict[str, list[tuple[float, float]]] = {}
        for number in range(ROUNDS + 1):
            for which, case in enumerate(known):
                bare = common.pgbench(arguments[case.name], world.url, SECONDS)
                mine = in_processes(repeat, world, which, SECONDS)
                if number:  # the first warms caches and connections
                    figures.setdefault(case.name, []).append((bare, mine))
            for hot in (True, False):
                bare = in_processes(join_barely, world, hot, SECONDS)
                mine = in_processes(join, world, hot, SECONDS)
                label = "joins, one hot referrer" if hot else "joins, random referrers"
                if number:
                    figures.setdefault(label, []).append((bare, mine))
        for label, rounds in figures.items():
            bare_side, ours = zip(*rounds, strict=True)
            common.tell(f"{label}: bare SQL", bare_side, "/s")
            common.tell(f"{label}: functions", ours, "/s")
            common.tell_ratio("functions to bare SQL", ours, bare_side)
        open_rooms(world, folder)
        open_links(world, folder)


if __name__ == "__main__":
    main()
