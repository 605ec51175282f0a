"""`ugc live`: the live map's streams (Server-sent events), a process beside the web server.

    GET /live?bbox=west,south,east,north[&kinds=jam,waste][&cursor=…]   (or Last-Event-ID: …)
    GET /healthz, /readyz

One reader asks PostgreSQL, woken by its own messages after each commit and once a second anyway,
and gives what changed to every stream whose view it touches:

    event: upsert   data: a GeoJSON feature      event: gone     data: {"id", "version"}
    event: cursor   id: everything before it was told (at the end of each batch, and every 15 s)
    event: resync   too much happened: fetch the view again       event: ended   the session is over
(docs/decisions/0005-live-map.md)"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson
import psycopg
import uvicorn
from flask import Flask
from itsdangerous import BadData

from ugc import config
from ugc.accounts.actions.links import digest
from ugc.accounts.pages.actor import COOKIE_TOKEN
from ugc.core import signed
from ugc.core.addresses import network, visitor
from ugc.core.errors import Invalid
from ugc.front.bounds import Bounds
from ugc.front.protocol import protocol
from ugc.front.sockets import GONE_S, listening_socket
from ugc.geography import geo
from ugc.livemap import rules as livemap_rules
from ugc.livemap.queries import changes as livemap_changes
from ugc.livemap.rules import ENDED, RESYNC, Change, Cursor, Snapshot, View
from ugc.reports.rules.kinds import KINDS

log = logging.getLogger("ugc.live")
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

POLL_S = 1.0  # the reader looks at least this often, told or not
GATHER_S = 0.05  # after a batch it waits so long: what commits meanwhile goes together
BEAT_S = 15.0  # a stream hears something at least this often
CHECK_S = 2.5  # between two looks at the sessions of signed-in members
MOST_UNFINISHED = 50  # connections of one address beside its streams
KERNEL_BYTES = 128 * 1024  # what the system keeps for one slow reader
OPENING_S = 5.0  # a new stream waits so long for the database
MOST_WAITING = 256 * 1024  # bytes that wait for a slow reader before it must fetch again
RETRY_MS, RETRY_FULL_S = 2000, 60


class Stream:
    """One open browser: what waits to be sent to it, and whether it ends then."""

    def __init__(self, view: View, cursor: Cursor | None, token: str | None, address: str) -> None:
        self.view, self.cursor, self.token, self.address = view, cursor, token, address
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
        data = b"".join(self.waiting)
        self.waiting.clear()
        self.size = 0
        self.wake.clear()
        return data


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

    def join(self, stream: Stream) -> None:
        self.newcomers.append(stream)
        self.wake.set()

    def leave(self, stream: Stream) -> None:
        self.streams.discard(stream)
        if not stream.opened.done():
            stream.opened.cancel()

    def close(self) -> None:
        """Ends every stream without a word: browsers come back to the next process."""
        self.closed = True
        self._all(b"")
        for stream in self.newcomers:  # they would hold the process up
            if not stream.opened.done():
                stream.opened.set_result(503)


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


class Live:
    """The ASGI application."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self.settings = settings
        self.hub = Hub(config.libpq_url(str(settings["SQLALCHEMY_DATABASE_URI"])))
        self.addresses: Counter[str] = Counter()
        site = urlsplit(str(settings["SITE_URL"]))
        self.origin = f"{site.scheme}://{site.netloc}".encode()
        self.tasks: list[asyncio.Task[None]] = []
        self.loop: asyncio.AbstractEventLoop | None = None
        # The web server's cookies, read as Flask reads them.
        reader = Flask("ugc.live")
        reader.secret_key = str(settings["SECRET_KEY"])
        self.signer = signed.Sessions().get_signing_serializer(reader)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            headers = {name.lower(): value for name, value in scope["headers"]}
            # Nothing here takes a body: it is not waited for.
            if headers.get(b"content-length", b"0") != b"0" or b"transfer-encoding" in headers:
                await self._answer(send, headers, 413, {"code": "too_large"}, close=True)
            elif scope["method"] != "GET":
                await self._answer(send, headers, 405, {"code": "method_not_allowed"})
            elif scope["path"] in ("/healthz", "/readyz"):
                await self._health(send, headers, is_ready=scope["path"] == "/readyz")
            elif scope["path"] == "/live":
                await self._live(scope, headers, receive, send)
            else:
                await self._answer(send, headers, 404, {"code": "not_found"})

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                self.loop = asyncio.get_running_loop()
                self.tasks = [
                    asyncio.create_task(self.hub.read()),
                    asyncio.create_task(self.hub.listen()),
                ]
                await send({"type": "lifespan.startup.complete"})
            else:
                for task in self.tasks:
                    task.cancel()
                await asyncio.gather(*self.tasks, return_exceptions=True)
                self.hub.close()
                await send({"type": "lifespan.shutdown.complete"})
                return

    def _headers(self, headers: dict[bytes, bytes], kind: bytes) -> list[tuple[bytes, bytes]]:
        out = [
            (b"content-type", kind),
            (b"cache-control", b"no-store"),
            (b"x-content-type-options", b"nosniff"),
            (b"vary", b"Origin"),
        ]
        if headers.get(b"origin") == self.origin:
            out += [
                (b"access-control-allow-origin", self.origin),
                (b"access-control-allow-credentials", b"true"),
            ]
        return out

    async def _answer(
        self,
        send: Send,
        headers: dict[bytes, bytes],
        status: int,
        body: dict[str, Any],
        retry_s: int = 0,
        *,
        close: bool = False,
    ) -> None:
        kind = b"application/json" if status < 400 else b"application/problem+json"
        out = self._headers(headers, kind)
        out += [(b"retry-after", b"%d" % retry_s)] if retry_s else []
        out += [(b"connection", b"close")] if close else []
        await send({"type": "http.response.start", "status": status, "headers": out})
        told = body if status < 400 else {"status": status, "title": body["code"], **body}
        await send({"type": "http.response.body", "body": orjson.dumps(told)})

    async def _health(self, send: Send, headers: dict[bytes, bytes], *, is_ready: bool) -> None:
        """200; with `is_ready`, 503 while the database is not read."""
        hub = self.hub
        good = bool(hub.read_at) and time.monotonic() - hub.read_at < 5
        body = {"ok": good, "streams": len(hub.streams), "listening": hub.listening}
        if good or not is_ready:
            await self._answer(send, headers, 200, body)
        else:
            await self._answer(send, headers, 503, {"code": "unavailable", **body}, 5)

    def _address(self, scope: Message, headers: dict[bytes, bytes]) -> str:
        """The visitor's; of IPv6 the network. Behind proxies, what the trusted ones say."""
        peer = (scope.get("client") or ("unknown", 0))[0]
        forwarded = headers.get(b"x-forwarded-for", b"").decode("latin-1")
        return network(visitor(peer, forwarded, int(self.settings["PROXY_HOPS"])))

    def _token(self, headers: dict[bytes, bytes]) -> str | None:
        """The hash of the session's token, when the cookie is ours."""
        cookies: SimpleCookie = SimpleCookie()
        with contextlib.suppress(CookieError):
            cookies.load(headers.get(b"cookie", b"").decode("latin-1"))
        morsel = cookies.get(str(self.settings["SESSION_COOKIE_NAME"]))
        if morsel is None or self.signer is None:
            return None
        try:
            age = int(self.settings["PERMANENT_SESSION_LIFETIME"])
            token = self.signer.loads(morsel.value, max_age=age).get(COOKIE_TOKEN)
        except BadData:
            return None
        return digest(token) if token else None

    async def _live(
        self, scope: Message, headers: dict[bytes, bytes], receive: Receive, send: Send
    ) -> None:
        query = parse_qs(scope["query_string"].decode("latin-1"))
        try:
            bounds = geo.Bounds.parsed(query.get("bbox", [""])[0])
        except Invalid:
            await self._answer(send, headers, 422, {"code": "invalid", "errors": ["bbox"]})
            return
        kinds = frozenset(query.get("kinds", [""])[0].split(",")) & KINDS.keys()
        last = headers.get(b"last-event-id", b"").decode("latin-1")
        given = last or query.get("cursor", [""])[0]
        cursor = Cursor.parsed(given)
        address = self._address(scope, headers)
        if (
            self.hub.closed
            or self.addresses.total() >= self.settings["LIVE_STREAMS"]
            or self.addresses[address] >= self.settings["LIVE_STREAMS_PER_ADDRESS"]
        ):
            await self._answer(send, headers, 503, {"code": "unavailable"}, RETRY_FULL_S)
            return
        stream = Stream(View(bounds, kinds), cursor, self._token(headers), address)
        if given and cursor is None:
            stream.end(RESYNC)
        self.addresses[address] += 1
        try:
            await self._stream(stream, headers, receive, send)
        finally:
            self.hub.leave(stream)
            self.addresses[address] -= 1
            if not self.addresses[address]:
                del self.addresses[address]

    async def _stream(
        self, stream: Stream, headers: dict[bytes, bytes], receive: Receive, send: Send
    ) -> None:
        self.hub.join(stream)
        try:
            status = await asyncio.wait_for(stream.opened, OPENING_S)
        except TimeoutError:
            status = 503
        if status != 200:
            code, retry_s = ("unavailable", 5) if status == 503 else ("suspended", 0)
            await self._answer(send, headers, status, {"code": code}, retry_s)
            return

        async def watch() -> None:
            while (await receive())["type"] != "http.disconnect":
                pass
            stream.end()

        watching = asyncio.create_task(watch())
        try:
            out = self._headers(headers, b"text/event-stream; charset=utf-8")
            # Proxies must pass each event on at once (nginx).
            out.append((b"x-accel-buffering", b"no"))
            await send({"type": "http.response.start", "status": 200, "headers": out})
            data = f"retry: {RETRY_MS}\n\n".encode()
            while True:
                await send({"type": "http.response.body", "body": data, "more_body": True})
                if stream.over and not stream.waiting:
                    break
                await stream.wake.wait()
                data = stream.take()
                if not data:
                    break
            if not watching.done():
                await send({"type": "http.response.body", "body": b""})
        finally:
            watching.cancel()


class Server(uvicorn.Server):
    """Streams have no end of their own: a signal ends them, then the server."""

    def handle_exit(self, sig: int, frame: Any) -> None:
        app = self.config.app
        if isinstance(app, Live) and app.loop is not None:
            app.loop.call_soon_threadsafe(app.hub.close)
        super().handle_exit(sig, frame)


def bounds(settings: dict[str, Any]) -> Bounds:
    """Headers have a deadline, and one address has few connections beside its streams."""
    peer = int(settings["LIVE_STREAMS_PER_ADDRESS"]) + MOST_UNFINISHED
    return Bounds(stalled_s=GONE_S, peer=None if settings["PROXY_HOPS"] else peer)


def serve(host: str, port: int) -> None:
    """Serves until SIGINT or SIGTERM, in this process. Raises ConfigError, OSError."""
    app = Live(config.load())
    settings = uvicorn.Config(
        app, lifespan="on", http=protocol(bounds(app.settings)), ws="none", access_log=False,
        log_level="warning", backlog=2048, server_header=False, proxy_headers=False,
        timeout_graceful_shutdown=3,
    )  # fmt: skip
    with listening_socket(host, port, KERNEL_BYTES) as listening:
        Server(settings).run([listening])
