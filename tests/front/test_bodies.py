"""Bodies within bounds, without a network: what is read, refused, displaced and given back."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from ugc.front.bodies import Bodies
from ugc.front.bounds import Bounds
from ugc.front.refusals import Gone, Refused
from ugc.front.server import bounds_for

SMALL = Bounds(body=1000, in_memory=100, spool=1500, grace_s=0.05, rate=1, linger_s=0.05)


def sender(*chunks: bytes, whole: bool = True) -> Callable[[], Awaitable[dict[str, Any]]]:
    """Sends these parts; then it is silent, unless the last one ends the body."""
    left = list(chunks)

    async def receive() -> dict[str, Any]:
        if not left:
            await asyncio.Event().wait()
        body = left.pop(0)
        return {"type": "http.request", "body": body, "more_body": bool(left) or not whole}

    return receive


async def leaver() -> dict[str, Any]:
    return {"type": "http.disconnect"}


async def refusal(reading: Awaitable[Any]) -> tuple[int, str]:
    with pytest.raises(Refused) as caught:
        await reading
    return caught.value.status, caught.value.code


def test_a_body_is_whole_and_gives_its_room_back(tmp_path: Path) -> None:
    async def run() -> None:
        bodies = Bodies(SMALL, tmp_path)
        short = await bodies.read(sender(b"a" * 50, b"b" * 50), 100, "x")
        assert short.file.read() == b"a" * 50 + b"b" * 50
        assert bodies.spooled == 0
        long = await bodies.read(sender(b"a" * 90, b"b" * 90, b"c"), None, "x")
        assert long.file.read() == b"a" * 90 + b"b" * 90 + b"c"
        assert (long.size, bodies.spooled) == (181, 181)
        assert list(tmp_path.iterdir()) == []  # a killed process leaves nothing
        for body in (short, long):
            body.close()
            body.close()
        assert (bodies.spooled, bodies.unfinished) == (0, {})

    asyncio.run(run())


def test_what_is_cut_off_or_of_another_length_is_gone() -> None:
    async def run() -> None:
        bodies = Bodies(SMALL, None)
        for receive, declared in (
            (leaver, 10), (leaver, None), (sender(b"short"), 10), (sender(b"too long"), 3),
        ):  # fmt: skip
            with pytest.raises(Gone):
                await bodies.read(receive, declared, "x")
        assert (bodies.spooled, bodies.unfinished) == (0, {})

    asyncio.run(run())


@pytest.mark.parametrize(
    ("chunks", "declared", "bounds", "expected"),
    [
        ([], 1001, {}, (413, "too_large")),
        ([b"x" * 600, b"x" * 600], None, {}, (413, "too_large")),
        ([b"x" * 600], None, {"spool": 500}, (503, "unavailable")),
        ([b"x"], 10, {}, (408, "too_slow")),
        ([b"x" * 500], 900, {"rate": 1_000_000, "body_s": 0.05}, (408, "too_slow")),
        ([b"x" * 500], 900, {"rate": 10_000, "grace_s": 0.01}, (408, "too_slow")),
        ([], 10, {"unfinished_of_one": 0}, (429, "too_fast")),
    ],
)
def test_a_body_past_a_bound_is_refused(
    chunks: list[bytes], declared: int | None, bounds: dict[str, Any], expected: tuple[int, str]
) -> None:
    async def run() -> None:
        bodies = Bodies(dataclasses.replace(SMALL, **bounds), None)
        reading = bodies.read(sender(*chunks, whole=False), declared, "x")
        assert await refusal(reading) == expected
        assert (bodies.spooled, bodies.unfinished) == (0, {})

    asyncio.run(run())


def test_a_folder_without_room_refuses_and_holds_nothing(tmp_path: Path) -> None:
    async def run() -> None:
        bodies = Bodies(SMALL, tmp_path / "missing")
        reading = bodies.read(sender(b"x" * 200), 200, "x")
        assert await refusal(reading) == (503, "unavailable")
        assert (bodies.spooled, bodies.unfinished) == (0, {})

    asyncio.run(run())


def test_places_are_shared_fairly() -> None:
    """Who holds most of the places gives one to a newcomer who holds none, the oldest first."""

    async def run() -> None:
        bounds = dataclasses.replace(SMALL, unfinished=4, unfinished_of_one=3, grace_s=60)
        bodies = Bodies(bounds, None)
        hoard = [
            asyncio.create_task(bodies.read(sender(b"x", whole=False), 10, "hoarder"))
            for _ in range(3)
        ]
        other = asyncio.create_task(bodies.read(sender(b"x", whole=False), 10, "other"))
        await asyncio.sleep(0)
        assert await refusal(bodies.read(sender(), 10, "hoarder")) == (429, "too_fast")
        newcomer = await bodies.read(sender(b"0123456789"), 10, "newcomer")
        assert newcomer.size == 10
        assert await refusal(hoard[0]) == (503, "unavailable")
        assert not any(task.done() for task in (*hoard[1:], other))
        waits = asyncio.create_task(bodies.read(sender(b"x", whole=False), 10, "newcomer"))
        await asyncio.sleep(0)
        # The four places are held by 2, 1 and 1: taking one more would only turn them round.
        assert await refusal(bodies.read(sender(), 10, "other")) == (503, "unavailable")
        for task in (*hoard[1:], other, waits):
            task.cancel()
        await asyncio.gather(*hoard[1:], other, waits, return_exceptions=True)
        assert bodies.unfinished == {}

    asyncio.run(run())


@pytest.mark.parametrize("workers", [1, 2, 4, 16])
def test_all_processes_together_stay_within_a_gigabyte_of_files(workers: int) -> None:
    bounds = bounds_for(workers, hops=0)
    assert bounds.spool * workers < 1 << 30
    assert bounds.spool >= 4 * (12 << 20)  # a form with its four largest photos


def test_two_processes_hold_no_more_than_256_mb_of_bodies_and_answers(app: Flask) -> None:
    assert 2 * bounds_for(2, hops=1).worst_memory <= 256 << 20
    assert app.config["MAX_CONTENT_LENGTH"] == Bounds.body
