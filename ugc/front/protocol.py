"""What uvicorn's HTTP protocols lack: deadlines for headers and for readers, and bounds of a peer's
connections, of headers, trailers and pipelined requests."""

from __future__ import annotations

import asyncio
import functools
from collections import Counter
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

from ugc.core.addresses import network
from ugc.front.bounds import Bounds

try:
    from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
except ImportError:  # no wheel for this system, and no compiler
    HttpToolsProtocol = None  # type: ignore[assignment, misc]

STOPPING_S = 1.0  # a connection taken as the server stops may send its request for so long
TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"content-length: 0\r\nconnection: close\r\n\r\n"
)


class TooManyAhead(Exception):
    """More requests were sent ahead on one connection than are kept."""


class Guard:
    """Mixed into uvicorn's protocols, one object for each connection; `peers` is the process's."""

    peers: Counter[str] = Counter()

    transport: asyncio.Transport
    cycle: Any
    loop: asyncio.AbstractEventLoop

    def __init__(self, *args: Any, bounds: Bounds, **more: Any) -> None:
        super().__init__(*args, **more)
        self.bounds = bounds
        self._peer = ""
        self._head_timer: asyncio.TimerHandle | None = None
        self._stall_timer: asyncio.TimerHandle | None = None
        self._stopping = False

    @property
    def _is_busy(self) -> bool:
        """Whether a request came whose answer is not complete."""
        return self.cycle is not None and not self.cycle.response_complete

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)  # type: ignore[misc]
        self._peer = network((transport.get_extra_info("peername") or ("",))[0])
        self.peers[self._peer] += 1
        if self.bounds.peer is not None and self.peers[self._peer] > self.bounds.peer:
            transport.abort()
        else:
            self._head_timer = self.loop.call_later(self.bounds.head_s, transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        self.peers[self._peer] -= 1
        if not self.peers[self._peer]:
            del self.peers[self._peer]
        self._stop_timers()
        super().connection_lost(exc)  # type: ignore[misc]

    def _stop_timers(self) -> None:
        for timer in (self._head_timer, self._stall_timer):
            if timer is not None:
                timer.cancel()
        self._head_timer = self._stall_timer = None

    def data_received(self, data: bytes) -> None:
        super().data_received(data)  # type: ignore[misc]
        if self._stopping and self.cycle is not None:
            self.cycle.keep_alive = False
        if self._is_busy:
            if self._head_timer is not None:
                self._head_timer.cancel()
                self._head_timer = None
        elif self._head_timer is None and not self.transport.is_closing():
            self._head_timer = self.loop.call_later(self.bounds.head_s, self.transport.abort)

    def pause_writing(self) -> None:
        super().pause_writing()  # type: ignore[misc]
        if self._stall_timer is None:
            self._stall_timer = self.loop.call_later(self.bounds.stalled_s, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()  # type: ignore[misc]
        if self._stall_timer is not None:
            self._stall_timer.cancel()
            self._stall_timer = None

    def shutdown(self) -> None:
        """Ends the connection after its request, or soon when it had none: uvicorn would close what
        was just taken, with a request on its way."""
        self._stopping = True
        if self.cycle is not None or self._head_timer is None:
            super().shutdown()  # type: ignore[misc]
        else:
            self.loop.call_later(STOPPING_S, self._end_if_idle)

    def _end_if_idle(self) -> None:
        if not self._is_busy:
            self.transport.close()


class GuardedH11(Guard, H11Protocol):
    """Pure Python. h11 bounds headers and trailers itself."""


if HttpToolsProtocol is not None:

    class GuardedHttpTools(Guard, HttpToolsProtocol):
        """The parser keeps whatever comes; what brings neither a request's end of headers nor its
        body is counted here."""

        def __init__(self, *args: Any, **more: Any) -> None:
            super().__init__(*args, **more)
            self._fruitless = 0  # bytes since headers ended or a body went on
            self._has_progress = False
            self._in_head = False

        def data_received(self, data: bytes) -> None:
            self._has_progress = False
            super().data_received(data)
            self._fruitless = 0 if self._has_progress else self._fruitless + len(data)
            if self._fruitless > self.bounds.head and not self.transport.is_closing():
                if not self._is_busy:
                    self.transport.write(TOO_LARGE)
                    self.transport.close()
                else:
                    self.transport.abort()

        def on_message_begin(self) -> None:
            self._in_head = True
            super().on_message_begin()

        def on_header(self, name: bytes, value: bytes) -> None:
            if self._in_head:  # else it is a trailer, which nothing reads
                super().on_header(name, value)

        def on_headers_complete(self) -> None:
            self._in_head, self._has_progress = False, True
            if len(self.pipeline) >= self.bounds.pipelined:
                raise TooManyAhead  # the parser stops, and uvicorn answers 400
            super().on_headers_complete()

        def on_body(self, body: bytes) -> None:
            self._has_progress = True
            super().on_body(body)


HAS_HTTPTOOLS = HttpToolsProtocol is not None


def protocol(bounds: Bounds) -> Any:
    """uvicorn's setting `http`: the fastest protocol that this machine has, guarded."""
    guarded = GuardedHttpTools if HAS_HTTPTOOLS else GuardedH11
    return functools.partial(guarded, bounds=bounds)
