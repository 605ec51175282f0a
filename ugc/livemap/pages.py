"""The front page, and the search over everything. `bbox` is west,south,east,north in degrees."""

from __future__ import annotations

import hashlib
import math
from typing import Any

import orjson
from flask import Blueprint, Response, g, render_template, request, url_for
from flask_babel import lazy_gettext

from ugc.brands.models import KIND as BRAND
from ugc.core import limits, render
from ugc.core.access import ViewResult, current_actor, public, refuse_suspended
from ugc.core.db import db
from ugc.core.errors import DomainError, Invalid, NotFound, shows_errors
from ugc.core.subjects import SubjectInfo, describe, resolve
from ugc.geography import geo
from ugc.livemap import rules
from ugc.livemap.queries import changes as changes_queries
from ugc.livemap.queries import tiles
from ugc.places.queries import reading as places_reading
from ugc.places.rules import categories as places_categories
from ugc.reports.pages.views import first_view
from ugc.reports.queries import reading as reports_reading
from ugc.reports.rules import kinds as reports_kinds
from ugc.search import finding

bp = Blueprint("livemap", __name__)
limits.declare("live", "240 per minute", reading=True)
# Tiles that must be made; those that are kept are free.
limits.declare("tile", "1200 per minute", reading=True)
LAYERS = ("reports", "places")
LIST_LENGTH = 12  # of each layer on a page of the list: four are seen at once
LAST_PAGE = 40
FEATURES = 500  # of a layer
RESULTS = 24
CITY_ZOOM, POINT_ZOOM = 12, 15


def _view() -> tuple[float, float, float] | None:
    """(lon, lat, zoom) of an address such as `/?lat=40.4&lon=-3.7&zoom=14`; None without."""
    lat, lon = request.args.get("lat", ""), request.args.get("lon", "")
    if not lat or not lon:
        return None
    point = geo.Point.of_fields(lat, lon)
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
        return geo.WORLD
    # What a screen of about 1000 pixels shows: a tile of 512 pixels is 360°/2^zoom wide.
    lon, lat, zoom = view
    half = 360 / 2**zoom
    return geo.Bounds.around(geo.Point(lon, lat), half, half)


def _kinds() -> list[str]:
    return [
        kind for kind in request.args.get("kinds", "").split(",") if kind in reports_kinds.KINDS
    ]


def _number(name: str, low: int, high: int) -> int | None:
    """A whole number of the address, or None without one. Raises Invalid."""
    text = request.args.get(name, "").strip()
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or not low <= int(text[:9]) <= high:
        bad = lazy_gettext("Give a whole number from %(low)s to %(high)s.", low=low, high=high)
        raise Invalid(fields={name: [bad]})
    return int(text)


def _brand() -> SubjectInfo | None:
    """The brand that the address filters by. Raises NotFound for one that is not public."""
    public_id = request.args.get("brand", "")
    if not public_id:
        return None
    if "map_brand" not in g:
        subject_id = resolve(db.session(), public_id, BRAND).id
        g.map_brand = describe(db.session(), [subject_id]).get(subject_id)
    brand: SubjectInfo | None = g.map_brand
    if brand is None:
        raise NotFound()
    return brand


def _only() -> rules.Only:
    """What the address filters by. Raises Invalid, or NotFound for a brand that there is not."""
    brand = _brand()
    return rules.Only(
        kinds=tuple(_kinds()),
        hours=_number("hours", 1, rules.MOST_HOURS),
        least=_number("reliability", 0, 10) or 0,
        brand_id=brand.id if brand else None,
    )


def _shown() -> list[str]:
    """The layers of `?show=reports&show=places`; all of them when none is named."""
    named = [layer for layer in LAYERS if layer in request.args.getlist("show")]
    return named or list(LAYERS)


def _reports(
    limit: int, only: rules.Only, near: geo.Point | None = None, skip: int = 0
) -> list[reports_reading.ReportRow]:
    if "reports" not in _shown():
        return []
    return reports_reading.reports_within(
        db.session(), current_actor(), _bounds(), only.kinds, limit,
        hours=only.hours, least=only.least, brand_id=only.brand_id, near=near,
        skip=skip,
    )  # fmt: skip


def _places(
    limit: int, only: rules.Only, near: geo.Point | None = None, skip: int = 0
) -> list[places_reading.PlaceRow]:
    if "places" not in _shown():
        return []
    return places_reading.places_within(
        db.session(), current_actor(), _bounds(), limit=limit, brand_id=only.brand_id, near=near,
        skip=skip,
    )  # fmt: skip


