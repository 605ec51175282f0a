"""Confirming and denying a report."""

from __future__ import annotations

from flask import flash, jsonify, redirect, request, url_for
from flask_babel import gettext, lazy_gettext

from ugc.core import limits
from ugc.core.access import ViewResult, current_actor, members
from ugc.core.db import db
from ugc.core.errors import (
    Invalid,
    shows_errors,
    wants_json,
)
from ugc.core.subjects import Visibility
from ugc.geography import geo
from ugc.reports.actions import votes
from ugc.reports.pages import base, showing
from ugc.reports.queries import reading
from ugc.reports.rules import words
from ugc.search import locating
from ugc.watches.actions import watching as watches_watching


def _position() -> geo.Point | None:
    """Where the voter is, when their browser or they said so. Raises Invalid."""
    lon, lat = request.form.get("lon"), request.form.get("lat")
    if lon and lat:
        return geo.Point.of_fields(lat, lon)
    place = request.form.get("vote_place", "").strip()
    return locating.named_point(db.session(), place, field="vote_place") if place else None


@base.bp.post("/reports/<public_id>/vote")
@members
@shows_errors(showing.page_with_error)
def vote(public_id: str) -> ViewResult:
    limits.hit("write")
    report = reading.report_by_public_id(db.session(), current_actor(), public_id)
    answer = request.form.get("still_there")
    if answer not in ("yes", "no"):
        raise Invalid(lazy_gettext("Say whether it is still there."))
    told = votes.confirm_or_deny(
        db.session(),
        current_actor(),
        report.id,
        still_there=answer == "yes",
        position=_position(),
    )
    if request.form.get("follow"):
        watches_watching.follow(db.session(), current_actor(), report.id)
    address = url_for("reports.page", public_id=public_id)
    message = _thanks(told, held=report.visibility == Visibility.HELD)
    if wants_json():
        report = reading.report_by_public_id(db.session(), current_actor(), public_id)
        believed = gettext("reliability %(n)d/10", n=report.reliability)
        return jsonify(
            id=public_id, url=address, outcome=told.outcome, message=message, reliability=believed
        )
    flash(message, "good")
    return redirect(address, 303)


def _thanks(told: votes.Told, *, held: bool) -> str:
    """What the voter is told: what became of their word, and why it weighs less."""
    said = [str(words.OUTCOMES[told.outcome])]
    if told.outcome in (votes.Outcome.LESS, votes.Outcome.NOTHING):
        said += [str(words.WHY_LESS[reason]) for reason in told.dampings]
    if told.outcome in (votes.Outcome.COUNTS, votes.Outcome.LESS) and held:
        said.append(gettext("While a moderator has not seen the report it shows 5 of 10 at most."))
    return " ".join(said)
