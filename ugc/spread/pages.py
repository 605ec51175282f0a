"""A brand's spread room, and its export. Only the team's."""

from __future__ import annotations

import csv
import io

import orjson
from flask import Blueprint, Response, render_template, request

from ugc.brands.queries import reading as brands_reading
from ugc.core.access import ViewResult, current_actor, members
from ugc.core.db import db
from ugc.core.errors import DomainError, NotFound, shows_errors
from ugc.geography.gazetteer import city_names
from ugc.influencers import rules as influencers_rules
from ugc.spread.queries import dashboard, published
from ugc.spread.rules import dashboard as dashboard_rules
from ugc.spread.rules import disclosure, growth, shape, weeks

bp = Blueprint("spread", __name__)

CITIES_DRAWN = 300  # on the map, those with most people
CITIES_LISTED = 20  # in the table; the line after them sums the others
CASCADES_OPEN = 2  # drawn without a press


def _spanned(brand: brands_reading.BrandRow, span: weeks.Span, error: DomainError | None) -> str:
    session = db.session()
    found = dashboard.load(session, brand.id, span)
    newest = dashboard.newest_week(session, brand.id)
    pieces, marks = dashboard_rules.bars(found.weeks)
    cities = found.cities[:CITIES_DRAWN]
    return render_template(
        "spread/dashboard.html",
        brand=brand,
        room=found,
        cities=cities,
        city_names=city_names(session, [city.id for city in cities]),
        error=error,
        bars=pieces,
        bar_marks=marks,
        curve=dashboard_rules.curve_drawing(found.curve) if found.curve else None,
        curve_size=(dashboard_rules.CURVE_WIDTH, dashboard_rules.CURVE_HEIGHT),
        drawings=[(cascade, shape.drawing(cascade)) for cascade in found.cascades],
        cascades_open=CASCADES_OPEN,
        depth_told=shape.DEPTH_TOLD,
        degrees=disclosure.DEGREES,
        lengths=weeks.LENGTHS,
        asked=request.args,
        told=published.last_told(session, brand.id),
        counted_until=weeks.Span("", newest, newest).end,
        last_complete=weeks.last_complete(dashboard.today(session)),
        cities_listed=CITIES_LISTED,
        wait=growth.WAIT_WEEKS,
        least=influencers_rules.LEAST,
        query={
            name: request.args[name] for name in ("span", "from", "to") if request.args.get(name)
        },
    )


def _with_error(error: DomainError, public_id: str) -> str:
    """The usual span, with what is wrong beside the fields."""
    brand = brands_reading.team_brand(db.session(), current_actor(), public_id, "see_figures")
    return _spanned(brand, weeks.chosen({}, dashboard.newest_week(db.session(), brand.id)), error)


@bp.get("/brands/<public_id>/spread")
@members
@shows_errors(_with_error)
def spread_page(public_id: str) -> str:
    brand = brands_reading.team_brand(db.session(), current_actor(), public_id, "see_figures")
    newest = dashboard.newest_week(db.session(), brand.id)
    return _spanned(brand, weeks.chosen(request.args, newest), None)


@bp.get("/brands/<public_id>/spread.<kind>")
@members
@shows_errors(lambda error, public_id, kind: _with_error(error, public_id))
def export_spread(public_id: str, kind: str) -> ViewResult:
    """The same figures as a file: every week, series and key as CSV, or the whole room as JSON."""
    session = db.session()
    brand = brands_reading.team_brand(session, current_actor(), public_id, "see_figures")
    span = weeks.chosen(request.args, dashboard.newest_week(session, brand.id))
    if kind == "json":
        told_room = dashboard.load(session, brand.id, span)
        body = orjson.dumps(
            dashboard_rules.document(told_room, brand.public_id), option=orjson.OPT_INDENT_2
        )
        response = Response(body, mimetype="application/json")
    elif kind == "csv":
        out = io.StringIO()
        writer = csv.writer(out)
        writer.writerow(dashboard_rules.CSV_HEAD)
        writer.writerows(dashboard_rules.csv_rows(dashboard.exported(session, brand.id, span)))
        response = Response(out.getvalue(), mimetype="text/csv")
    else:
        raise NotFound()
    name = f"spread-{brand.public_id}-{span.first}-{span.end}.{kind}"
    response.headers["Content-Disposition"] = f"attachment; filename={name}"
    return response
