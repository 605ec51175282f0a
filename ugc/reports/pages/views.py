"""Where the maps of pages begin."""

from __future__ import annotations

import functools

from ugc.core import cache
from ugc.core.access import current_actor
from ugc.core.db import db
from ugc.geography import geo
from ugc.places.rules import describing as places_describing
from ugc.reports.queries import busy
from ugc.reports.rules.views import View, zone_views
from ugc.streets import pages as streets_pages

KEPT_SECONDS = 60.0


def first_view() -> tuple[View, dict[str, View]]:
    """Where a map begins that is told no position, and, for visitors whose time zone only their
    browser knows, where it begins instead by zone. A zone wins only where a city's extract is
    loaded or twenty reports are live."""
    views = cache.of_late("zone_views", KEPT_SECONDS, _zone_views)
    actor = current_actor()
    if actor.is_member:
        return views.get(actor.timezone or "", streets_pages.home_view()), {}
    return streets_pages.home_view(), views


def _zone_views() -> dict[str, View]:
    session = db.session()
    return zone_views(
        [(_zone(lon, lat), (lon, lat, zoom)) for lon, lat, zoom in streets_pages.city_views()],
        [(_zone(lon, lat), lon, lat, count) for lon, lat, count in busy.alive_by_city(session)],
    )


@functools.lru_cache(maxsize=2048)
def _zone(lon: float, lat: float) -> str:
    return places_describing.timezone_at(geo.Point(lon, lat))
