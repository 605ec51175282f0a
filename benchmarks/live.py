"""The live map with 1,000 open streams that all look at the same city while reports are posted
there: from just before the commit to the receipt in each stream. Beside it a bare asyncio server
that gets the ready event in the message of the same commit and writes it to as many sockets.

Each receipt is counted: every stream must get every report once. Poster, server and reader are
processes of their own, on the same cores."""

from __future__ import annotations

import asyncio
import contextlib
import json
import multiprocessing
import os
import re
import resource
import secrets
import signal
import socket
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa
import uvloop

from benchmarks import common
from ugc.accounts.models import KIND, Member
from ugc.accounts.rules import roles as accounts_roles_rules
from ugc.config import ROOT, libpq_url, sqlalchemy_url
from ugc.core import subjects
from ugc.core.access import Actor, ActorKind
from ugc.core.db import db, now, transaction
from ugc.geography import geo
from ugc.reports.actions import posting as reports_posting_actions

COMMAND = "from ugc.cli.main import main; main()"
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
STREAMS = int(os.environ.get("BENCH_STREAMS", "1000"))
RATE = float(os.environ.get("BENCH_RATE", "5"))  # reports a second
SECONDS = float(os.environ.get("BENCH_LIVE_SECONDS", "10"))
BBOX = "-4,40,-3,41"
PUBLIC_ID = re.compile(rb'event: upsert\ndata: [^\n]*"id":"(\w{12})"')
ENOUGH_FILES = 65_536


def more_files() -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    most = hard if hard != resource.RLIM_INFINITY else ENOUGH_FILES
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


# Posting ---------------------------------------------------------------------------------------


def post(url: str, count: int, author_id: int, answer: Connection) -> None:
    """Posts `count` reports at RATE; answers {public id: when its commit began}."""
    held = (accounts_roles_rules.grant("moderator"),)
    author = Actor(ActorKind.MEMBER, id=author_id, grants=held, confirmed=True)
    began: dict[str, float] = {}
    with common.application(url).app_context():
        start = time.monotonic()
        for number in range(count):
            time.sleep(max(0.0, start + number / RATE - time.monotonic()))
            with transaction() as session:
                lon, lat = (
                    -4 + secrets.randbelow(10_000) / 1e4,
                    40 + secrets.randbelow(10_000) / 1e4,
                )
                public_id = reports_posting_actions.post_report(
                    session, author, kind="jam", point=geo.Point(lon, lat), text="Slow."
                )
                told = {"properties": {"id": public_id, "mark": "report-jam", "reliability": 7}}
                told["geometry"] = {"type": "Point", "coordinates": [lon, lat]}  # type: ignore[dict-item]
                event = f"event: upsert\ndata: {json.dumps(told, separators=(',', ':'))}\n\n"
                session.execute(sa.text("SELECT pg_notify('bare', :e)"), {"e": event})
                began[public_id] = time.monotonic()
        db.engine.dispose()
    answer.send(began)


# Reading ---------------------------------------------------------------------------------------


class Reading(asyncio.Protocol):
    """One open stream; notes when each report arrived."""

    def __init__(self, received: list[tuple[bytes, float]], opened: asyncio.Semaphore) -> None:
        self.received, self.opened, self.rest, self.is_open = received, opened, b"", False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        head = f"GET /live?bbox={BBOX} HTTP/1.1\r\nHost: live\r\n\r\n"
        transport.write(head.encode())  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        at = time.monotonic()
        if not self.is_open:
            self.is_open = True
            self.opened.release()
        data = self.rest + data
        end = 0
        for found in PUBLIC_ID.finditer(data):
            self.received.append((found[1], at))
            end = found.end()
        self.rest = data[end:][-1024:]


def read(port: int, orders: Connection) -> None:
    """Opens the streams, says so, and reads until told to stop; answers what arrived when."""
    more_files()
    received: list[tuple[bytes, float]] = []

    async def run() -> None:
        loop = asyncio.get_running_loop()
        opened = asyncio.Semaphore(0)
        made = []
        for _ in range(STREAMS):
            made.append(
                await loop.create_connection(lambda: Reading(received, opened), "127.0.0.1", port)
            )
        for _ in range(STREAMS):
            await opened.acquire()
        orders.send("open")
        await loop.run_in_executor(None, orders.recv)
        for transport, _protocol in made:
            transport.close()

    asyncio.run(run())
    orders.send(received)


# Serving ---------------------------------------------------------------------------------------


class Bare(asyncio.Protocol):
    open: set[Any] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.open.add(transport)
        head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n: hello\n\n"
        transport.write(head)  # type: ignore[attr-defined]

    def connection_lost(self, _error: Exception | None) -> None:
        self.open.discard(self.transport)


def bare_server(address: str, port: int) -> None:
    more_files()

    async def run() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(Bare, "127.0.0.1", port, backlog=2048)
        listening = await psycopg.AsyncConnection.connect(address, autocommit=True)
        await listening.execute("LISTEN bare")
        async with server, listening:
            async for message in listening.notifies():
                data = message.payload.encode()
                for transport in Bare.open:
                    transport.write(data)

    uvloop.run(run())


