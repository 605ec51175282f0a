"""What a name may be made of, what is seen of a text, and which names look the same. Pure.

Names follow UAX 31 (joiners only where a script needs them) and are compared by the skeleton of
UTS 39. `unicode/confusables.txt` is Unicode's table, version 15.0.0."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from pathlib import Path

ZWNJ, ZWJ, VIRAMA = "\u200c", "\u200d", 9
# Default_Ignorable_Code_Point (DerivedCoreProperties.txt): drawn as nothing.
_IGNORABLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_PLAIN = re.compile(r"[0-9A-Za-z]")
_READ_MAX = 20_000
BRAILLE_BLANK = "\u2800"
# Scripts whose letters join by themselves, and those that join by a virama (UAX 31, A1, A2, B).
_JOINING = frozenset({"ARABIC", "SYRIAC", "MONGOLIAN", "NKO", "MANDAIC", "PHAGS-PA", "ADLAM"})
_BRAHMIC = frozenset(
    {
        "DEVANAGARI", "BENGALI", "GURMUKHI", "GUJARATI", "ORIYA", "TAMIL", "TELUGU", "KANNADA",
        "MALAYALAM", "SINHALA", "KHMER", "MYANMAR",
    }
)  # fmt: skip
# The flags of England, Scotland and Wales: the only characters of tags that people write.
_FLAGS = re.compile(
    "\U0001f3f4(?:\U000e0067\U000e0062)(?:\U000e0065\U000e006e\U000e0067|\U000e0073\U000e0063"
    "\U000e0074|\U000e0077\U000e006c\U000e0073)\U000e007f"
)


class BadName(ValueError):
    """`code` is `invisible` (a character that is drawn as nothing, or controls the text) or
    `blank` (nothing is seen of the whole)."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


def seen(text: str) -> str:
    """What a reader sees of a text: without ignorable and control characters, blanks folded into
    one, '' when only blanks and marks on nothing are left."""
    kept = _IGNORABLE.sub("", text).replace(BRAILLE_BLANK, " ")
    kept = "".join(" " if c.isspace() else c for c in kept if c.isspace() or _drawn(c))
    kept = " ".join(kept.split())
    return kept if any(unicodedata.category(c)[0] in "LNPSC" for c in kept) else ""


def seen_length(text: str) -> int:
    """How many characters are seen of a text: what a minimum counts. Reads 20,000 at most."""
    return len(seen(text[:_READ_MAX]))


def is_seen(text: str) -> bool:
    """Whether anything is seen of a text."""
    return bool(_PLAIN.search(text) or seen(text[:_READ_MAX]))


def _drawn(char: str) -> bool:
    return unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Zl", "Zp")


def normal_name(text: str) -> str:
    """A name in NFC with blanks folded into one. Raises BadName."""
    name = _folded(text)
    bare = _FLAGS.sub("\U0001f3f4", name)
    if not all(_may_stand(bare, at) for at in range(len(bare))):
        raise BadName("invisible")
    if name and not seen(name):
        raise BadName("blank")
    return name


def cleaned_name(text: str) -> str:
    """As `normal_name`, but what may not stand in a name is left out: for what is looked for, and
    for imported data. '' when nothing is seen of the rest."""
    text = "".join(" " if c.isspace() else c for c in text)
    try:
        return normal_name(text)
    except BadName:
        name = _folded(text)
        kept = "".join(c for at, c in enumerate(name) if _may_stand(name, at))
        return _folded(kept) if seen(kept) else ""


def _folded(text: str) -> str:
    """NFC; no-break, thin, ideographic and other blanks (Zs) become one U+0020."""
    composed = unicodedata.normalize("NFC", text)
    plain = "".join(" " if unicodedata.category(c) == "Zs" else c for c in composed)
    return re.sub(" +", " ", plain).strip(" ")


