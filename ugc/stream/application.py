"""The ASGI application of the streams."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Iterator
from typing import Any

from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router
from starlette.types import Receive, Scope, Send

from ugc.core.errors import Invalid
from ugc.geography import geo
from ugc.livemap.rules import RESYNC, Cursor, View
from ugc.reports.rules.kinds import KINDS
from ugc.stream.answers import Answers, BodilessGets, EventStream
from ugc.stream.hub import Hub
from ugc.stream.streams import Stream
from ugc.stream.visitors import Visitors

OPENING_S = 5.0  # a new stream waits so long for the database
RETRY_S = 5
RETRY_FULL_S = 60


class Live:
    """Answers `/live`, an ASGI endpoint: its response lasts as long as the browser stays."""

    def __init__(self, settings: dict[str, Any], hub: Hub, answers: Answers) -> None:
        self.hub, self.answers, self.visitors = hub, answers, Visitors(settings)
        self.most = int(settings["LIVE_STREAMS"])
        self.most_of_one = int(settings["LIVE_STREAMS_PER_ADDRESS"])
        self.open: Counter[str] = Counter()  # streams by address

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        address = self.visitors.address(request)
        try:
            bounds = geo.Bounds.parsed(request.query_params.get("bbox", ""))
        except Invalid:
            answer = self.answers.problem(request, 422, "invalid", errors=["bbox"])
            await answer(scope, receive, send)
            return
        if self._is_full(address):
            answer = self.answers.problem(request, 503, "unavailable", retry_s=RETRY_FULL_S)
            await answer(scope, receive, send)
            return
        stream = self._asked(request, bounds)
        with self._counted(address), self.hub.fed(stream):
            answer = await self._opened(request, stream)
            await answer(scope, receive, send)

    def _is_full(self, address: str) -> bool:
        """Whether no stream of this address is taken in; none is once the process ends."""
        full = self.open.total() >= self.most or self.open[address] >= self.most_of_one
        return full or self.hub.closed

    def _asked(self, request: Request, bounds: geo.Bounds) -> Stream:
        """The stream that a request asks for; with a cursor that leads nowhere it ends at once."""
        asked = request.query_params
        kinds = frozenset(asked.get("kinds", "").split(",")) & KINDS.keys()
        given = request.headers.get("last-event-id") or asked.get("cursor", "")
        cursor = Cursor.parsed(given)
        stream = Stream(View(bounds, kinds), cursor, self.visitors.token(request))
        if given and cursor is None:
            stream.end(RESYNC)
        return stream

    @contextlib.contextmanager
    def _counted(self, address: str) -> Iterator[None]:
        self.open[address] += 1
        try:
            yield
        finally:
            self.open[address] -= 1
            if not self.open[address]:
                del self.open[address]

    async def _opened(self, request: Request, stream: Stream) -> Response:
        """The answer to a stream that waits for the hub: its events, or a refusal."""
        try:
            status = await asyncio.wait_for(stream.opened, OPENING_S)
        except TimeoutError:
            status = 503
        if status == 503:
            return self.answers.problem(request, 503, "unavailable", retry_s=RETRY_S)
        if status != 200:
            return self.answers.problem(request, status, "suspended")
        # Proxies must pass each event on at once (nginx).
        headers = self.answers.headers(request) | {"X-Accel-Buffering": "no"}
        return EventStream(stream, headers)


def create_app(settings: dict[str, Any], hub: Hub) -> Router:
    """The application around `hub`, which reads as long as it runs. A router alone: the handlers of
    errors that Starlette puts around its applications would pass on each event of each stream."""
    answers = Answers(str(settings["SITE_URL"]))

    async def alive(request: Request) -> Response:
        return answers.json(request, hub.health()[1])

    async def ready(request: Request) -> Response:
        good, state = hub.health()
        if good:
            return answers.json(request, state)
        return answers.problem(request, 503, "unavailable", retry_s=RETRY_S, **state)

    async def not_found(scope: Scope, receive: Receive, send: Send) -> None:
        answer = answers.problem(Request(scope), 404, "not_found")
        await answer(scope, receive, send)

    return Router(
        routes=[
            Route("/live", Live(settings, hub, answers)),
            Route("/healthz", alive),
            Route("/readyz", ready),
        ],
        default=not_found,
        redirect_slashes=False,
        middleware=[Middleware(BodilessGets, answers)],
        lifespan=lambda _app: hub.running(),
    )
