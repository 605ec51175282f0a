"""Positions in addresses: `geo:` URIs (RFC 5870) and links of map sites. Opens no link. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import parse_qs, unquote, urlsplit

from ugc.geography.positions.tokens import UNREADABLE, BadPosition

_NUMBER = r"[-+]?[0-9]{1,4}(?:\.[0-9]{1,20})?"
_PAIR = re.compile(rf"({_NUMBER})\s?,\s?({_NUMBER})(?![0-9.])")
_ZOOM_FIRST = re.compile(rf"[0-9]{{1,2}}(?:\.[0-9]{{1,10}})?/({_NUMBER})/({_NUMBER})")
_GOOGLE_PLACE = re.compile(rf"!3d({_NUMBER})!4d({_NUMBER})")
_GOOGLE_VIEW = re.compile(rf"/@({_NUMBER}),({_NUMBER})")
_GEO_CRS = re.compile(r"crs=(?!wgs84$)", re.IGNORECASE)
# In the order in which they say the place rather than the view.
_FIELDS = (("mlat", "mlon"), ("lat", "lon"), ("lat", "lng"))
_PAIRS = (
    "q", "query", "coordinate", "destination", "daddr", "ll", "sll", "center", "cp", "at", "map",
)  # fmt: skip


def is_link(text: str) -> bool:
    return text[:8].lower().startswith(("geo:", "http://", "https://"))


def position(text: str) -> tuple[float, float]:
    """(lat, lon) that a link says: the place before the middle of the view. Raises BadPosition."""
    if text[:4].lower() == "geo:":
        return _geo(text[4:])
    try:
        found = next(_of_link(text), None)
    except ValueError:  # an address that cannot be split
        found = None
    if found is None:
        raise BadPosition(UNREADABLE)
    return float(found[0]), float(found[1])


def _geo(rest: str) -> tuple[float, float]:
    place, _, query = rest.partition("?")
    told, *parameters = place.split(";")
    if any(_GEO_CRS.match(each) for each in parameters):
        raise BadPosition(UNREADABLE)
    named = _PAIR.match(parse_qs(query).get("q", [""])[0])
    pair = named or re.fullmatch(rf"({_NUMBER}),({_NUMBER})(?:,{_NUMBER})?", told)
    if pair is None or (query and not named and float(pair[1]) == float(pair[2]) == 0):
        raise BadPosition(UNREADABLE)  # 0,0 and a name to look for
    return float(pair[1]), float(pair[2])


def _of_link(text: str) -> Iterator[tuple[str, str]]:
    """What each known way of writing says, the most exact first."""
    address = urlsplit(text)
    path = unquote(address.path)
    place = _GOOGLE_PLACE.search(path)
    if place:
        yield place[1], place[2]
    fields = parse_qs(address.query)
    for lat, lon in _FIELDS:
        if lat in fields and lon in fields:
            pair = _PAIR.fullmatch(f"{fields[lat][0]},{fields[lon][0]}")
            if pair:
                yield pair[1], pair[2]
    for name in _PAIRS:
        pair = _PAIR.match(fields.get(name, [""])[0].removeprefix("loc:"))
        if pair:
            yield pair[1], pair[2]
    after_name = _PAIR.search(path) if "/@" not in path else _GOOGLE_VIEW.search(path)
    if after_name:
        yield after_name[1], after_name[2]
    fragment = _ZOOM_FIRST.search(unquote(address.fragment))
    if fragment:
        yield fragment[1], fragment[2]
