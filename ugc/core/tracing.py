"""The id of the request that is served, or whose job runs. It stands in the answer's
`X-Request-ID`, in error pages, in log lines and in the jobs that the request enqueued."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_WELL_FORMED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,63}", re.ASCII)
_current: ContextVar[str | None] = ContextVar("request_id", default=None)


def current() -> str | None:
    """The id in force; None outside requests and their jobs."""
    return _current.get()


def new_id(given: str | None = None) -> str:
    """`given` when it is well-formed (8 to 64 letters, digits and `._-`), else 16 random digits of
    base 16."""
    return given if given and _WELL_FORMED.fullmatch(given) else secrets.token_hex(8)


@contextmanager
def following(request_id: str | None) -> Iterator[None]:
    """Puts an id in force for a block."""
    token = _current.set(request_id)
    try:
        yield
    finally:
        _current.reset(token)
