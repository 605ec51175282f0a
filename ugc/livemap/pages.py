"""The front page, and the search over everything. `bbox` is west,south,east,north in degrees."""

from __future__ import annotations

import math
from typing import Any

import orjson
from flask import Blueprint, Response, render_template, request

from ugc.core import gazetteer, geo, limits, panels, render
from ugc.core.access import current_actor, public
from ugc.core.db import db
from ugc.reports import queries, rules

bp = Blueprint("livemap", __name__)
WORLD = geo.Bounds(-180, -85, 180, 85)
LIST_LENGTH = 50
START = (-3.7, 40.2, 4.8)  # lon, lat, zoom: the peninsula
CITIES_FOUND = 5
BIG_CITY = 50_000  # people
CITY_ZOOM, POINT_ZOOM = 12, 15


def _view() -> tuple[float, float, float] | None:
    """(lon, lat, zoom) of an address such as `/?lat=40.4&lon=-3.7&zoom=14`; None without."""
    if not request.args.get("lat") or not request.args.get("lon"):
        return None
    point = geo.Point.checked(request.args["lon"], request.args["lat"])
    try:
        zoom = float(request.args.get("zoom", CITY_ZOOM))
    except ValueError:
        zoom = CITY_ZOOM
    return point.lon, point.lat, min(max(zoom, 1.0), 18.0) if math.isfinite(zoom) else CITY_ZOOM


def _bounds() -> geo.Bounds:
    text = request.args.get("bbox")
    if text:
        return geo.Bounds.parsed(text)
    view = _view()
    if view is None:
        return WORLD
    # What a screen of about 1000 pixels shows: a tile of 512 pixels is 360°/2^zoom wide.
    lon, lat, zoom = view
    half = 360 / 2**zoom
    south, north = max(-90.0, lat - half), min(90.0, lat + half)
    return geo.Bounds.parsed(f"{lon - half},{south},{lon + half},{north}")


def _kinds() -> list[str]:
    return [kind for kind in request.args.get("kinds", "").split(",") if kind in rules.KINDS]


def _reports(limit: int) -> list[queries.ReportRow]:
    return queries.reports_within(db.session(), current_actor(), _bounds(), _kinds(), limit)


@bp.get("/")
@public
def map_page() -> str:
    language = render.language()
    kinds = {
        kind.code: {"icon": kind.icon, "colour": kind.colour, "name": kind.name(language)}
        for kind in rules.KINDS.values()
    }
    return render_template(
        "livemap/map.html",
        view=_view() or START,
        reports=_reports(LIST_LENGTH),
        kinds=list(rules.KINDS.values()),
        chosen=_kinds(),
        kinds_json=kinds,
    )


@bp.get("/search")
@public
def search_page() -> str:
    """`?q=`: places, cities (which lead to the map there) and whatever else has a name."""
    limits.hit("search")
    text = " ".join(request.args.get("q", "").split())[:100]
    point = geo.Point.parsed(text)
    cities = gazetteer.search_cities(db.session(), text, CITIES_FOUND) if len(text) > 1 else []
    return render_template(
        "livemap/search.html",
        q=text,
        point=point,
        cities=cities,
        # Whoever typed the beginning of a big city's name wants the city.
        cities_first=any(
            city.population >= BIG_CITY and city.name.casefold().startswith(text.casefold())
            for city in cities
        ),
        found=panels.render("search", q=text) if text else "",
        city_zoom=CITY_ZOOM,
        point_zoom=POINT_ZOOM,
    )


@bp.get("/map/list")
@public
def list_fragment() -> str:
    return render_template("livemap/_list.html", reports=_reports(LIST_LENGTH))


@bp.get("/map/features")
@public
def features() -> Any:
    """GeoJSON of the living reports of a viewport, with an ETag; 500 at most, newest first."""
    limits.hit("search")
    language = render.language()
    found = [
        {
            "type": "Feature",
            "id": row.id,
            "geometry": {"type": "Point", "coordinates": [row.lon, row.lat]},
            "properties": {
                "id": row.public_id,
                "layer": "report",
                "kind": row.kind.code,
                "title": row.kind.name(language),
                "url": f"/reports/{row.public_id}",
                "held": row.visibility == "held",
                "reliability": row.reliability,
            },
        }
        for row in _reports(500)
    ]
    body = orjson.dumps({"type": "FeatureCollection", "features": found})
    response = Response(body, content_type="application/geo+json")
    response.add_etag()
    response.headers["Cache-Control"] = "private, no-cache"
    return response.make_conditional(request)
