"""How much a name is like what was typed, 0 to 1: accents, order, shortened words and typing errors
are forgiven. Pure; it compares the few names that an index found."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache

WORDS_MOST = 12
_WORD = re.compile(r"[^\W_]+")
_ELIDED = re.compile(r"\b([dl])['’]")
# Letters that do not decompose into a base and a mark.
_PLAIN = str.maketrans(
    {"ß": "ss", "ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i",
     "·": ""}
)  # fmt: skip
# What is added to a word for more than one.
PLURALS = ("s", "es", "n", "en", "t")
# Least likeness of two words, so that one counts as the other with errors in it.
MISTYPED = 0.6
# What a name loses at most for its words that were not typed.
UNSAID = 0.15


@lru_cache(maxsize=4096)
def words(text: str) -> tuple[str, ...]:
    """The words of a text without accents and capitals; `WORDS_MOST` at most."""
    text = unicodedata.normalize("NFKD", text.casefold()).translate(_PLAIN)
    bare = "".join(c for c in text if not unicodedata.combining(c))
    return tuple(_WORD.findall(_ELIDED.sub(r"\1 ", bare))[:WORDS_MOST])


def likeness(asked: Sequence[str], name: Sequence[str]) -> float:
    """Of two lists of words: how much of `asked` stands in `name`, long words more; and of names
    alike in that, those with fewer other words first."""
    if not asked or not name:
        return 0.0
    if len(asked) != len(name):
        # "santjulia" and "Sant Julià", "mannerheimin tie" and "Mannerheimintie".
        joined = ("".join(asked), "".join(name))
        if joined[0] == joined[1]:
            return 1.0
    got, said = 0.0, set()
    for word in asked:
        alike, at = max((_alike(word, other), -at) for at, other in enumerate(name))
        got += alike * len(word)
        if alike:
            said.add(-at)
    share = sum(len(name[at]) for at in said) / sum(map(len, name))
    return got / sum(map(len, asked)) * (1 - UNSAID + UNSAID * share)


@lru_cache(maxsize=16_384)
def _alike(asked: str, word: str) -> float:
    """Of two words. Numbers are the same or not alike; the beginning of a word is nearly it."""
    if asked == word:
        return 1.0
    if asked.isdecimal() or word.isdecimal():
        return 0.0
    if word.startswith(asked):
        return 0.8 + 0.2 * len(asked) / len(word)
    if len(word) > 2 and asked.startswith(word) and asked[len(word) :] in PLURALS:
        return 0.95
    longest = max(len(asked), len(word))
    if min(len(asked), len(word)) < MISTYPED * longest:
        return _mistyped_beginning(asked, word)
    alike = 0.95 * (1 - distance(asked[:40], word[:40]) / longest)
    return alike if alike >= MISTYPED else _mistyped_beginning(asked, word)


def _mistyped_beginning(asked: str, word: str) -> float:
    """Of a word that is typed only to its middle, with an error in it."""
    if len(asked) < 5 or len(word) <= len(asked):
        return 0.0
    alike = 1 - distance(asked[:40], word[: len(asked)]) / len(asked)
    return 0.8 * alike if alike >= 0.75 else 0.0


def nearest(asked: str, known: Iterable[str]) -> tuple[str, int]:
    """(name, distance) of the known name that a short text is likest to: one of about its length
    with one of its first two letters; ("", 99) when there is none."""
    asked = asked[:40]
    found = [
        (distance(asked, name), name)
        for name in known
        if abs(len(name) - len(asked)) <= 2 and (name[0] == asked[0] or name[1:2] == asked[1:2])
    ]
    off, name = min(found, default=(99, ""))
    return name, off


def distance(one: str, other: str) -> int:
    """How many letters to insert, drop, change or swap with their neighbour make one the other
    (optimal string alignment)."""
    before: list[int] = []
    last = list(range(len(other) + 1))
    for at, letter in enumerate(one, start=1):
        row = [at]
        for to, against in enumerate(other, start=1):
            cost = min(last[to] + 1, row[to - 1] + 1, last[to - 1] + (letter != against))
            if at > 1 and to > 1 and letter == other[to - 2] and one[at - 2] == against:
                cost = min(cost, before[to - 2] + 1)
            row.append(cost)
        before, last = last, row
    return last[-1]
