"""Posting, reading, confirming and denying reports; `slots` are their panels on other pages."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext, lazy_gettext

from ugc.content import rules as content_rules
from ugc.core import limits, privacy, render, subjects
from ugc.core.access import ViewResult, current_actor, members, moderators, public
from ugc.core.db import db, now
from ugc.core.errors import (
    DomainError,
    Invalid,
    NotFound,
    shows_errors,
)
from ugc.media import pages as media_pages
from ugc.media import queries as media_queries
from ugc.moderation import pages as moderation_pages
from ugc.moderation import queries as moderation_queries
from ugc.moderation import rules as moderation_rules
from ugc.reports.actions import life as life_actions
from ugc.reports.actions import personal_data
from ugc.reports.actions import posting as posting_actions
from ugc.reports.models import KIND
from ugc.reports.pages import base, slots
from ugc.reports.queries import life as life_queries
from ugc.reports.queries import reading
from ugc.reports.rules import corrections as corrections_rules
from ugc.reports.rules import permissions, words
from ugc.streets.queries import addresses as streets_addresses_queries
from ugc.watches.actions import watching as watches_watching
from ugc.watches.queries import reading as watches_reading

subjects.register(subjects.Kind(KIND, lazy_gettext("report"), reading.describe, reading.describe))

streets_addresses_queries.register("reports", public="NOT t.coarse")

privacy.register("reports", personal_data.export_member, personal_data.erase_member)

privacy.register("last_position", personal_data.export_position, personal_data.erase_position)


@base.bp.get("/reports/<public_id>")
@public
def page(public_id: str, error: DomainError | None = None) -> ViewResult:
    actor = current_actor()
    found = subjects.resolve(db.session(), public_id, KIND)
    if found.public_id != public_id:
        return redirect(url_for("reports.page", public_id=found.public_id), 301)
    report = reading.report_by_public_id(db.session(), actor, public_id)
    moment = now(db.session())
    is_following, follower_count = watches_reading.following(db.session(), actor.id, report.id)
    return render_template(
        "reports/page.html",
        report=report,
        error=error,
        photos=media_queries.photos_of(db.session(), actor, [report.id]),
        may_add_photos=permissions.may_add_photos(actor, report.author_id, report.visibility),
        my_vote=life_queries.own_word(db.session(), report.id, actor.id),
        decision=moderation_queries.last_decision(db.session(), report.id)
        if actor.id is not None and actor.id == report.author_id
        else None,
        rules=moderation_rules.RULES,
        may_flag=moderation_rules.may_flag(actor, report.author_id),
        why=life_queries.explanation(db.session(), report.id),
        why_damped=words.DAMPINGS,
        half_life=slots.words_of(report.kind.half_life),
        time_line=life_queries.time_line(db.session(), report.id),
        words=words.MOMENTS,
        name_of_code=lambda code: corrections_rules.name_of_code(code, render.language()),
        versions=life_queries.versions(db.session(), report.id)
        if report.visibility == "published" or report.author_id == actor.id
        else [],
        following=is_following,
        follower_count=follower_count,
        may_revive=report.is_shown
        and actor.is_member
        and actor.confirmed
        and permissions.may_revive(report.state, report.expires_at, moment),
        may_edit=permissions.may_edit(actor, report.author_id, report.visibility, report.state),
        may_answer=permissions.may_answer(actor) and report.is_shown,
        may_merge=permissions.may_merge(actor) and report.is_shown,
        near=reading.reports_near(db.session(), actor, report)
        if permissions.may_merge(actor) and report.is_shown and not report.coarse
        else [],
        may_reopen=report.is_shown
        and life_actions.may_reopen(
            db.session(), actor, report.id, report.author_id, report.state, report.closed_at
        ),
        reason_max=permissions.REASON_MAX,
        may_close=permissions.may_close(actor, report.author_id, report.visibility, report.state),
        may_withdraw=content_rules.may_withdraw(actor, report.author_id, report.visibility),
    )


def page_with_error(error: DomainError, public_id: str) -> ViewResult:
    return page(public_id, error)


@base.bp.post("/reports/<public_id>/follow")
@members
def follow(public_id: str) -> ViewResult:
    limits.hit("write")
    report = reading.report_by_public_id(db.session(), current_actor(), public_id)
    if not report.is_shown:
        raise NotFound()
    if request.form.get("following") == "no":
        watches_watching.unfollow(db.session(), current_actor(), report.id)
        flash(gettext("You do not follow this any more."), "good")
    else:
        watches_watching.follow(db.session(), current_actor(), report.id)
        flash(gettext("You will be told what happens to it."), "good")
    return redirect(url_for("reports.page", public_id=public_id), 303)


@base.bp.post("/reports/<public_id>/reopen")
@members
@shows_errors(page_with_error)
def reopen(public_id: str) -> ViewResult:
    limits.hit("write")
    report = reading.report_by_public_id(db.session(), current_actor(), public_id)
    life_actions.reopen(db.session(), current_actor(), report.id, note=request.form.get("note", ""))
    flash(gettext("The report is open again."), "good")
    return redirect(url_for("reports.page", public_id=public_id), 303)


@base.bp.post("/reports/<public_id>/answer")
@moderators
@shows_errors(page_with_error)
def answer(public_id: str) -> ViewResult:
    limits.hit("write")
    report = reading.report_by_public_id(db.session(), current_actor(), public_id)
    life_actions.answer(
        db.session(),
        current_actor(),
        report.id,
        note=request.form.get("answer", ""),
        closes=bool(request.form.get("closes")),
    )
    flash(gettext("Your answer is on the time line."), "good")
    return redirect(url_for("reports.page", public_id=public_id), 303)


@base.bp.post("/reports/<public_id>/merge")
@moderators
@shows_errors(page_with_error)
def merge(public_id: str) -> ViewResult:
    limits.hit("write")
    report = reading.report_by_public_id(db.session(), current_actor(), public_id)
    # An address or an id, as it was copied.
    wanted = request.form.get("into", "").strip().rstrip("/").rsplit("/", 1)[-1]
    try:
        into = subjects.resolve(db.session(), wanted, KIND)
    except NotFound:
        told = lazy_gettext("There is no report with this address.")
        raise Invalid(fields={"into": [told]}) from None
    life_actions.merge(db.session(), current_actor(), report.id, into.id)
    flash(gettext("The two reports are one now."), "good")
    return redirect(url_for("reports.page", public_id=into.public_id), 303)


@base.bp.post("/reports/<public_id>/photos")
@members
@shows_errors(page_with_error)
def add_photos(public_id: str) -> ViewResult:
    limits.hit("write")
    report = reading.report_by_public_id(db.session(), current_actor(), public_id)
    posting_actions.add_photos(db.session(), current_actor(), report.id, media_pages.uploads())
    report = reading.report_by_public_id(db.session(), current_actor(), public_id)
    moderation_pages.flash_sent(gettext("Thank you. The photos are being prepared."), report.waits)
    return redirect(url_for("reports.page", public_id=public_id), 303)


@base.bp.post("/reports/<public_id>/close")
@members
def close(public_id: str) -> ViewResult:
    limits.hit("write")
    report = reading.report_by_public_id(db.session(), current_actor(), public_id)
    life_actions.close(db.session(), current_actor(), report.id)
    flash(gettext("The report is closed."), "good")
    return redirect(url_for("reports.page", public_id=public_id), 303)


@base.bp.post("/reports/<public_id>/withdraw")
@members
def withdraw(public_id: str) -> ViewResult:
    limits.hit("write")
    report = reading.report_by_public_id(db.session(), current_actor(), public_id)
    posting_actions.withdraw(db.session(), current_actor(), report.id)
    return moderation_pages.after_withdrawal(gettext("Your report is withdrawn."))
