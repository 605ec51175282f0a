"""Runs a WSGI application in a few threads, for an event loop."""

from __future__ import annotations

import asyncio
import functools
import io
import logging
import queue
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any
from urllib.parse import unquote_to_bytes

from werkzeug.wsgi import FileWrapper

from ugc.front import packing
from ugc.front.bounds import Bounds
from ugc.front.refusals import Headers, Refused

log = logging.getLogger("ugc.front")
Environ = dict[str, Any]
WsgiApp = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]
CHUNK = 32 * 1024
NO_BODY = {204, 304}


@dataclass
class Answer:
    """A whole answer: bytes, or a file at its beginning that the reader closes."""

    status: int
    headers: Headers
    body: bytes | IO[bytes] = field(default=b"")


class File(FileWrapper):
    """`wsgi.file_wrapper`: its file leaves by the event loop, so that no thread waits for its
    reader; where a range of it is asked for, Werkzeug iterates over it."""


class Threads:
    """Threads that take requests from one queue."""

    def __init__(self, app: WsgiApp, bounds: Bounds, folder: Path | None) -> None:
        self.app, self.bounds, self.folder = app, bounds, folder
        self.waiting = 0  # requests whose answer is not there yet
        self.held = 0  # bytes of answers in memory that wait for their readers
        self.busy: dict[str, float] = {}  # thread: since when it has had its request
        self._jobs: queue.SimpleQueue[tuple[Environ, asyncio.Future[Answer]]] = queue.SimpleQueue()
        for number in range(bounds.threads):
            threading.Thread(target=self._work, name=f"wsgi-{number}", daemon=True).start()

    @property
    def stuck(self) -> bool:
        """Whether every thread has had the same request for longer than any may take."""
        began = list(self.busy.values())
        late = time.monotonic() - self.bounds.stuck_s
        return len(began) == self.bounds.threads and all(each < late for each in began)

    async def run(self, environ: Environ) -> Answer:
        """The application's answer. Raises Refused when too many wait already."""
        if self.waiting >= self.bounds.waiting:
            raise Refused(503, "unavailable", 5)
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self.waiting += 1
        try:
            self._jobs.put((environ, future))
            return await future
        finally:
            self.waiting -= 1

    def _work(self) -> None:
        while True:
            environ, future = self._jobs.get()
            thread = threading.current_thread().name
            self.busy[thread] = time.monotonic()
            try:
                answer = self._answer(environ)
            except Exception:
                log.exception("the application failed")
                answer = Answer(500, [(b"content-length", b"0")])
            finally:
                del self.busy[thread]
            with suppress(RuntimeError):  # the loop is closed, the process ends
                future.get_loop().call_soon_threadsafe(_give, future, answer)

    def _answer(self, environ: Environ) -> Answer:
        started: list[tuple[str, list[tuple[str, str]]]] = []
        was_weak = packing.without_weak_marks(environ)

        def start_response(status: str, headers: list[tuple[str, str]], _error: Any = None) -> None:
            started[:] = [(status, headers)]

        result = self.app(environ, start_response)
        if isinstance(result, File):
            status, headers = started[0]
            return Answer(int(status[:3]), _encoded(headers), result.file)
        try:
            body, size = self._gathered(result)
            status, headers = started[0]
        finally:
            if hasattr(result, "close"):
                result.close()
        answer = Answer(int(status[:3]), _encoded(headers), body)
        if isinstance(body, bytes):
            answer.headers, answer.body = packing.packed(
                environ, answer.status, answer.headers, body, was_weak
            )
            size = len(answer.body)
        named = any(name == b"content-length" for name, _ in answer.headers)
        if not named and answer.status not in NO_BODY and environ["REQUEST_METHOD"] != "HEAD":
            answer.headers.append((b"content-length", b"%d" % size))
        return answer

    def _gathered(self, result: Iterable[bytes]) -> tuple[bytes | IO[bytes], int]:
        """All parts of an answer and their length; in a file once memory holds too much."""
        parts: list[bytes] = []
        waiting = size = 0
        file: IO[bytes] | None = None
        for part in result:
            parts.append(part)
            size += len(part)
            waiting += len(part)
            if waiting > CHUNK and self.held + waiting > self.bounds.held:
                file = file or tempfile.TemporaryFile(dir=self.folder)  # noqa: SIM115
                file.write(b"".join(parts))
                parts.clear()
                waiting = 0
        if file is None:
            return b"".join(parts), size
        file.write(b"".join(parts))
        file.seek(0)
        return file, size


def _give(future: asyncio.Future[Answer], answer: Answer) -> None:
    if not future.done():
        future.set_result(answer)
    elif not isinstance(answer.body, bytes):
        answer.body.close()


def _encoded(headers: list[tuple[str, str]]) -> Headers:
    return [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]


@functools.lru_cache(512)
def _variable(name: bytes) -> str:
    return "HTTP_" + name.decode("latin-1").upper().replace("-", "_")


def environ_of(scope: dict[str, Any]) -> Environ:
    """The WSGI environment of an ASGI request, without its body."""
    path = scope.get("raw_path") or scope["path"].encode()
    host, port = scope.get("server") or ("", 0)
    environ: Environ = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": (unquote_to_bytes(path) if b"%" in path else path).decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": host,
        "SERVER_PORT": str(port),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": (scope.get("client") or ("",))[0],
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        "wsgi.input_terminated": True,  # the body is whole, or the application is not called
        "wsgi.file_wrapper": File,
    }
    for name, value in scope["headers"]:
        if b"_" in name:
            continue  # X_Forwarded_For would become the variable of X-Forwarded-For
        variable = _variable(name)
        text = value.decode("latin-1")
        if variable in environ:
            text = environ[variable] + ("; " if variable == "HTTP_COOKIE" else ",") + text
        environ[variable] = text
    for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if (given := environ.pop(f"HTTP_{name}", None)) is not None:
            environ[name] = given
    return environ
