"""The tiles of cities, and which cities the maps of a page may draw."""

from __future__ import annotations

import time
from typing import Any

from flask import Blueprint, Response, current_app, send_from_directory

from ugc.core.access import public
from ugc.core.db import db
from ugc.streets import queries

bp = Blueprint("streets", __name__)
KEPT_SECONDS = 5.0


@bp.get("/basemap/city/<name>")
@public
def archive(name: str) -> Response:
    """The tiles of a city in ranges. The name tells the content, so it is kept for good."""
    folder = current_app.config["DATA_DIR"] / "cities"
    response = send_from_directory(folder, name, conditional=True, max_age=31_536_000)
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response


@bp.app_template_global()
def map_cities() -> list[dict[str, Any]]:
    """What the map's style needs of each shown city: `code`, `url`, `box` (west, south, east,
    north; degrees). A process asks for them every few seconds."""
    kept = current_app.extensions.get("map_cities")
    if kept is None or time.monotonic() - kept[0] > KEPT_SECONDS:
        found = [
            {
                "code": load.code,
                "url": f"/basemap/city/{load.archive}",
                "box": [load.west, load.south, load.east, load.north],
            }
            for load in queries.shown_loads(db.session)
            if load.archive
        ]
        kept = current_app.extensions["map_cities"] = (time.monotonic(), found)
    cities: list[dict[str, Any]] = kept[1]
    return cities
