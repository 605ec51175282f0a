"""What the application is given, and its answers."""

from __future__ import annotations

import asyncio
import dataclasses
import io
import tempfile
import threading
from collections.abc import Iterable
from typing import Any

import pytest
from werkzeug.wsgi import FileWrapper

from ugc.front.bounds import Bounds
from ugc.front.refusals import Refused
from ugc.front.threads import File, Threads, environ_of


def scope(*headers: tuple[bytes, bytes], path: bytes = b"/a%2Fb/%C3%B1", **more: Any) -> dict:
    return {
        "type": "http", "method": "GET", "path": "/a/b/ñ", "raw_path": path,
        "query_string": b"q=%20", "http_version": "1.1", "scheme": "http",
        "server": ("127.0.0.1", 80),
        "client": ("192.0.2.1", 9), "headers": list(headers), **more,
    }  # fmt: skip


def test_the_environment_is_the_one_of_wsgi() -> None:
    environ = environ_of(
        scope((b"host", b"boca.example"), (b"cookie", b"a=1"), (b"cookie", b"b=2"),
              (b"accept", b"x"), (b"accept", b"y"), (b"content-type", b"text/plain"))
    )  # fmt: skip
    assert environ["PATH_INFO"] == "/a/b/ñ".encode().decode("latin-1")
    assert environ["QUERY_STRING"] == "q=%20"
    assert environ["HTTP_COOKIE"] == "a=1; b=2"
    assert environ["HTTP_ACCEPT"] == "x,y"
    assert environ["CONTENT_TYPE"] == "text/plain"
    assert "HTTP_CONTENT_TYPE" not in environ
    assert (environ["REMOTE_ADDR"], environ["HTTP_HOST"]) == ("192.0.2.1", "boca.example")


@pytest.mark.parametrize("name", [b"x_forwarded_for", b"x-forwarded_for", b"content_length"])
def test_a_name_with_underscores_replaces_no_header(name: bytes) -> None:
    environ = environ_of(scope((b"x-forwarded-for", b"192.0.2.9"), (name, b"7.7.7.7")))
    assert environ["HTTP_X_FORWARDED_FOR"] == "192.0.2.9"
    assert "7.7.7.7" not in environ.values()


class Parts:
    """An iterable with an end that must be called."""

    def __init__(self, *parts: bytes) -> None:
        self.parts, self.closed = parts, False

    def __iter__(self) -> Any:
        return iter(self.parts)

    def close(self) -> None:
        self.closed = True


def ask(app: Any, bounds: Bounds = Bounds(threads=1), **more: Any) -> Any:  # noqa: B008
    async def run() -> Any:
        threads = Threads(app, bounds, None)
        return await threads.run(environ_of(scope(**more)))

    return asyncio.run(run())


def answers(result: Iterable[bytes], status: str = "200 OK") -> Any:
    def app(_environ: Any, start_response: Any) -> Iterable[bytes]:
        start_response(status, [("Content-Type", "text/plain")])
        return result

    return app


def test_an_answer_is_gathered_closed_and_has_a_length() -> None:
    result = Parts(b"one", b"two")
    answer = ask(answers(result))
    assert (answer.status, answer.body) == (200, b"onetwo")
    kind, varies = (b"content-type", b"text/plain"), (b"vary", b"Accept-Encoding")
    assert answer.headers == [kind, varies, (b"content-length", b"6")]
    assert result.closed
    assert ask(answers([], "304 NOT MODIFIED")).headers == [kind]
    assert ask(answers([]), method="HEAD").headers == [kind, varies]


def test_an_answer_waits_in_a_file_when_memory_holds_too_much() -> None:
    answer = ask(answers([b"x" * 40_000] * 5), dataclasses.replace(Bounds(threads=1), held=100_000))
    with answer.body as file:
        assert file.read() == b"x" * 200_000
    assert (b"content-length", b"200000") in answer.headers


def test_a_file_leaves_as_a_file_and_a_range_of_it_as_bytes() -> None:
    file = tempfile.TemporaryFile()  # noqa: SIM115
    file.write(b"0123456789")
    file.seek(0)
    answer = ask(answers(File(file)))
    assert answer.body is file
    assert issubclass(File, FileWrapper)  # Werkzeug's ranges iterate over it
    assert b"".join(File(io.BytesIO(b"0123"))) == b"0123"
    file.close()


def test_a_broken_application_answers_500_and_the_thread_lives_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    calls: list[int] = []

    def app(environ: Any, start_response: Any) -> list[bytes]:
        calls.append(1)
        if len(calls) == 1:
            raise RuntimeError("broken")
        start_response("200 OK", [])
        return [b"well"]

    async def run() -> tuple[int, int]:
        threads = Threads(app, Bounds(threads=1), None)
        first = await threads.run(environ_of(scope()))
        return first.status, (await threads.run(environ_of(scope()))).status

    assert asyncio.run(run()) == (500, 200)
    assert "the application failed" in caplog.text


def test_more_than_may_wait_are_refused() -> None:
    release = threading.Event()

    def app(_environ: Any, start_response: Any) -> list[bytes]:
        release.wait(10)
        start_response("200 OK", [])
        return [b""]

    async def run() -> None:
        threads = Threads(app, Bounds(threads=1, waiting=2), None)
        waiting = [asyncio.create_task(threads.run(environ_of(scope()))) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(Refused) as caught:
            await threads.run(environ_of(scope()))
        assert caught.value.status == 503
        release.set()
        assert [answer.status for answer in await asyncio.gather(*waiting)] == [200, 200]
        assert threads.waiting == 0

    asyncio.run(run())
