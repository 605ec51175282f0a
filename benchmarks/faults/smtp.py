"""A mail server that fails: it refuses connections, says nothing, or answers 451."""

from __future__ import annotations

import socket
import socketserver
import threading
import time
from collections import Counter
from email import message_from_bytes, policy

WELL, REFUSES, HANGS, SAYS_451 = "well", "refuses", "hangs", "451"


class MailServer:
    """`arrived` holds (moment, recipient) of each mail that it took."""

    def __init__(self) -> None:
        self.mode = WELL
        self.arrived: list[tuple[float, str]] = []
        self.refused = 0
        self._changed = threading.Event()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self._server: socketserver.ThreadingTCPServer | None = None

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}?tls=none"

    def be(self, mode: str) -> None:
        """Ends what hangs in the mode before."""
        self.mode = mode
        self._changed.set()
        self._changed = threading.Event()
        if mode == REFUSES:
            self.close()
        elif self._server is None:
            self._listen()

    def close(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def _listen(self) -> None:
        outer = self

        class Session(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                outer.serve(self)

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True
            block_on_close = False

        self._server = Server(("127.0.0.1", self.port), Session)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def serve(self, session: socketserver.StreamRequestHandler) -> None:
        mode = self.mode
        if mode == HANGS:
            self.refused += 1
            self._changed.wait()
            return

        def say(line: str) -> None:
            session.wfile.write(line.encode() + b"\r\n")

        say("220 ready")
        for raw in session.rfile:
            command = raw.decode().strip().upper()
            if command == "QUIT":
                say("221 bye")
                return
            if command.startswith("MAIL") and mode == SAYS_451:
                self.refused += 1
                say("451 try again later")
            elif command == "DATA":
                say("354 go on")
                self._take(session)
                say("250 taken")
            else:
                say("250 well")

    def _take(self, session: socketserver.StreamRequestHandler) -> None:
        lines = []
        while (line := session.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line)
        message = message_from_bytes(b"".join(lines), policy=policy.default)
        self.arrived.append((time.monotonic(), str(message["To"])))

    def counts(self) -> Counter[str]:
        return Counter(to for _, to in self.arrived)
