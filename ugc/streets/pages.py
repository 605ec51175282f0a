"""The tiles of cities, and which cities the maps of a page may draw."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, current_app, send_from_directory

from ugc.core import cache
from ugc.core.access import public
from ugc.core.db import db
from ugc.core.errors import NotFound
from ugc.drawing.citymap import City
from ugc.geography import geo
from ugc.search import finding
from ugc.streets.models import BOCA, Extract
from ugc.streets.queries import finding as finding_queries
from ugc.streets.queries import loads
from ugc.streets.queries.search import areas_named

bp = Blueprint("streets", __name__)
KEPT_SECONDS = 10.0  # until a process knows of a city that was loaded or removed


@bp.get("/basemap/city/<name>")
@public
def archive(name: str) -> Response:
    """The tiles of a city in ranges. The name tells the content, so it is kept for good. What a
    load is still writing stands in the same folder and is not served."""
    if not name.endswith(".pmtiles"):
        raise NotFound()
    folder = current_app.config["DATA_DIR"] / "cities"
    response = send_from_directory(folder, name, conditional=True, max_age=31_536_000)
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response


def city_at(lon: float | None, lat: float | None) -> City | None:
    """The shown city at a point, the smallest of several; None outside of all."""
    if lon is None or lat is None:
        return None
    folder = current_app.config["DATA_DIR"] / "cities"
    found = [
        City(
            folder / str(each["url"]).rpartition("/")[2],
            tuple(each["box"]),
            each.get("schema", BOCA),
            each.get("has_sea", True),
            each.get("credit", ""),
        )
        for each in map_cities()
    ]
    over = [city for city in found if city.covers(lon, lat)]
    return min(over, key=lambda city: city.size, default=None)


def home_view() -> tuple[float, float, float]:
    """(lon, lat, zoom) at which the site's maps begin: the setting HOME_VIEW, else the city that
    was loaded first, else the first look at the world."""
    chosen: tuple[float, float, float] | None = current_app.config["HOME_VIEW"]
    found = cache.of_late("city_views", KEPT_SECONDS, city_views) if chosen is None else []
    return chosen or next(iter(found), geo.FIRST_LOOK)


def city_views() -> list[tuple[float, float, float]]:
    """(lon, lat, zoom) at which a map of each shown city begins, the first loaded first."""
    return loads.homes(db.session())


@bp.app_template_global()
def map_cities() -> list[dict[str, Any]]:
    """What the map's style needs of each shown city: `code`, `url`, `box` (west, south, east,
    north; degrees), and of an operator's own archive `schema`, `has_sea` and `credit`. A city whose
    archive is missing (after a restore) is left out."""
    return cache.of_late("map_cities", KEPT_SECONDS, _map_cities)


def _map_cities() -> list[dict[str, Any]]:
    folder = current_app.config["DATA_DIR"] / "cities"
    return [
        {
            "code": load.code,
            "url": f"/basemap/city/{load.archive}",
            "box": [load.west, load.south, load.east, load.north],
            **_own(load),
        }
        for load in loads.shown_loads(db.session())
        if load.archive and (folder / load.archive).is_file()
    ]


def _own(load: Extract) -> dict[str, Any]:
    if load.schema == BOCA:
        return {}
    has_sea = bool(load.counts.get("sea"))
    return {"schema": load.schema, "has_sea": has_sea, "credit": load.credit or ""}


finding.register("streets", finding_queries.find, is_of_map=True, guesses=True)
finding.register_areas("streets", areas_named)


def home() -> geo.Point | None:
    """The middle of the home view; None where it is only the first look at the world."""
    view = home_view()
    return None if view == geo.FIRST_LOOK else geo.Point(view[0], view[1])


finding.register_home(home)
