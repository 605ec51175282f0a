"""The pages behind the links that ask whether an account's address is to change."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext

from ugc.accounts.actions import links
from ugc.accounts.pages.base import bp
from ugc.accounts.queries import lookup
from ugc.core import limits
from ugc.core.access import ViewResult, current_actor, members, public
from ugc.core.db import db


@bp.post("/settings/mail/stop")
@members
def stop_mail_change() -> ViewResult:
    links.stop_mail_change(db.session(), current_actor().id or 0)
    flash(gettext("Your address stays as it is."), "good")
    return redirect(url_for("accounts.settings_page"), 303)


@bp.get("/settings/mail/<token>")
@public
def mail_change_page(token: str) -> str:
    """Only buttons: mail scanners open links, and a GET changes nothing."""
    change, row = links.mail_change_of(db.session(), token)
    return render_template(
        "accounts/mail_change.html",
        token=token,
        handle=lookup.member(db.session(), change.member_id).handle,
        new_email=change.new_email,
        of_old=row.purpose == "mail_old",
    )


@bp.post("/settings/mail/<token>")
@public
def answer_mail_change(token: str) -> ViewResult:
    limits.hit("password", f"mail:{links.digest(token)[:16]}")
    agreed = request.form.get("answer") != "stop"
    outcome = links.answer_mail_change(db.session(), token, agreed=agreed)
    told = {
        "done": gettext("Your address is changed. Sign in with the new one from now on."),
        "stopped": gettext(
            "The address stays as it is. If you did not ask for this, choose a new password."
        ),
        "waiting": gettext(
            "Thank you. The address changes as soon as the other one has agreed too: we sent a"
            " mail there."
        ),
    }
    flash(told[outcome], "info" if outcome == "waiting" else "good")
    signed_in = current_actor().is_member
    where = "accounts.settings_page" if signed_in else "accounts.sign_in_page"
    return redirect(url_for(where), 303)