@contextlib.contextmanager
def live_server(url: str, port: int) -> Iterator[int]:
    """`ugc live` as in production, until the block ends; its process id."""
    more = {"LIVE_STREAMS": str(STREAMS + 10), "LIVE_STREAMS_PER_ADDRESS": str(STREAMS + 10)}
    env = {**os.environ, **common.settings(url), **more, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [sys.executable, "-c", COMMAND, "live", "--port", str(port)],
        env=env, cwd=ROOT, start_new_session=True,
    )  # fmt: skip
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2).close()
                break
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        else:
            raise RuntimeError("ugc live did not start")
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(15)


def memory(pid: int) -> float:
    """Resident KB."""
    text = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return float(text.split("VmRSS:")[1].split()[0])


def processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


# Measuring -------------------------------------------------------------------------------------


def one_round(url: str, author_id: int, pid: int, port: int) -> dict[str, float]:
    """p50, p99, slowest (ms), memory a stream (KB), share of a core (%). Raises SystemExit when a
    stream misses a report or gets one twice."""
    context = multiprocessing.get_context("spawn")
    before = memory(pid)
    ours, theirs = context.Pipe()
    reader = context.Process(target=read, args=(port, theirs))
    reader.start()
    if ours.recv() != "open":
        raise RuntimeError("the streams did not open")
    per_stream = (memory(pid) - before) / STREAMS
    began_cpu, began_at = processor_seconds(pid), time.monotonic()
    answer, theirs = context.Pipe()
    poster = context.Process(target=post, args=(url, int(RATE * SECONDS), author_id, theirs))
    poster.start()
    posted = answer.recv()
    core = (processor_seconds(pid) - began_cpu) / (time.monotonic() - began_at) * 100
    poster.join()
    time.sleep(2)
    ours.send("stop")
    received = ours.recv()
    reader.join()
    counts = Counter(public_id.decode() for public_id, _at in received)
    wrong = {each: counts[each] for each in posted if counts[each] != STREAMS}
    if wrong or len(counts) != len(posted):
        raise SystemExit(f"✗ not every stream got every report once: {list(wrong.items())[:5]}")
    waits = [(at - posted[public_id.decode()]) * 1000 for public_id, at in received]
    return {
        "p50": statistics.median(waits),
        "p99": statistics.quantiles(waits, n=100)[98],
        "slowest": max(waits),
        "memory": per_stream,
        "core": core,
    }


def main() -> None:
    print(
        f"Live map: {STREAMS} streams of one view, {RATE:g} reports a second for {SECONDS:g} s"
        f" in each of {ROUNDS} rounds",
        flush=True,
    )
    url = common.database("bench_live")
    with common.application(url).app_context():
        with transaction() as session:
            author_id = subjects.create(session, KIND).id
            session.add(
                Member(
                    id=author_id,
                    handle="bench",
                    email="bench@example.org",
                    email_confirmed_at=now(session),
                )
            )
        db.engine.dispose()
    port = common.free_port()
    bare_port = next(each for each in range(port + 1, port + 100) if not _is_taken(each))
    bare = multiprocessing.get_context("spawn").Process(
        target=bare_server, args=(libpq_url(sqlalchemy_url(url)), bare_port), daemon=True
    )
    bare.start()
    while not _is_taken(bare_port):
        time.sleep(0.1)
    ours, theirs = [], []
    try:
        with live_server(url, port) as pid:
            for round_number in range(ROUNDS + 1):
                mine = one_round(url, author_id, pid, port)
                other = one_round(url, author_id, bare.pid or 0, bare_port)
                if round_number == 0:
                    # Memory is kept by the process after its first thousand streams.
                    memories = mine["memory"], other["memory"]
                    continue
                ours.append(mine)
                theirs.append(other)
    finally:
        bare.terminate()
        bare.join()
    for name, figures in (("ugc live", ours), ("bare asyncio", theirs)):
        common.tell(f"{name}, commit to receipt, median", [f["p50"] for f in figures], "ms")
        common.tell(f"{name}, 99th percentile", [f["p99"] for f in figures], "ms")
        common.tell(f"{name}, slowest of all", [f["slowest"] for f in figures], "ms")
        common.tell(f"{name}, of one core", [f["core"] for f in figures], "%")
    for key, label in (("p50", "median"), ("p99", "99th percentile")):
        common.tell_ratio(
            f"ugc live to bare, {label}", [f[key] for f in ours], [f[key] for f in theirs]
        )
    print(f"  memory a stream: ugc live {memories[0]:.0f} KB, bare {memories[1]:.0f} KB")
    count = int(RATE * SECONDS) * STREAMS * ROUNDS
    print(f"  every one of {count:,} events arrived once, on both sides")


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        return not probe.connect_ex(("127.0.0.1", port))


if __name__ == "__main__":
    main()
