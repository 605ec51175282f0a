"""Translations: one catalogue per language and capability,
ugc/translations/<language>/<capability>.po.

python scripts/i18n.py update | compile | check"""

from __future__ import annotations

import sys
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from ugc import languages

ROOT = Path(__file__).resolve().parent.parent
KEYWORDS = {
    "_": None, "gettext": None, "lazy_gettext": None,
    "ngettext": (1, 2), "lazy_ngettext": (1, 2),
}  # fmt: skip


def capability(path: str) -> str:
    """The catalogue of a source file: its folder under ugc/ or templates/, else `site`."""
    parts = Path(path).parts
    if len(parts) > 1 and parts[0] == "emails":
        return parts[1].split("_")[0]
    return parts[0] if len(parts) > 1 and parts[0] != "core" else "site"


def extracted() -> dict[str, Catalog]:
    """What the source and the files of data say now, by capability."""
    found: dict[str, Catalog] = {}
    for base, method in (("ugc", "python"), ("templates", "jinja2")):
        suffixes = [("**.py", "python")] if method == "python" else [
            ("**.html", "jinja2"), ("**.txt", "jinja2"),
        ]  # fmt: skip
        for name, line, message, comments, _context in extract_from_dir(
            ROOT / base, method_map=suffixes, keywords=KEYWORDS
        ):
            catalog = found.setdefault(capability(name), Catalog())
            catalog.add(message, locations=[(f"{base}/{name}", line)], auto_comments=comments)
    for path in sorted((ROOT / "ugc").glob("*/*.toml")):
        for context, title in languages.messages_of(languages.named_tables(path)):
            found.setdefault(path.parent.name, Catalog()).add(title, context=context)
    return found


def stored(language: str, name: str) -> Catalog:
    path = languages.TRANSLATIONS / language / f"{name}.po"
    if not path.exists():
        return Catalog(locale=language)
    with path.open("rb") as file:
        return read_po(file, locale=language)


def update(language: str) -> None:
    for name, source in extracted().items():
        catalog = stored(language, name)
        # The date of a run is no change: it would only be a conflict of every merge.
        source.creation_date = catalog.creation_date
        catalog.update(source, no_fuzzy_matching=True)
        catalog.obsolete.clear()
        catalog.fuzzy = False
        with (languages.TRANSLATIONS / language / f"{name}.po").open("wb") as file:
            write_po(
                file, catalog, width=100, omit_header=False, no_location=True, sort_output=True
            )


def compile_all(folder: Path) -> None:
    merged = Catalog(locale=folder.name)
    for path in sorted(folder.glob("*.po")):
        with path.open("rb") as file:
            for message in read_po(file, locale=folder.name):
                if message.id and message.string:
                    merged.add(message.id, message.string, context=message.context)
    target = folder / "LC_MESSAGES" / "messages.mo"
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as file:
        write_mo(file, merged)


def check(language: str) -> int:
    """How many messages of the source have no text in the language, or two that differ (one would
    win everywhere); prints them."""
    missing = 0
    texts: dict[object, tuple[str, object]] = {}
    for name, source in extracted().items():
        catalog = stored(language, name)
        for message in source:
            if not message.id:
                continue
            known = catalog.get(message.id, message.context)
            strings = known.string if known and isinstance(known.string, tuple) else (
                (known.string,) if known else ()
            )  # fmt: skip
            if not strings or not all(strings) or (known and known.fuzzy):
                missing += 1
                print(f"{language}/{name}.po: {message.id!r} has no text")
                continue
            other, string = texts.setdefault((message.context, message.id), (name, known.string))
            if string != known.string:
                missing += 1
                print(f"{language}/{name}.po: {message.id!r} has another text in {other}.po")
    return missing


def main(command: str) -> None:
    if command not in ("update", "compile", "check"):
        sys.exit(__doc__)
    missing = 0
    for folder in sorted(each for each in languages.TRANSLATIONS.iterdir() if each.is_dir()):
        if command == "update":
            update(folder.name)
        elif command == "compile":
            compile_all(folder)
        else:
            missing += check(folder.name)
    sys.exit(1 if missing else 0)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "")
