"""Answers of the application, compressed where that is safe and worth it (docs/decisions/0032)."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from typing import Any

from ugc.front.refusals import Headers

LEAST = 600  # bytes; what is shorter fits into one packet as it is
LEVEL = 6
# Media types that get smaller, besides text/* and what ends in +json or +xml.
TEXTS = {b"application/json", b"application/javascript", b"application/xml"}


def packs(headers: Mapping[bytes, bytes]) -> bool:
    """Whether an answer with these headers may be compressed: a whole text in no coding yet, which
    the application did not mark `no-transform` (RFC 9111, 5.2.2.6)."""
    kind = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    is_text = kind.startswith(b"text/") or kind.endswith((b"+json", b"+xml")) or kind in TEXTS
    return (
        is_text
        and kind != b"text/event-stream"
        and b"content-encoding" not in headers
        and b"content-range" not in headers
        and b"no-transform" not in headers.get(b"cache-control", b"")
    )


def accepts_gzip(accepted: str) -> bool:
    """Of an Accept-Encoding header."""
    for part in accepted.lower().split(","):
        coding, _, weight = part.partition(";")
        if coding.strip() == "gzip":
            return weight.replace(" ", "").rstrip("0") not in ("q=", "q=0.")
    return False


def without_weak_marks(environ: dict[str, Any]) -> bool:
    """Takes the weak marks off If-None-Match, which compares weakly anyhow (RFC 9110, 13.1.2), and
    says whether there was one: the application knows its ETag without the mark that `packed`
    set."""
    asked = environ.get("HTTP_IF_NONE_MATCH", "")
    if "W/" not in asked:
        return False
    environ["HTTP_IF_NONE_MATCH"] = asked.replace('W/"', '"')
    return True


def packed(
    environ: Mapping[str, Any], status: int, headers: Headers, body: bytes, was_weak: bool
) -> tuple[Headers, bytes]:
    """Headers and body as they are sent. A compressed body is not the bytes that its ETag names, so
    the tag is marked as weak; HEAD and 304 say what GET would."""
    known = dict(headers)
    if status == 304:
        return (_weak(_varied(headers)) if was_weak else headers), body
    if not packs(known):
        return headers, body
    headers = _varied(headers)
    is_head = environ["REQUEST_METHOD"] == "HEAD"
    size = int(known.get(b"content-length", b"0")) if is_head else len(body)
    if size < LEAST or not accepts_gzip(environ.get("HTTP_ACCEPT_ENCODING", "")):
        return headers, body
    headers = [each for each in _weak(headers) if each[0] != b"content-length"]
    headers.append((b"content-encoding", b"gzip"))
    if not is_head:
        body = gzip.compress(body, LEVEL, mtime=0)
        headers.append((b"content-length", b"%d" % len(body)))
    return headers, body


def _varied(headers: Headers) -> Headers:
    said = b", ".join(value for name, value in headers if name == b"vary")
    if b"accept-encoding" in said.lower() or b"*" in said:
        return headers
    rest = [each for each in headers if each[0] != b"vary"]
    return [*rest, (b"vary", said + b", Accept-Encoding" if said else b"Accept-Encoding")]


def _weak(headers: Headers) -> Headers:
    return [
        (name, b"W/" + value if name == b"etag" and not value.startswith(b"W/") else value)
        for name, value in headers
    ]
