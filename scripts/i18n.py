"""Translations: one catalogue per capability, ugc/translations/es/<capability>.po.

python scripts/i18n.py update | compile | check"""

from __future__ import annotations

import sys
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "ugc" / "translations" / "es"
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
    """What the source says now, by capability."""
    found: dict[str, Catalog] = {}
    for base, method in (("ugc", "python"), ("templates", "jinja2")):
        suffixes = [("**.py", "python")] if method == "python" else [
            ("**.html", "jinja2"), ("**.txt", "jinja2"),
        ]  # fmt: skip
        for name, line, message, comments, _context in extract_from_dir(
            ROOT / base, method_map=suffixes, keywords=KEYWORDS
        ):
            catalog = found.setdefault(capability(name), Catalog(locale="es"))
            catalog.add(message, locations=[(f"{base}/{name}", line)], auto_comments=comments)
    return found


def stored(name: str) -> Catalog:
    path = FOLDER / f"{name}.po"
    if not path.exists():
        return Catalog(locale="es")
    with path.open("rb") as file:
        return read_po(file, locale="es")


def update() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, source in extracted().items():
        catalog = stored(name)
        # The date of a run is no change: it would only be a conflict of every merge.
        source.creation_date = catalog.creation_date
        catalog.update(source, no_fuzzy_matching=True)
        catalog.obsolete.clear()
        catalog.fuzzy = False
        with (FOLDER / f"{name}.po").open("wb") as file:
            write_po(
                file, catalog, width=100, omit_header=False, no_location=True, sort_output=True
            )


def compile_all() -> None:
    merged = Catalog(locale="es")
    for path in sorted(FOLDER.glob("*.po")):
        with path.open("rb") as file:
            for message in read_po(file, locale="es"):
                if message.id and message.string:
                    merged.add(message.id, message.string)
    target = FOLDER / "LC_MESSAGES" / "messages.mo"
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as file:
        write_mo(file, merged)


def check() -> int:
    """How many messages of the source have no Spanish text, or two that differ (one would win
    everywhere); prints them."""
    missing = 0
    texts: dict[object, tuple[str, object]] = {}
    for name, source in extracted().items():
        catalog = stored(name)
        for message in source:
            if not message.id:
                continue
            known = catalog.get(message.id)
            strings = known.string if known and isinstance(known.string, tuple) else (
                (known.string,) if known else ()
            )  # fmt: skip
            if not strings or not all(strings) or (known and known.fuzzy):
                missing += 1
                print(f"{name}.po: {message.id!r} has no Spanish text")
                continue
            other, string = texts.setdefault(message.id, (name, known.string))
            if string != known.string:
                missing += 1
                print(f"{name}.po: {message.id!r} has another Spanish text in {other}.po")
    return missing


if __name__ == "__main__":
    command = sys.argv[1] if len(sys.argv) > 1 else ""
    if command == "update":
        update()
    elif command == "compile":
        compile_all()
    elif command == "check":
        sys.exit(1 if check() else 0)
    else:
        sys.exit(__doc__)
