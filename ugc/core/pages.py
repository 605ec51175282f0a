"""Pages of the site itself: health, language, theme."""

from __future__ import annotations

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

from ugc import languages
from ugc.core import cookies, health, panels, render
from ugc.core.access import ViewResult, public

bp = Blueprint("site", __name__)

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
    if chosen in languages.CODES:
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