def _near() -> geo.Point | None:
    """Where the list is sorted from: what `from` says (lon,lat), else the middle of the view; None
    when it is sorted by time."""
    if request.args.get("sort") != "near":
        return None
    if "from" in request.args:
        lon, _, lat = request.args["from"].partition(",")
        return geo.Point.checked(lon, lat, "from")
    return _bounds().centre


def _page() -> int:
    try:
        return max(1, min(LAST_PAGE, int(request.args.get("page", 1))))
    except ValueError:
        return 1


def _page_address(page: int) -> str:
    """Where the same list goes on, for browsers without scripts."""
    asked: dict[str, Any] = {
        name: request.args.getlist(name) for name in request.args if name != "page"
    }
    return url_for("livemap.map_page", **asked, page=page, _anchor="list-title")


def _listed() -> dict[str, Any]:
    """What a page of the list beside the map shows: the newest or nearest reports, the places with
    most ratings or the nearest ones; `count` is how many reports the map shows in all."""
    only, near, page = _only(), _near(), _page()
    skip = (page - 1) * LIST_LENGTH
    # One more than is shown says that there is a next page.
    reports = _reports(LIST_LENGTH + 1, only, near, skip)
    places_here = _places(LIST_LENGTH + 1, only, near, skip)
    is_more = max(len(reports), len(places_here)) > LIST_LENGTH and page < LAST_PAGE
    count = skip + len(reports)
    if len(reports) > LIST_LENGTH or (skip and not reports):
        zoom = _number("zoom", 0, 24)
        bounds = _bounds()
        zoom = rules.zoom_of(bounds) if zoom is None else zoom
        count = max(count, tiles.count_within(db.session(), "reports", bounds, zoom, only))
    return {
        "shown": _shown(),
        "reports": reports[:LIST_LENGTH],
        "places": places_here[:LIST_LENGTH],
        "most": LIST_LENGTH,
        "count": count,
        "first": skip + 1,
        "page": page,
        "next_page": _page_address(page + 1) if is_more else None,
        "previous_page": _page_address(page - 1) if page > 1 else None,
        "near": near,
        "sort": "new" if near is None else "near",
    }


def marks(language: str) -> dict[str, dict[str, str]]:
    """Icon, colour and name of everything that the map may show, by `<layer>-<code>`."""
    return {
        f"{layer}-{each.code}": {
            "icon": each.icon,
            "colour": each.colour,
            "title": each.name(language),
        }
        for layer, table in (
            ("report", reports_kinds.KINDS),
            ("place", places_categories.CATEGORIES),
        )
        for each in table.values()
    }


@bp.get("/")
@public
def map_page() -> str:
    asked = _view()
    view, zones = (asked, {}) if asked else first_view()
    return render_template(
        "livemap/map.html",
        view=view,
        zones=zones,
        kinds=list(reports_kinds.KINDS.values()),
        chosen=_kinds(),
        only=_only(),
        brand=_brand(),
        marks=marks(render.language()),
        **_listed(),
    )


def search_page_with_error(error: DomainError) -> str:
    return search_page(error)


@bp.get("/search")
@public
@shows_errors(search_page_with_error)
def search_page(error: DomainError | None = None) -> str:
    """`?q=`: a position, or whatever has such a name or words, the best first. `at` (latitude and
    longitude) is the middle of the reader's map. With an error nothing is looked for."""
    asked, point, near = " ".join(request.args.get("q", "").split()), None, None
    found: list[finding.Found] = []
    if error is None:
        limits.hit("search")
        point, near = geo.Point.parsed(asked, "q"), finding.looked_at(request.args.get("at", ""))
        # Coordinates are no name: what has one is not looked for.
        if point is None:
            found = finding.find(
                db.session(), current_actor(), asked, near or finding.home(), limit=RESULTS
            )
    return render_template(
        "livemap/search.html",
        q=asked,
        at=request.args.get("at", ""),
        point=point,
        error=error,
        found=found,
        is_guess=bool(found) and not any(each.likeness >= finding.ENOUGH for each in found),
        # Distances from where the reader looks; from the site's own middle they say nothing.
        is_near=near is not None,
        point_zoom=POINT_ZOOM,
    )


@bp.get("/map/list")
@public
def list_fragment() -> str:
    limits.hit("live")
    return render_template("livemap/_list.html", **_listed())


@bp.get("/map/card/<layer>/<public_id>")
@public
def card_fragment(layer: str, public_id: str) -> str:
    """The list's entry of one report or place, for what the map shows and the list does not."""
    if layer == "report":
        report = reports_reading.report_by_public_id(db.session(), current_actor(), public_id)
        return render_template("reports/_card.html", report=report)
    if layer == "place":
        place = places_reading.place_by_public_id(db.session(), current_actor(), public_id)
        return render_template("places/_card.html", place=place)
    raise NotFound()


