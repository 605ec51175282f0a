"""The front page. `bbox` is west,south,east,north in degrees."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Blueprint, Response, render_template, request

from ugc.core import geo, limits, render
from ugc.core.access import current_actor, public
from ugc.core.db import db
from ugc.reports import queries, rules

bp = Blueprint("livemap", __name__)
WORLD = geo.Bounds(-180, -85, 180, 85)
LIST_LENGTH = 50


def _bounds() -> geo.Bounds:
    text = request.args.get("bbox")
    return geo.Bounds.parsed(text) if text else WORLD


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
        reports=_reports(LIST_LENGTH),
        kinds=list(rules.KINDS.values()),
        chosen=_kinds(),
        kinds_json=kinds,
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
