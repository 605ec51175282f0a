"""Every bound of the front, in one place."""

from __future__ import annotations

from dataclasses import dataclass

KIB, MIB = 1 << 10, 1 << 20


@dataclass(frozen=True)
class Bounds:
    """What one process allows. Sizes are bytes, times seconds."""

    # Connections
    head: int = 64 * KIB  # request line and headers
    head_fields: int = 100
    head_s: float = 10  # from the first byte (or the connection) to the end of the headers
    pipelined: int = 64  # requests sent ahead on one connection
    stalled_s: float = 60  # a reader who takes nothing for so long is cut off
    peer: int | None = 400  # connections of one peer; None behind a proxy, which is everyone's peer
    keep_alive_s: int = 10
    # Bodies
    body: int = 64 * MIB  # not above the application's own limit
    in_memory: int = 64 * KIB  # a longer body goes to a file
    spool: int = 448 * MIB  # of all files together
    grace_s: float = 15  # a body is late once fewer than (seconds - grace_s) * rate bytes came
    rate: int = 2 * KIB
    body_s: float = 1800  # a body's end, however fast it comes
    unfinished: int = 512  # bodies that are being read
    unfinished_of_one: int = 64  # of them from one visitor (IPv6: one /64)
    linger_s: float = 5  # after a refusal, what is still on its way is thrown away for so long
    # The application
    threads: int = 2
    waiting: int = 512  # requests that wait for a thread
    held: int = 48 * MIB  # answers that wait in memory for their readers; more go to files
    stuck_s: float = 120  # no request takes so long: then this process is not alive any more
    probes: int = 64  # questions about health that wait for their answer
    stop_s: int = 8  # requests under way may take so long when the server stops

    @property
    def worst_memory(self) -> int:
        """What bodies and answers together may hold in memory."""
        return (self.unfinished + self.waiting) * self.in_memory + self.held
