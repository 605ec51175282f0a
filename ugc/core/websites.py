"""Addresses of web sites, as people type them. Pure."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

# Blanks, control characters and what turns the direction of writing have no place in one.
_STRANGE = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]")


def normal_website(text: str) -> str:
    """A full http(s) address; `example.org` becomes `https://example.org`. Raises ValueError, also
    for a name before the host (`https://bank.example@other.example` leads elsewhere than it
    seems)."""
    address = text if "://" in text else f"https://{text}"
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or "." not in (parts.hostname or ""):
        raise ValueError(text)
    if parts.username is not None or _STRANGE.search(address):
        raise ValueError(text)
    return address
