"""A member as pages name them: the handle, and the name they chose beside it. Pure.

`Who` is a `str`, the handle: addresses, comparisons and JSON take it as it is. `WHO_SQL` reads one
from an SQL row of `members`, and `Member.who` does in queries of the ORM."""

from __future__ import annotations

import unicodedata
import zlib
from collections.abc import Sequence
from typing import Any

from ugc.core import texts

HUES = 9
# Letters of these scripts join: two of them beside each other would read as a word.
_JOINED = ("ARABIC", "SYRIAC", "MONGOLIAN", "NKO", "MANDAIC", "ADLAM", "DEVANAGARI", "BENGALI")
_MODIFIERS = range(0x1F3FB, 0x1F400)
_REGIONAL = range(0x1F1E6, 0x1F200)
ZWJ = "\u200d"

# A name is shown of who confirmed an address and is not suspended; `m` is `members`.
_SHOWN = (
    "m.email_confirmed_at IS NOT NULL"
    " AND (m.suspended_until IS NULL OR m.suspended_until <= app_now())"
)
NAME_SQL = f"CASE WHEN {_SHOWN} THEN m.name ELSE '' END"
PICTURE_SQL = f"CASE WHEN {_SHOWN} THEN coalesce(m.picture, '') ELSE '' END"
WHO_SQL = (
    f"CASE WHEN m.handle IS NOT NULL THEN ARRAY[m.handle::text, {NAME_SQL}, {PICTURE_SQL}] END"
)
# Sides in pixels of the two copies of a picture: the smaller does for lists, the larger for heads.
SMALL_PX, LARGE_PX = 96, 192


class Who(str):
    """A handle with the `name` that may be shown of the member and the key of their `picture`, ''
    when there is none."""

    name: str
    picture: str

    def __new__(cls, handle: str, name: str = "", picture: str = "") -> Who:
        made = super().__new__(cls, handle)
        made.name = name
        made.picture = picture
        return made

    def picture_path(self, side: int = LARGE_PX) -> str:
        """The address of the picture of `side` pixels on this site, '' without a picture."""
        return f"/photos/{self.picture}/face{side}.webp" if self.picture else ""

    @property
    def called(self) -> str:
        """What pages call the member: the name, else the handle."""
        return self.name or str(self)

    @property
    def in_text(self) -> str:
        """`called` for the middle of a sentence of plain text."""
        return texts.isolated(self.called)

    @property
    def full(self) -> str:
        """The name and the handle, for plain text that must say exactly who it is."""
        return f"{texts.isolated(self.name)} (@{self!s})" if self.name else str(self)

    @property
    def initials(self) -> str:
        return initials(self.called)

    @property
    def hue(self) -> int:
        """1 to `HUES`: one member has one colour, whatever the name."""
        return zlib.crc32(str(self).casefold().encode()) % HUES + 1


def of_row(value: Sequence[str] | None) -> Who | None:
    """What `WHO_SQL` answered."""
    return Who(*value) if value else None


def who(handle: Any) -> Who:
    """A `Who` as it is, and any other text as a handle without a name."""
    return handle if isinstance(handle, Who) else Who(str(handle))


def called(handle: Any) -> str:
    return who(handle).called


def full(handle: Any) -> str:
    return who(handle).full


def first_character(word: str) -> str:
    """The first character that a reader sees of a word: a letter with its marks, a whole emoji or
    flag; '' for a word without one."""
    start = next((at for at, c in enumerate(word) if unicodedata.category(c)[0] in "LNS"), None)
    if start is None:
        return ""
    end = start + 1
    if ord(word[start]) in _REGIONAL and word[end : end + 1] and ord(word[end]) in _REGIONAL:
        return word[start : end + 1]
    while end < len(word) and _belongs(word, end):
        end += 1
    return word[start:end]


def _belongs(word: str, at: int) -> bool:
    char = word[at]
    return (
        unicodedata.category(char)[0] == "M"
        or char == ZWJ
        or ord(char) in _MODIFIERS
        or (word[at - 1] == ZWJ and unicodedata.category(char)[0] == "S")
    )


def initials(name: str) -> str:
    """One or two characters that stand for a name: of its first and its last word, and of one word
    its first. A double surname is one word; a handle has its words between hyphens. One character
    only of scripts whose letters join or that write words as one character."""
    words = name.split()
    if len(words) == 1:
        words = name.replace("-", " ").replace("_", " ").split()
    firsts = [first for word in words if (first := first_character(word))]
    if not firsts:
        return "?"
    alone = len(firsts) == 1 or _stands_alone(firsts[0]) or _stands_alone(firsts[-1])
    return (firsts[0] if alone else firsts[0] + firsts[-1]).upper()


def _stands_alone(first: str) -> bool:
    script = unicodedata.name(first[0], "").split(" ")[0]
    return script in _JOINED or unicodedata.category(first[0]) in ("Lo", "So")
