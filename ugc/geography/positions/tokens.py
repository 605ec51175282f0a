"""What a typed position is made of: numbers, marks, letters of the compass and separators. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

OFF_THE_MAP, AMBIGUOUS, UNREADABLE = "off_the_map", "ambiguous", "unreadable"


class BadPosition(ValueError):
    """`code` is OFF_THE_MAP, AMBIGUOUS or UNREADABLE."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


class Kind(Enum):
    NUMBER = "number"
    MARK = "mark"
    LETTER = "letter"
    SEPARATOR = "separator"


NUMBER, MARK, LETTER, SEPARATOR = Kind.NUMBER, Kind.MARK, Kind.LETTER, Kind.SEPARATOR


@dataclass(frozen=True)
class Token:
    """`text` is digits with a decimal point, `d`, `m` or `s`, or one of N, S, E, W."""

    kind: Kind
    text: str
    sign: str = ""

    @property
    def is_signed(self) -> bool:
        return bool(self.sign)

    @property
    def is_negative(self) -> bool:
        return self.sign == "-"


def _table(*pairs: tuple[str, str]) -> dict[int, str]:
    return {ord(mark): plain for marks, plain in pairs for mark in marks}


# Hyphen, non-breaking hyphen, figure dash, en dash, minus, superscript, small and wide minus.
_SIGNS = _table(
    ("\u2010\u2011\u2012\u2013\u2212\u207b\ufe63\uff0d", "-"), ("\uff0b", "+"),
    ("\u00ba\u02da\u2218\u1d52", "°"),
    ("\u2019\u2018\u2032\u00b4\u0060\u02b9\u02bc\u201b", "'"),
    ("\u201d\u201c\u2033\u02dd\u02ba\u201f", '"'),
    ("\uff0c\u3001", ","), ("\uff1b", ";"), ("\uff0e", "."),
    # Marks that pasting brings: zero width, direction, byte order.
    ("\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060", ""),
    ("\u2066\u2067\u2068\u2069\ufeff", ""),
)  # fmt: skip
_SIGNS |= {0xFF10 + digit: str(digit) for digit in range(10)}

_WORDS = {
    "n": "N", "norte": "N", "north": "N", "nord": "N",
    "s": "S", "sur": "S", "south": "S", "sud": "S",
    "e": "E", "este": "E", "east": "E", "est": "E",
    "w": "W", "oeste": "W", "west": "W", "ouest": "W",
}  # fmt: skip
_MARKS = {
    "°": "d", "d": "d", "deg": "d", "grados": "d", "degrees": "d",
    "'": "m", "m": "m", "min": "m", "minutos": "m", "minutes": "m",
    '"': "s", "''": "s", "seg": "s", "sec": "s", "segundos": "s", "seconds": "s",
}  # fmt: skip
_PIECE = re.compile(r"\s+|[-+]|[0-9]+(?:\.[0-9]+)?|''|[°'\",;/]|[a-zA-Z]+")
_DECIMAL_COMMA = re.compile(r"(?<=[0-9]),(?=[0-9])")
_POINT = re.compile(r"[0-9]\.[0-9]")
_CHAIN = re.compile(r"[0-9],[0-9]+,[0-9]")
_FOUR = re.compile(r"[-+]?[0-9]+,[0-9]+,[0-9]+,[0-9]+")
_ONE_COMMA = re.compile(r"[-+]?\s*[0-9]+,[0-9]+")
LONGEST_NUMBER = 24  # digits


def tokens_of(text: str, language: str, *, single: bool = False) -> list[Token] | None:
    """The tokens of a position; None when there is anything else in it, such as a name. Raises
    BadPosition for a text of them that can be read in two ways. `single` is for a field of one
    coordinate, where `40,4` is one number."""
    plain = text.translate(_SIGNS).strip()
    doubt = False
    if not _POINT.search(plain):
        doubt = bool(_FOUR.fullmatch(plain) or (not single and _ONE_COMMA.fullmatch(plain)))
        if not doubt and not _CHAIN.search(plain):
            plain = _DECIMAL_COMMA.sub(".", plain)
    reader = _Reader(language, doubt)
    at = 0
    while at < len(plain):
        piece = _PIECE.match(plain, at)
        if piece is None or not reader.take(piece[0]):
            return None
        at = piece.end()
    return reader.ended()


class _Reader:
    """Takes pieces one by one; `take` is false for what no position holds."""

    def __init__(self, language: str, doubt: bool) -> None:
        self.language, self.doubt = language, doubt
        self.tokens: list[Token] = []
        self.sign = ""
        self.blank_before_sign = self.blank = False

    def take(self, piece: str) -> bool:
        if piece.isspace():
            self.blank = True
            return True
        taken = self._take(piece)
        self.blank = False
        return taken

    def _take(self, piece: str) -> bool:
        if piece in "+-":
            if self.sign:
                return False
            self.sign, self.blank_before_sign = piece, self.blank
            return True
        if piece[0].isdigit():
            return self._number(piece)
        if self.sign:
            return False
        if piece in ",;/":
            self.tokens.append(Token(SEPARATOR, piece))
            return True
        return self._word(piece)

    def _number(self, piece: str) -> bool:
        if len(piece) > LONGEST_NUMBER:
            return False
        follows = bool(self.tokens) and self.tokens[-1].kind is not SEPARATOR
        if self.sign and self.blank and self.blank_before_sign and follows:
            self.doubt = True  # "40.4 - 3.7": a minus, or a dash between both
        self.tokens.append(Token(NUMBER, piece, self.sign))
        self.sign = ""
        return True

    def _word(self, piece: str) -> bool:
        mark, letter = piece[:-1], piece[-1:]
        together = piece.isalpha() and piece.lower() not in _WORDS | _MARKS
        if together and (mark == "s" or mark.lower() in _MARKS):
            return self._mark_or_letter(mark) and self._mark_or_letter(letter)  # 13sW
        return self._mark_or_letter(piece)

    def _mark_or_letter(self, piece: str) -> bool:
        word = piece.lower()
        before = self.tokens[-1] if self.tokens else None
        if word in _MARKS or (piece == "s" and self._after_minutes()):
            if before is None or before.kind is not NUMBER:
                return False
            self.tokens.append(Token(MARK, _MARKS.get(word, "s")))
            return True
        if word == "o" and self.language != "es":
            self.doubt = True
        letter = "W" if word == "o" else _WORDS.get(word)
        if letter is None:
            return False
        self.tokens.append(Token(LETTER, letter))
        return True

    def _after_minutes(self) -> bool:
        """Whether a small s is the mark of seconds, as in 40d25m0s."""
        kinds = self.tokens[-2:]
        return (
            len(kinds) == 2
            and (kinds[0].kind, kinds[0].text) == (MARK, "m")
            and kinds[1].kind is NUMBER
        )

    def ended(self) -> list[Token] | None:
        """The tokens; None when there is no number. Raises BadPosition for what is in doubt."""
        if self.sign or not any(token.kind is NUMBER for token in self.tokens):
            return None
        if self.doubt:
            raise BadPosition(AMBIGUOUS)
        return self.tokens
