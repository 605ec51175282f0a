"""Where a first visitor's map begins. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

View = tuple[float, float, float]  # lon, lat, zoom of 512-pixel tiles

LEAST = 20  # live reports in a time zone for whose sake its map begins there
CITY_ZOOM = 11.0
NO_ZONE = "UTC"  # of browsers that do not say where they are


def zone_views(
    loaded: Iterable[tuple[str, View]], alive: Iterable[tuple[str, float, float, int]]
) -> dict[str, View]:
    """Time zones (IANA) where there is something to see, and where a map of them begins: at the
    first city whose extract is loaded, else, from `LEAST` live reports on, at the city that has
    most of them. `loaded` is (zone, home view), `alive` (zone, lon, lat, live reports) by city."""
    views: dict[str, View] = {}
    for zone, view in loaded:
        views.setdefault(zone, view)
    counts: Counter[str] = Counter()
    largest: dict[str, tuple[int, View]] = {}
    for zone, lon, lat, count in alive:
        counts[zone] += count
        if count > largest.get(zone, (0, None))[0]:
            largest[zone] = count, (lon, lat, CITY_ZOOM)
    for zone, count in counts.items():
        if count >= LEAST:
            views.setdefault(zone, largest[zone][1])
    views.pop(NO_ZONE, None)
    return views
