"""How texts of people are stored, measured and isolated. Pure.

One length counts everywhere: UTF-16 code units with line ends as one, as `maxlength` and
`value.length` of browsers count (HTML, "API value")."""

from __future__ import annotations

import re
import unicodedata

from ugc import languages
from ugc.core import names

FSI, PDI = "\u2068", "\u2069"
_LINE_ENDS = re.compile(r"\r\n?")
_RIGHT_TO_LEFT = frozenset({"R", "AL", "RLE", "RLO", "RLI"})


def with_plain_ends(text: str) -> str:
    """CR LF and lone CR become LF."""
    return _LINE_ENDS.sub("\n", text) if "\r" in text else text


def normal(text: str) -> str:
    """A text as it is stored: line ends LF, NFC, without outer blanks; '' when nothing is seen."""
    kept = unicodedata.normalize("NFC", with_plain_ends(text)).strip()
    return kept if names.is_seen(kept) else ""


def length(text: str) -> int:
    """UTF-16 code units; a line end is one."""
    plain = with_plain_ends(text)
    return len(plain) + sum(char > "\uffff" for char in plain)


def typed_length(text: str) -> int:
    """The length that a maximum is compared with: of what was typed, or of what is stored when
    that is shorter. NFC makes a few letters longer, which no browser counts."""
    return min(length(text.strip()), length(normal(text)))


def runs_right_to_left(text: str) -> bool:
    """Whether any letter of it is written from right to left."""
    return not text.isascii() and any(
        unicodedata.bidirectional(char) in _RIGHT_TO_LEFT for char in text
    )


def isolated(text: str) -> str:
    """A name for the middle of a sentence of plain text: between U+2068 and U+2069 when it runs
    from right to left, so that it turns nothing round it; as it is when it cannot."""
    return f"{FSI}{text}{PDI}" if runs_right_to_left(text) else text


def language_of(text: str, language: str) -> str:
    """The `lang` of a text: its stored language, which is that of its author's pages; '' (unknown)
    when there is none, or when letters of other scripts than Latin outnumber the Latin ones, which
    no language that is written in Latin letters does."""
    if language in ("", "und"):
        return ""
    if languages.is_latin(language) and not text.isascii():
        letters = [char for char in text[:1_000] if char.isalpha()]
        latin = sum("LATIN" in unicodedata.name(char, "") for char in letters)
        if 2 * latin < len(letters):
            return ""
    return language
