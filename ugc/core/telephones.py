"""Telephone numbers, as people type them. Pure."""

from __future__ import annotations

import re

import phonenumbers

# What may stand before a number and says nothing of its own.
_LABEL = re.compile(
    r"\W*(?:tel|telf|tlf|tlfn|tfno|tel[eé]fono|telephone|phone|call)?\W*", re.IGNORECASE
)
_BEGIN = re.compile(r"[+＋(]?\d")
_LETTERS = re.compile(r"(?:[A-Za-z][\s.-]?){3}")
_LOOKED_AT = 250  # characters: the library reads no more
_KNOWN_END = 4  # digits of the number that stand before an extension


def normal_phone(text: str, region: str | None) -> str:
    """E.164, with an extension as RFC 3966 writes it: `+34912345678;ext=22`, which after `tel:` is
    an address. `region` (ISO 3166) tells numbers without a country code.

    Raises ValueError, also for a text of which a part would be lost: a second number or extension,
    a name before it, a sub-address behind it."""
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException as error:
        raise ValueError(text) from error
    if not phonenumbers.is_valid_number(number) or _loses(text, number):
        raise ValueError(text)
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return f"{e164};ext={number.extension}" if number.extension else e164


def shown_phone(normal: str) -> str:
    """As people of that country write it abroad: +34 912 34 56 78 ext. 22."""
    try:
        number = phonenumbers.parse(normal)
    except phonenumbers.NumberParseException:
        return normal
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def _loses(text: str, number: phonenumbers.PhoneNumber) -> bool:
    begin = _BEGIN.search(text)
    if begin is None or len(text) > _LOOKED_AT or not _LABEL.fullmatch(text[: begin.start()]):
        return True
    national = phonenumbers.national_significant_number(number)
    ends = national[-_KNOWN_END:] + (number.extension or "")
    typed = text.partition(";phone-context=")[0]
    digits = phonenumbers.normalize_digits_only(typed)
    # Letters of a number (1-800-FLOWERS) are read as the digits of their keys, none is left out.
    return not digits.endswith(ends) and not _spelled(typed, national)


def _spelled(typed: str, national: str) -> bool:
    """Whether letters are part of the number itself."""
    if not _LETTERS.search(typed) or national in phonenumbers.normalize_digits_only(typed):
        return False
    keys = phonenumbers.convert_alpha_characters_in_number(typed)
    return national in phonenumbers.normalize_digits_only(keys)
