"""Keys and cursors. Pure."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import hashlib
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from flask_babel import lazy_gettext
from werkzeug.http import parse_list_header, parse_options_header

from ugc.core import wall

BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
PREFIX = "boca_"
SECRET_LENGTH, CHECK_LENGTH = 30, 6  # 178 random bits; 32 bits of CRC
HINT_LENGTH = 9
KEYS_PER_BRAND, NAME_MAX = 10, 60
SCOPES = {
    "reports:read": lazy_gettext("Read reports"),
    "places:read": lazy_gettext("Read places"),
    "reviews:read": lazy_gettext("Read reviews"),
    "spread:read": lazy_gettext("Read how the brand spreads"),
}
LIMIT_DEFAULT, LIMIT_MAX = 100, 500
BIGINT = 2**63 - 1
FIRST_MOMENT = dt.datetime(1, 1, 1, tzinfo=dt.UTC)
LAST_MOMENT = dt.datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=dt.UTC)
WEEKS_DEFAULT, WEEKS_MAX = 12, 104
GEOJSON, JSON, TEXT = "application/geo+json", "application/json", "text/plain"
# What a list can be sent as. GDAL, and so QGIS, asks for `text/plain, application/json` and reads
# GeoJSON.
OFFERS = (GEOJSON, TEXT, JSON)
# What older programs call the same.
_OLDER = {"*": "*/*", "application/vnd.geo+json": GEOJSON}
# Patterns that the OpenAPI description states. A box may be written in other ways, too.
TOKEN = r"^[A-Za-z0-9_-]{12,200}$"
ID = r"^[A-Za-z0-9_-]{1,64}$"
_LON = r"-?(180(\.0+)?|(1[0-7][0-9]|[1-9]?[0-9])(\.[0-9]+)?([eE]-[0-9]{1,2})?)"
_LAT = r"-?(90(\.0+)?|[1-8]?[0-9](\.[0-9]+)?([eE]-[0-9]{1,2})?)"
BBOX = f"^{_LON},{_LAT},{_LON},{_LAT}$"
_FORMAT = re.compile(rf"^{PREFIX}[0-9A-Za-z]{{{SECRET_LENGTH + CHECK_LENGTH}}}$")


def _check(body: str) -> str:
    """CRC-32 in base 62, as GitHub's tokens carry it: a typo is told from an unknown key without
    asking the database, and scanners of leaked secrets know ours from random text."""
    number = binascii.crc32(body.encode())
    digits = ""
    for _ in range(CHECK_LENGTH):
        number, digit = divmod(number, 62)
        digits = BASE62[digit] + digits
    return digits


def new_key() -> str:
    body = "".join(secrets.choice(BASE62) for _ in range(SECRET_LENGTH))
    return PREFIX + body + _check(body)


def is_well_formed(key: str) -> bool:
    if not _FORMAT.match(key):
        return False
    body = key[len(PREFIX) :]
    return secrets.compare_digest(_check(body[:SECRET_LENGTH]), body[SECRET_LENGTH:])


def key_hash(key: str) -> str:
    """SHA-256 is enough: the key is random, not a password."""
    return hashlib.sha256(key.encode()).hexdigest()


def encode_cursor(*parts: Any) -> str:
    """Opaque and safe in an address; `parts` are JSON-able."""
    return base64.urlsafe_b64encode(orjson.dumps(parts)).decode().rstrip("=")


def decode_cursor(text: str, name: str, count: int) -> list[Any]:
    """The parts of a cursor of kind `name`. Raises ValueError for anything else."""
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        parts = orjson.loads(raw)
    except (ValueError, binascii.Error) as error:
        raise ValueError(text) from error
    if not isinstance(parts, list) or len(parts) != count + 1 or parts[0] != name:
        raise ValueError(text)
    return parts[1:]


def _whole(value: Any, most: int) -> int:
    if type(value) is not int or not 0 <= value <= most:
        raise ValueError(value)
    return value


def utc(text: str) -> dt.datetime | None:
    """The moment of an ISO 8601 time, UTC when it names no zone; None when it is no time. What a
    zone moves out of the years 1 to 9999 is their first or last moment."""
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    try:
        return (moment if moment.tzinfo else wall.instant(moment, dt.UTC)).astimezone(dt.UTC)
    except OverflowError:
        return FIRST_MOMENT if moment.year == 1 else LAST_MOMENT


def negotiated(accept: str, offers: Sequence[str]) -> str | None:
    """The offer that an Accept header likes best (RFC 9110, section 12.5.1); None when it likes
    none. Of equals: what it names itself before what `*` covers, then the first offer, then what
    comes first in the header. Parameters but `q` are not looked at."""
    ranges: dict[str, tuple[float, int]] = {}
    for position, (value, quality) in enumerate(_ranges(accept)):
        ranges.setdefault(value, (quality, -position))
    if not ranges:
        return offers[0]

    def liked(offer: str) -> tuple[float, int, bool, int]:
        for exact, name in ((2, offer), (1, offer.partition("/")[0] + "/*"), (0, "*/*")):
            if name in ranges:
                quality, position = ranges[name]
                return quality, exact, offer == offers[0], position
        return 0.0, 0, False, 0

    best = max(offers, key=liked)
    return best if liked(best)[0] > 0 else None


def _ranges(accept: str) -> list[tuple[str, float]]:
    """(media range, quality) in the order of the header; without those whose quality is no number.
    Older programs write `q=.2`."""
    found = []
    for item in parse_list_header(accept):
        name, options = parse_options_header(item)
        try:
            quality = float(options.get("q", "1"))
        except ValueError:
            continue
        if name and 0 <= quality <= 1:
            found.append((_OLDER.get(name.lower(), name.lower()), quality))
    return found


def page_cursor(text: str) -> tuple[dt.datetime, int]:
    """(created_at, id) of the last one shown. Raises ValueError."""
    at, last_id = decode_cursor(text, "c", 2)
    moment = utc(at) if isinstance(at, str) else None
    if moment is None:
        raise ValueError(text)
    return moment, _whole(last_id, BIGINT)


@dataclass(frozen=True)
class FeedCursor:
    """Where a reader of the change feed is: the last change told (stamped transaction, id of the
    subject) in the generation of the database (`core.generation`) with this code."""

    generation: int
    txid: int
    last_id: int

    def __str__(self) -> str:
        return encode_cursor("g", str(self.generation), str(self.txid), self.last_id)


def feed_cursor(text: str) -> FeedCursor | None:
    """The cursor; None for one of the release before generations, which begins again. Raises
    ValueError for what is no cursor."""
    try:
        txid, last_id = decode_cursor(text, "s", 2)
    except ValueError:
        code, txid, last_id = decode_cursor(text, "g", 3)
        return FeedCursor(_number(code), _number(txid), _whole(last_id, BIGINT))
    _number(txid), _whole(last_id, BIGINT)
    return None


def _number(text: Any) -> int:
    """A whole number of digits, as JSON's own numbers are not exact in every client."""
    if not isinstance(text, str) or not text.isascii() or not text.isdigit():
        raise ValueError(text)
    return _whole(int(text[:20]), BIGINT)
