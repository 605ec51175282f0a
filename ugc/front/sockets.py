"""Listening sockets of `ugc serve` and `ugc live`, and how many files a process may open."""

from __future__ import annotations

import resource
import socket

GONE_S = 60  # the system ends a connection whose other side has taken nothing for so long


def listening_socket(host: str, port: int, send_buffer: int | None = None) -> socket.socket:
    """Bound, not listening yet. `send_buffer` is what the system keeps for one slow reader, in
    bytes. Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if send_buffer is not None:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, GONE_S * 1000)
    try:
        listening.bind((host, port))
    except OSError:
        listening.close()
        raise
    return listening


def allow_open_files(most: int = 65536) -> None:
    """Raises this process's limit of open files towards `most`: each connection is one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = most if hard == resource.RLIM_INFINITY else min(most, hard)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
