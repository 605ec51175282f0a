"""Searching in people's texts: words to ask an index for, and the part of a text to show. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import combinations

from ugc.search.likeness import words

SHORT = 3  # letters of a word that says something
WORDS_MOST = 6
AROUND = 60  # characters of a text to each side of the first word that was found
# Likeness of a text that has every word, which is less than that of a name.
WHOLE = 0.74


def text_query(asked: Sequence[str]) -> str:
    """For `to_tsquery('simple', …)`: texts that have all the words, as beginnings of theirs; of
    three and more all but one, which may be mistyped. "" when no word says anything."""
    said = [_stem(word) + ":*" for word in asked if len(word) >= SHORT][:WORDS_MOST]
    if len(said) < 3:
        return " & ".join(said)
    return " | ".join("(" + " & ".join(some) + ")" for some in combinations(said, len(said) - 1))


def _stem(word: str) -> str:
    """Without the ending of a plural."""
    if len(word) > 5 and word.endswith("es"):
        return word[:-2]
    return word[:-1] if len(word) > 4 and word.endswith("s") else word


def text_likeness(asked: Sequence[str], text: str) -> float:
    """The share of the words that stand in a text, times `WHOLE`."""
    stems = [_stem(word) for word in asked if len(word) >= SHORT] or list(asked)
    if not stems:
        return 0.0
    said = {word for part in re.split(r"[\s,.;:]+", text) for word in words(part)}
    found = sum(len(stem) for stem in stems if any(word.startswith(stem) for word in said))
    return WHOLE * found / sum(map(len, stems))


def excerpt(asked: Sequence[str], text: str) -> str:
    """The part of a text round the first word of `asked` in it, on one line."""
    text = " ".join(text.split())
    stems = tuple(_stem(word) for word in asked if len(word) >= SHORT)
    at = next(
        (
            match.start()
            for match in re.finditer(r"\S+", text)
            if any(word.startswith(stems) for word in words(match[0]))
        ),
        0,
    )
    start = max(0, at - AROUND)
    if start:
        start = text.find(" ", start) + 1
    end = at + 2 * AROUND
    if end < len(text):
        end = max(text.rfind(" ", start, end), start + 1)
    return ("… " if start else "") + text[start:end].strip() + (" …" if end < len(text) else "")
