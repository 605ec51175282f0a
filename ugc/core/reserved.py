"""Words that only the site may call itself by. Pure."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import product

from ugc.core import names

# In English and Spanish; looked for in every part of a handle.
WORDS = frozenset(
    {
        "admin", "admins", "administrator", "administrators", "administration", "administrador",
        "administradora", "administradores", "administracion", "mod", "mods", "moderator",
        "moderators", "moderation", "moderador", "moderadora", "moderadores", "moderadoras",
        "moderacion", "support", "soporte", "help", "helpdesk", "ayuda", "asistencia", "official",
        "oficial", "staff", "team", "equipo", "sysadmin", "system", "sistema", "security",
        "seguridad", "verified", "verificado", "verificada",
    }
)  # fmt: skip
# Kept when a handle is nothing else.
WHOLE = frozenset({"me", "root", "site", "sitio", "null", "anonymous", "anonimo", "webmaster"})
_LEET = {"0": "o", "1": "il", "3": "e", "4": "a", "5": "s", "7": "t", "8": "b"}
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_SPELLINGS_MAX = 64


def reserved_part(handle: str, site: str = "") -> str | None:
    """The part of a handle that is a reserved word or the site's name, as it was written: between
    separators, before a capital, with digits before or behind, with digits for letters, or several
    such words in one. None for a free one.

    "boca-soporte", "moderator1", "m0d", "bocasupport" have one; "modesto", "camilo" have none."""
    words = WORDS | set(_parts(site.casefold())) | {"".join(_parts(site.casefold()))} - {""}
    pieces = _parts(handle)
    together = "".join(pieces)
    part = next((piece for piece in pieces if _is_one(piece, words)), None)
    if part is None and (_is_one(together, words | WHOLE) or _made_of(together, words)):
        return handle
    return part


def is_reserved_name(name: str, site: str = "") -> bool:
    """Whether a name of several words says nothing but reserved words and the site's name."""
    parts = [part for part in re.split(r"[\W_]+", name) if part]
    words = WORDS | {site}
    alike = {key for word in words for key in names.look_alike_keys(word)}
    return bool(parts) and all(not alike.isdisjoint(names.look_alike_keys(p)) for p in parts)


def _parts(text: str) -> list[str]:
    pieces = re.split(r"[\W_]+", text)
    return [part for piece in pieces for part in _CAMEL.split(piece) if part]


def _is_one(piece: str, words: frozenset[str] | set[str]) -> bool:
    keys = _keys(frozenset(words))
    return any(
        not keys.isdisjoint(names.look_alike_keys(spelling))
        for form in {piece, piece.strip("0123456789")}
        for spelling in _spellings(form.casefold())
    )


@lru_cache(maxsize=8)
def _keys(words: frozenset[str]) -> frozenset[str]:
    return frozenset(key for word in words for key in names.look_alike_keys(word))


def _spellings(text: str) -> list[str]:
    """The text, and what it reads like with digits for letters."""
    choices = [_LEET.get(char, char) for char in text]
    if not any(char.isdigit() for char in text):
        return [text]
    read = [
        "".join(each) for each, _ in zip(product(*choices), range(_SPELLINGS_MAX), strict=False)
    ]
    return [text, *read]


def _made_of(text: str, words: frozenset[str] | set[str]) -> bool:
    """Whether the text is two or more of the words, one behind the other."""
    alternatives = "|".join(sorted(map(re.escape, words - {""}), key=len, reverse=True))
    pattern = rf"(?:{alternatives}){{2,}}"
    forms = {text, text.strip("0123456789")}
    return any(
        re.fullmatch(pattern, spelling)
        for form in forms
        for spelling in _spellings(form.casefold())
    )
