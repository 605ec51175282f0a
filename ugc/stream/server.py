"""The process of the streams: sockets, bounds and signals."""

from __future__ import annotations

import asyncio
import socket
from types import FrameType
from typing import Any

import uvicorn

from ugc import config
from ugc.front.bounds import Bounds
from ugc.front.protocol import protocol
from ugc.front.sockets import GONE_S, listening_socket
from ugc.stream.application import create_app
from ugc.stream.hub import Hub

MOST_UNFINISHED = 50  # connections of one address beside its streams
KERNEL_BYTES = 128 * 1024  # what the system keeps for one slow reader


class Server(uvicorn.Server):
    """Streams have no end of their own: a signal ends them, then the server."""

    def __init__(self, settings: uvicorn.Config, hub: Hub) -> None:
        super().__init__(settings)
        self.hub = hub
        self.loop: asyncio.AbstractEventLoop | None = None

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        self.loop = asyncio.get_running_loop()
        await super().serve(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self.loop is not None:
            self.loop.call_soon_threadsafe(self.hub.close)
        super().handle_exit(sig, frame)


def bounds(settings: dict[str, Any]) -> Bounds:
    """Headers have a deadline, and one address has few connections beside its streams."""
    peer = int(settings["LIVE_STREAMS_PER_ADDRESS"]) + MOST_UNFINISHED
    return Bounds(stalled_s=GONE_S, peer=None if settings["PROXY_HOPS"] else peer)


def serve(host: str, port: int) -> None:
    """Serves until SIGINT or SIGTERM, in this process. Raises ConfigError, OSError."""
    settings = config.load()
    hub = Hub(config.libpq_url(str(settings["SQLALCHEMY_DATABASE_URI"])))
    server = uvicorn.Config(
        create_app(settings, hub), lifespan="on", http=protocol(bounds(settings)), ws="none",
        access_log=False, log_level="warning", backlog=2048, server_header=False,
        proxy_headers=False, timeout_graceful_shutdown=3,
    )  # fmt: skip
    with listening_socket(host, port, KERNEL_BYTES) as listening:
        Server(server, hub).run([listening])
