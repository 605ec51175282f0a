"""The team's keys and figures, and the documentation of the API."""

from __future__ import annotations

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext

from ugc.brandapi import actions, rules
from ugc.brandapi.queries import keys
from ugc.brandapi.schemas.description import specification
from ugc.brands.queries import reading as brands_reading
from ugc.core import errors, idempotency, limits, privacy, security
from ugc.core.access import ViewResult, current_actor, members, public
from ugc.core.db import db
from ugc.core.errors import DomainError, shows_errors

bp = Blueprint("brandapi", __name__)
# After brands: then the team is gone.
privacy.register("api_keys", actions.export_member, actions.erase_member, order=200)


@bp.get("/brands/<public_id>/keys")
@members
def keys_page(public_id: str, error: DomainError | None = None, new_key: str = "") -> str:
    """The whole team sees which keys there are and whether they work."""
    brand = brands_reading.team_brand(db.session(), current_actor(), public_id, None)
    return render_template(
        "brandapi/keys.html",
        brand=brand,
        keys=keys.keys_of(db.session(), brand.id),
        manages=current_actor().may("manage_keys", brand.id),
        has_holder=keys.has_holder(db.session(), brand.id),
        scopes=rules.SCOPES,
        error=error,
        new_key=new_key,
        shown_before="shown" in request.args,
        name_max=rules.NAME_MAX,
    )


@bp.post("/brands/<public_id>/keys")
@members
@shows_errors(lambda error, public_id: keys_page(public_id, error))
def create_key(public_id: str) -> ViewResult:
    """Answers the page itself: the key is shown this once and is in no address or cookie."""
    limits.hit("write")
    brand = brands_reading.team_brand(db.session(), current_actor(), public_id, "manage_keys")
    key = actions.create_key(
        db.session(),
        current_actor(),
        brand.id,
        name=request.form.get("name", "").strip(),
        scopes=request.form.getlist("scopes"),
    )
    idempotency.repeat_at(url_for("brandapi.keys_page", public_id=public_id, shown="once"))
    security.tell_a_secret()
    return keys_page(public_id, new_key=key)


@bp.post("/brands/<public_id>/keys/<int:key_id>/revoke")
@members
def revoke_key(public_id: str, key_id: int) -> ViewResult:
    brand = brands_reading.team_brand(db.session(), current_actor(), public_id, "manage_keys")
    actions.revoke_key(db.session(), current_actor(), brand.id, key_id)
    flash(gettext("The key is revoked: it opens nothing any more."), "good")
    return redirect(url_for("brandapi.keys_page", public_id=public_id), 303)


@bp.get("/api")
@public
def docs_page() -> str:
    """The description of the API, readable; made from the same as openapi.json."""
    described = specification(current_app.config["SITE_URL"])
    operations = [
        {"path": path, **verbs["get"], "responses": verbs["get"]["responses"]}
        for path, verbs in described["paths"].items()
    ]
    return render_template(
        "brandapi/docs.html",
        operations=operations,
        components=described["components"]["schemas"],
        site=current_app.config["SITE_URL"],
        scopes=rules.SCOPES,
    )


@bp.get("/api/errors")
@public
def errors_page() -> str:
    """Every stable code with its meaning: where the `type` of a problem leads."""
    return render_template("brandapi/errors.html", known=errors.catalogue())
