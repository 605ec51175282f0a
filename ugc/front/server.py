"""Processes of the web server: one that supervises, and workers that answer.

Workers that die, or stand still for `HUNG_S`, are replaced. SIGTERM and SIGINT stop accepting,
answer what came, and let each worker end as a Python program does, so that what `core/batches.py`
gathered is written."""

from __future__ import annotations

import contextlib
import dataclasses
import importlib
import logging
import multiprocessing
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import wait
from multiprocessing.context import SpawnProcess
from multiprocessing.process import parent_process
from typing import Any

import uvicorn

from ugc.front.application import Front
from ugc.front.bounds import MIB, Bounds
from ugc.front.protocol import HAS_HTTPTOOLS, protocol
from ugc.front.sockets import allow_open_files

log = logging.getLogger("ugc.front")
spawn = multiprocessing.get_context("spawn")
BACKLOG = 2048
SPOOL_MOST = 900 * MIB  # of all processes together
BEAT_S = 1
HUNG_S = 30  # a worker whose event loop stands still for so long is killed
STARTING_S = 120  # a new worker may load the application for so long
PAUSE_S = 1  # before a worker is replaced that lived shorter than this
STOPPED = (signal.SIGTERM, signal.SIGINT)
Build = Callable[[Bounds], Front]


def missing_libraries() -> dict[str, str]:
    """Compiled libraries that this machine lacks, and what is worse without them."""
    found = {}
    if not HAS_HTTPTOOLS:
        found["httptools"] = "requests are parsed by pure Python, several times slower"
    try:
        importlib.import_module("uvloop")
    except ImportError:
        found["uvloop"] = "connections are served by Python's own event loop, slower"
    return found


def bounds_for(workers: int, hops: int) -> Bounds:
    """The bounds of each of `workers`. Behind a proxy all connections are the proxy's."""
    spool = min(Bounds.spool, SPOOL_MOST // workers)
    return dataclasses.replace(Bounds(), spool=spool, peer=None if hops else Bounds.peer)


class Server(uvicorn.Server):
    """One worker's. Unlike uvicorn's it does not die of the signal that stopped it."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        for number in STOPPED:  # a second signal must not cut short what runs at the end
            signal.signal(number, signal.SIG_IGN)
        with super().capture_signals():
            try:
                yield
            finally:
                self._captured_signals.clear()


def load(name: str) -> Build:
    """The function called `module:function`."""
    module, _, function = name.partition(":")
    found: Build = getattr(importlib.import_module(module), function)
    return found


def work(name: str, listening: socket.socket, bounds: Bounds, beat: Any) -> None:
    """The life of one worker; `beat` shows the supervisor when it was last seen alive."""
    allow_open_files()
    # The event loop waits a millisecond for a thread that computes, not five: short pages are late
    # less often.
    sys.setswitchinterval(0.001)

    async def tell() -> None:
        beat.value = time.monotonic()

    front = load(name)(bounds)
    config = uvicorn.Config(
        front, http=protocol(front.bounds), ws="none", lifespan="off",
        proxy_headers=False, server_header=False, access_log=False, log_level="warning",
        backlog=BACKLOG, timeout_keep_alive=front.bounds.keep_alive_s,
        timeout_graceful_shutdown=bounds.stop_s, callback_notify=tell, timeout_notify=BEAT_S,
    )  # fmt: skip
    threading.Thread(target=_end_with_parent, daemon=True).start()
    Server(config).run([listening])


def _end_with_parent() -> None:
    """A worker without a supervisor would keep the port from the next one."""
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os.kill(os.getpid(), signal.SIGTERM)


class Worker:
    """A worker's process as its supervisor sees it."""

    def __init__(self, name: str, listening: socket.socket, bounds: Bounds) -> None:
        self.began = time.monotonic()
        self.beat = spawn.RawValue("d", 0.0)
        self.process: SpawnProcess = spawn.Process(
            target=work, args=(name, listening, bounds, self.beat), name="ugc web"
        )
        self.process.start()

    def is_hung(self, now: float) -> bool:
        if not self.beat.value:
            return now - self.began > STARTING_S
        return now - self.beat.value > HUNG_S


class Supervisor:
    """Keeps `count` workers alive until a signal."""

    def __init__(self, name: str, listening: socket.socket, bounds: Bounds, count: int) -> None:
        self.name, self.listening, self.bounds, self.count = name, listening, bounds, count
        self.workers: list[Worker] = []
        self._signals, self._signal = os.pipe()

    def run(self) -> None:
        for number in STOPPED:
            signal.signal(number, lambda *_: os.write(self._signal, b"."))
        self.listening.listen(BACKLOG)
        self.workers = [self._started() for _ in range(self.count)]
        while self._signals not in wait([self._signals, *self._sentinels()], timeout=BEAT_S):
            self._look_after()
        self._stop()

    def _started(self) -> Worker:
        return Worker(self.name, self.listening, self.bounds)

    def _sentinels(self) -> list[int]:
        return [worker.process.sentinel for worker in self.workers]

    def _look_after(self) -> None:
        now = time.monotonic()
        for at, worker in enumerate(self.workers):
            if worker.process.is_alive() and worker.is_hung(now):
                log.error("web worker %s does not answer: killed", worker.process.pid)
                worker.process.kill()
                worker.process.join()
            if not worker.process.is_alive():
                log.error(
                    "web worker %s ended with code %s: another starts",
                    worker.process.pid, worker.process.exitcode,
                )  # fmt: skip
                if now - worker.began < PAUSE_S + BEAT_S:
                    time.sleep(PAUSE_S)
                self.workers[at] = self._started()

    def _stop(self) -> None:
        # This copy would go on taking connections that are never answered.
        self.listening.close()
        for worker in self.workers:
            worker.process.terminate()
        deadline = time.monotonic() + self.bounds.stop_s + 5
        for worker in self.workers:
            worker.process.join(max(0.0, deadline - time.monotonic()))
            if worker.process.is_alive():
                log.error("web worker %s did not stop: killed", worker.process.pid)
                worker.process.kill()
                worker.process.join()


def serve(name: str, listening: socket.socket, workers: int, hops: int) -> None:
    """Serves what `name` (`module:function`) builds until SIGTERM or SIGINT."""
    for library, effect in missing_libraries().items():
        sys.stderr.write(
            f"ugc serve: the library {library} is missing: {effect}."
            f" Install it: pip install {library}\n"
        )
    allow_open_files()
    Supervisor(name, listening, bounds_for(workers, hops), workers).run()
