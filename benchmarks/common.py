"""What the benchmarks share: a database of their own, a web server, and the figures of rounds."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from flask import Flask
from psycopg import ClientCursor

from ugc.app import create_app
from ugc.config import ROOT, libpq_url, sqlalchemy_url
from ugc.core.db import Session

PROCESSES = 2  # as many as web workers
SECRET = "a secret of the benchmarks, long enough for them"


def database(name: str) -> str:
    """A new, migrated database; its address."""
    base = sa.engine.make_url(sqlalchemy_url(os.environ["DATABASE_URL"]))
    url = base.set(database=name)
    maintenance = libpq_url(base.set(database="postgres").render_as_string(hide_password=False))
    with psycopg.connect(maintenance, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {name}")
    migrate(url)
    return url.render_as_string(hide_password=False)


def migrate(url: sa.URL) -> None:
    engine = sa.create_engine(url)
    config = Config(toml_file=ROOT / "pyproject.toml")
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()
    engine.dispose()


def settings(url: str, port: int = 8000) -> dict[str, str]:
    return {
        "BOCA_ENV": "development",
        "DATABASE_URL": url,
        "REDIS_URL": os.environ["REDIS_URL"],
        "SECRET_KEY": SECRET,
        "SITE_URL": f"http://127.0.0.1:{port}",
        "DATA_DIR": os.environ["BOCA_VAR"] + "/data",
    }


def application(url: str, port: int = 8000) -> Flask:
    return create_app(settings(url, port))


def free_port() -> int:
    """A port below those that outgoing connections take (from 32768 on)."""
    for port in range(18_000, 32_000):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)):
                return port
    raise RuntimeError("no port is free")


def wait_for(address: str) -> None:
    """Until something answers there, at most two minutes: a busy machine loads slowly."""
    end = time.monotonic() + 120
    while time.monotonic() < end:
        try:
            urllib.request.urlopen(address, timeout=2).close()
            return
        except urllib.error.HTTPError:
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise RuntimeError("the web server did not start")


def end(process: subprocess.Popen[bytes]) -> None:
    """Ends a process and those it started."""
    os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)


@contextlib.contextmanager
def web_server(url: str, port: int, workers: int = 2, **more: str) -> Iterator[None]:
    """`ugc serve` as in production, until the block ends."""
    env = {**os.environ, **settings(url, port), **more, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [
            sys.executable, "-c", "from ugc.cli.main import main; main()", "serve",
            "--port", str(port), "--workers", str(workers),
        ],
        env=env, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    try:
        wait_for(f"http://127.0.0.1:{port}/healthz")
        yield
    finally:
        end(process)


def postgres_program(name: str) -> str:
    """`pgbench` or `psql` of the newest server here."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(found[-1]) if found else name


@contextlib.contextmanager
def statements(session: Session) -> Iterator[list[str]]:
    """What the session sends meanwhile, each with its values written into it."""
    sent: list[str] = []
    connection = session.connection()

    def note(_c: Any, cursor: Any, statement: str, values: Any, *_rest: Any) -> None:
        sent.append(ClientCursor(cursor.connection).mogrify(statement, values))

    sa.event.listen(connection, "before_cursor_execute", note)
    yield sent
    sa.event.remove(connection, "before_cursor_execute", note)


def script(folder: Path, name: str, sent: Sequence[str]) -> list[str]:
    """Arguments of pgbench that send these statements."""
    path = folder / f"{re.sub('[^a-z0-9-]', '', name)}.sql"
    text = ";\n".join(re.sub(r"\s+", " ", each) for each in sent)
    path.write_text(text + ";\n", encoding="utf-8")
    return ["-f", str(path)]


def pgbench(arguments: Sequence[str], url: str, seconds: int) -> float:
    """Transactions a second. Simple protocol: like the product, it plans for the values."""
    result = subprocess.run(
        [postgres_program("pgbench"), "-n", "-M", "simple", "-c", str(PROCESSES),
         "-j", str(PROCESSES), "-T", str(seconds), *arguments, libpq_url(sqlalchemy_url(url))],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    rate = re.search(r"tps = ([\d.]+) \(without", result.stdout)
    if rate is None:
        sys.exit(result.stderr)
    return float(rate[1])


WRK_DONE = """
function done(summary, latency)
  local bad = summary.errors.status + summary.errors.connect + summary.errors.read
    + summary.errors.timeout
  io.write(string.format("RESULT %d %d %d %.3f %.3f\\n", summary.requests, summary.duration, bad,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
"""


def need_wrk() -> None:
    """Ends with what to do where it is missing."""
    if shutil.which("wrk") is None:
        sys.exit("✗ wrk makes the requests; type this once: sudo apt-get install -y wrk")


def wrk(
    request: str, port: int, folder: Path, seconds: int, connections: int = 8
) -> tuple[float, float, float]:
    """(requests a second, median ms, 99th percentile ms) of wrk with `request`, Lua for each one.
    Ends when one failed."""
    script = folder / "requests.lua"
    script.write_text(request + WRK_DONE, encoding="utf-8")
    result = subprocess.run(
        ["wrk", "-t1", f"-c{connections}", "--timeout", "30s", f"-d{seconds}s", "-s", str(script),
         f"http://127.0.0.1:{port}"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    found = re.search(r"RESULT (\d+) (\d+) (\d+) ([\d.]+) ([\d.]+)", result.stdout)
    if found is None or int(found[3]):
        sys.exit(f"✗ requests failed: {result.stdout}")
    return int(found[1]) / (int(found[2]) / 1e6), float(found[4]), float(found[5])


def one(connection: psycopg.Connection[tuple[Any, ...]], statement: str) -> Any:
    """The one value that a statement answers."""
    row = connection.execute(statement.encode()).fetchone()
    if row is None:
        raise RuntimeError(statement)
    return row[0]


def tell(label: str, figures: Sequence[float], unit: str) -> None:
    print(
        f"  {label:<44} median {statistics.median(figures):>9,.1f} {unit}"
        f"   (lowest {min(figures):,.1f}, highest {max(figures):,.1f})",
        flush=True,
    )


def tell_ratio(label: str, ours: Sequence[float], theirs: Sequence[float]) -> None:
    """The ratio of each round, so that a slow minute of the machine slows both sides."""
    ratios = [mine / other for mine, other in zip(ours, theirs, strict=True)]
    print(
        f"  ratio, {label}: median {statistics.median(ratios):.2f}"
        f"   (lowest {min(ratios):.2f}, highest {max(ratios):.2f}, {len(ratios)} rounds)",
        flush=True,
    )
