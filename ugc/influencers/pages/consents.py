"""The settings of what a member agrees to."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext, lazy_gettext

from ugc.core import limits, panels, privacy
from ugc.core.access import ViewResult, current_actor, members
from ugc.core.db import db
from ugc.core.errors import DomainError, Invalid, shows_errors
from ugc.geography.gazetteer import search_cities
from ugc.influencers.actions import consents
from ugc.influencers.pages.base import bp
from ugc.influencers.queries import consents as consents_queries

privacy.register("spreading", consents.export_member, consents.erase_member, order=50)

# Settings -----------------------------------------------------------------------------------


def settings_panel(member_id: int, error: DomainError | None = None, **_context: Any) -> str:
    return render_template(
        "influencers/_settings.html",
        consent=consents_queries.consent_of(db.session(), member_id),
        brands=consents_queries.allowed_brands(db.session(), member_id),
        error=error,
    )


def settings_form(error: DomainError | None = None) -> str:
    """The part of the settings by itself, when something in it was refused."""
    panel = settings_panel(current_actor().id or 0, error)
    return render_template("influencers/settings.html", panel=panel)


@bp.post("/settings/spread")
@members
@shows_errors(settings_form)
def change_settings() -> ViewResult:
    limits.hit("write")
    town = request.form.get("city", "").strip()
    city_id = None
    if town:
        known = consents_queries.consent_of(db.session(), current_actor().id or 0)
        city_id = known.city_id if town == known.city else _city_named(town)
    consents.choose(
        db.session(),
        current_actor(),
        named=request.form.get("named") == "yes",
        contactable=request.form.get("contactable") == "yes",
        city_id=city_id,
    )
    flash(gettext("Saved."), "good")
    return redirect(url_for("accounts.settings_page", _anchor="spreading"), 303)


def _city_named(town: str) -> int | None:
    """Raises Invalid for a name that no city has."""
    found = search_cities(db.session(), town[:80], limit=1)
    if not found:
        text = lazy_gettext("No city with this name is known. Try another, or coordinates.")
        raise Invalid(fields={"city": [text]})
    if not found[0].is_meant:
        text = lazy_gettext(
            "No city with this name is known. Is it %(name)s (%(where)s)? Then write it so.",
            name=found[0].name,
            where=found[0].detail,
        )
        raise Invalid(fields={"city": [text]})
    return found[0].city_id


panels.register("settings", settings_panel)
