"""Names of streets and places through a Nominatim-compatible service, when the operator sets
`GEOCODER_URL`. Asked by the server, so that the service sees no visitor's address; answers are
kept a day, one question a second goes out at most (Nominatim's usage policy), and whatever fails
leaves the bundled cities."""

from __future__ import annotations

import logging
import math
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlencode

import orjson
from flask import current_app
from redis import RedisError

from ugc.core import cache

log = logging.getLogger(__name__)
TIMEOUT_SECONDS = 3
KEPT_SECONDS = 86_400
MAX_BYTES = 256 * 1024


def search(text: str, language: str, limit: int = 5) -> list[tuple[str, float, float]]:
    """(name, lon, lat) of the best answers, WGS 84; empty without a service, when it fails, or
    when the last question was a moment ago."""
    base = str(current_app.config["GEOCODER_URL"])
    if not base or not text.strip():
        return []
    query = urlencode(
        {"q": text.strip()[:200], "format": "jsonv2", "limit": limit, "accept-language": language}
    )
    key = f"geocoder:{query}"
    kept = cache.get(key)
    if kept is None:
        if not _my_turn():
            return []
        kept = _ask(f"{base.rstrip('/')}/search?{query}")
        if kept is None:
            return []
        cache.put(key, kept, KEPT_SECONDS)
    return _answers(orjson.loads(kept))


def _my_turn() -> bool:
    """One question a second for all processes; without Redis, none is asked."""
    store = cache.client()
    if store is None:
        return False
    try:
        return bool(store.set("geocoder:turn", b"1", nx=True, px=1000))
    except RedisError as error:
        log.warning("geocoder: no turn to be had, %s", type(error).__name__)
        return False


def _ask(address: str) -> bytes | None:
    request = urllib.request.Request(
        address,
        headers={"User-Agent": f"Boca ({current_app.config['SITE_URL']})"},
    )
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:
            body = answer.read(MAX_BYTES + 1)
        if len(body) > MAX_BYTES or not isinstance(orjson.loads(body), list):
            raise ValueError("not the answer of a geocoder")
    except (urllib.error.URLError, OSError, ValueError) as error:
        log.warning("geocoder: %s", error)
        return None
    return bytes(body)


def _answers(rows: list[Any]) -> list[tuple[str, float, float]]:
    found = []
    for row in rows:
        try:
            lon, lat = float(row["lon"]), float(row["lat"])
            name = str(row["display_name"])
        except (KeyError, TypeError, ValueError):
            continue
        if math.isfinite(lon) and math.isfinite(lat) and abs(lon) <= 180 and abs(lat) <= 90:
            found.append((name[:200], lon, lat))
    return found
