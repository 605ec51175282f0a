"""python -m ugc.front HOST PORT WORKERS HOPS MODULE:FUNCTION

Started by `ugc serve` in its own place: the supervisor stays small, only workers load the
application."""

from __future__ import annotations

import sys

from ugc.front.server import serve
from ugc.front.sockets import listening_socket


def main(host: str, port: str, workers: str, hops: str, name: str) -> None:
    try:
        listening = listening_socket(host, int(port))
    except OSError as error:
        sys.exit(f"Error: Cannot listen on {host}, port {port} ({error.strerror}): choose another.")
    serve(name, listening, int(workers), int(hops))


if __name__ == "__main__":
    main(*sys.argv[1:])
