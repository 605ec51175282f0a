"""Pages of people. The cookie holds a random token; the session itself is a row that its owner
can see and end."""

from __future__ import annotations

import orjson
from flask import (
    Response,
    flash,
    g,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask_babel import gettext

from ugc.accounts import schemas
from ugc.accounts.actions import erasing, links, passwords, settings, signing_in
from ugc.accounts.pages.base import bp
from ugc.accounts.queries import lookup, sessions
from ugc.accounts.rules import credentials
from ugc.core import limits, panels, privacy, zones
from ugc.core.access import (
    ViewResult,
    current_actor,
    exclusive,
    forget_actor,
    members,
    public,
)
from ugc.core.db import db
from ugc.core.errors import DomainError, shows_errors

panels.declare("settings", "the settings, after their first part", "member_id")
panels.declare("settings.first", "the settings, first", "member_id", "error")


def settings_form(error: DomainError | None = None) -> str:
    member = lookup.member(db.session(), current_actor().id or 0)
    return render_template(
        "accounts/settings.html",
        member=member,
        sessions=[
            (open_session, *credentials.browser_names(open_session.user_agent))
            for open_session in sessions.open_sessions(db.session(), member.id)
        ],
        this_session=g.get("session_id"),
        mail_change=lookup.open_mail_change(db.session(), member.id),
        zones=[(zone, zone) for zone in zones.offered()],
        error=error,
    )


@bp.get("/settings")
@members
def settings_page() -> str:
    return settings_form()


@bp.post("/settings")
@members
@shows_errors(settings_form)
def change_settings() -> ViewResult:
    limits.hit("write")
    data = schemas.SettingsForm().load(request.form)
    data["shown_to_far_contacts"] = bool(data["shown_to_far_contacts"])
    settings.change_settings(db.session(), current_actor().id or 0, **data)
    session["language"] = data["language"]
    flash(gettext("Saved."), "good")
    return redirect(url_for("accounts.settings_page"), 303)


@bp.post("/settings/password")
@members
@shows_errors(settings_form)
def change_password() -> ViewResult:
    limits.hit("password")
    data = schemas.ChangePasswordForm().load(request.form)
    passwords.change_password(
        db.session(), current_actor().id or 0, data["old_password"], data["password"], g.session_id
    )
    flash(gettext("The password is changed; every other browser was signed out."), "good")
    return redirect(url_for("accounts.settings_page"), 303)


@bp.post("/settings/mail")
@members
@shows_errors(settings_form)
def request_mail_change() -> ViewResult:
    """Answers alike whether the new address is another's."""
    limits.hit("password")
    limits.hit("mail")
    data = schemas.MailForm().load(request.form)
    links.request_mail_change(db.session(), current_actor().id or 0, **data)
    flash(gettext("We sent a mail to confirm the change. Look into the spam folder too."), "info")
    return redirect(url_for("accounts.settings_page"), 303)


@bp.post("/settings/sessions/<int:session_id>/end")
@members
def end_session(session_id: int) -> ViewResult:
    signing_in.revoke_session(db.session(), current_actor().id or 0, session_id)
    flash(gettext("That browser is signed out."), "good")
    return redirect(url_for("accounts.settings_page"), 303)


@bp.get("/settings/export")
@members
def export() -> Response:
    """All that is stored about the reader, as JSON."""
    stored = orjson.dumps(
        privacy.export(db.session(), current_actor().id or 0), option=orjson.OPT_INDENT_2
    )
    response = Response(stored, mimetype="application/json")
    response.headers["Content-Disposition"] = "attachment; filename=boca-export.json"
    return response


@bp.post("/settings/erase")
@members
@exclusive
@shows_errors(settings_form)
def erase() -> ViewResult:
    limits.hit("password")
    data = schemas.EraseForm().load(request.form)
    erasing.erase(
        db.session(),
        current_actor().id or 0,
        with_content=data["content"] == "remove",
        password=data["password"],
    )
    session.clear()
    forget_actor()
    response = redirect(url_for("accounts.erased_page"), 303)
    # Not the storage: it holds texts of other members of this browser. The scripts of the page that
    # follows drop what was this member's.
    response.headers["Clear-Site-Data"] = '"cache", "cookies"'
    return response


@bp.get("/erased")
@public
def erased_page() -> str:
    """Where erasure leads: its answer takes the cookies away, and a notice with them."""
    return render_template("accounts/erased.html")
