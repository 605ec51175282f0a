"""Answers of the streams' process: problems and JSON, with the headers that all of them carry."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import urlsplit

import orjson
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from ugc.stream.streams import Stream


class Answers:
    """Makes answers that pages of the site alone may read with cookies."""

    def __init__(self, site_url: str) -> None:
        site = urlsplit(site_url)
        self.origin = f"{site.scheme}://{site.netloc}"

    def headers(self, request: Request) -> dict[str, str]:
        """What every answer carries."""
        headers = {
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            "Vary": "Origin",
        }
        if request.headers.get("origin") == self.origin:
            headers["Access-Control-Allow-Origin"] = self.origin
            headers["Access-Control-Allow-Credentials"] = "true"
        return headers

    def json(self, request: Request, body: dict[str, Any]) -> Response:
        """200 with `body`."""
        headers = self.headers(request)
        return Response(orjson.dumps(body), headers=headers, media_type="application/json")

    def problem(
        self,
        request: Request,
        status: int,
        code: str,
        *,
        retry_s: int = 0,
        close: bool = False,
        **more: Any,
    ) -> Response:
        """A refusal (RFC 9457) with `more` members; `close` ends the connection after it."""
        headers = self.headers(request)
        if retry_s:
            headers["Retry-After"] = str(retry_s)
        if close:
            headers["Connection"] = "close"
        body = orjson.dumps({"status": status, "title": code, "code": code, **more})
        return Response(body, status, headers, media_type="application/problem+json")


class EventStream(StreamingResponse):
    """Sends a stream's events until it or the browser ends. One task looks for the end; the group
    of tasks that Starlette makes for it costs as much memory as all the rest of a stream."""

    media_type = "text/event-stream"

    def __init__(self, stream: Stream, headers: dict[str, str]) -> None:
        super().__init__(stream.events(), headers=headers)
        self.stream = stream

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        watching = asyncio.create_task(self._watch(receive))
        try:
            await self.stream_response(send)
        finally:
            watching.cancel()

    async def _watch(self, receive: Receive) -> None:
        await self.listen_for_disconnect(receive)
        self.stream.end()


class BodilessGets:
    """Refuses what is not GET, and every body: nothing here takes one, so none is waited for."""

    def __init__(self, app: ASGIApp, answers: Answers) -> None:
        self.app, self.answers = app, answers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = self._refusal(Request(scope)) if scope["type"] == "http" else None
        await (answer or self.app)(scope, receive, send)

    def _refusal(self, request: Request) -> Response | None:
        length = request.headers.get("content-length", "0")
        if length != "0" or "transfer-encoding" in request.headers:
            return self.answers.problem(request, 413, "too_large", close=True)
        if request.method != "GET":
            return self.answers.problem(request, 405, "method_not_allowed")
        return None
