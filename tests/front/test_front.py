"""Slow, cut off, forged and oversized requests against real processes: none holds up another."""

from __future__ import annotations

import contextlib
import hashlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.front.conftest import PATIENCE, Server, read_all, small_server, until
from tests.front.small import BODY
from ugc.config import ROOT
from ugc.front.bounds import Bounds

HOST = b"Host: boca\r\n"
CLOSE = b"Connection: close\r\n"
ELSEWHERE = "127.8.8.8"


def post(size: int, path: bytes = b"/echo", more: bytes = CLOSE) -> bytes:
    return b"POST %s HTTP/1.1\r\n%s%sContent-Length: %d\r\n\r\n" % (path, HOST, more, size)


def done(server: Server) -> list[str]:
    with contextlib.suppress(FileNotFoundError):
        return (server.folder / "done").read_text(encoding="utf-8").splitlines()
    return []


def status(answer: bytes) -> int:
    assert answer.startswith(b"HTTP/1."), answer[:80]
    return int(answer.split(b" ", 2)[1])


@contextlib.contextmanager
def held(server: Server, count: int, data: bytes) -> Iterator[list[socket.socket]]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(server.connect()) for _ in range(count)]
        for each in sockets:
            each.sendall(data)
        yield sockets


def test_half_bodies_hold_up_nobody_and_are_told(small: Server) -> None:
    """Three times as many as there are places for one address."""
    places = Bounds().unfinished_of_one
    with held(small, 3 * places, post(1000) + b"half") as sockets:
        began = time.monotonic()
        assert small.get("/healthz")[1] == b"well"
        answered = time.monotonic() - began
        assert status(small.raw(post(5) + b"whole", ELSEWHERE)) == 200
        told = [status(read_all(each)) for each in sockets]
    assert sorted(set(told)) == [408, 429]
    assert told.count(408) == places
    assert answered < PATIENCE / 3  # before any of them was cut off by its deadline, all were held
    assert status(small.raw(post(5) + b"whole")) == 200  # their places are free again


def test_a_body_that_comes_slowly_but_steadily_is_taken(small: Server) -> None:
    data = os.urandom(40_000)
    with small.connect() as connection:
        connection.sendall(post(len(data)))
        for at in range(0, len(data), 4_000):  # longer than the deadline of a silent one
            connection.sendall(data[at : at + 4_000])
            time.sleep(0.15)
        answer = read_all(connection)
    assert hashlib.sha256(data).hexdigest().encode() in answer


def test_a_large_body_is_whole_and_leaves_no_file(small: Server) -> None:
    data = os.urandom(BODY)
    answer = small.raw(post(len(data)) + data)
    assert answer.endswith(f"{BODY} {hashlib.sha256(data).hexdigest()}".encode())
    assert list((small.folder / "spool").iterdir()) == []


@pytest.mark.parametrize(
    "request_head",
    [
        post(100, b"/slow"),
        b"POST /slow HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n64\r\n",
    ],
    ids=["Content-Length", "chunked"],
)  # fmt: skip
def test_a_body_cut_off_midway_reaches_no_application(small: Server, request_head: bytes) -> None:
    with small.connect() as connection:
        connection.sendall(request_head + b"cut off")
    # What was sent whole after it is done; whatever was before would be done by then.
    small.raw(post(5, b"/slow") + b"after")
    assert "after" in done(small)
    assert not any("cut" in each for each in done(small))


CUT = "cut"  # the connection ends, with or without an answer that says so


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (post(5) + b"hello", 200),
        (b"POST /echo HTTP/1.1\r\n" + HOST + CLOSE
         + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", 200),
        (post(BODY + 1), 413),
        (post(BODY + 1, more=CLOSE + b"Expect: 100-continue\r\n"), 413),
        (post(4, more=CLOSE + b"Transfer-Encoding: chunked\r\n") + b"1\r\nx\r\n0\r\n\r\n", 400),
        (post(5, more=CLOSE + b"Content-Length: 9\r\n") + b"hello", 400),
        (b"POST /echo HTTP/1.1\r\n" + HOST + CLOSE + b"Content-Length: +5\r\n\r\nhello", 400),
        (b"POST /echo HTTP/1.1\r\n" + HOST + CLOSE
         + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400),
        (b"GET /healthz HTTP/1.1\r\n" + HOST + HOST + CLOSE + b"\r\n", 400),
        (b"GET /healthz HTTP/1.1\nHost: boca\n\n", 400),
        (b"GET /healthz HTTP/1.1\r\nHost : boca\r\n\r\n", 400),
        (b"GET /%FF\xff HTTP/1.1\r\n" + HOST + b"\r\n", 400),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
        (b"CONNECT boca:443 HTTP/1.1\r\n" + HOST + CLOSE + b"\r\n", 400),
        (b"GET /healthz HTTP/1.1\r\n" + HOST + CLOSE + b"X: " + b"a" * 70_000 + b"\r\n\r\n", 431),
        (b"GET /healthz HTTP/1.1\r\n" + HOST + CLOSE + b"X: y\r\n" * 500 + b"\r\n", 431),
        (b"GET /" + b"a" * 1_000_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", CUT),
        (b"GET /healthz HTTP/1.1\r\n" + HOST + b"X: " + b"a" * 1_000_000, CUT),
    ],
    ids=lambda value: value[:60].decode("latin-1") if isinstance(value, bytes) else str(value),
)  # fmt: skip
def test_shapes_of_requests(small: Server, data: bytes, expected: int | str) -> None:
    try:
        answer = small.raw(data)
    except (BrokenPipeError, ConnectionResetError):
        answer = b""
    if expected == CUT:
        assert answer == b"" or status(answer) in (400, 431)
    else:
        assert status(answer) == expected
        assert b"100 Continue" not in answer
    assert small.get("/healthz")[1] == b"well"


