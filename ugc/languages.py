"""The languages of the site: that of the source, and each that has a catalogue. Pure.

A language is a folder `ugc/translations/<ISO 639 code>/` with its catalogues (`make i18n`)."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from babel import Locale
from babel.core import get_global
from babel.support import NullTranslations, Translations

TRANSLATIONS = Path(__file__).with_name("translations")
SOURCE = "en"  # what messages are written in
CODES = (*sorted({each.parent.name for each in TRANSLATIONS.glob("*/*.po")} - {SOURCE}), SOURCE)
# What each calls itself: Español, English.
NAMES = {code: str(Locale.parse(code).get_display_name(code)).capitalize() for code in CODES}
# Previews say English as it is written here; others as where most of their speakers live.
_TERRITORIES = {"en": "GB"}


@cache
def _catalogue(language: str) -> NullTranslations:
    return Translations.load(TRANSLATIONS, [language])


@dataclass(frozen=True)
class Named:
    """What files of data name: `title` in the language of the source, and the `context` in which
    catalogues translate it."""

    title: str
    context: str

    def name(self, language: str) -> str:
        """The title in a language; as in the source where no catalogue has it."""
        return str(_catalogue(language).pgettext(self.context, self.title))

    def names(self) -> dict[str, str]:
        """The title in each language, by code in alphabetical order."""
        return {code: self.name(code) for code in sorted(CODES)}


def named_tables(path: Path) -> dict[str, Any]:
    """The tables of a TOML file whose `name`s are messages: each `name` is the fields of `Named`.
    The context is the file's name with the tables round it: taxonomy, categories.aspects.food."""
    tables = tomllib.loads(path.read_text(encoding="utf-8"))
    _take_names(tables, path.stem)
    return tables


def _take_names(table: dict[str, Any], context: str) -> None:
    for code, row in table.items():
        if isinstance(row, dict):
            if "name" in row:
                row.update(title=row.pop("name"), context=context)
            _take_names(row, f"{context}.{code}")


def messages_of(table: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """(context, title) of all that `named_tables` named."""
    if "title" in table:
        yield table["context"], table["title"]
    for row in table.values():
        if isinstance(row, dict):
            yield from messages_of(row)


def _subtags(language: str) -> list[str]:
    """Language, script and territory that CLDR takes a language for, such as es, Latn, ES."""
    return str(get_global("likely_subtags").get(language, language)).split("_")


def is_latin(language: str) -> bool:
    """Whether a language of the site is written in Latin letters."""
    return language in CODES and "Latn" in _subtags(language)


def locale_of(language: str) -> str:
    """A language with a territory, as Open Graph asks for it: es_ES."""
    return f"{language}_{_TERRITORIES.get(language, _subtags(language)[-1])}"


@cache
def counts_to_24(language: str) -> bool:
    """Whether clocks of a language count hours to 24."""
    return "H" in Locale.parse(language).time_formats["short"].pattern
