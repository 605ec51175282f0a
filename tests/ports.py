"""Ports for servers of the tests."""

from __future__ import annotations

import itertools
import os
import re
import socket

# Below those that outgoing connections take (from 32768 on, as Linux is set): one of them may be
# gone between the moment it was found free and the server's start. Each worker has its range.
FIRST, LAST, OF_A_WORKER = 18_000, 32_000, 2_000
_worker = int("".join(re.findall(r"\d+", os.environ.get("PYTEST_XDIST_WORKER", "0"))))
_turns = itertools.count(os.getpid() % OF_A_WORKER)


def free_port() -> int:
    """A port of 127.0.0.1 that nothing listens at, another one each time."""
    first = FIRST + _worker * OF_A_WORKER % (LAST - FIRST)
    for turn in itertools.islice(_turns, OF_A_WORKER):
        port = first + turn % OF_A_WORKER
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError("no port is free")
