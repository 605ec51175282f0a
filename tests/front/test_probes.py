"""Questions about health, which never wait for the application's threads."""

from __future__ import annotations

import asyncio
import dataclasses
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ugc.front.application import Front
from ugc.front.bounds import Bounds
from ugc.front.static import StaticFiles

Answered = tuple[int, bytes]


async def ask(front: Front, path: str, query: bytes = b"", method: str = "GET") -> Answered:
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b""}

    async def send(message: Any) -> None:
        sent.append(dict(message))

    scope = {
        "type": "http", "method": method, "path": path, "query_string": query, "headers": [],
        "http_version": "1.1", "scheme": "http",
    }  # fmt: skip
    await front(scope, receive, send)
    return sent[0]["status"], b"".join(each.get("body", b"") for each in sent[1:])


@pytest.mark.parametrize(("stuck_s", "alive"), [(1000, 200), (-1, 503)])
def test_health_is_answered_while_every_thread_is_busy(
    tmp_path: Path, stuck_s: float, alive: int
) -> None:
    """It says whether the threads move; ready is asked in a thread of its own."""
    begun, go_on = threading.Event(), threading.Event()

    def app(_environ: Any, start: Callable[..., Any]) -> list[bytes]:
        begun.set()
        go_on.wait()
        start("200 OK", [])
        return [b"page"]

    def ready(query: str) -> Answered:
        return (503 if query == "strict" else 200), b"{}"

    async def play() -> None:
        bounds = dataclasses.replace(Bounds(), threads=1, stuck_s=stuck_s)
        front = Front(
            app, StaticFiles(tmp_path, "/static", []), bounds,
            alive="/healthz", probes={"/readyz": ready},
        )  # fmt: skip
        assert (await ask(front, "/healthz"))[0] == 200
        page = asyncio.create_task(ask(front, "/"))
        await asyncio.to_thread(begun.wait)
        assert (await ask(front, "/healthz"))[0] == alive
        assert await ask(front, "/healthz", method="HEAD") == (alive, b"")
        assert await ask(front, "/readyz") == (200, b"{}")
        assert await ask(front, "/readyz", b"strict") == (503, b"{}")
        go_on.set()
        assert await page == (200, b"page")
        assert (await ask(front, "/healthz"))[0] == 200

    asyncio.run(play())


def test_too_many_questions_are_refused(tmp_path: Path) -> None:
    go_on = threading.Event()

    def ready(_query: str) -> Answered:
        go_on.wait()
        return 200, b"{}"

    async def play() -> None:
        bounds = dataclasses.replace(Bounds(), probes=3)
        static = StaticFiles(tmp_path, "/static", [])
        front = Front(lambda _e, _s: [], static, bounds, probes={"/readyz": ready})
        first = [asyncio.create_task(ask(front, "/readyz")) for _ in range(3)]
        await asyncio.sleep(0)
        assert (await ask(front, "/readyz"))[0] == 503
        go_on.set()
        assert [status for status, _ in await asyncio.gather(*first)] == [200] * 3

    asyncio.run(play())
