"""Named things of an extract that people go to: shops, restaurants, stations. Which of them are
places, and of which category, is said above (ugc.places). Pure."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields

from ugc.streets.rules import tags

# Keys whose value says what a thing is, in the order in which they are believed, and the values
# that are read; None for all.
KEYS: dict[str, frozenset[str] | None] = {
    "amenity": None,
    "shop": None,
    "tourism": None,
    "leisure": None,
    "historic": None,
    "healthcare": None,
    "office": None,
    "craft": None,
    "public_transport": frozenset({"station"}),
    "railway": frozenset({"station", "halt"}),
    "natural": frozenset({"beach"}),
}
LONGEST = 255  # characters of a value: OpenStreetMap's own bound, which a made file may pass
MOST_NAMES = 40
# Values that say that a thing is not in use: it is no place, or none any more.
_NOTHING = frozenset({"", "no", "vacant", "disused", "abandoned"})
_ENDED = ("disused", "abandoned", "demolished", "razed")
# Things of these that are not open to the public are nothing to go to.
_ENTERED = ("leisure", "amenity=parking", "amenity=charging_station")


@dataclass(frozen=True, slots=True)
class Thing:
    """What a file says, within bounds and not understood yet; '' where it is silent. `kinds` are
    `key=value` in the order of `KEYS`, `names` every name in any language."""

    kinds: tuple[str, ...]
    name: str
    names: tuple[str, ...]
    street: str
    number: str
    postcode: str
    city: str
    phone: str
    website: str
    opening_hours: str

    def digest(self, lon: float, lat: float) -> str:
        """Changes with anything that is said, and with a metre of the point."""
        said = [getattr(self, field.name) for field in fields(self)]
        text = repr((*said, round(lon, 5), round(lat, 5)))
        return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()


def thing_of(said: tags.Tags) -> Thing | None:
    """The thing that tags describe; None for what has no name, no key of `KEYS`, or is not in use
    any more."""
    name = said.get("name", "")
    if not name or len(name) > LONGEST or any(said.get(key) == "yes" for key in _ENDED):
        return None
    kinds = _kinds(said)
    if not kinds:
        return None
    names = [each for each in tags.all_names(said) if len(each) <= LONGEST]
    return Thing(
        kinds=kinds,
        name=name,
        names=tuple(names[:MOST_NAMES]),
        street=_first(said, "addr:street", "addr:place"),
        number=_first(said, "addr:housenumber"),
        postcode=_first(said, "addr:postcode"),
        city=_first(said, "addr:city"),
        phone=_first(said, "phone", "contact:phone", "contact:mobile"),
        website=_first(said, "website", "contact:website", "url"),
        opening_hours=_first(said, "opening_hours"),
    )


def _kinds(said: tags.Tags) -> tuple[str, ...]:
    is_closed = said.get("access") in ("private", "no")
    return tuple(
        f"{key}={value}"
        for key in KEYS
        for value in map(str.strip, said.get(key, "").split(";")[:3])
        if _is_taken(key, value)
        and not (is_closed and (key in _ENTERED or f"{key}={value}" in _ENTERED))
    )


def _is_taken(key: str, value: str) -> bool:
    values = KEYS[key]
    is_one = value in values if values is not None else value not in _NOTHING
    return is_one and len(value) <= LONGEST


def _first(said: tags.Tags, *keys: str) -> str:
    """The first value that is there and not too long."""
    found = (said.get(key, "") for key in keys)
    return next((value for value in found if value and len(value) <= LONGEST), "")
