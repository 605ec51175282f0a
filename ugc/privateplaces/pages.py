"""Naming and forgetting private places, in the settings."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext

from ugc.core import limits, panels, privacy
from ugc.core.access import ViewResult, current_actor, members
from ugc.core.db import db
from ugc.core.errors import DomainError, shows_errors
from ugc.privateplaces import actions, queries, rules, schemas
from ugc.search import locating

bp = Blueprint("privateplaces", __name__)
privacy.register("private_places", actions.export_member, actions.erase_member)


def places_form(error: DomainError | None = None) -> str:
    return render_template(
        "privateplaces/places.html",
        places=queries.places_of(db.session(), current_actor().id or 0),
        values=request.form,
        error=error,
        rules=rules,
    )


@bp.get("/settings/places")
@members
def places_page() -> str:
    return places_form()


@bp.post("/settings/places")
@members
@shows_errors(places_form)
def name_place() -> ViewResult:
    limits.hit("write")
    data = schemas.PlaceForm().load(request.form)
    point = locating.point_of_form(db.session(), data)
    actions.name_place(db.session(), current_actor().id or 0, name=data["name"], point=point)
    flash(gettext("Kept, for you alone."), "good")
    return redirect(url_for("privateplaces.places_page"), 303)


@bp.post("/settings/places/<int:place_id>/forget")
@members
def forget_place(place_id: int) -> ViewResult:
    limits.hit("write")
    actions.forget_place(db.session(), current_actor().id or 0, place_id)
    flash(gettext("Forgotten. What you posted near it keeps showing only its area."), "good")
    return redirect(url_for("privateplaces.places_page"), 303)


def settings_panel(**_context: Any) -> str:
    return render_template("privateplaces/_settings.html")


panels.register("settings", settings_panel)
