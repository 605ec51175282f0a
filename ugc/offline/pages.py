"""The service worker and its shell, the web app's manifest, the state of the session for scripts.

The shell is the map page without anything personal: whatever cookies come with the request, every
visitor gets the same bytes, so a browser may keep it."""

from __future__ import annotations

import hashlib
from functools import lru_cache

from flask import (
    Blueprint,
    Response,
    current_app,
    flash,
    jsonify,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_babel import gettext
from markupsafe import Markup

from ugc import languages
from ugc.core import builds, render, security
from ugc.core.access import ANONYMOUS, ViewResult, current_actor, public
from ugc.livemap import pages as livemap_pages
from ugc.livemap import rules as livemap_rules
from ugc.reports.rules import kinds as reports_kinds
from ugc.streets.pages import home_view

bp = Blueprint("offline", __name__)

PAPER = "#fbf7f1"
SHARED_FORMATS = ["image/jpeg", "image/png", "image/webp"]


def _shell(language: str) -> str:
    with render.in_language(language):
        return render_template(
            "livemap/map.html",
            shell=True,
            actor=ANONYMOUS,
            locale=language,
            theme="auto",
            csrf_field=lambda: Markup(""),
            get_flashed_messages=lambda **_options: [],
            view=home_view(),
            kinds=list(reports_kinds.KINDS.values()),
            chosen=[],
            only=livemap_rules.Only(),
            brand=None,
            sort="new",
            marks=livemap_pages.marks(language),
            shown=livemap_pages.LAYERS,
        )


@bp.get("/offline/<any(es, en):language>")
@public
def shell(language: str) -> Response:
    """The map page for a browser to keep and to open without a network."""
    response = Response(_shell(language), content_type="text/html; charset=utf-8")
    response.headers["Cache-Control"] = "public, no-cache"
    return response


@bp.get("/offline/sheet/<any(es, en):language>")
@public
def sheet(language: str) -> ViewResult:
    """The sheet of a report, for pages without a map: the same for every reader."""
    with render.in_language(language):
        body = render_template(
            "offline/_sheet.html", locale=language, kinds=list(reports_kinds.KINDS.values())
        )
    response = Response(body, content_type="text/html; charset=utf-8")
    response.headers["Cache-Control"] = "public, no-cache"
    response.add_etag()
    return response.make_conditional(request)


@lru_cache(maxsize=4)
def _worker(path: str, _shown_as: tuple[str, ...]) -> bytes:
    """The built worker, headed by the version of the shells: a browser takes a new worker when a
    byte of it changed, and with it the new shells."""
    shells = "".join(_shell(language) for language in languages.CODES)
    version = hashlib.sha256(shells.encode()).hexdigest()[:12]
    script = (render.BUILD / path.rsplit("/", 1)[-1]).read_bytes()
    return f'self.SHELL_VERSION = "{version}";\n'.encode() + script


@bp.get("/sw.js")
@public
def worker() -> ViewResult:
    """From the root, so that it may serve the whole site; asked for again by every visit."""
    named = (str(current_app.config["SITE_NAME"]), str(current_app.config["MAP_STYLE_URL"]))
    body = _worker(builds.asset("sw.js"), named)
    response = Response(body, content_type="text/javascript; charset=utf-8")
    response.headers["Cache-Control"] = "no-cache"
    response.headers["Service-Worker-Allowed"] = "/"
    response.add_etag()
    return response.make_conditional(request)


@bp.get("/manifest.webmanifest")
@public
def manifest() -> Response:
    """`?lang=es`; browsers ask for it without cookies, so its address says the language."""
    language = request.args.get("lang")
    if language not in languages.CODES:
        language = render.language()

    def png(name: str, size: int, purpose: str = "any") -> dict[str, str]:
        return {
            "src": builds.asset(name),
            "sizes": f"{size}x{size}",
            "type": "image/png",
            "purpose": purpose,
        }

    with render.in_language(language):
        site = str(current_app.config["SITE_NAME"])
        icon = png("app-icon-192.png", 192)
        body = {
            "id": "/",
            "name": gettext("%(site)s: the living map", site=site),
            "short_name": site,
            "description": gettext("A community puts what it knows on the map."),
            "lang": language,
            "dir": "ltr",
            "start_url": "/",
            "scope": "/",
            "display": "standalone",
            "background_color": PAPER,
            "theme_color": PAPER,
            "categories": ["navigation", "news", "social"],
            "icons": [
                icon,
                png("app-icon-512.png", 512),
                png("app-icon-maskable-192.png", 192, "maskable"),
                png("app-icon-maskable-512.png", 512, "maskable"),
            ],
            "shortcuts": [
                {"name": gettext("Report something"), "url": "/?report=1", "icons": [icon]},
                {"name": gettext("Places"), "url": url_for("places.index_page"), "icons": [icon]},
            ],
            "share_target": {
                "action": url_for("offline.share"),
                "method": "POST",
                "enctype": "multipart/form-data",
                "params": {
                    "title": "title",
                    "text": "text",
                    "files": [{"name": "photos", "accept": SHARED_FORMATS}],
                },
            },
        }
    response = jsonify(body)
    response.content_type = "application/manifest+json"
    response.headers["Cache-Control"] = "public, max-age=3600"
    return response


@bp.get("/session")
@public
def session_state() -> Response:
    """{member, csrf}: who is signed in now (a public id, or null) and the token that their next
    form needs. The browser's queue asks before it sends."""
    actor = current_actor()
    response = jsonify(
        member=actor.public_id, csrf=security.form_token() if actor.is_member else None
    )
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.post("/share")
@public
@security.csrf.exempt
def share() -> ViewResult:
    """Where a device hands a photo over. The service worker takes it before it leaves the browser;
    this answers only when there is none, and keeps nothing."""
    flash(gettext("The photo did not arrive. Choose it here, please."), "warn")
    return redirect(url_for("livemap.map_page", report=1), 303)
