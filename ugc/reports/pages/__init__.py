"""Posting, reading, confirming and denying reports; `slots` are their panels on other pages."""

from __future__ import annotations

import math
from typing import Any

from flask import Blueprint, flash, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext, lazy_gettext

from ugc.core import gazetteer, geo, limits, privacy, render, subjects
from ugc.core.access import current_actor, members, moderators, public
from ugc.core.db import db, now
from ugc.core.errors import (
    Conflict,
    DomainError,
    Forbidden,
    Invalid,
    NotFound,
    shows_errors,
    wants_json,
)
from ugc.core.subjects import Visibility
from ugc.media import pages as media
from ugc.media import queries as media_queries
from ugc.moderation import actions as moderation_actions
from ugc.moderation import pages as moderation
from ugc.moderation import queries as moderation_queries
from ugc.moderation import rules as moderation_rules
from ugc.privateplaces import queries as private_places
from ugc.reports import actions, queries, rules, schemas
from ugc.reports.actions import corrections as correcting
from ugc.reports.actions import life, votes
from ugc.reports.models import KIND
from ugc.reports.pages import slots
from ugc.reports.queries import corrections
from ugc.reports.queries import life as story
from ugc.reports.rules import corrections as correction_rules
from ugc.reports.rules import words
from ugc.streets.queries import addresses
from ugc.watches import actions as watches
from ugc.watches import queries as watches_queries

bp = Blueprint("reports", __name__)

subjects.register(subjects.Kind(KIND, lazy_gettext("report"), queries.describe, queries.describe))
addresses.register("reports", public="NOT t.coarse")
privacy.register("reports", actions.export_member, actions.erase_member)
privacy.register("last_position", actions.export_position, actions.erase_position)


def form_page(error: DomainError | None = None, similar: Any = ()) -> str:
    return render_template(
        "reports/new.html",
        kinds=list(rules.KINDS.values()),
        values=render.typed_or(request.args),
        error=error,
        similar=similar,
        text_max=rules.TEXT_MAX,
        too_late=error is not None and error.code == "too_late",
        private_places=_private_places(),
    )


def _private_places() -> list[str]:
    """The names of the reader's own."""
    found = private_places.places_of(db.session(), current_actor().id or 0)
    return [place.name for place in found if place.name is not None]


@bp.get("/reports/new")
@public
def new_page() -> str:
    """The long form; a visitor is told that sending needs an account."""
    return form_page()


def _as_json(row: queries.ReportRow) -> dict[str, Any]:
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


def _position() -> geo.Point | None:
    """Where the voter is, when their browser or they said so. Raises Invalid."""
    lon, lat = request.form.get("lon"), request.form.get("lat")
    if lon and lat:
        return geo.Point.of_fields(lat, lon)
    place = request.form.get("vote_place", "").strip()
    return gazetteer.named_point(db.session(), place, field="vote_place") if place else None


