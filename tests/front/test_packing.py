"""Which answers leave compressed, and what is said of them."""

from __future__ import annotations

import gzip
from typing import Any

import pytest

from tests.front.conftest import Server
from tests.front.small import PAGE
from ugc.front.packing import LEAST, accepts_gzip, packed, packs, without_weak_marks

TEXT = b"<p>The same again.</p>" * 100
ENVIRON = {"REQUEST_METHOD": "GET", "HTTP_ACCEPT_ENCODING": "gzip, deflate, br"}


def sent(
    body: bytes = TEXT, status: int = 200, *, was_weak: bool = False,
    environ: dict[str, Any] | None = None, **more: str,
) -> tuple[dict[bytes, bytes], bytes]:  # fmt: skip
    headers = {"content-type": "text/html; charset=utf-8", "etag": '"a1"', **more}
    told = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    told.append((b"content-length", b"%d" % len(body)))
    out, body = packed({**ENVIRON, **(environ or {})}, status, told, body, was_weak)
    return dict(out), body


def test_a_page_is_compressed_and_says_so() -> None:
    headers, body = sent(vary="Cookie")
    assert gzip.decompress(body) == TEXT
    assert headers[b"content-encoding"] == b"gzip"
    assert headers[b"content-length"] == b"%d" % len(body)
    assert headers[b"etag"] == b'W/"a1"'
    assert headers[b"vary"] == b"Cookie, Accept-Encoding"
    assert sent()[1] == body, "an answer is the same bytes each time"


@pytest.mark.parametrize(
    "kind",
    ["text/csv", "application/json", "application/geo+json", "application/problem+json",
     "application/atom+xml", "text/calendar", "image/svg+xml", "application/manifest+json"],
)  # fmt: skip
def test_texts_are_compressed(kind: str) -> None:
    assert packs({b"content-type": kind.encode()})


@pytest.mark.parametrize(
    "headers",
    [
        {"content_type": "image/png"},
        {"content_type": "application/vnd.mapbox-vector-tile"},
        {"content_type": "text/event-stream"},
        {"content_encoding": "br"},
        {"content_range": "bytes 0-9/100"},
        {"cache_control": "private, no-store, no-transform"},
    ],
)
def test_what_is_packed_in_parts_or_forbidden_goes_as_it_is(headers: dict[str, str]) -> None:
    told, body = sent(**headers)
    assert body == TEXT
    assert told[b"etag"] == b'"a1"'
    assert b"vary" not in told


def test_what_is_short_or_not_accepted_goes_as_it_is_but_varies() -> None:
    for told, body in (
        sent(TEXT[: LEAST - 1]),
        sent(environ={"HTTP_ACCEPT_ENCODING": "br, gzip;q=0"}),
        sent(environ={"HTTP_ACCEPT_ENCODING": ""}),
    ):
        assert TEXT.startswith(body)
        assert b"content-encoding" not in told
        assert told[b"vary"] == b"Accept-Encoding"


@pytest.mark.parametrize(
    ("accepted", "is_accepted"),
    [("gzip", True), ("br;q=1, GZIP;q=0.5", True), ("gzip; q=0.000", False), ("x-gzip", False)],
)
def test_accepted_codings(accepted: str, is_accepted: bool) -> None:
    assert accepts_gzip(accepted) is is_accepted


def test_head_says_what_get_would() -> None:
    told, body = sent(environ={"REQUEST_METHOD": "HEAD"})
    assert body == TEXT  # the test's own; a real one has none
    assert told[b"content-encoding"] == b"gzip"
    assert told[b"etag"] == b'W/"a1"'
    assert b"content-length" not in told


def test_a_304_carries_the_tag_that_the_browser_has() -> None:
    environ = {"HTTP_IF_NONE_MATCH": 'W/"a1", "b2"'}
    assert without_weak_marks(environ)
    assert environ["HTTP_IF_NONE_MATCH"] == '"a1", "b2"'
    assert sent(b"", 304, was_weak=True)[0][b"etag"] == b'W/"a1"'
    assert sent(b"", 304)[0][b"etag"] == b'"a1"'
    assert not without_weak_marks({"HTTP_IF_NONE_MATCH": '"a1"'})


def test_through_the_front(small: Server) -> None:
    """GET, HEAD and a condition, as a browser sends them one after the other."""
    gzipped = "Accept-Encoding: gzip, br"
    head, body = small.get("/page", gzipped)
    assert b"content-encoding: gzip" in head
    assert gzip.decompress(body).decode() == PAGE
    assert b'etag: W/"page"' in head
    plain, whole = small.get("/page")
    assert b"content-encoding" not in plain
    assert whole.decode() == PAGE
    head, body = small.get("/page", gzipped, method="HEAD")
    assert b"content-encoding: gzip" in head
    assert body == b""
    head, body = small.get("/page", gzipped, 'If-None-Match: W/"page"')
    assert head.startswith(b"HTTP/1.1 304")
    assert b'etag: W/"page"' in head
    assert body == b""
    head, body = small.get("/large", gzipped, "Range: bytes=0-9")
    assert len(gzip.decompress(body)) == 8 << 20
