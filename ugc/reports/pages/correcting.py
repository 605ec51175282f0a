"""Pages of the author: text, kind and place corrected."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext

from ugc.core import limits, render
from ugc.core.access import ViewResult, current_actor, members
from ugc.core.db import db
from ugc.core.errors import (
    DomainError,
    Forbidden,
    shows_errors,
)
from ugc.geography import geo
from ugc.moderation import pages as moderation_pages
from ugc.privateplaces import queries as privateplaces_queries
from ugc.reports import schemas
from ugc.reports.actions import corrections as corrections_actions
from ugc.reports.actions import posting as posting_actions
from ugc.reports.pages import base
from ugc.reports.pages import posting as posting_pages
from ugc.reports.queries import corrections as corrections_queries
from ugc.reports.queries import reading
from ugc.reports.rules import corrections as corrections_rules
from ugc.reports.rules import permissions
from ugc.search import locating


def edit_form(error: DomainError | None, public_id: str) -> str:
    actor = current_actor()
    report = reading.report_by_public_id(db.session(), actor, public_id)
    if not permissions.may_edit(actor, report.author_id, report.visibility, report.state):
        raise Forbidden()
    return render_template(
        "reports/edit.html",
        report=report,
        error=error,
        text=request.form.get("text", report.text),
        # A stale form is shown with what it says now: sending again is a decision about that.
        newer=report.text if error is not None and error.code == "stale" else None,
        text_max=permissions.TEXT_MAX,
    )


@base.bp.get("/reports/<public_id>/edit")
@members
def edit_page(public_id: str) -> str:
    return edit_form(None, public_id)


@base.bp.post("/reports/<public_id>/edit")
@members
@shows_errors(edit_form)
def edit(public_id: str) -> ViewResult:
    limits.hit("write")
    report = reading.report_by_public_id(db.session(), current_actor(), public_id)
    data = schemas.EditForm().load(request.form)
    posting_actions.edit_report(db.session(), current_actor(), report.id, **data)
    report = reading.report_by_public_id(db.session(), current_actor(), public_id)
    moderation_pages.flash_sent(gettext("Your report is changed."), report.waits)
    return redirect(url_for("reports.page", public_id=public_id), 303)


def correct_form(error: DomainError | None, public_id: str) -> str:
    actor = current_actor()
    report = reading.report_by_public_id(db.session(), actor, public_id)
    if not permissions.may_edit(actor, report.author_id, report.visibility, report.state):
        raise Forbidden()
    free = not corrections_queries.others_spoke(db.session(), report.id, report.author_id)
    moved_m = corrections_queries.moved_m(db.session(), report.id)
    return render_template(
        "reports/correct.html",
        report=report,
        error=error,
        kinds=corrections_rules.kinds_for(report.kind, free=free),
        metres_left=corrections_rules.metres_left(moved_m, free=free),
        values=render.typed_or(_as_values(report)),
        private_places=posting_pages._private_places(),
    )


def _as_values(report: reading.ReportRow) -> dict[str, str]:
    """What the form of a correction begins with; of an area its middle is no place to begin at."""
    point = geo.Point(report.lon, report.lat)
    kept_back = report.author_hidden or report.coarse
    # One that shows all of itself within an area does so because its author said so.
    exact = not kept_back and privateplaces_queries.area_round(
        db.session(), current_actor().id or 0, point
    )
    place = {} if report.coarse else {"lat": f"{report.lat:.5f}", "lon": f"{report.lon:.5f}"}
    return {
        "kind": report.kind.code,
        "subkind": report.subkind.code if report.subkind else "",
        "near": "exact" if exact else "area",
        **place,
    }


@base.bp.get("/reports/<public_id>/correct")
@members
def correct_page(public_id: str) -> str:
    return correct_form(None, public_id)


@base.bp.post("/reports/<public_id>/correct")
@members
@shows_errors(correct_form)
def correct(public_id: str) -> ViewResult:
    limits.hit("write")
    report = reading.report_by_public_id(db.session(), current_actor(), public_id)
    data = schemas.CorrectForm().load(request.form)
    named = data["lat"] or data["lon"] or data["place_name"]
    wanted = corrections_actions.Wanted(
        kind=data["kind"],
        subkind=data["subkind"],
        point=locating.point_of_form(db.session(), data) if named else None,
        accuracy_m=posting_pages._accuracy(data["accuracy_m"]),
        exact=data["near"] == "exact",
    )
    if corrections_actions.correct(
        db.session(), current_actor(), report.id, wanted, revision=data["revision"]
    ):
        flash(gettext("Your report is corrected."), "good")
    else:
        flash(gettext("It says that already: nothing was changed."), "info")
    return redirect(url_for("reports.page", public_id=public_id), 303)
