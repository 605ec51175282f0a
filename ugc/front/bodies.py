"""Reads bodies of requests in the event loop, within bounds: no thread waits for a slow client."""

from __future__ import annotations

import asyncio
import contextlib
import io
import tempfile
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from pathlib import Path
from typing import IO, Any

from ugc.front.bounds import Bounds
from ugc.front.refusals import Gone, Refused

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
BUSY_S = 5  # Retry-After of those who find no room


class Body:
    """One body: in memory while it is short, then in a file that has no name."""

    def __init__(self, bodies: Bodies) -> None:
        self._bodies = bodies
        self._in_file = False
        self.file: IO[bytes] = io.BytesIO()
        self.size = 0

    def write(self, chunk: bytes) -> None:
        """Raises Refused when the spool is full, OSError when the disk is."""
        if not self._in_file and self.size + len(chunk) > self._bodies.bounds.in_memory:
            self._bodies.take(self.size)
            self._in_file = True
            memory = self.file
            self.file = tempfile.TemporaryFile(dir=self._bodies.folder, buffering=0)  # noqa: SIM115
            memory.seek(0)
            self.file.write(memory.read())
        if self._in_file:
            self._bodies.take(len(chunk))
        self.size += len(chunk)
        self.file.write(chunk)

    def close(self) -> None:
        """Gives its room back; harmless when repeated."""
        self.file.close()
        if self._in_file:
            self._bodies.spooled -= self.size
            self._in_file = False


class Bodies:
    """The bodies that one process reads. Lives in the event loop's thread."""

    def __init__(self, bounds: Bounds, folder: Path | None) -> None:
        self.bounds, self.folder = bounds, folder
        self.spooled = 0  # bytes in files
        self.unfinished: dict[str, list[asyncio.Timeout]] = {}
        self._displaced: set[asyncio.Timeout] = set()

    def take(self, size: int) -> None:
        """Takes room in the spool. Raises Refused when there is none."""
        if self.spooled + size > self.bounds.spool:
            raise Refused(503, "unavailable", BUSY_S)
        self.spooled += size

    async def read(self, receive: Receive, declared: int | None, visitor: str) -> Body:
        """The whole body of a request by `visitor`, `declared` bytes long (None: chunked), at its
        beginning. Raises Refused, and Gone when the client leaves before the end."""
        if declared is not None and declared > self.bounds.body:
            raise Refused(413, "too_large", linger=True)
        body = Body(self)
        try:
            with self._place(visitor) as deadline:
                await self._fill(body, receive, deadline)
            if declared is not None and body.size != declared:
                raise Gone
        except OSError as error:
            body.close()
            if isinstance(error, TimeoutError):
                raise
            raise Refused(503, "unavailable", BUSY_S) from error
        except BaseException:
            body.close()
            raise
        body.file.seek(0)
        return body

    async def _fill(self, body: Body, receive: Receive, deadline: asyncio.Timeout) -> None:
        bounds = self.bounds
        began = asyncio.get_running_loop().time()
        try:
            async with deadline:
                while True:
                    message = await receive()
                    if message["type"] != "http.request":
                        raise Gone
                    if body.size + len(message.get("body", b"")) > bounds.body:
                        raise Refused(413, "too_large", linger=True)
                    body.write(message.get("body", b""))
                    if not message.get("more_body"):
                        return
                    if deadline not in self._displaced:
                        patience = bounds.grace_s + body.size / bounds.rate
                        deadline.reschedule(began + min(patience, bounds.body_s))
        except TimeoutError:
            if deadline in self._displaced:
                raise Refused(503, "unavailable", BUSY_S) from None
            raise Refused(408, "too_slow", BUSY_S) from None

    @contextlib.contextmanager
    def _place(self, visitor: str) -> Iterator[asyncio.Timeout]:
        """Holds one of the places of unfinished bodies. Raises Refused when there is none."""
        mine = self.unfinished.get(visitor, [])
        if len(mine) >= self.bounds.unfinished_of_one:
            raise Refused(429, "too_fast", BUSY_S)
        if sum(map(len, self.unfinished.values())) >= self.bounds.unfinished:
            self._displace(len(mine))
        deadline = asyncio.timeout(self.bounds.grace_s)
        self.unfinished.setdefault(visitor, []).append(deadline)
        try:
            yield deadline
        finally:
            self._displaced.discard(deadline)
            mine = self.unfinished[visitor]
            mine.remove(deadline)
            if not mine:
                del self.unfinished[visitor]

    def _displace(self, mine: int) -> None:
        """Ends the oldest body of the visitor with the most, when that leaves them no fewer than
        the newcomer will have. Raises Refused otherwise."""
        most = max(self.unfinished.values(), key=len)
        oldest = next((each for each in most if each not in self._displaced), None)
        if len(most) < mine + 2 or oldest is None:
            raise Refused(503, "unavailable", BUSY_S)
        self._displaced.add(oldest)
        oldest.reschedule(asyncio.get_running_loop().time())

    async def linger(self, receive: Receive) -> None:
        """Throws away what is still on its way, so that its sender reads the refusal: a connection
        closed over unread bytes is reset, and the answer with it."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.bounds.linger_s):
                while (message := await receive())["type"] == "http.request":
                    if not message.get("more_body"):
                        return
