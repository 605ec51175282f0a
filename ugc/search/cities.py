"""Finds the bundled cities by name."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from ugc.core.access import Actor
from ugc.core.db import Session
from ugc.geography import gazetteer
from ugc.geography.gazetteer import FoundPlace
from ugc.search import finding
from ugc.search.finding import Area, Found
from ugc.search.likeness import likeness, words

CITY_ZOOM = 12


def find_cities(session: Session, _actor: Actor, search: finding.Search) -> list[Found]:
    """Cities by their names; "Springfield, Illinois" finds those there."""
    if any(c.isdecimal() for c in search.text):
        return []  # an address
    found = [
        _found_city(city, likeness(search.words, words(city.name)))
        for city in gazetteer.search_cities(
            session, search.text, search.limit, search.near, guesses=search.guesses
        )
    ]
    head, comma, tail = search.text.partition(",")
    if comma and tail.strip():
        for city in gazetteer.search_cities(
            session, head, search.limit, search.near, guesses=search.guesses
        ):
            told = likeness(search.words, words(f"{city.name} {city.detail}"))
            found.append(replace(_found_city(city, told), is_meant=told >= finding.MEANT))
    return found


def _found_city(city: FoundPlace, alike: float) -> Found:
    """A city that only trigrams found is a guess, which a form asks about."""
    return Found(
        "city", city.name, city.detail, max(0.2, alike), math.log(1 + city.population) / 17, "map",
        city.lon, city.lat, zoom=CITY_ZOOM, is_meant=city.is_meant,
    )  # fmt: skip


def areas_named(session: Session, wanted: Sequence[str]) -> list[tuple[str, Area]]:
    """The cities that have exactly one of these names."""
    return [
        (said, Area(city.name, city.detail, city.lon, city.lat, city.population))
        for said, city in gazetteer.cities_named(session, wanted)
    ]
