"""What a search by words asks for: a street, a house number, a corner, a town. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

# "12", "12 A", "12bis", "12-14"; at the end of a name, or before it as in French and English.
_NUMBER = r"\d{1,5}(?:\s?-\s?\d{1,5})?\s?(?:bis|ter|[a-z])?"
_AT_END = re.compile(
    rf"^(?P<street>.*\D)[\s,]+(?:n[.ºo°]*\s*|nr\.?\s*|#\s*)?(?P<number>{_NUMBER})$", re.I
)
# "2 de Mayo", "9 d'Abril" and "11th of September" are names.
_AT_START = re.compile(
    rf"^(?P<number>{_NUMBER})\s+(?!de\b|d['’]|do\b|del\b|of\b|di\b)(?P<street>\D.*)$", re.I
)
_CORNER = re.compile(
    r"\s+(?:esquina(?:\s+(?:a|con|de))?|con|cantonada(?:\s+(?:amb|de))?|amb|ecke|and|&|/|x)\s+",
    re.I,
)
_CORNER_OF = re.compile(
    r"^(?:esquina(?:\s+de)?|cantonada(?:\s+de)?|corner(?:\s+of)?|ecke)\s+", re.I
)
# Words between the two streets of a corner that also stand in names: "corner of A and B" alone.
_AND = re.compile(r"\s+(?:y|e|i|and|und|ja|och|con|&|/)\s+", re.I)


@dataclass(frozen=True)
class Asked:
    """`street` as it was typed; `number`, `crossing` (the other street of a corner) and `town`
    when they were said, else ""."""

    street: str
    number: str = ""
    crossing: str = ""
    town: str = ""


# How people shorten what stands in names of streets.
_WHOLE = {
    "gral": "general", "gen": "general", "dr": "doctor", "dra": "doctora", "sta": "santa",
    "sto": "santo", "pte": "presidente", "pdte": "presidente", "cap": "capitan", "cnel": "coronel",
    "tte": "teniente", "cmte": "comandante", "cte": "comandante", "mn": "mossen", "ntra": "nuestra",
    "ntr": "nuestra", "sra": "señora", "fco": "francisco", "ma": "maria", "mª": "maria",
    "gob": "gobernador", "alc": "alcalde", "hnos": "hermanos", "prof": "profesor",
}  # fmt: skip
_SHORT = re.compile(r"(?<![\w'’])([a-zª]{2,4})\b\.?", re.I)


def spelled_out(text: str) -> str:
    """A text with the usual shortened words written whole."""
    return _SHORT.sub(lambda found: _WHOLE.get(found[1].lower(), found[0]), text)


def asked(text: str) -> list[Asked]:
    """The ways to understand a search, the likeliest first; empty for what has no letter."""
    text = spelled_out(" ".join(text.split()).strip(" ,;"))
    if not any(letter.isalpha() for letter in text):
        return []
    head, *rest = [part.strip() for part in text.split(",") if part.strip()] or [""]
    # "Gran Via, 12, Madrid" says its number after a comma.
    number = ""
    if rest and re.fullmatch(_NUMBER, rest[0], re.I):
        number = rest.pop(0)
    town = rest[-1] if rest else ""
    found = []
    corner = _corner(head)
    if corner is not None:
        found.append(Asked(corner[0], crossing=corner[1], town=town))
    if number:
        found.append(Asked(head, number, town=town))
        return found
    for pattern in (_AT_END, _AT_START):
        match = pattern.match(head)
        if match:
            street = match["street"].strip(" ,")
            found.append(Asked(street, "".join(match["number"].split()), town=town))
            break
    # "Calle 50" and "2 de Mayo" have a number in their name.
    found.append(Asked(head, town=town))
    # "Meritxell i Mitjavila" may be one name or a corner.
    if corner is None and len(parts := _AND.split(head, maxsplit=1)) == 2:
        found.append(Asked(parts[0].strip(), crossing=parts[1].strip(), town=town))
    return found


def _corner(head: str) -> tuple[str, str] | None:
    """The two streets of a corner."""
    said = _CORNER_OF.match(head)
    parts = _AND.split(head[said.end() :], maxsplit=1) if said else _CORNER.split(head, maxsplit=1)
    if len(parts) != 2 or not all(any(c.isalpha() for c in part) for part in parts):
        return None
    return parts[0].strip(), parts[1].strip()
