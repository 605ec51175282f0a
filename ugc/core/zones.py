"""Names of time zones that people and programs send. Pure."""

from __future__ import annotations

import functools
from importlib import resources
from zoneinfo import available_timezones

# Names that the library lists and that are no zone of any place: the host's own, and tzdata's mark
# of a machine that is not set up.
_NO_ZONES = frozenset({"Factory", "localtime", "posixrules"})


@functools.cache
def names() -> frozenset[str]:
    """All names of IANA zones, links too."""
    return frozenset(available_timezones()) - _NO_ZONES


def is_zone(name: str | None) -> bool:
    """Whether it is the name of an IANA zone. Looked up in the list, because ZoneInfo imports and
    opens what a name with slashes says, a level of the stack for each."""
    return name in names()


@functools.cache
def offered() -> tuple[str, ...]:
    """The zones that people choose from: those named after an area and a place, and UTC."""
    return tuple(sorted(name for name in names() if "/" in name or name == "UTC"))


@functools.cache
def _links() -> dict[str, str]:
    """Other names of zones, by the `L` lines of tzdata (zic's man page): name to target."""
    table = resources.files("tzdata").joinpath("zoneinfo", "tzdata.zi").read_text("utf-8")
    rows = (line.split() for line in table.splitlines() if line.startswith("L "))
    return {name: target for _, target, name in rows}


def canonical(name: str | None) -> str:
    """A zone that people can choose: `CET` becomes `Europe/Brussels`, which `backward` says it is
    called. A zone without such a name stays; what is none is UTC."""
    if not is_zone(name):
        return "UTC"
    assert name is not None
    target = _links().get(name, name)
    return name if name in offered() else target if target in offered() else name
