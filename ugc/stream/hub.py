"""The hub: reads what changed and feeds every stream."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any

import psycopg

from ugc.livemap import rules as livemap_rules
from ugc.livemap.queries import changes as livemap_changes
from ugc.livemap.rules import ENDED, RESYNC, Cursor, Snapshot
from ugc.stream.streams import Stream, feed

log = logging.getLogger(__name__)

POLL_S = 1.0  # the reader looks at least this often, told or not
GATHER_S = 0.05  # after a batch it waits so long: what commits meanwhile goes together
BEAT_S = 15.0  # a stream hears something at least this often
CHECK_S = 2.5  # between two looks at the sessions of signed-in members
READ_S = 5.0  # the database was read within so many seconds, or the process is not ready


class Hub:
    """The one reader of this process, and the streams that it feeds."""

    def __init__(self, conninfo: str) -> None:
        self.conninfo = conninfo
        self.streams: set[Stream] = set()
        self.newcomers: list[Stream] = []
        self.cursor: Cursor | None = None
        self.wake = asyncio.Event()
        self.read_at = 0.0
        self.listening = False
        self._checked_at = 0.0
        self.closed = False

    async def _connect(self) -> psycopg.AsyncConnection[Any]:
        return await psycopg.AsyncConnection.connect(
            self.conninfo, autocommit=True, connect_timeout=5, application_name="ugc live",
            options="-c timezone=UTC -c statement_timeout=5s",
            keepalives_idle=10, keepalives_interval=5, keepalives_count=3,
        )  # fmt: skip

    async def listen(self) -> None:
        """Wakes the reader after each commit that changed a report. While this connection is away,
        the reader's own clock does."""
        while True:
            try:
                async with await self._connect() as connection:
                    await connection.execute(f"LISTEN {livemap_changes.CHANNEL}")
                    self.listening = True
                    self.wake.set()
                    async for message in connection.notifies():
                        if message.payload == "report":
                            self.wake.set()
            except (psycopg.Error, OSError) as error:
                log.warning("not told of commits: %s", type(error).__name__)
            self.listening = False
            await asyncio.sleep(1)

    async def read(self) -> None:
        """Reads and feeds for ever; goes on from the same cursor after the database was away."""
        while True:
            try:
                async with await self._connect() as connection:
                    start = await livemap_changes.now(connection)
                    if self.cursor is not None and not self.cursor.goes_on(start):
                        self._all(RESYNC)
                        self.cursor = None
                    self.cursor = self.cursor or start
                    while True:
                        with contextlib.suppress(TimeoutError):
                            await asyncio.wait_for(self.wake.wait(), POLL_S)
                        self.wake.clear()
                        await self.batch(connection)
                        await self._look_after(connection)
                        await asyncio.sleep(GATHER_S)
            except (psycopg.Error, OSError, livemap_changes.NoGeneration) as error:
                log.warning("the database is away: %s", type(error).__name__)
            await asyncio.sleep(1)

    async def batch(self, connection: psycopg.AsyncConnection[Any]) -> None:
        """One query for all: what changed since the last one and, when streams are new, since what
        they saw last; then each gets its part."""
        before = self.cursor
        if before is None:
            raise RuntimeError("batch() before the first cursor")
        newcomers = await self._admit(connection)
        resuming = [s for s in newcomers if s.cursor is not None]
        cursors = [before, *(s.cursor for s in resuming if s.cursor)]
        since = Snapshot.common(c.snapshot for c in cursors) if resuming else before.snapshot
        at = min(c.at for c in cursors)
        try:
            read = await livemap_changes.read(connection, since, at)
            if read.changes is None and resuming:  # others may well follow
                for stream in resuming:
                    stream.cursor = None
                    stream.end(RESYNC)
                read = await livemap_changes.read(connection, before.snapshot, before.at)
        except BaseException:
            self.newcomers += newcomers
            raise
        self.cursor, self.read_at = read.cursor, time.monotonic()
        if read.changes is None or read.cursor.system != before.system:  # loaded over meanwhile
            self._all(RESYNC)
        events = [(change, *livemap_rules.events(change)) for change in read.changes or ()]
        news = [each for each in events if livemap_rules.is_news(each[0], before, read.cursor.at)]
        mark = livemap_rules.cursor_event(read.cursor)
        now = time.monotonic()
        if news:
            for stream in self.streams:
                feed(stream, news, mark, now)
        for stream in newcomers:
            if not stream.opened.done():  # else it went away meanwhile
                self._open(stream, events, read.cursor, now)

    def _open(self, stream: Stream, events: list[Any], cursor: Cursor, now: float) -> None:
        """Gives a new stream what it missed since its own cursor and adds it to the others."""
        mark = livemap_rules.cursor_event(cursor)
        missed = stream.cursor and [
            each for each in events if livemap_rules.is_news(each[0], stream.cursor, cursor.at)
        ]
        if not (missed and feed(stream, missed, mark, now)):
            stream.offer(mark, now)
        stream.opened.set_result(200)
        self.streams.add(stream)
        if self.closed:
            stream.end()

    async def _admit(self, connection: psycopg.AsyncConnection[Any]) -> list[Stream]:
        """The new streams that may open; the others are refused."""
        if not self.newcomers or self.cursor is None:
            return []
        now = await livemap_changes.now(connection)
        tokens = {s.token for s in self.newcomers if s.token}
        standings = await livemap_changes.standings(connection, tokens) if tokens else {}
        waiting, self.newcomers = self.newcomers, []
        admitted = []
        for stream in waiting:
            if stream.opened.done():  # it went away, or waited too long
                continue
            if stream.token and standings.get(stream.token):
                stream.opened.set_result(403)
                continue
            if stream.token not in standings:
                stream.token = None  # signed out meanwhile: the map is public
            if stream.cursor is not None and not stream.cursor.goes_on(now):
                stream.cursor = None
                stream.end(RESYNC)
            admitted.append(stream)
        return admitted

    async def _look_after(self, connection: psycopg.AsyncConnection[Any]) -> None:
        """Ends the streams of those who were suspended or signed out; lets quiet ones hear that
        they are alive."""
        now = time.monotonic()
        if now - self._checked_at >= CHECK_S:
            self._checked_at = now
            tokens = {s.token for s in self.streams if s.token}
            standings = await livemap_changes.standings(connection, tokens) if tokens else {}
            self._all(
                ENDED, [s for s in self.streams if s.token and standings.get(s.token) is not False]
            )
        mark = livemap_rules.cursor_event(self.cursor) if self.cursor else b""
        for stream in self.streams:
            if now - stream.last_offer >= BEAT_S:
                stream.offer(mark, now)

    def _all(self, event: bytes, streams: Iterable[Stream] | None = None) -> None:
        for stream in list(self.streams if streams is None else streams):
            stream.end(event)

    @contextlib.contextmanager
    def fed(self, stream: Stream) -> Iterator[None]:
        """Opens a stream as soon as the database says so, and feeds it until the block ends."""
        self.newcomers.append(stream)
        self.wake.set()
        try:
            yield
        finally:
            self.streams.discard(stream)
            if not stream.opened.done():
                stream.opened.cancel()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Reads and listens until the block ends."""
        tasks = [asyncio.create_task(self.read()), asyncio.create_task(self.listen())]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self.close()

    def health(self) -> tuple[bool, dict[str, Any]]:
        """Whether the database is read, and what `/healthz` says."""
        good = bool(self.read_at) and time.monotonic() - self.read_at < READ_S
        return good, {"ok": good, "streams": len(self.streams), "listening": self.listening}

    def close(self) -> None:
        """Ends every stream without a word: browsers come back to the next process."""
        self.closed = True
        self._all(b"")
        for stream in self.newcomers:  # they would hold the process up
            if not stream.opened.done():
                stream.opened.set_result(503)
