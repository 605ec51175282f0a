"""The front as an ASGI application around a WSGI one."""

from __future__ import annotations

import asyncio
import io
import logging
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from ugc.core.addresses import network, visitor
from ugc.front.bodies import Bodies, Body, Receive
from ugc.front.bounds import Bounds
from ugc.front.refusals import Gone, Headers, Refused, Texts, render
from ugc.front.static import StaticFiles
from ugc.front.threads import CHUNK, Answer, Environ, Threads, WsgiApp, environ_of

log = logging.getLogger("ugc.front")
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Scope = dict[str, Any]
Probe = Callable[[str], tuple[int, bytes]]


class Front:
    """Answers built files itself; gives the application each other request once it is whole, in a
    thread; sends its answer without that thread. `hops` counts trusted proxies.

    Questions about health never wait for those threads: at the path `alive` the event loop says
    whether the threads move, and `probes` maps paths to functions of the query that give status and
    JSON, within seconds, and run in a thread of their own."""

    def __init__(
        self,
        app: WsgiApp,
        static: StaticFiles,
        bounds: Bounds,
        *,
        spool: Path | None = None,
        hops: int = 0,
        texts: Texts | None = None,
        alive: str | None = None,
        probes: Mapping[str, Probe] | None = None,
    ) -> None:
        self.static, self.bounds, self.hops, self.texts = static, bounds, hops, texts or {}
        self.alive, self.probes = alive, probes or {}
        self._probing = ThreadPoolExecutor(1, "probes")
        self._probes_waiting = 0
        if spool is not None:
            spool.mkdir(parents=True, exist_ok=True)
        self.bodies = Bodies(bounds, spool)
        self.threads = Threads(app, bounds, spool)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise RuntimeError("The front speaks HTTP only.")
        headers = dict(scope["headers"])
        found = self.static.find(scope["path"])
        answer = self.static.answer(found, scope["method"], headers) if found else None
        try:
            if answer is None:
                answer = await self._probe(scope) or await self._ask(scope, receive)
            await self._send(send, answer)
        except Refused as refused:
            out, body = render(refused, headers, self.texts)
            # Not ended yet: uvicorn closes a connection as soon as its answer ends.
            await send(_start(refused.status, out))
            more = scope["method"] != "HEAD"
            await send({"type": "http.response.body", "body": body, "more_body": more})
            if refused.linger:
                await self.bodies.linger(receive)
            if more:
                await send({"type": "http.response.body", "body": b""})
        except Gone:
            log.debug("the client left before its request was whole")

    async def _probe(self, scope: Scope) -> Answer | None:
        """The answer about health, None for all else. Raises Refused when too many ask."""
        path = scope["path"]
        if scope["method"] not in ("GET", "HEAD") or not (
            path == self.alive or path in self.probes
        ):
            return None
        if path == self.alive:
            status, body = (
                (503, b'{"ok":false}\n') if self.threads.stuck else (200, b'{"ok":true}\n')
            )
        elif self._probes_waiting >= self.bounds.probes:
            raise Refused(503, "unavailable", 5)
        else:
            self._probes_waiting += 1
            try:
                status, body = await asyncio.get_running_loop().run_in_executor(
                    self._probing, self.probes[path], scope["query_string"].decode("latin-1")
                )
            finally:
                self._probes_waiting -= 1
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(body)),
            (b"cache-control", b"no-store"),
            (b"x-content-type-options", b"nosniff"),
        ]
        return Answer(status, headers, b"" if scope["method"] == "HEAD" else body)

    async def _ask(self, scope: Scope, receive: Receive) -> Answer:
        """The application's answer to a request that is read whole. Raises Refused, Gone."""
        self._check_head(scope["headers"])
        environ = environ_of(scope)
        body = await self._body(environ, receive)
        try:
            return await self.threads.run(environ)
        finally:
            if body is not None:
                body.close()

    def _check_head(self, headers: Headers) -> None:
        size = sum(len(name) + len(value) for name, value in headers)
        if size > self.bounds.head or len(headers) > self.bounds.head_fields:
            raise Refused(431, "headers_too_large")
        if sum(name == b"host" for name, _ in headers) > 1:
            raise Refused(400, "bad_request")

    async def _body(self, environ: Environ, receive: Receive) -> Body | None:
        declared: str | None = environ.get("CONTENT_LENGTH")
        coding: str | None = environ.pop("HTTP_TRANSFER_ENCODING", None)
        if coding is None and declared in (None, "0"):
            return None
        forwarded = environ.get("HTTP_X_FORWARDED_FOR", "")
        who = network(visitor(environ["REMOTE_ADDR"], forwarded, self.hops))
        body = await self.bodies.read(receive, _length(declared, coding), who)
        environ["wsgi.input"] = body.file
        environ["CONTENT_LENGTH"] = str(body.size)
        return body

    async def _send(self, send: Send, answer: Answer) -> None:
        body = answer.body
        if isinstance(body, bytes) and len(body) <= 4 * CHUNK:
            await send(_start(answer.status, answer.headers))
            await send({"type": "http.response.body", "body": body})
            return
        held = len(body) if isinstance(body, bytes) else 0
        self.threads.held += held
        try:
            with io.BytesIO(body) if isinstance(body, bytes) else body as file:
                await send(_start(answer.status, answer.headers))
                while chunk := file.read(CHUNK):
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
                await send({"type": "http.response.body", "body": b""})
        finally:
            self.threads.held -= held


def _start(status: int, headers: Headers) -> dict[str, Any]:
    return {"type": "http.response.start", "status": status, "headers": headers}


def _length(declared: str | None, coding: str | None) -> int | None:
    """The length that a body's headers declare; None for a chunked one. Raises Refused when they
    contradict one another."""
    if declared is None and coding is not None and coding.strip().lower() == "chunked":
        return None
    if declared is None or coding is not None or not (declared.isascii() and declared.isdecimal()):
        raise Refused(400, "bad_request")
    return int(declared)
