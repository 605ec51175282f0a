"""What `ugc serve` costs and survives, beside granian serving the same application as WSGI: rates
of pages in turns, then 300 half bodies of one address, alone and beside 50 telephones."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks import common
from ugc.config import ROOT
from ugc.front.sockets import allow_open_files

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
SECONDS = int(os.environ.get("BENCH_SECONDS", "3"))
UPLOAD = int(os.environ.get("BENCH_UPLOAD", "250000"))  # bytes; 2000000 takes 160 s
CONNECTIONS = int(os.environ.get("BENCH_CONNECTIONS", "32"))
HALF, TELEPHONES, RATE = 300, 50, 12_500  # bytes a second: 100 kbit/s
ATTACKER, PROBE = "127.0.0.1", "127.8.8.8"


@contextlib.contextmanager
def server(command: list[str], url: str, port: int) -> Iterator[int]:
    """The first process's id, until the block ends."""
    env = {**os.environ, **common.settings(url, port), "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        command, env=env, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    try:
        common.wait_for(f"http://127.0.0.1:{port}/healthz")
        yield process.pid
    finally:
        common.end(process)


def ours(port: int) -> list[str]:
    return [sys.executable, "-m", "ugc.front", "127.0.0.1", str(port), "2", "0", "asgi:build"]


def granian(port: int) -> list[str]:
    return [
        sys.executable, "-m", "granian", "--interface", "wsgi", "--port", str(port),
        "--workers", "2", "--blocking-threads", "2", "--respawn-failed-workers", "--no-ws",
        "--static-path-route", "/static/build", "--static-path-mount",
        str(ROOT / "static" / "build"), "wsgi:app",
    ]  # fmt: skip


# Processes -------------------------------------------------------------------------------------


def group(pid: int) -> list[Path]:
    """/proc folders of a server's processes."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            if int(fields[2]) == pid:
                found.append(folder)
    return found


def memory_mb(pid: int) -> float:
    """Resident memory of the whole group, what they share divided among them (Pss)."""
    total = 0
    for folder in group(pid):
        with contextlib.suppress(OSError):
            lines = (folder / "smaps_rollup").read_text().splitlines()
            total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total / 1024


def spool_mb(pid: int) -> float:
    """Size of the unlinked files that the group has open in its spool."""
    total = 0
    for folder in group(pid):
        for link in (folder / "fd").glob("*"):
            with contextlib.suppress(OSError):
                if "/spool/" in str(link.readlink()):
                    total += link.stat().st_size
    return total / 1e6


# Clients ---------------------------------------------------------------------------------------


def post(size: int) -> bytes:
    return (
        b"POST /reports HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type:"
        b" application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n" % size
    )


class Probe:
    """Asks /healthz on new connections, four times a second; watches memory and spool."""

    def __init__(self, pid: int, port: int) -> None:
        self.pid, self.port = pid, port
        self.times: list[float | None] = []
        self.before, self.peak, self.spool = memory_mb(pid), 0.0, 0.0

    async def __aenter__(self) -> Probe:
        self.task = asyncio.create_task(self._run())
        return self

    async def __aexit__(self, *_: object) -> None:
        self.task.cancel()

    async def _run(self) -> None:
        while True:
            began = time.monotonic()
            good = await self._is_well()
            self.times.append(time.monotonic() - began if good else None)
            self.peak = max(self.peak, memory_mb(self.pid))
            self.spool = max(self.spool, spool_mb(self.pid))
            await asyncio.sleep(0.25)

    async def _is_well(self) -> bool:
        try:
            async with asyncio.timeout(5):
                reader, writer = await asyncio.open_connection(
                    "127.0.0.1", self.port, local_addr=(PROBE, 0)
                )
                writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                answer = await reader.read()
                writer.close()
                return b" 200 " in answer[:20]
        except OSError:
            return False

    def __str__(self) -> str:
        good = [each for each in self.times if each is not None]
        return (
            f"healthz {len(good)} of {len(self.times)}, slowest {max(good, default=0):.2f} s,"
            f" memory +{self.peak - self.before:.0f} MB, spool {self.spool:.1f} MB"
        )


async def half_bodies(port: int, seconds: float) -> Counter[str]:
    """What becomes of each within so long."""
    held = []
    for _ in range(HALF):
        reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(ATTACKER, 0))
        writer.write(post(100_000) + b"email=")
        held.append((reader, writer))
    await asyncio.sleep(seconds)
    fates: Counter[str] = Counter()
    for reader, writer in held:
        try:
            fates[(await asyncio.wait_for(reader.read(12), 0.01))[9:12].decode() or "closed"] += 1
        except TimeoutError:
            fates["open"] += 1
        except OSError:
            fates["reset"] += 1
        writer.close()
    return fates


async def telephone(number: int, port: int) -> bool:
    """Whether the application answered the whole upload (a refusal of a form without a token)."""
    try:
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", port, local_addr=(f"127.1.0.{number + 1}", 0)
        )
        writer.write(post(UPLOAD))
        for at in range(0, UPLOAD, RATE // 4):
            writer.write(b"x" * min(RATE // 4, UPLOAD - at))
            await writer.drain()
            await asyncio.sleep(0.25)
        answer = await asyncio.wait_for(reader.read(), 30)
        writer.close()
        return answer.split(b" ", 2)[1] in (b"400", b"413")
    except (OSError, IndexError):
        return False


async def survive(label: str, pid: int, port: int) -> None:
    async with Probe(pid, port) as probe:
        fates = await half_bodies(port, 20)
    print(f"  {label}: {HALF} half bodies, 20 s: {probe}; {dict(fates)}", flush=True)
    async with Probe(pid, port) as probe:
        attack = asyncio.create_task(half_bodies(port, UPLOAD / RATE + 5))
        done = await asyncio.gather(*(telephone(n, port) for n in range(TELEPHONES)))
        await attack
    print(
        f"  {label}: {sum(done)} of {TELEPHONES} telephones with {UPLOAD:,} bytes at 100 kbit/s"
        f" beside them: {probe}",
        flush=True,
    )


# Both ------------------------------------------------------------------------------------------


def rates(ports: dict[str, int], folder: Path) -> None:
    """Each path in turns: the other server stands still meanwhile."""
    manifest = json.loads((ROOT / "static/build/manifest.json").read_text(encoding="utf-8"))
    for path in ("/about", "/healthz", f"/static/build/{manifest['app.js']}"):
        lua = f'function request() return wrk.format("GET", "{path}") end\n'
        found: dict[str, list[tuple[float, float, float]]] = {name: [] for name in ports}
        for number in range(ROUNDS + 1):
            for name, port in ports.items():
                figures = common.wrk(lua, port, folder, SECONDS, CONNECTIONS)
                if number:  # the first one warms
                    found[name].append(figures)
        print(f"  {path}", flush=True)
        for name, each in found.items():
            common.tell(f"  {name}", [rate for rate, _, _ in each], "requests/s")
            common.tell(f"  {name}, 99th percentile", [tail for _, _, tail in each], "ms")
        first, second = ([rate for rate, _, _ in each] for each in found.values())
        common.tell_ratio("ugc serve to granian", first, second)


def main() -> None:
    common.need_wrk()
    allow_open_files()
    print(f"The front beside granian; load of the machine {os.getloadavg()[0]:.1f}", flush=True)
    url = common.database("bench_front")
    commands: dict[str, Callable[[int], list[str]]] = {"ugc serve": ours, "granian": granian}
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        ports, pids = {}, {}
        for name, command in commands.items():
            ports[name] = common.free_port()
            pids[name] = stack.enter_context(server(command(ports[name]), url, ports[name]))
        rates(ports, Path(folder))
        for name, port in ports.items():
            print(f"  {name}: memory {memory_mb(pids[name]):.0f} MB", flush=True)
            asyncio.run(survive(name, pids[name], port))
    print(f"  load of the machine afterwards {os.getloadavg()[0]:.1f}", flush=True)


if __name__ == "__main__":
    main()
