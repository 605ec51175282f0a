"""Streams: what waits to be sent to each open map."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from ugc.livemap import rules as livemap_rules
from ugc.livemap.rules import RESYNC, Change, Cursor, View

MOST_WAITING = 256 * 1024  # bytes that wait for a slow reader before it must fetch again
RETRY_MS = 2000


class Stream:
    """One open browser: what waits to be sent to it, and whether it ends then."""

    def __init__(self, view: View, cursor: Cursor | None, token: str | None) -> None:
        self.view, self.cursor, self.token = view, cursor, token
        self.waiting: list[bytes] = []
        self.size = 0
        self.wake = asyncio.Event()
        self.over = False
        self.opened: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.last_offer = 0.0

    def offer(self, data: bytes, now: float) -> None:
        """Puts `data` into the queue. A reader too slow for it is told to fetch again."""
        if self.over:
            return
        self.last_offer = now
        if self.size + len(data) > MOST_WAITING:
            self.end(RESYNC)
            return
        self.waiting.append(data)
        self.size += len(data)
        self.wake.set()

    def end(self, event: bytes = b"") -> None:
        """Sends `event`, in place of what waits, and ends."""
        if self.over:
            return
        self.waiting = [event] if event else []
        self.size = len(event)
        self.over = True
        self.wake.set()

    def take(self) -> bytes:
        """All that waits, which then waits no longer."""
        data = b"".join(self.waiting)
        self.waiting.clear()
        self.size = 0
        self.wake.clear()
        return data

    async def events(self) -> AsyncIterator[bytes]:
        """What is sent to the browser, as it comes, until the stream ends."""
        yield f"retry: {RETRY_MS}\n\n".encode()
        while self.waiting or not self.over:
            await self.wake.wait()
            if data := self.take():
                yield data


def feed(
    stream: Stream, events: list[tuple[Change, bytes, bytes]], mark: bytes, now: float
) -> bool:
    """Offers a stream what touches its view, and the cursor; whether there was anything."""
    parts = []
    for change, upsert, gone in events:
        is_there = stream.view.is_told(change)
        if is_there is not None:
            parts.append(upsert if is_there else gone)
    if len(parts) > livemap_rules.MOST_PER_STREAM:
        stream.end(RESYNC)
    elif parts:
        parts.append(mark)
        stream.offer(b"".join(parts), now)
    return bool(parts)
