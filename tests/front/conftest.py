"""The front on a real port: around a small application, or as `ugc serve` starts it."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.livemap.conftest import COMMAND
from tests.ports import free_port
from ugc.config import ROOT

PATIENCE = 30.0
STARTING_S = 120.0  # a machine that is busy loads the product slowly


def until(condition: Callable[[], object], seconds: float = PATIENCE) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, condition
        time.sleep(0.02)


def read_all(connection: socket.socket) -> bytes:
    """What comes until the other side closes; what came before, where it resets."""
    received = b""
    with contextlib.suppress(ConnectionResetError):
        while data := connection.recv(65536):
            received += data
    return received


@dataclass
class Server:
    """One process tree, and raw connections to it."""

    port: int
    process: subprocess.Popen[bytes]
    folder: Path

    def connect(self, source: str = "127.0.0.1") -> socket.socket:
        """A connection from another loopback address is another visitor's."""
        return socket.create_connection(
            ("127.0.0.1", self.port), timeout=PATIENCE, source_address=(source, 0)
        )

    def raw(self, data: bytes, source: str = "127.0.0.1") -> bytes:
        """All that is answered until the connection ends."""
        with self.connect(source) as connection:
            connection.sendall(data)
            return read_all(connection)

    def get(self, path: str, *headers: str, method: str = "GET") -> tuple[bytes, bytes]:
        """(head, body) of one answer."""
        lines = [
            f"{method} {path} HTTP/1.1",
            "Host: 127.0.0.1",
            "Connection: close",
            *headers,
            "",
            "",
        ]
        head, _, body = self.raw("\r\n".join(lines).encode()).partition(b"\r\n\r\n")
        return head, body

    def is_up(self) -> bool:
        assert self.process.poll() is None, "the server ended"
        try:
            return b" 200 " in self.get("/healthz")[0]
        except OSError:
            return False

    def workers(self) -> list[int]:
        pid = self.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
        return [
            int(each)
            for each in children
            if b"spawn_main" in Path(f"/proc/{each}/cmdline").read_bytes()
        ]

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(PATIENCE)
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(self.process.pid, signal.SIGKILL)


@contextlib.contextmanager
def started(command: list[str], port: int, folder: Path, **more: str) -> Iterator[Server]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **more}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command, env=environment, cwd=ROOT, start_new_session=True, stderr=log
        )
    server = Server(port, process, folder)
    try:
        until(server.is_up, STARTING_S)
        yield server
    finally:
        server.stop()


@contextlib.contextmanager
def small_server(folder: Path, *, workers: int = 1, hops: int = 0, **more: str) -> Iterator[Server]:
    """`tests/front/small.py` behind the front."""
    port = free_port()
    command = [
        sys.executable, "-m", "ugc.front", "127.0.0.1", str(port), str(workers), str(hops),
        "tests.front.small:build",
    ]  # fmt: skip
    with started(command, port, folder, SMALL_FOLDER=str(folder), **more) as server:
        yield server


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One process, so that its bounds are exact."""
    with small_server(tmp_path_factory.mktemp("small")) as server:
        yield server


@contextlib.contextmanager
def product(database: str, folder: Path, *, workers: int = 1, **more: str) -> Iterator[Server]:
    """The product as `ugc serve` starts it."""
    port = free_port()
    settings = {
        "BOCA_ENV": "test",
        "DATABASE_URL": database,
        "REDIS_URL": "",
        "SECRET_KEY": "a secret of the tests, long enough",
        "SITE_URL": f"http://127.0.0.1:{port}",
        "DATA_DIR": str(folder),
        **more,
    }
    command = [*COMMAND, "serve", "--port", str(port), "--workers", str(workers)]
    with started(command, port, folder, **settings) as server:
        yield server
