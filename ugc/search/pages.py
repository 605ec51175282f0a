"""The search as a map and its fields ask it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify, request
from flask_babel import gettext

from ugc.core import limits, render
from ugc.core.access import current_actor, public
from ugc.core.db import db
from ugc.geography import geo, geocoder
from ugc.search import cities, finding
from ugc.search.finding import Found

bp = Blueprint("search", __name__)
limits.declare("geocode", "60 per minute", reading=True)
SUGGESTED = 8

finding.register("cities", cities.find_cities, is_of_map=True, guesses=True)
finding.register_areas("cities", cities.areas_named)


@bp.get("/geo/search")
@public
def search_places_by_name() -> Response:
    """`?q=` → {results: [...]}: coordinates (`is_position`), else what the operator's geocoder and
    the search know that has a position; with `all=1` everything that is found. `at` (latitude and
    longitude) is the middle of the reader's map.

    Each has name, detail, kind, kind_name, icon, url and is_meant (the name means this one), and
    lon, lat (degrees) and zoom when it is somewhere."""
    limits.hit("geocode")
    text = request.args.get("q", "").strip()
    point = geo.Point.parsed(text, "q")
    if point is not None:
        there = Found("position", text, gettext("Coordinates"), lon=point.lon, lat=point.lat)
        return jsonify(results=[{**_told(there), "is_position": True}])
    near = finding.looked_at(request.args.get("at", "")) or finding.home()
    everything = request.args.get("all") == "1"
    text = finding.cleaned(text)
    if not text:
        return jsonify(results=[])
    found = [
        Found("address", name, lon=lon, lat=lat)
        for name, lon, lat in geocoder.search(text, render.language())
    ]
    found += finding.find(
        db.session(), current_actor(), text, near, of_map=not everything, limit=SUGGESTED
    )
    return jsonify(results=[_told(each) for each in found if everything or each.point])


def _told(found: Found) -> dict[str, Any]:
    told: dict[str, Any] = {
        "name": found.title,
        "detail": found.detail,
        "kind": found.kind,
        "kind_name": found.kind_name,
        "icon": found.icon,
        "url": found.link,
        "is_meant": found.meant,
    }
    if found.point is not None:
        told |= {"lon": found.lon, "lat": found.lat, "zoom": found.zoom}
        told["is_somewhere"] = found.is_somewhere
    return told
