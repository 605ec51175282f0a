"""Names of time zones that people and programs send. Pure."""

from __future__ import annotations

import functools
from zoneinfo import available_timezones


@functools.cache
def _names() -> frozenset[str]:
    return frozenset(available_timezones())


def is_zone(name: str | None) -> bool:
    """Whether it is the name of an IANA zone. Looked up in the list, because ZoneInfo imports and
    opens what a name with slashes says, a level of the stack for each."""
    return name in _names()
