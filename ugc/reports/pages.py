"""Posting, reading, confirming and denying reports."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import format_timedelta, gettext, lazy_gettext

from ugc.core import gazetteer, limits, panels, privacy, render, subjects
from ugc.core.access import current_actor, members, public
from ugc.core.db import db
from ugc.core.errors import DomainError, Invalid, shows_errors
from ugc.media import pages as media
from ugc.media import queries as media_queries
from ugc.moderation import queries as moderation_queries
from ugc.moderation import rules as moderation_rules
from ugc.referrals import actions as referrals
from ugc.reports import actions, queries, rules, schemas
from ugc.reports.models import KIND

bp = Blueprint("reports", __name__)

subjects.register(subjects.Kind(KIND, lazy_gettext("report"), queries.describe, queries.describe))
privacy.register("reports", actions.export_member, actions.erase_member)


def form_page(error: DomainError | None = None, similar: Any = ()) -> str:
    return render_template(
        "reports/new.html",
        kinds=list(rules.KINDS.values()),
        values=request.values,
        error=error,
        similar=similar,
        text_max=rules.TEXT_MAX,
    )


@bp.get("/reports/new")
@members
def new_page() -> str:
    return form_page()


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
    if not data["anyway"]:
        similar = queries.similar_near(db.session(), actor, kind, point)
        if similar:
            # Nothing is written: the person says whether it is the same one.
            return form_page(similar=similar), 409
    public_id = actions.post_report(
        db.session(),
        actor,
        kind=kind.code,
        point=point,
        text=data["text"],
        accuracy_m=_accuracy(data["accuracy_m"]),
        language=render.language(),
        photos=photos,
    )
    flash(gettext("Thank you. Your report is on the map."), "good")
    return redirect(url_for("reports.page", public_id=public_id), 303)


@bp.get("/reports/<public_id>")
@public
def page(public_id: str, error: DomainError | None = None) -> str:
    actor = current_actor()
    report = queries.report_by_public_id(db.session(), actor, public_id)
    return render_template(
        "reports/page.html",
        report=report,
        error=error,
        photos=media_queries.photos_of(db.session(), actor, [report.id]),
        may_add_photos=rules.may_add_photos(actor, report.author_id, report.visibility),
        my_vote=queries.vote_of(db.session(), report.id, actor.id),
        decision=moderation_queries.last_decision(db.session(), report.id)
        if actor.id is not None and actor.id == report.author_id
        else None,
        rules=moderation_rules.RULES,
        may_flag=moderation_rules.may_flag(actor, report.author_id),
        may_vote=rules.may_vote(actor, report.author_id, report.alive),
        may_close=rules.may_close(actor, report.author_id, report.state),
        may_withdraw=rules.may_withdraw(actor, report.author_id, report.visibility),
    )


def page_with_error(error: DomainError, public_id: str) -> str:
    return page(public_id, error)


@bp.post("/reports/<public_id>/photos")
@members
@shows_errors(page_with_error)
def add_photos(public_id: str) -> Any:
    limits.hit("write")
    report = queries.report_by_public_id(db.session(), current_actor(), public_id)
    actions.add_photos(db.session(), current_actor(), report.id, media.uploads())
    flash(gettext("Thank you. The photos are being prepared."), "good")
    return redirect(url_for("reports.page", public_id=public_id), 303)


@bp.post("/reports/<public_id>/vote")
@members
def vote(public_id: str) -> Any:
    limits.hit("write")
    report = queries.report_by_public_id(db.session(), current_actor(), public_id)
    answer = request.form.get("still_there")
    if answer not in ("yes", "no"):
        raise Invalid(lazy_gettext("Say whether it is still there."))
    actions.vote(db.session(), current_actor(), report.id, still_there=answer == "yes")
    flash(gettext("Thank you. Your word counts."), "good")
    return redirect(url_for("reports.page", public_id=public_id), 303)


@bp.post("/reports/<public_id>/close")
@members
def close(public_id: str) -> Any:
    report = queries.report_by_public_id(db.session(), current_actor(), public_id)
    actions.close(db.session(), current_actor(), report.id)
    flash(gettext("The report is closed."), "good")
    return redirect(url_for("reports.page", public_id=public_id), 303)


@bp.post("/reports/<public_id>/withdraw")
@members
def withdraw(public_id: str) -> Any:
    report = queries.report_by_public_id(db.session(), current_actor(), public_id)
    actions.withdraw(db.session(), current_actor(), report.id)
    flash(gettext("Your report is withdrawn."), "good")
    return redirect("/", 303)


def profile_panel(member_id: int, **_context: Any) -> str:
    reports = queries.reports_of(db.session(), current_actor(), member_id, limit=20)
    return render_template("reports/_of_member.html", reports=reports)


def case_panel(subject_id: int, **_context: Any) -> str:
    report = queries.report_by_id(db.session(), current_actor(), subject_id)
    photos = media_queries.photos_of(db.session(), current_actor(), [subject_id])
    return render_template("reports/_case.html", report=report, photos=photos)


panels.register(f"case.{KIND}", case_panel)


def about_panel(**_context: Any) -> str:
    lives = {
        kind.code: format_timedelta(dt.timedelta(minutes=kind.life), threshold=1)
        for kind in rules.KINDS.values()
    }
    return render_template("reports/_about.html", kinds=list(rules.KINDS.values()), lives=lives)


def contributions_panel(actor: Any, **_context: Any) -> str:
    reports = queries.reports_of(db.session(), actor, actor.id, limit=50)
    return render_template("reports/_of_member.html", reports=reports)


panels.register("contributions", contributions_panel, order=10)
panels.register("about", about_panel, order=10)
panels.register("profile", profile_panel, order=20)
referrals.register_contributions(KIND, lazy_gettext("reports"), queries.published_by_group)
