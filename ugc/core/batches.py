"""Write-behind buffers: each process collects items and writes them in batches.

Only for counts: a process that is killed loses its last seconds. Items that wait while the database
is away are kept, up to a bound."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from multiprocessing.util import Finalize
from typing import Generic, TypeVar

import sqlalchemy as sa
from flask import Flask

from ugc.core.db import Session, record_act, transaction

log = logging.getLogger(__name__)
Item = TypeVar("Item")
BOUND = 100_000  # items of one process that wait for the database
CHUNK = 5_000  # items of one transaction


class WriteBehind(Generic[Item]):
    """A buffer that is flushed every `every_s` seconds and at exit: `write(session, items)` gets
    the items in order. At 0 each item is written when its request is over (for tests). An error of
    `write`, other than a database that is away, drops its items and is logged."""

    def __init__(
        self,
        app: Flask,
        name: str,
        write: Callable[[Session, list[Item]], object],
        *,
        every_s: float,
        bound: int = BOUND,
    ) -> None:
        self.app, self.name, self.write = app, name, write
        self.every_s, self.bound = every_s, bound
        self.items: list[Item] = []
        self.dropped = 0
        self.process = 0
        self.adding = threading.Lock()
        self.writing = threading.Lock()
        self.over = threading.Event()

    def add(self, item: Item) -> None:
        if not self.every_s:
            record_act(self.name, lambda session: self.write(session, [item]))
            return
        with self.adding:
            if self.process != os.getpid():
                self._begin()
            if len(self.items) < self.bound:
                self.items.append(item)
            else:
                self.dropped += 1

    def _begin(self) -> None:
        """A thread of this process; after a fork the other one has what was added before."""
        self.process, self.items, self.dropped = os.getpid(), [], 0
        self.over.clear()
        threading.Thread(target=self._run, name=self.name, daemon=True).start()
        # As `atexit`, and in the web server's processes too, where that is not asked.
        Finalize(None, self.close, exitpriority=1)

    def _run(self) -> None:
        while not self.over.wait(self.every_s):
            self.flush()

    def close(self) -> None:
        """Writes what waits; the process ends."""
        self.over.set()
        self.flush()

    def flush(self) -> int:
        """Writes what waits now; returns how many items that were. Never raises."""
        with self.writing:
            with self.adding:
                waiting, self.items = self.items, []
                dropped, self.dropped = self.dropped, 0
            if dropped:
                log.error("%s: %d items are lost: more waited than we keep", self.name, dropped)
            written = 0
            while waiting:
                chunk, rest = waiting[:CHUNK], waiting[CHUNK:]
                try:
                    with self.app.app_context(), transaction() as session:
                        self.write(session, chunk)
                    written += len(chunk)
                except (
                    sa.exc.OperationalError,
                    sa.exc.InterfaceError,
                    sa.exc.TimeoutError,
                ) as error:
                    log.warning("%s: not written yet: %s", self.name, type(error).__name__)
                    with self.adding:
                        self.items = waiting + self.items
                        self.dropped += max(0, len(self.items) - self.bound)
                        del self.items[self.bound :]
                    return written
                except Exception:
                    log.exception("%s: %d items are lost", self.name, len(chunk))
                waiting = rest
            return written
