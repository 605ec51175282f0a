"""A relay between a browser and the web server that counts what the server sends, whoever asked for
it: a page, its scripts, or the service worker, which no tool of the page sees."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import threading
import time
from collections.abc import Iterator

CHUNK = 65_536


class Wire(socketserver.ThreadingTCPServer):
    """Relays every connection to `port` of this machine; `sent` is the bytes that came back."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", 0), Relay)
        self.target = ("127.0.0.1", port)
        self.sent, self.last, self.lock = 0, time.monotonic(), threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def add(self, number: int) -> None:
        with self.lock:
            self.sent += number
            self.last = time.monotonic()

    def quiet_for(self) -> float:
        """Seconds since the last byte."""
        return time.monotonic() - self.last


class Relay(socketserver.BaseRequestHandler):
    server: Wire

    def handle(self) -> None:
        with socket.create_connection(self.server.target) as upstream:
            asking = threading.Thread(target=self._pass, args=(self.request, upstream, False))
            asking.daemon = True
            asking.start()
            self._pass(upstream, self.request, True)

    def _pass(self, source: socket.socket, target: socket.socket, counted: bool) -> None:
        # Either side may close at any time, as browsers do with what they no longer need.
        with contextlib.suppress(OSError):
            while chunk := source.recv(CHUNK):
                if counted:
                    self.server.add(len(chunk))
                target.sendall(chunk)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def wire(port: int) -> Iterator[Wire]:
    """A relay to `port`, until the block ends."""
    with Wire(port) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
