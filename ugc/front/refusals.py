"""What the front refuses by itself, in the shapes of the application's own errors."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping
from dataclasses import dataclass

Headers = list[tuple[bytes, bytes]]
# {language: {code: text}}; the first language is the default. Codes are those of docs/errors.md.
Texts = Mapping[str, Mapping[str, str]]

PAGE = (
    '<!doctype html><html lang="{language}"><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width"><meta name="color-scheme"'
    ' content="light dark"><title>{text}</title><main><h1>{status}</h1><p>{text}</p></main>'
)


@dataclass(eq=False)
class Refused(Exception):
    """Ends a request with an error; `linger` where its client may be sending still."""

    status: int
    code: str
    retry_s: int = 0
    linger: bool = False


class Gone(Exception):
    """The client left before its request was whole: the application never sees it."""


def language(accepted: str, texts: Texts) -> str:
    """The first language of an Accept-Language header that there are texts in."""
    wanted = (part.partition(";")[0].strip().lower()[:2] for part in accepted.split(","))
    return next((each for each in wanted if each in texts), next(iter(texts), "en"))


def render(refused: Refused, headers: Mapping[bytes, bytes], texts: Texts) -> tuple[Headers, bytes]:
    """Headers and body of the answer: problem+json for scripts, a page for people."""
    lang = language(headers.get(b"accept-language", b"").decode("latin-1"), texts)
    text = texts.get(lang, {}).get(refused.code, refused.code)
    accepts = headers.get(b"accept", b"")
    if b"json" in accepts and b"text/html" not in accepts:
        kind = b"application/problem+json"
        told = {"title": text, "status": refused.status, "code": refused.code}
        body = json.dumps(told, ensure_ascii=False).encode()
    else:
        kind = b"text/html; charset=utf-8"
        body = PAGE.format(language=lang, status=refused.status, text=html.escape(text)).encode()
    out = [
        (b"content-type", kind),
        (b"content-length", b"%d" % len(body)),
        (b"connection", b"close"),
        (b"cache-control", b"no-store"),
        (b"content-security-policy", b"default-src 'none'"),
        (b"x-content-type-options", b"nosniff"),
    ]
    if refused.retry_s:
        out.append((b"retry-after", b"%d" % refused.retry_s))
    return out, body
