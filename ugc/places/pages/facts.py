"""Deciding what is proposed for a fact of a place."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext

from ugc.core import limits
from ugc.core.access import ViewResult, current_actor, members
from ugc.core.db import db
from ugc.core.errors import NotFound, shows_errors
from ugc.places.actions import facts as facts_actions
from ugc.places.pages import said, showing
from ugc.places.queries import facts as facts_queries
from ugc.places.queries import reading
from ugc.places.rules import facts as facts_rules

bp = Blueprint("place_facts", __name__)
bp.add_app_template_global(said.field_name)
bp.add_app_template_global(said.origin_name)
bp.add_app_template_global(said.fact_text)


@bp.get("/places/proposals")
@members
def proposals_page() -> str:
    """The places with proposals that the reader decides."""
    try:
        page = max(1, min(showing.LAST_PAGE, int(request.args.get("page", 1))))
    except ValueError:
        page = 1
    found, more = facts_queries.places_to_decide(db.session(), current_actor(), page)
    here = "place_facts.proposals_page"
    return render_template(
        "places/proposals.html",
        found=found,
        next_page=url_for(here, page=page + 1) if more and page < showing.LAST_PAGE else None,
        previous_page=url_for(here, page=page - 1) if page > 1 else None,
    )


@bp.app_template_global()
def facts_to_decide() -> int:
    """How many proposals the reader decides."""
    return facts_queries.to_decide(db.session(), current_actor())


@bp.post("/places/<public_id>/facts/<field>")
@members
@shows_errors(lambda error, public_id, field: showing.page_with_error(error, public_id))
def decide(public_id: str, field: str) -> ViewResult:
    """`proposed` is the value that was shown; `take` is `yes` to take it, else the present value
    stays."""
    limits.hit("write")
    if field not in facts_rules.FIELDS:
        raise NotFound()
    session, actor = db.session(), current_actor()
    place = reading.place_by_public_id(session, actor, public_id)
    take = request.form.get("take") == "yes"
    proposed = request.form.get("proposed", "")
    if not facts_actions.decide(session, actor, place.id, field, proposed, take=take):
        flash(gettext("It was decided before."))
    elif take:
        flash(gettext("Saved: taken over."), "good")
    else:
        flash(gettext("Saved: it stays as it is."), "good")
    return redirect(url_for("places.place_page", public_id=public_id), 303)
