"""Positions as people type and paste them, in Spanish and English: one parser for every field.

    position   = [ "(" ] coordinate [ separator ] coordinate [ ")" ]
               | "[" number "," number *( "," number ) "]"     lon, lat (RFC 7946)
               | geojson                                       a Point or a Feature of one
               | "POINT" "(" number blank number ")"           lon, lat (WKT)
               | "geo:" number "," number [ "," number ] *( ";" name "=" value )    RFC 5870
               | link                                          see `links`
    coordinate = [ letter ] [ sign ] degrees [ letter ]
    degrees    = number [ "°" [ number [ "'" [ number [ "″" ] ] ] ] ]
    number     = 1*DIGIT [ ( "." / "," ) 1*DIGIT ]
    separator  = "," / ";" / "/" / blank
    letter     = "N" / "S" / "E" / "W" / "O", or the word: norte, sur, este, oeste, north …

- Without letters the latitude is first; letters win over the order.
- `O` is west in Spanish (`oeste`). In German it is east, so it is refused in other languages.
- A comma between digits is the decimal sign where no number has a point. One alone (`40,4`), and
  numbers that only commas part (`40,41,3,70`), can be read in two ways and are refused.
- Minutes and seconds take the marks ' ′ ’ m min and " ″ ” '' s; degrees take ° º ˚ d deg. Without
  any mark four numbers are degrees and minutes twice, six are degrees, minutes and seconds.
- Bare numbers that can only be a year, a postcode or a telephone are no position but a name.
- Minutes and seconds of 60, latitudes beyond 90 and longitudes beyond 180 are refused, not wrapped.
- Of a `geo:` URI the altitude, the uncertainty `u` and unknown parameters are ignored; a `crs`
  other than wgs84 is refused. Android's `geo:0,0?q=lat,lon(name)` is read.

Every step is one pass over at most `MOST` characters. Pure.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import orjson

from ugc.geography.positions import links
from ugc.geography.positions.tokens import (
    AMBIGUOUS,
    LETTER,
    MARK,
    NUMBER,
    OFF_THE_MAP,
    SEPARATOR,
    UNREADABLE,
    BadPosition,
    Token,
    tokens_of,
)

MOST = 1_000  # characters, as any field: links of map sites are long

LATITUDE, LONGITUDE = "lat", "lon"

_FARTHEST = {LATITUDE: 90.0, LONGITUDE: 180.0}

_WKT = re.compile(r"(?:SRID=4326;)?POINT\s?(?:Z\s?)?\(([^()]*)\)", re.IGNORECASE)


class Coordinate(NamedTuple):
    """Degrees, and the axis that a letter told; '' when none did."""

    degrees: float
    axis: str


def position(
    text: str, language: str = "", *, lat_first: bool = True
) -> tuple[float, float] | None:
    """(lat, lon) in degrees, WGS 84; None when the text is no position, such as a name. Raises
    BadPosition for one that is off the map, ambiguous or half written. `lat_first` is the order of
    two coordinates that do not say it themselves."""
    text = text.strip()
    if len(text) > MOST:
        return None
    if links.is_link(text):
        return _on_the_map(*links.position(text))
    told = _longitude_first(text)
    if told is not None:
        return _on_the_map(told[1], told[0])
    found = tokens_of(_without_brackets(text), language)
    groups = None if found is None or _is_count(found) else _split(found)
    if groups is None:
        return None
    first, second = _coordinate(groups[0]), _coordinate(groups[1])
    return _by_axis(first, second) if lat_first else _by_axis(second, first)


def _is_count(found: Sequence[Token]) -> bool:
    """Whether bare numbers are none of degrees, but a year, a postcode or a telephone: one has more
    than three digits before its point, or three and more whole ones are too large for degrees
    and minutes."""
    if any(token.kind in (LETTER, MARK) for token in found):
        return False
    numbers = [token for token in found if token.kind is NUMBER]
    if any(len(number.text.split(".")[0].lstrip("0")) > 3 for number in numbers):
        return True
    whole = all("." not in number.text and not number.is_signed for number in numbers)
    return len(numbers) > 2 and whole and any(float(number.text) >= 60 for number in numbers[1:])


def coordinate(text: str, axis: str, language: str = "") -> float:
    """Degrees of one coordinate, latitude (`lat`) or longitude (`lon`). Raises BadPosition."""
    found = tokens_of(text.strip(), language, single=True) if len(text) <= MOST else None
    if not found:
        raise BadPosition(UNREADABLE)
    one = _coordinate(found)
    if one.axis not in ("", axis):
        raise BadPosition(AMBIGUOUS)
    return _within(one.degrees, axis)


def of_fields(lat: str, lon: str, language: str = "") -> tuple[float, float]:
    """(lat, lon) of a form's two fields. A whole position in either of them is taken when the other
    is empty or holds the same coordinate. Raises BadPosition."""
    lat, lon = lat.strip(), lon.strip()
    for text, other, at in ((lat, lon, 1), (lon, lat, 0)):
        whole = _whole(text, language)
        if whole is not None:
            if other and other != text and not _says(other, whole[at], at, language):
                raise BadPosition(AMBIGUOUS)
            return whole
    return coordinate(lat, LATITUDE, language), coordinate(lon, LONGITUDE, language)


def degrees(value: Any, axis: str, language: str = "") -> float:
    """One coordinate from outside: a number, or a text as people type it. Raises BadPosition."""
    if isinstance(value, str):
        return coordinate(value, axis, language)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadPosition(UNREADABLE)
    return _within(value, axis)


def _whole(text: str, language: str) -> tuple[float, float] | None:
    """The position that one field holds; None when it holds one coordinate or none."""
    return None if not text or _is_one(text, language) else position(text, language)


def _is_one(text: str, language: str) -> bool:
    """Whether a text has the form of one coordinate, such as `40,4` or `40 25`."""
    try:
        found = None if links.is_link(text) else tokens_of(text, language, single=True)
        return bool(found and _coordinate(found))
    except BadPosition:
        return False


def _says(text: str, expected: float, at: int, language: str) -> bool:
    """Whether a field holds this coordinate already, as a script or the person put it."""
    try:
        told = coordinate(text, (LATITUDE, LONGITUDE)[at], language)
    except BadPosition:
        return False
    return math.isclose(told, expected, abs_tol=1e-5)


def _within(value: float, axis: str) -> float:
    if not math.isfinite(value) or abs(value) > _FARTHEST[axis]:
        raise BadPosition(OFF_THE_MAP)
    return float(value)


def _on_the_map(lat: float, lon: float) -> tuple[float, float]:
    return _within(lat, LATITUDE), _within(lon, LONGITUDE)


def _by_axis(first: Coordinate, second: Coordinate) -> tuple[float, float]:
    if first.axis and first.axis == second.axis:
        raise BadPosition(AMBIGUOUS)
    if first.axis == LONGITUDE or second.axis == LATITUDE:
        first, second = second, first
    return _on_the_map(first.degrees, second.degrees)


def _longitude_first(text: str) -> tuple[float, float] | None:
    """(lon, lat) of what is written in that order: GeoJSON and WKT; None for anything else."""
    wkt = _WKT.fullmatch(text)
    if wkt:
        return _plain(wkt[1].split())
    if text[:1] not in ("[", "{"):
        return None
    try:
        told = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise BadPosition(UNREADABLE) from None
    if isinstance(told, dict):
        told = told.get("geometry", told)
        told = told.get("coordinates") if isinstance(told, dict) else None
    return _plain(told)


def _plain(values: Any) -> tuple[float, float]:
    """The first two of two or more numbers, with decimal points. Raises BadPosition."""
    if not isinstance(values, list) or not 2 <= len(values) <= 4:
        raise BadPosition(UNREADABLE)
    try:
        lon, lat = float(values[0]), float(values[1])
    except (TypeError, ValueError):
        raise BadPosition(UNREADABLE) from None
    return lon, lat


def _without_brackets(text: str) -> str:
    text = text.strip()
    return text[1:-1] if text[:1] == "(" and text[-1:] == ")" else text


def _split(found: Sequence[Token]) -> tuple[Sequence[Token], Sequence[Token]] | None:
    """The tokens of both coordinates; None for numbers that are none, such as three, or `24/7`."""
    separators = [at for at, token in enumerate(found) if token.kind is SEPARATOR]
    if len(separators) > 1 or sum(token.kind is NUMBER for token in found) < 2:
        return None
    if not separators:
        at = _middle(found)
        return (found[:at], found[at:]) if at else None
    [at] = separators
    first, second = found[:at], found[at + 1 :]
    is_name = found[at].text == "/" and not all(
        any("." in token.text for token in group) for group in (first, second)
    )
    return None if is_name else (first, second)


def _middle(found: Sequence[Token]) -> int | None:
    """Where the second coordinate begins, when no separator says it."""
    letters = [at for at, token in enumerate(found) if token.kind is LETTER]
    if len(letters) == 2 and letters[0] == 0:
        return letters[1]
    if letters and 0 < letters[0] < len(found) - 1:
        return letters[0] + 1
    numbered = [at for at, token in enumerate(found) if token.kind is NUMBER]
    marked = [at for at in numbered if _mark_after(found, at) == "d"]
    if len(marked) == 2:
        return marked[1]
    return numbered[len(numbered) // 2] if not marked and len(numbered) in (2, 4, 6) else None


def _mark_after(found: Sequence[Token], at: int) -> str:
    after = found[at + 1] if at + 1 < len(found) else None
    return after.text if after is not None and after.kind is MARK else ""


def _coordinate(group: Sequence[Token]) -> Coordinate:
    """One coordinate. Raises BadPosition."""
    letters = [token.text for token in group if token.kind is LETTER]
    inner = [token for token in group if token.kind is not LETTER]
    if not inner:
        raise BadPosition(UNREADABLE)
    size, is_negative = _size(inner)
    if not letters:
        return Coordinate(-size if is_negative else size, "")
    at_an_end = LETTER in (group[0].kind, group[-1].kind)
    if len(letters) > 1 or not at_an_end or inner[0].is_signed:
        raise BadPosition(AMBIGUOUS)
    axis = LATITUDE if letters[0] in "NS" else LONGITUDE
    return Coordinate(-size if letters[0] in "SW" else size, axis)


def _size(inner: Sequence[Token]) -> tuple[float, bool]:
    """Degrees without their sign, and whether it is a minus. Raises BadPosition."""
    parts = [token for token in inner if token.kind is NUMBER]
    if not 1 <= len(parts) <= 3 or any(token.kind is SEPARATOR for token in inner):
        raise BadPosition(UNREADABLE)
    _check_marks(inner)
    if any(part.is_signed for part in parts[1:]) or any("." in p.text for p in parts[:-1]):
        raise BadPosition(AMBIGUOUS)
    values = [float(part.text) for part in parts]
    if any(value >= 60 for value in values[1:]):
        raise BadPosition(OFF_THE_MAP)
    size = sum(value / 60**power for power, value in enumerate(values))
    return size, parts[0].is_negative


def _check_marks(inner: Sequence[Token]) -> None:
    """Marks stand behind their numbers: degrees, minutes, seconds. Raises BadPosition."""
    order = -1
    if inner[0].kind is MARK:
        raise BadPosition(UNREADABLE)
    for before, token in pairwise(inner):
        if before.kind is NUMBER:
            order += 1
        if token.kind is MARK and (before.kind is not NUMBER or token.text != "dms"[order]):
            raise BadPosition(UNREADABLE)