def _feature(
    row: reports_reading.ReportRow | places_reading.PlaceRow, **properties: Any
) -> dict[str, Any]:
    return {
        "type": "Feature",
        "id": row.id,
        "geometry": {"type": "Point", "coordinates": [row.lon, row.lat]},
        "properties": {"id": row.public_id, "held": row.visibility == "held", **properties},
    }


def _spread(report: reports_reading.ReportRow) -> dict[str, float]:
    """How large the circle of a coarse report is drawn; nothing of others."""
    if not report.coarse or report.accuracy_m is None:
        return {}
    return {"spread": rules.spread(report.accuracy_m, report.lat)}


@bp.get("/map/features")
@public
def features() -> ViewResult:
    """GeoJSON of the living reports and of the places of a viewport, with an ETag; 500 of each at
    most: the newest reports, the places with most ratings. The header `Live-Cursor` says from where
    the live stream goes on."""
    limits.hit("search")
    cursor = changes_queries.cursor_now(db.session())  # first: what is read after it is never older
    language = render.language()
    only = _only()
    found = [
        _feature(
            report,
            layer="report",
            mark=f"report-{report.kind.code}",
            title=report.name(language),
            reliability=report.reliability,
            **_spread(report),
        )
        for report in _reports(FEATURES, only)
    ] + [
        _feature(place, layer="place", mark=f"place-{place.category.code}", title=place.name)
        for place in _places(FEATURES, only)
    ]
    body = orjson.dumps({"type": "FeatureCollection", "features": found})
    response = Response(body, content_type="application/geo+json")
    response.add_etag()
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["Live-Cursor"] = str(cursor)
    return response.make_conditional(request)


@bp.get("/map/tiles/<layer>/<int:z>/<int:x>/<int:y>")
@public
def tile(layer: str, z: int, x: int, y: int) -> ViewResult:
    """A vector tile of `reports` or `places` (layers `points` and, below zoom 10, `clusters`), the
    same for all readers, with an ETag; the header `Live-Cursor` says from where the live stream
    goes on. Filters as the page's own: kinds, hours, reliability, brand."""
    wanted = rules.Tile.checked(z, x, y)
    if layer not in rules.LAYERS or wanted is None:
        raise NotFound()
    only = _only()
    marks_now, found = tiles.kept(layer, wanted, only)
    if found is None:
        limits.hit("tile")
        found = tiles.make(db.session(), layer, wanted, only, marks_now)
    response = Response(content_type="application/vnd.mapbox-vector-tile")
    if found.packed and "gzip" in request.accept_encodings:
        response.data = found.body
        response.headers["Content-Encoding"] = "gzip"
    else:
        response.data = found.plain
    # Weak, as the same tile may come packed or plain.
    response.set_etag(found.etag, weak=True)
    response.headers["Cache-Control"] = "public, no-cache"
    response.headers["Vary"] = "Accept-Encoding"
    response.headers["Live-Cursor"] = found.cursor
    return response.make_conditional(request)


@bp.get("/map/changes")
@public
def changes() -> ViewResult:
    """What the live stream would have told since `cursor`, for who cannot have it: `upserts` (the
    features of reports), `gone` (public ids) and the next `cursor`; or `resync`, when the view must
    be fetched again. While nothing changed, the same address answers 304. Who was suspended is told
    so, as their stream would end."""
    limits.hit("live")
    refuse_suspended(current_actor())
    session = db.session()
    cursor = rules.Cursor.parsed(request.args.get("cursor"))
    view = rules.View(_bounds(), frozenset(_kinds()))
    batch = None
    if cursor is not None and cursor.goes_on(changes_queries.cursor_now(session)):
        batch = changes_queries.changes_since(session, cursor)
    if batch is None or batch.changes is None:
        told: dict[str, Any] = {"resync": True}
    else:
        judged = [(change, view.is_told(change)) for change in batch.changes]
        told = {
            "upserts": [rules.feature(change) for change, there in judged if there],
            "gone": [change.public_id for change, there in judged if there is False],
        }
    response = Response(content_type="application/json")
    # Of what is told, without the cursor: that one moves on whatever happens elsewhere.
    response.set_etag(hashlib.sha256(orjson.dumps(told)).hexdigest()[:32])
    response.data = orjson.dumps({**told, "cursor": str(batch.cursor) if batch else None})
    response.headers["Cache-Control"] = "private, no-cache"
    return response.make_conditional(request)