def test_a_sender_of_too_much_reads_why(small: Server) -> None:
    """Closing over unread bytes would reset the connection, and the answer with it."""
    head = post(3 * BODY, more=CLOSE + b"Accept-Language: es-ES,en\r\n")
    answer = small.raw(head + b"x" * (3 * BODY))
    assert status(answer) == 413
    assert "Demasiado grande." in answer.decode()
    json = small.raw(post(3 * BODY, more=CLOSE + b"Accept: application/json\r\n"))
    assert b'"code": "too_large"' in json


def test_endless_trailers_are_cut(small: Server) -> None:
    head = (
        b"POST /slow HTTP/1.1\r\n"
        + HOST
        + b"Transfer-Encoding: chunked\r\n\r\n7\r\ntrailer\r\n0\r\n"
    )
    with small.connect() as connection, contextlib.suppress(OSError):
        connection.sendall(head)
        for _ in range(50):
            connection.sendall(b"X-More: " + b"a" * 30_000 + b"\r\n")
        connection.sendall(b"\r\n")
        assert read_all(connection) == b""
    small.raw(post(5, b"/slow") + b"after")
    assert "trailer" not in done(small)


def test_headers_and_silence_have_a_deadline(small: Server) -> None:
    for first in (b"", b"GET /healthz HTTP/1.1\r\nX-"):
        with small.connect() as connection:
            ended = threading.Event()

            def trickle(
                connection: socket.socket = connection, ended: threading.Event = ended
            ) -> None:
                with contextlib.suppress(OSError):
                    while not ended.wait(0.1):
                        connection.sendall(b"a")

            connection.sendall(first)
            trickling = threading.Thread(target=trickle) if first else None
            if trickling:
                trickling.start()
            assert read_all(connection) in (b"",)
            ended.set()
            if trickling:
                trickling.join()


def test_a_reader_who_takes_nothing_is_cut(small: Server) -> None:
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(PATIENCE)
        connection.connect(("127.0.0.1", small.port))
        connection.sendall(b"GET /large HTTP/1.1\r\n" + HOST + b"\r\n")
        time.sleep(3)  # three times what a reader may take nothing for
        assert len(read_all(connection)) < 8 << 20
    assert small.get("/healthz")[1] == b"well"


def test_requests_sent_ahead_are_answered_in_order_up_to_a_bound(small: Server) -> None:
    one = b"GET /healthz HTTP/1.1\r\n" + HOST + b"\r\n"
    last = b"GET /healthz HTTP/1.1\r\n" + HOST + CLOSE + b"\r\n"
    assert small.raw(one * 49 + last).count(b"\r\n\r\nwell") == 50
    assert small.raw(one * 5000 + last).count(b"\r\n\r\nwell") < 200


@pytest.mark.parametrize("hops", [0, 1])
def test_no_header_with_underscores_replaces_the_forwarded_address(
    tmp_path: Path, hops: int
) -> None:
    with small_server(tmp_path, hops=hops) as server:
        _, body = server.get("/address", "X-Forwarded-For: 6.6.6.6", "X_Forwarded_For: 7.7.7.7")
        assert body == b"127.0.0.1 6.6.6.6"
        assert server.get("/address", "X_Forwarded_For: 7.7.7.7")[1] == b"127.0.0.1 -"
        if not hops:
            return
        # Behind a proxy visitors are counted by what it says; its connections are not counted.
        forwarded = CLOSE + b"X-Forwarded-For: 9.9.9.9, 192.0.2.1\r\n"
        places, peers = Bounds().unfinished_of_one, Bounds().peer or 0
        with held(server, places, post(1000, more=forwarded) + b"half"), held(server, peers, b""):
            assert status(server.raw(post(5, more=forwarded) + b"whole")) == 429
            other = CLOSE + b"X-Forwarded-For: 192.0.2.1, 192.0.2.2\r\n"
            assert status(server.raw(post(5, more=other) + b"whole")) == 200


