"""Clients that post while a fault happens, and the row that tells how they fared."""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise

from tests.faults.site import LEFT, Client, FaultSite, in_database, until

CLIENTS = 4
MEMBERS = 50  # of each client: one may post only so much
AFTER_S = 2.0  # of posting before the fault and after it


@dataclass
class Row:
    """One line of the table. `lost` and `doubled` count reports (or mails), `retries` requests (or
    attempts at a mail) that failed and were repeated, `gap_s` is the longest time without an
    acknowledgement."""

    fault: str
    acknowledged: int = 0
    lost: int = 0
    doubled: int = 0
    retries: int = 0
    gap_s: float = 0.0
    health: str = ""
    notes: list[str] = field(default_factory=list)

    def cells(self) -> list[str]:
        return [
            self.fault, str(self.acknowledged), f"{self.lost} / {self.doubled}", str(self.retries),
            f"{self.gap_s:.1f} s", self.health, "; ".join(self.notes),
        ]  # fmt: skip


class Health:
    """Asks for the pages of health four times a second, until it is closed."""

    def __init__(self, site: FaultSite) -> None:
        self.site = site
        paths = ["/healthz"]
        if site.status("/readyz") != 404:
            paths.append("/readyz")
        self.seen: dict[str, Counter[int]] = {path: Counter() for path in paths}
        self.slowest: dict[str, float] = dict.fromkeys(paths, 0.0)
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(path,)) for path in paths]
        for thread in self._threads:
            thread.start()

    def _ask(self, path: str) -> None:
        while not self._over.wait(0.25):
            began = time.monotonic()
            self.seen[path][self.site.status(path)] += 1
            self.slowest[path] = max(self.slowest[path], time.monotonic() - began)

    def close(self) -> str:
        """`healthz 200 x 31, 503 x 4, none x 2 (slowest 0.3 s)`, of each page."""
        self._over.set()
        for thread in self._threads:
            thread.join()
        told = []
        for path, seen in self.seen.items():
            parts = [f"{status or 'none'} x {count}" for status, count in sorted(seen.items())]
            told.append(f"{path[1:]} {', '.join(parts)} (slowest {self.slowest[path]:.1f} s)")
        return ", ".join(told)


class Load:
    """`with Load(site, row, number, ...)`: clients post until the block and AFTER_S are over, then
    the row is filled."""

    def __init__(self, site: FaultSite, row: Row, number: int, photo: bytes = b"") -> None:
        self.site, self.row = site, row
        first = number * CLIENTS
        self.clients = [
            Client(
                site, first + n, [site.member(f"f{first + n}x{m}") for m in range(MEMBERS)],
                photo=photo,
            )
            for n in range(CLIENTS)
        ]  # fmt: skip
        self.threads = [threading.Thread(target=client.run) for client in self.clients]

    def __enter__(self) -> Load:
        self.health = Health(self.site)
        for thread in self.threads:
            thread.start()
        self.some_more()
        time.sleep(AFTER_S)
        return self

    @property
    def acknowledged(self) -> int:
        return sum(len(client.acknowledged) for client in self.clients)

    def some_more(self, count: int = 4, seconds: float = 60.0) -> None:
        """Until so many more were acknowledged; notes when they were not."""
        before = self.acknowledged
        try:
            until(lambda: self.acknowledged >= before + count, seconds)
        except AssertionError:
            self.row.notes.append(f"no {count} acknowledgements within {seconds:.0f} s")

    def __exit__(self, *failure: object) -> None:
        try:
            if not any(failure):
                self.some_more()
                time.sleep(AFTER_S)
        finally:
            for client in self.clients:
                client.enough.set()
            for thread in self.threads:
                thread.join()
            self.row.health = self.health.close()
        self._tell()

    def _tell(self) -> None:
        rows, row = in_database(self.site), self.row
        for client in self.clients:
            row.retries += client.retries
            row.acknowledged += len(client.acknowledged)
            for text in client.tried:
                ids = [each[0] for each in rows.get(text, [])]
                row.lost += text in client.acknowledged and client.acknowledged[text] not in ids
                row.doubled += len(ids) > 1
            row.notes += sorted(set(client.problems))
        moments = sorted(each for client in self.clients for each in client.moments)
        row.gap_s = max((after - before for before, after in pairwise(moments)), default=0.0)
        silent = sum(len(c.tried) - len(c.acknowledged) for c in self.clients)
        if silent:
            row.notes.append(f"{silent} never acknowledged")


def outstanding(site: FaultSite, seconds: float) -> int:
    """Jobs that are left after at most so long."""
    end = time.monotonic() + seconds
    while (left := int(site.sql(LEFT)[0][0])) and time.monotonic() < end:
        time.sleep(0.2)
    return left
