"""What a member may be called beside the handle, and how often that changes. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from itertools import groupby

from flask_babel import lazy_gettext

from ugc.core import names, reserved

NAME_MAX = 40
CHANGES = 3
CHANGES_DAYS = 30
MARKS = 4  # on one letter; Vietnamese and vowelled Arabic and Hebrew need three
NOTE_MAX = 1000
# Why a moderator takes a name away; codes are stored, texts are shown.
RULES = {
    "impersonation": lazy_gettext("Poses as another person or as an organisation"),
    "insult": lazy_gettext("Insults, hate or threats"),
    "spam": lazy_gettext("Advertising or spam"),
    "private": lazy_gettext("Personal data of another person"),
    "other": lazy_gettext("Something else, see the note"),
}
_ADDRESS = re.compile(r"@|://|\bwww\.|\.(?:com|net|org|es|io|info|app|dev|me|ru|cn)\b", re.I)
_CHECK_MARKS = frozenset("✓✔☑✅🗸🗹√ⓥ🅥")


def problem(name: str, site: str = "") -> object | None:
    """Why a name that `inputs.Name` took cannot be a member's, or None."""
    if _ADDRESS.search(name):
        return lazy_gettext("A name holds no @ and no web address.")
    if not _CHECK_MARKS.isdisjoint(name):
        return lazy_gettext("Leave out the check mark: it looks like a verified account.")
    runs = groupby(name, key=lambda char: unicodedata.category(char)[0] == "M")
    if any(is_mark and len(list(run)) > MARKS for is_mark, run in runs):
        return lazy_gettext("There are too many marks on one letter.")
    word = reserved.reserved_part(name, site)
    if word is not None:
        return lazy_gettext(
            "“%(word)s” is kept for those who run the site. Choose another name.", word=word
        )
    return None


def handles_like(name: str) -> list[str]:
    """Handles that a name could be taken for: its letters as they look in ASCII, small, with what
    stands between words as nothing, a hyphen or a low line."""
    plain = "".join(names.ascii_look(char) for char in unicodedata.normalize("NFKC", name))
    words = re.findall(r"[a-z0-9]+(?:[-_][a-z0-9]+)*", plain.casefold())
    return sorted({between.join(words) for between in ("", "-", "_")} - {""}) if words else []


def was_taken_away(name: str, taken: Iterable[str]) -> bool:
    """Whether it looks like a name that a moderator took away from the member."""
    return any(names.look_alike(name, other) for other in taken)


def has_changes_left(changes: Sequence[object]) -> bool:
    """Whether one more name may be set; `changes` are those of the last `CHANGES_DAYS` days."""
    return len(changes) < CHANGES
