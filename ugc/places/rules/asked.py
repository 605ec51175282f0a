"""Which category the words of a search name. Pure."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from pathlib import Path

from ugc.search.likeness import nearest, words

_TABLE = tomllib.loads((Path(__file__).parents[1] / "words.toml").read_text(encoding="utf-8"))
_SAID: dict[str, str] = {said: code for code, names in _TABLE.items() for said in names}
# Words shorter than this are not taken for others with an error in them: "barn" is no bar.
MISTYPED_LENGTH = 6
LONG = 9  # letters of a word in which two errors are forgiven


@lru_cache(maxsize=1024)
def category_said(text: str) -> tuple[str, float] | None:
    """(code, likeness 0 to 1) of the category that a text names; None when it names none."""
    said = " ".join(words(text))
    code = _SAID.get(said) or _SAID.get(said.removesuffix("s"))
    if code:
        return code, 1.0
    if len(said) < MISTYPED_LENGTH:
        return None
    name, off = min(
        (nearest(each, _SAID) for each in (said, said.removesuffix("s"))), key=lambda one: one[1]
    )
    if off <= (1 if len(said) < LONG else 2):
        return _SAID[name], 1 - 0.08 * off
    # "restaur", on the way to "restaurante".
    begun = {code for each, code in _SAID.items() if each.startswith(said)}
    return (begun.pop(), 0.8) if len(begun) == 1 else None