def test_connections_of_one_address_are_bounded(small: Server) -> None:
    most = Bounds().peer or 0
    with held(small, most + 20, b"") as sockets:
        ended = sum(not read_at_once(each) for each in sockets[most:])
        assert ended == 20
        with small.connect(ELSEWHERE) as connection:
            connection.sendall(b"GET /healthz HTTP/1.1\r\n" + HOST + CLOSE + b"\r\n")
            assert status(read_all(connection)) == 200


def read_at_once(connection: socket.socket) -> bool:
    """Whether it is open: an aborted one ends its first read."""
    connection.settimeout(0.5)
    try:
        return bool(connection.recv(1))
    except TimeoutError:
        return True
    except ConnectionResetError:
        return False


def both_serve(server: Server) -> list[int]:
    """Ids of the two workers, as soon as both have answered."""
    found: set[int] = set()

    def have_answered() -> bool:
        found.add(int(server.get("/process")[1]))
        return len(found) == 2

    until(have_answered)
    return sorted(found)


def test_a_killed_worker_is_replaced_and_the_other_goes_on(tmp_path: Path) -> None:
    with small_server(tmp_path, workers=2) as server:
        before = both_serve(server)
        os.kill(before[0], signal.SIGKILL)
        until(lambda: len(set(server.workers()) - set(before)) == 1)
        assert server.get("/healthz")[1] == b"well"
        assert server.process.poll() is None


def in_threads(count: int, target: Callable[[int], None]) -> list[threading.Thread]:
    threads = [threading.Thread(target=target, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    return threads


def test_a_stop_answers_what_it_took_and_runs_what_comes_at_the_end(tmp_path: Path) -> None:
    acknowledged: list[str] = []
    unanswered: list[str] = []
    ended = threading.Event()

    def post_on(number: int) -> None:
        at = 0
        while not ended.is_set():
            at += 1
            text = f"{number}-{at}"
            try:
                connection = server.connect()
            except OSError:
                return  # it stopped listening
            with connection:
                try:
                    connection.sendall(post(len(text), b"/slow") + text.encode())
                    answer = read_all(connection)
                except OSError:
                    answer = b""
            (acknowledged if b"200 OK" in answer[:20] else unanswered).append(text)

    with small_server(tmp_path, workers=2) as server:
        both_serve(server)
        threads = in_threads(8, post_on)
        until(lambda: len(acknowledged) > 20)
        server.process.terminate()
        assert server.process.wait(PATIENCE) == 0
        ended.set()
        for thread in threads:
            thread.join()
    written = done(server)
    assert written.count("the worker's end") == 2
    assert set(acknowledged) <= set(written)
    assert len(written) == len(set(written) - {"the worker's end"}) + 2
    # One whose connection the system had taken for a process that was gone is not done either.
    assert not set(unanswered) & set(written)


def test_workers_end_when_their_supervisor_is_killed(tmp_path: Path) -> None:
    with small_server(tmp_path, workers=2) as server:
        workers = both_serve(server)
        server.process.kill()
        server.process.wait(PATIENCE)
        until(lambda: not any(Path(f"/proc/{pid}/cmdline").exists() for pid in workers))
        assert done(server).count("the worker's end") == 2


def test_a_taken_port_is_told(small: Server) -> None:
    command = [sys.executable, "-m", "ugc.front", "127.0.0.1", str(small.port), "1", "0", "x:y"]
    told = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE)
    assert told.returncode == 1
    assert f"Cannot listen on 127.0.0.1, port {small.port}" in told.stderr


def test_without_compiled_libraries_the_same_bounds_hold_and_it_is_told(tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    missing.mkdir()
    for name in ("httptools", "uvloop"):  # importing them fails, as where there is no wheel
        (missing / f"{name}.py").write_text("raise ImportError('no wheel')\n", encoding="ascii")
    with small_server(tmp_path, PYTHONPATH=f"{missing}:{ROOT}") as server:
        told = (tmp_path / "log").read_text(encoding="utf-8")
        assert "the library httptools is missing" in told
        assert "the library uvloop is missing" in told
        test_half_bodies_hold_up_nobody_and_are_told(server)
        test_headers_and_silence_have_a_deadline(server)
        test_a_reader_who_takes_nothing_is_cut(server)
        test_a_sender_of_too_much_reads_why(server)
        assert status(server.raw(b"GET / HTTP/1.1\r\nX: " + b"a" * 70_000)) in (400, 431)