def _accuracy(text: str) -> float | None:
    """Metres, when the browser gave a believable number."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and 0 <= value <= 100_000 else None


@bp.post("/reports")
@members
@shows_errors(form_page)
def post() -> Any:
    limits.hit("report")
    photos = media.uploads()
    data = schemas.ReportForm().load(request.form)
    point = gazetteer.point_of_form(db.session(), data)
    actor = current_actor()
    kind = rules.KINDS[data["kind"]]
    exact = data["near"] == "exact"
    kept_back = actions.protection(db.session(), actor, kind, point, exact=exact)
    if not data["anyway"] and kept_back.area is None:
        similar = queries.similar_near(db.session(), actor, kind, point)
        if similar:
            # Nothing is written: the person says whether it is the same one.
            if wants_json():
                raise Conflict(code="similar_near", similar=[_as_json(row) for row in similar])
            return form_page(similar=similar), 409
    held = moderation_actions.must_be_held(db.session(), actor)
    public_id = actions.post_report(
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
    message = moderation.sent_text(thanks, waits)
    if wants_json():
        # A queue in the browser asks; what it sent is known by its idempotency key.
        return jsonify(id=public_id, url=address, message=message), 201
    flash(message, "good")
    if kept_back.area:
        flash(gettext("It is near one of your private places: only its area shows."), "info")
    elif kept_back.hides_author:
        flash(gettext("It is near one of your private places: your name does not show."), "info")
    return redirect(address, 303)


@bp.get("/reports/<public_id>")
@public
def page(public_id: str, error: DomainError | None = None) -> Any:
    actor = current_actor()
    found = subjects.resolve(db.session(), public_id, KIND)
    if found.public_id != public_id:
        return redirect(url_for("reports.page", public_id=found.public_id), 301)
    report = queries.report_by_public_id(db.session(), actor, public_id)
    moment = now(db.session())
    is_following, follower_count = watches_queries.following(db.session(), actor.id, report.id)
    return render_template(
        "reports/page.html",
        report=report,
        error=error,
        photos=media_queries.photos_of(db.session(), actor, [report.id]),
        may_add_photos=rules.may_add_photos(actor, report.author_id, report.visibility),
        my_vote=story.own_word(db.session(), report.id, actor.id),
        decision=moderation_queries.last_decision(db.session(), report.id)
        if actor.id is not None and actor.id == report.author_id
        else None,
        rules=moderation_rules.RULES,
        may_flag=moderation_rules.may_flag(actor, report.author_id),
        why=story.explanation(db.session(), report.id),
        why_damped=words.DAMPINGS,
        half_life=slots.words_of(report.kind.half_life),
        time_line=story.time_line(db.session(), report.id),
        words=words.MOMENTS,
        name_of_code=lambda code: correction_rules.name_of_code(code, render.language()),
        versions=story.versions(db.session(), report.id)
        if report.visibility == "published" or report.author_id == actor.id
        else [],
        following=is_following,
        follower_count=follower_count,
        may_revive=report.is_shown
        and actor.is_member
        and actor.confirmed
        and rules.may_revive(report.state, report.expires_at, moment),
        may_edit=rules.may_edit(actor, report.author_id, report.visibility, report.state),
        may_answer=rules.may_answer(actor) and report.is_shown,
        may_merge=rules.may_merge(actor) and report.is_shown,
        near=queries.reports_near(db.session(), actor, report)
        if rules.may_merge(actor) and report.is_shown and not report.coarse
        else [],
        may_reopen=report.is_shown
        and life.may_reopen(
            db.session(), actor, report.id, report.author_id, report.state, report.closed_at
        ),
        reason_max=rules.REASON_MAX,
        may_close=rules.may_close(actor, report.author_id, report.visibility, report.state),
        may_withdraw=rules.may_withdraw(actor, report.author_id, report.visibility),
    )


def page_with_error(error: DomainError, public_id: str) -> Any:
    return page(public_id, error)


def edit_form(error: DomainError | None, public_id: str) -> str:
    actor = current_actor()
    report = queries.report_by_public_id(db.session(), actor, public_id)
    if not rules.may_edit(actor, report.author_id, report.visibility, report.state):
        raise Forbidden()
    return render_template(
        "reports/edit.html",
        report=report,
        error=error,
        text=request.form.get("text", report.text),
        # A stale form is shown with what it says now: sending again is a decision about that.
        newer=report.text if error is not None and error.code == "stale" else None,
        text_max=rules.TEXT_MAX,
    )


@bp.get("/reports/<public_id>/edit")
@members
def edit_page(public_id: str) -> str:
    return edit_form(None, public_id)


@bp.post("/reports/<public_id>/edit")
@members
@shows_errors(edit_form)
def edit(public_id: str) -> Any:
    limits.hit("write")
    report = queries.report_by_public_id(db.session(), current_actor(), public_id)
    data = schemas.EditForm().load(request.form)
    actions.edit_report(db.session(), current_actor(), report.id, **data)
    report = queries.report_by_public_id(db.session(), current_actor(), public_id)
    moderation.flash_sent(gettext("Your report is changed."), report.waits)
    return redirect(url_for("reports.page", public_id=public_id), 303)


def correct_form(error: DomainError | None, public_id: str) -> str:
    actor = current_actor()
    report = queries.report_by_public_id(db.session(), actor, public_id)
    if not rules.may_edit(actor, report.author_id, report.visibility, report.state):
        raise Forbidden()
    free = not corrections.others_spoke(db.session(), report.id, report.author_id)
    moved_m = corrections.moved_m(db.session(), report.id)
    return render_template(
        "reports/correct.html",
        report=report,
        error=error,
        kinds=correction_rules.kinds_for(report.kind, free=free),
        metres_left=correction_rules.metres_left(moved_m, free=free),
        values=render.typed_or(_as_values(report)),
        private_places=_private_places(),
    )


def _as_values(report: queries.ReportRow) -> dict[str, str]:
    """What the form of a correction begins with; of an area its middle is no place to begin at."""
    point = geo.Point(report.lon, report.lat)
    kept_back = report.author_hidden or report.coarse
    # One that shows all of itself within an area does so because its author said so.
    exact = not kept_back and private_places.area_round(
        db.session(), current_actor().id or 0, point
    )
    place = {} if report.coarse else {"lat": f"{report.lat:.5f}", "lon": f"{report.lon:.5f}"}
    return {
        "kind": report.kind.code,
        "subkind": report.subkind.code if report.subkind else "",
        "near": "exact" if exact else "area",
        **place,
    }


@bp.get("/reports/<public_id>/correct")
@members
def correct_page(public_id: str) -> str:
    return correct_form(None, public_id)


@bp.post("/reports/<public_id>/correct")
@members
@shows_errors(correct_form)
def correct(public_id: str) -> Any:
    limits.hit("write")
    report = queries.report_by_public_id(db.session(), current_actor(), public_id)
    data = schemas.CorrectForm().load(request.form)
    named = data["lat"] or data["lon"] or data["place_name"]
    wanted = correcting.Wanted(
        kind=data["kind"],
        subkind=data["subkind"],
        point=gazetteer.point_of_form(db.session(), data) if named else None,
        accuracy_m=_accuracy(data["accuracy_m"]),
        exact=data["near"] == "exact",
    )
    if correcting.correct(
        db.session(), current_actor(), report.id, wanted, revision=data["revision"]
    ):
        flash(gettext("Your report is corrected."), "good")
    else:
        flash(gettext("It says that already: nothing was changed."), "info")
    return redirect(url_for("reports.page", public_id=public_id), 303)


@bp.post("/reports/<public_id>/follow")
@members
def follow(public_id: str) -> Any:
    limits.hit("write")
    report = queries.report_by_public_id(db.session(), current_actor(), public_id)
    if not report.is_shown:
        raise NotFound()
    if request.form.get("following") == "no":
        watches.unfollow(db.session(), current_actor(), report.id)
        flash(gettext("You do not follow this any more."), "good")
    else:
        watches.follow(db.session(), current_actor(), report.id)
        flash(gettext("You will be told what happens to it."), "good")
    return redirect(url_for("reports.page", public_id=public_id), 303)


@bp.post("/reports/<public_id>/reopen")
@members
@shows_errors(page_with_error)
def reopen(public_id: str) -> Any:
    limits.hit("write")
    report = queries.report_by_public_id(db.session(), current_actor(), public_id)
    life.reopen(db.session(), current_actor(), report.id, note=request.form.get("note", ""))
    flash(gettext("The report is open again."), "good")
    return redirect(url_for("reports.page", public_id=public_id), 303)


@bp.post("/reports/<public_id>/answer")
@moderators
@shows_errors(page_with_error)
def answer(public_id: str) -> Any:
    report = queries.report_by_public_id(db.session(), current_actor(), public_id)
    life.answer(
        db.session(),
        current_actor(),
        report.id,
        note=request.form.get("answer", ""),
        closes=bool(request.form.get("closes")),
    )
    flash(gettext("Your answer is on the time line."), "good")
    return redirect(url_for("reports.page", public_id=public_id), 303)


@bp.post("/reports/<public_id>/merge")
@moderators
@shows_errors(page_with_error)
def merge(public_id: str) -> Any:
    report = queries.report_by_public_id(db.session(), current_actor(), public_id)
    # An address or an id: whatever somebody copies.
    wanted = request.form.get("into", "").strip().rstrip("/").rsplit("/", 1)[-1]
    try:
        into = subjects.resolve(db.session(), wanted, KIND)
    except NotFound:
        told = lazy_gettext("There is no report with this address.")
        raise Invalid(fields={"into": [told]}) from None
    life.merge(db.session(), current_actor(), report.id, into.id)
    flash(gettext("The two reports are one now."), "good")
    return redirect(url_for("reports.page", public_id=into.public_id), 303)


@bp.post("/reports/<public_id>/photos")
@members
@shows_errors(page_with_error)
def add_photos(public_id: str) -> Any:
    limits.hit("write")
    report = queries.report_by_public_id(db.session(), current_actor(), public_id)
    actions.add_photos(db.session(), current_actor(), report.id, media.uploads())
    report = queries.report_by_public_id(db.session(), current_actor(), public_id)
    moderation.flash_sent(gettext("Thank you. The photos are being prepared."), report.waits)
    return redirect(url_for("reports.page", public_id=public_id), 303)


@bp.post("/reports/<public_id>/vote")
@members
@shows_errors(page_with_error)
def vote(public_id: str) -> Any:
    limits.hit("write")
    report = queries.report_by_public_id(db.session(), current_actor(), public_id)
    answer = request.form.get("still_there")
    if answer not in ("yes", "no"):
        raise Invalid(lazy_gettext("Say whether it is still there."))
    told = votes.vote(
        db.session(), current_actor(), report.id, still_there=answer == "yes", position=_position()
    )
    if request.form.get("follow"):
        watches.follow(db.session(), current_actor(), report.id)
    address = url_for("reports.page", public_id=public_id)
    message = _thanks(told, held=report.visibility == Visibility.HELD)
    if wants_json():
        report = queries.report_by_public_id(db.session(), current_actor(), public_id)
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


@bp.post("/reports/<public_id>/close")
@members
def close(public_id: str) -> Any:
    report = queries.report_by_public_id(db.session(), current_actor(), public_id)
    life.close(db.session(), current_actor(), report.id)
    flash(gettext("The report is closed."), "good")
    return redirect(url_for("reports.page", public_id=public_id), 303)


@bp.post("/reports/<public_id>/withdraw")
@members
def withdraw(public_id: str) -> Any:
    report = queries.report_by_public_id(db.session(), current_actor(), public_id)
    actions.withdraw(db.session(), current_actor(), report.id)
    return moderation.after_withdrawal(gettext("Your report is withdrawn."))
