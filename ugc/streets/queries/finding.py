"""What the search finds in loaded cities: houses, streets, corners, towns and their parts."""

from __future__ import annotations

import math
from dataclasses import replace

from flask_babel import gettext

from ugc.core.access import Actor
from ugc.core.db import Session
from ugc.search.finding import Found, Search, without_here
from ugc.search.likeness import likeness, words
from ugc.streets.queries.search import FoundAddress, find_addresses, find_areas
from ugc.streets.rules.asked import Asked, asked
from ugc.streets.rules.wording import area_line, street_line

STREET_ZOOM, HOUSE_ZOOM, AREA_ZOOM = 16, 18, 14


def find(session: Session, _actor: Actor, search: Search) -> list[Found]:
    text = without_here(search.text)
    ways = _ways(text, search)
    if not ways:
        return []
    addresses = find_addresses(session, ways, search.near, search.limit, guesses=search.guesses)
    return [_found(each) for each in addresses] + _areas(session, text, search)


def _ways(text: str, search: Search) -> list[Asked]:
    """With the town that was said apart first: "carrer major canillo"."""
    ways = [replace(way, town=area.name) for head, area in search.within[:1] for way in asked(head)]
    return ways + [way for way in asked(text) if way not in ways]


def _found(each: FoundAddress) -> Found:
    address = each.address
    kind = "corner" if address.corner else "address" if address.number else "street"
    detail = area_line(address)
    if not each.is_exact:
        unknown = gettext("this number is not known: its street")
        detail = f"{unknown} · {detail}" if detail else unknown
    return Found(
        kind,
        street_line(address),
        detail,
        min(1.0, each.likeness),
        each.life,
        "map-pin" if address.number else "signpost" if address.corner else "route",
        each.lon,
        each.lat,
        zoom=STREET_ZOOM if kind == "street" else HOUSE_ZOOM,
        is_exact=each.is_exact,
    )


def _areas(session: Session, text: str, search: Search) -> list[Found]:
    said = words(text)
    found = []
    for row in find_areas(session, text):
        alike = max(likeness(said, words(name)) for name in (row.name, *row.names))
        if alike > 0:
            found.append(
                Found(
                    "area", row.name, row.town if row.town and row.town != row.name else "",
                    alike, math.log(1 + (row.population or 0)) / 17, "map",
                    row.lon, row.lat, zoom=AREA_ZOOM,
                )
            )  # fmt: skip
    return sorted(found, key=lambda each: -each.likeness)[: search.limit]