def _may_stand(text: str, at: int) -> bool:
    char = text[at]
    if char in (ZWJ, ZWNJ):
        return _joins(_before(text, at), char, text[at + 1 : at + 2])
    if "\ufe00" <= char <= "\ufe0f" or "\U000e0100" <= char <= "\U000e01ef":
        return _takes_selector(_before(text, at), char)
    if "\u180b" <= char <= "\u180d" or char == "\u180f":
        return _script(_before(text, at)) == "MONGOLIAN"
    return (
        char != BRAILLE_BLANK
        and not _IGNORABLE.match(char)
        and unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")
    )


def _before(text: str, at: int) -> str:
    return text[at - 1] if at else ""


def _joins(before: str, joiner: str, after: str) -> bool:
    """Between letters of one script that joins, beside a virama, or (ZWJ) between emoji."""
    if not before or not after:
        return False
    if joiner == ZWJ and _pictures(before) and _pictures(after):
        return True
    if _script(before) != _script(after) or unicodedata.category(after)[0] not in "LM":
        return False
    virama = VIRAMA in (unicodedata.combining(before), unicodedata.combining(after))
    return _script(before) in _JOINING or (virama and _script(before) in _BRAHMIC)


def _takes_selector(before: str, selector: str) -> bool:
    """Variants of ideographs, and text or emoji style of a sign, digit or picture."""
    if not before:
        return False
    if "CJK" in unicodedata.name(before, ""):
        return True
    style = selector in ("\ufe0e", "\ufe0f")
    return style and (_pictures(before) or before in "0123456789#*" or before in "‼⁉©®")


def _pictures(char: str) -> bool:
    """Symbols, modifiers of skin and selectors of style; also emoji newer than Python's tables."""
    new = unicodedata.category(char) == "Cn" and "\U0001f000" <= char <= "\U0001faff"
    return new or char == "\ufe0f" or unicodedata.category(char) in ("So", "Sk", "Sm")


def _script(char: str) -> str:
    return unicodedata.name(char, "").partition(" ")[0] if char else ""


# Names that look the same ---------------------------------------------------------------------


@lru_cache(maxsize=1)
def _confusables() -> dict[int, str]:
    table = Path(__file__).with_name("unicode") / "confusables.txt"
    rows = (
        line.split(";")
        for line in table.read_text(encoding="utf-8").splitlines()
        if line and not line.startswith("#")
    )
    return {
        int(source, 16): "".join(chr(int(code, 16)) for code in target.split())
        for source, target in rows
    }


def skeleton(text: str) -> str:
    """UTS 39, section 4: NFD, each character's prototype, NFD. For comparing only."""
    mapped = unicodedata.normalize("NFD", _IGNORABLE.sub("", text)).translate(_confusables())
    return unicodedata.normalize("NFD", mapped)


@lru_cache(maxsize=65_536)
def look_alike_keys(name: str) -> frozenset[str]:
    """What two names that look the same have one of in common: skeletons of the name as it is
    written and in small letters, without case, blanks, punctuation and Latin accents. Two are
    needed: `І` (Cyrillic) is an `l` to UTS 39, and an `i` in small letters."""
    plain = unicodedata.normalize("NFKC", name)
    return frozenset(_bare(skeleton(form)) for form in (plain, plain.casefold())) - {""}


def _bare(text: str) -> str:
    folded = skeleton(text.casefold())
    return "".join(
        c
        for c in folded
        if not "\u0300" <= c <= "\u036f" and unicodedata.category(c)[0] not in "ZPC"
    )


def ascii_look(char: str) -> str:
    """The ASCII letter or digit that a character looks like, without accents; a blank for none."""
    for look in (char, char.casefold(), skeleton(char), _bare(char)):
        plain = unicodedata.normalize("NFD", look)[:1]
        if plain.isascii() and plain.isalnum():
            return plain
    return char if char in "-_" else " "


def look_alike(name: str, other: str) -> bool:
    return not look_alike_keys(name).isdisjoint(look_alike_keys(other))
