"""Pages of the site itself: health, language, theme, search by name of a city."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from flask import (
    Blueprint,
    Response,
    jsonify,
    redirect,
    render_template,
    request,
    send_from_directory,
    session,
)
from flask_babel import gettext

from ugc.core import cookies, finding, geo, geocoder, health, limits, panels, render
from ugc.core.access import ViewResult, current_actor, public
from ugc.core.db import db
from ugc.core.finding import Found

bp = Blueprint("site", __name__)
SUGGESTED = 8

panels.declare("about", "the page that explains the site")


@bp.get("/healthz")
@public
def alive() -> Response:
    """200: this process answers. Asks nothing else, so that a load balancer does not end processes
    for a fault that is not theirs."""
    return jsonify(ok=True)


@bp.get("/readyz")
@public
def ready() -> Response:
    """200 when pages can be answered, with the names of the parts that are degraded; else 503.
    `?strict`: 503 for a degraded part too. The web server's front answers it without this view."""
    strict = health.is_strict(request.query_string.decode("latin-1"))
    status, body = health.current().report().answer(strict=strict)
    response = Response(body, status, content_type="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.get("/basemap/<name>")
@public
def basemap(name: str) -> Response:
    """The bundled basemap in ranges, which the web server's own static files do not answer."""
    response = send_from_directory(render.BUILD, name, conditional=True, max_age=31_536_000)
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response


@bp.get("/about")
@public
def about_page() -> str:
    """What the site is; capabilities tell how they count in the slot `about`."""
    return render_template("about.html")


@bp.post("/language")
@public
def set_language() -> ViewResult:
    chosen = request.form.get("language", "")
    if chosen in render.LANGUAGES:
        session["language"] = chosen
    # An address that asks for a language would go on asking for it.
    there = urlsplit(render.safe_next(request.form.get("next")))
    kept = [pair for pair in parse_qsl(there.query, keep_blank_values=True) if pair[0] != "lang"]
    return redirect(there._replace(query=urlencode(kept)).geturl(), 303)


@bp.post("/theme")
@public
def set_theme() -> ViewResult:
    response = redirect(render.safe_next(request.form.get("next")), 303)
    chosen = request.form.get("theme", "auto")
    if chosen in render.THEMES:
        cookies.put(response, "theme", chosen, days=365, readable_by_scripts=True)
    return response


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
