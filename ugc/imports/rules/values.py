"""Single values: texts made harmless, times, positions. Each raises BadRow with what is wrong."""

from __future__ import annotations

import datetime as dt
import hashlib
import math
import re
from html.parser import HTMLParser
from typing import Any
from zoneinfo import ZoneInfo

from ugc.core import texts, wall
from ugc.geography import geo
from ugc.geography.positions import parsing, tokens

EARLIEST = dt.datetime(1971, 1, 1, tzinfo=dt.UTC)  # 1899, 1900 and 1970 are what "unknown" becomes
DEGREES = 4326  # EPSG of WGS 84
FUTURE = dt.timedelta(days=1)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u2028\u2029\ufeff]")
_NUMBERS = re.compile(r"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
_WRONG = {
    tokens.OFF_THE_MAP: "are not on the map",
    tokens.AMBIGUOUS: "can be read in two ways",
    tokens.UNREADABLE: "are not understood",
}
_BLOCKS = frozenset({"p", "div", "li", "ul", "ol", "tr", "h1", "h2", "h3", "h4"})


class BadRow(Exception):
    """The row cannot be taken; the text is the reason in the reject file."""


def clean(text: str, *, lines: bool = False) -> str:
    """As forms store it (`texts.normal`), without NUL, other control characters and lone
    surrogates; on one line unless `lines`. Mark-up stays text: pages show it escaped."""
    if not text.isprintable():
        text = _CONTROL.sub("", texts.with_plain_ends(text))
        text = text.encode("utf-8", "replace").decode()
    kept = texts.normal(text)
    return kept if lines else " ".join(kept.split())


class _Plain(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, _attrs: Any) -> None:
        if tag in ("script", "style"):
            self._hidden += 1
        elif tag == "br" or tag in _BLOCKS:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style"):
            self._hidden = max(0, self._hidden - 1)

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.parts.append(data)


TAGS_MAX = 1_000  # the library's parser may look through the rest of a text for each


def plain_text(html: str) -> str:
    """The text of HTML, blocks on lines of their own; what is escaped twice is unescaped twice."""
    for _ in range(2):
        if html.count("<") > TAGS_MAX:
            break
        parser = _Plain()
        try:
            parser.feed(html)
            parser.close()
        except AssertionError:
            # The library's parser gives up on declarations such as `<![<!`: then it is no HTML.
            break
        html = "".join(parser.parts)
    return re.sub(r"[ \t]*\n\s*", "\n", html).strip()


def as_text(value: Any, path: str) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    raise BadRow(f"“{path}” is not a single value")


def moment(text: str, form: str, zone: ZoneInfo, name: str) -> dt.datetime:
    """An aware time. `form` is `iso`, `epoch` (seconds), `epoch_ms` or a pattern of strptime; what
    names no offset is in `zone`."""
    try:
        if form == "iso":
            found = dt.datetime.fromisoformat(text)
        elif form in ("epoch", "epoch_ms"):
            seconds = float(text) / (1000 if form == "epoch_ms" else 1)
            found = dt.datetime.fromtimestamp(seconds, dt.UTC)
        else:
            found = dt.datetime.strptime(text, form)  # noqa: DTZ007  (the zone follows)
        if found.tzinfo is None:
            found = wall.instant(found, zone)
        return found.astimezone(dt.UTC)
    except (ValueError, OverflowError, OSError):
        raise BadRow(f"{name} is not a time: “{text[:60]}”") from None


def sensible(found: dt.datetime, now: dt.datetime, name: str) -> dt.datetime:
    if found < EARLIEST:
        raise BadRow(f"{name} is before 1971: {found:%Y-%m-%d}")
    if found > now + FUTURE:
        raise BadRow(f"{name} is in the future: {found:%Y-%m-%d}")
    return found


def number(value: Any, name: str) -> float:
    """A finite number; "40,4168" is read with its comma as the decimal sign."""
    if value is None or value == "":
        raise BadRow(f"{name} is missing")
    if isinstance(value, str):
        value = value.strip()
        if value.count(",") == 1 and "." not in value:
            value = value.replace(",", ".")
    try:
        found = float(value)
    except (TypeError, ValueError, OverflowError):
        raise BadRow(f"{name} is not a number: “{str(value)[:40]}”") from None
    if isinstance(value, bool) or not math.isfinite(found):
        raise BadRow(f"{name} is not a number: “{value}”")
    return found


def pair(value: Any) -> tuple[float, float]:
    """Both numbers of a list or of a text such as "(42.35, -71.06)"."""
    found = value
    if isinstance(value, str):
        found = _NUMBERS.findall(value)
    if not isinstance(found, list) or len(found) < 2:
        raise BadRow("the coordinates are missing")
    return number(found[0], "a coordinate"), number(found[1], "a coordinate")


def position(value: Any, lat_first: bool, crs: int = DEGREES) -> tuple[float, float]:
    """East or longitude first, of a list or a text. A text in degrees is read as people write
    positions: letters and links say their order themselves. Raises BadRow."""
    if isinstance(value, str) and crs == DEGREES and not value.lstrip().startswith(("P", "[")):
        try:
            found = parsing.position(value, lat_first=lat_first)
        except tokens.BadPosition as bad:
            raise BadRow(f"the coordinates {_WRONG[bad.code]}: “{value[:60]}”") from None
        if found:
            return found[1], found[0]
    x, y = pair(value)
    return (y, x) if lat_first else (x, y)


def one_of_two(value: Any, name: str, axis: str, crs: int = DEGREES) -> float:
    """East or north, or degrees: then a text is read as people write them. Raises BadRow."""
    if isinstance(value, str) and crs == DEGREES and value and not _NUMBERS.fullmatch(value):
        try:
            return parsing.coordinate(value, axis)
        except tokens.BadPosition as bad:
            if bad.code != tokens.UNREADABLE:
                raise BadRow(f"{name} {_WRONG[bad.code]}: “{value[:60]}”") from None
    return number(value, name)


def of_geometry(geometry: Any) -> tuple[float, float]:
    """Longitude and latitude of a GeoJSON geometry: a point, or the middle position of a line or of
    several points."""
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    coordinates = geometry.get("coordinates") if isinstance(geometry, dict) else None
    if kind == "Point":
        return pair(coordinates)
    if kind in ("MultiPoint", "LineString") and isinstance(coordinates, list) and coordinates:
        return pair(coordinates[len(coordinates) // 2])
    if kind is None:
        raise BadRow("the feature has no geometry")
    raise BadRow(f"the geometry is a {kind}; Point, MultiPoint and LineString are taken")


def on_earth(lon: float, lat: float) -> tuple[float, float]:
    """Degrees to seven places, as content hashes took them until public points were rounded to a
    metre. Raises BadRow."""
    if abs(lat) > 90 or abs(lon) > 180:
        raise BadRow(f"not on the map: longitude {lon:g}, latitude {lat:g}")
    return round(lon, 7), round(lat, 7)


def public(position: tuple[float, float]) -> tuple[float, float]:
    """Longitude and latitude rounded to a metre."""
    return geo.to_a_metre(position[0]), geo.to_a_metre(position[1])


def digest(*values: object) -> str:
    """128 bits that change with any of the values."""
    return hashlib.blake2b(repr(values).encode(), digest_size=16).hexdigest()
