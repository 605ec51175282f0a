"""Which kind of report the words of a search name. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from ugc.reports.rules.kinds import KINDS, Kind
from ugc.search.likeness import nearest, words

MISTYPED_LENGTH = 6  # letters of a name that may have an error in it


def _bare(text: str) -> str:
    """The words of a name in the singular."""
    return " ".join(
        word[:-2] if word.endswith("es") and len(word) > 4 else word.removesuffix("s")
        for word in words(text)
    )


def _names(kind: Kind) -> Iterator[str]:
    for subkind in kind.subkinds:
        yield from subkind.names().values()
    yield from kind.names().values()


_SAID = {_bare(name): kind.code for kind in KINDS.values() for name in _names(kind)}


@lru_cache(maxsize=1024)
def kind_said(text: str) -> tuple[str, float] | None:
    """(code, likeness 0 to 1) of the kind that a text names, by its own name or that of one of its
    sub-kinds; None when it names none."""
    said = _bare(text)
    if said in _SAID:
        return _SAID[said], 1.0
    if len(said) < MISTYPED_LENGTH:
        return None
    name, off = nearest(said, _SAID)
    return (_SAID[name], 0.9) if off <= 1 else None
