"""Posting a report, with similar ones offered first."""

from __future__ import annotations

import math
from typing import Any

from flask import flash, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext

from ugc.core import limits, render
from ugc.core.access import ViewResult, current_actor, members, public
from ugc.core.db import db
from ugc.core.errors import (
    Conflict,
    DomainError,
    shows_errors,
    wants_json,
)
from ugc.media import pages as media_pages
from ugc.moderation import actions as moderation_actions
from ugc.moderation import pages as moderation_pages
from ugc.moderation import rules as moderation_rules
from ugc.privateplaces import queries as privateplaces_queries
from ugc.reports import schemas
from ugc.reports.actions import posting as posting_actions
from ugc.reports.pages import base
from ugc.reports.queries import reading
from ugc.reports.rules import kinds, permissions
from ugc.search import locating


def form_page(error: DomainError | None = None, similar: Any = ()) -> str:
    return render_template(
        "reports/new.html",
        kinds=list(kinds.KINDS.values()),
        values=render.typed_or(request.args),
        error=error,
        similar=similar,
        text_max=permissions.TEXT_MAX,
        too_late=error is not None and error.code == "too_late",
        private_places=_private_places(),
    )


def _private_places() -> list[str]:
    """The names of the reader's own."""
    found = privateplaces_queries.places_of(db.session(), current_actor().id or 0)
    return [place.name for place in found if place.name is not None]


@base.bp.get("/reports/new")
@public
def new_page() -> str:
    """The long form; a visitor is told that sending needs an account."""
    return form_page()


def _as_json(row: reading.ReportRow) -> dict[str, Any]:
    """A report as the site's own scripts read it; degrees, metres. `photo` may be None."""
    return {
        "id": row.public_id,
        "url": url_for("reports.page", public_id=row.public_id),
        "kind": row.kind.code,
        "subkind": row.subkind.code if row.subkind else None,
        "title": row.name(render.language()),
        "lon": row.lon,
        "lat": row.lat,
        "metres": row.metres,
        "occurred_at": row.occurred_at.isoformat(),
        "reliability": row.reliability,
        "mine": row.author_id == current_actor().id,
        "photo": row.cover.url("thumb") if row.cover else None,
    }


def _heading(text: str) -> int | None:
    """Degrees from north; None when nothing usable was said."""
    try:
        value = float(text)
    except ValueError:
        return None
    return round(value) % 360 if math.isfinite(value) else None


def _accuracy(text: str) -> float | None:
    """Metres, when the browser gave a believable number."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and 0 <= value <= 100_000 else None


@base.bp.post("/reports")
@members
@shows_errors(form_page)
def post() -> ViewResult:
    limits.hit("report")
    photos = media_pages.uploads()
    data = schemas.ReportForm().load(request.form)
    point = locating.point_of_form(db.session(), data)
    actor = current_actor()
    kind = kinds.KINDS[data["kind"]]
    exact = data["near"] == "exact"
    kept_back = posting_actions.protection(db.session(), actor, kind, point, exact=exact)
    if not data["anyway"] and kept_back.area is None:
        similar = reading.similar_near(db.session(), actor, kind, point)
        if similar:
            # Nothing is written: the person says whether it is the same one.
            if wants_json():
                raise Conflict(code="similar_near", similar=[_as_json(row) for row in similar])
            return form_page(similar=similar), 409
    held = moderation_actions.must_be_held(db.session(), actor)
    public_id = posting_actions.post_report(
        db.session(),
        actor,
        kind=kind.code,
        subkind=data["subkind"],
        point=point,
        text=data["text"],
        accuracy_m=_accuracy(data["accuracy_m"]),
        heading=_heading(data["heading"]),
        language=render.language(),
        photos=photos,
        occurred_at=data["occurred_at"],
        as_history=bool(data["as_history"]),
        kept_back=kept_back,
        held=held,
    )
    address = url_for("reports.page", public_id=public_id)
    thanks = gettext("Thank you. Your report is on the map.")
    if data["as_history"]:
        thanks = gettext("Thank you. Your report is on record.")
    waits = moderation_rules.waiting_of(
        text=held and bool(data["text"]), photos=held and bool(photos)
    )
    message = moderation_pages.sent_text(thanks, waits)
    if wants_json():
        # A queue in the browser asks; what it sent is known by its idempotency key.
        return jsonify(id=public_id, url=address, message=message), 201
    flash(message, "good")
    if kept_back.area:
        flash(gettext("It is near one of your private places: only its area shows."), "info")
    elif kept_back.hides_author:
        flash(gettext("It is near one of your private places: your name does not show."), "info")
    return redirect(address, 303)
