"""Pages of joining, confirming, signing in and out, and of a new password."""

from __future__ import annotations

from flask import (
    current_app,
    flash,
    g,
    redirect,
    render_template,
    request,
    session,
)
from flask_babel import gettext

from ugc.accounts import schemas
from ugc.accounts.actions import door, joining, links, signing_in
from ugc.accounts.pages import actor, known
from ugc.accounts.pages.base import bp
from ugc.accounts.queries import lookup
from ugc.core import audit, limits, panels, render, returning, zones
from ugc.core.access import (
    ViewResult,
    current_actor,
    members,
    public,
)
from ugc.core.db import db
from ugc.core.errors import DomainError, shows_errors

panels.declare("join", "the form of joining")


def caller(email: str) -> door.Caller:
    return door.caller(email, limits.caller(), known.devices())


def join_form(error: DomainError | None = None) -> str:
    return render_template("accounts/join.html", error=error)


@bp.get("/join")
@public
def join_page() -> ViewResult:
    return redirect(returning.target()) if current_actor().is_member else join_form()


@bp.post("/join")
@public
@shows_errors(join_form)
def join() -> ViewResult:
    limits.hit("join")
    data = schemas.JoinForm().load(request.form)
    data["timezone"] = zones.canonical(data["timezone"])
    target = returning.checked(data.pop("next"))
    same = {name: data[name] for name in ("handle", "email", "password")}
    member = joining.joined_before(db.session(), **same, who=caller(data["email"]))
    if member is None:
        member = joining.join(
            db.session(),
            language=render.language(),
            site=current_app.config["SITE_NAME"],
            back_to=returning.plain(target),
            **data,
        )
    actor.begin_session(member, "join")
    return redirect(returning.with_next("accounts.welcome_page", target), 303)


@bp.get("/welcome")
@members
def welcome_page() -> str:
    return render_template("accounts/welcome.html", next=returning.target())


@bp.post("/confirm/again")
@members
def send_confirmation_again() -> ViewResult:
    limits.hit("mail")
    actor = current_actor()
    if not actor.confirmed and actor.id:
        links.send_confirmation(
            db.session(),
            lookup.member(db.session(), actor.id),
            returning.plain(returning.target()),
        )
    flash(gettext("We sent the mail again. Look into the spam folder too."), "info")
    return redirect(returning.with_next("accounts.welcome_page"), 303)


@bp.get("/confirm/<token>")
@public
def confirm_page(token: str) -> ViewResult:
    """Only a button: mail scanners open links, and a GET changes nothing. Who confirmed before is
    told so."""
    if current_actor().confirmed:
        flash(gettext("Your address was confirmed before: there is nothing left to do."), "good")
        return redirect(returning.target(), 302)
    return render_template("accounts/confirm.html", token=token)


@bp.post("/confirm/<token>")
@public
def confirm(token: str) -> ViewResult:
    links.confirm_email(db.session(), token)
    flash(gettext("Your address is confirmed. You can contribute now."), "good")
    target = returning.target()
    return redirect(target if current_actor().is_member else returning.sign_in_address(target), 303)


def sign_in_form(error: DomainError | None = None) -> str:
    return render_template("accounts/sign_in.html", error=error)


@bp.get("/sign-in")
@public
def sign_in_page() -> ViewResult:
    return redirect(returning.target()) if current_actor().is_member else sign_in_form()


@bp.post("/sign-in")
@public
@shows_errors(sign_in_form)
def sign_in() -> ViewResult:
    data = schemas.SignInForm().load(request.form)
    member = door.sign_in(
        db.session(), email=data["email"], password=data["password"], who=caller(data["email"])
    )
    actor.begin_session(member, "password")
    return redirect(returning.checked(data["next"]), 303)


@bp.post("/sign-out")
@members
def sign_out() -> ViewResult:
    actor = current_actor()
    signing_in.revoke_session(db.session(), actor.id or 0, g.session_id)
    audit.note_now("sign_out", member=actor.id, session=g.session_id)
    language = session.get("language")
    session.clear()
    if language:
        session["language"] = language
    response = redirect("/", 303)
    # Pages seen before. What waits to be sent is the member's choice (static/js/sign-out.mjs), and
    # the map of the area is public: storage stays.
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


@bp.get("/password/forgotten")
@public
def forgotten_page(error: DomainError | None = None) -> str:
    return render_template("accounts/forgotten.html", error=error)


@bp.post("/password/forgotten")
@public
@shows_errors(forgotten_page)
def forgotten() -> ViewResult:
    limits.hit("mail")
    data = schemas.ResetRequestForm().load(request.form)
    target = returning.checked(data["next"])
    links.request_reset(db.session(), data["email"], returning.plain(target))
    flash(
        gettext(
            "If there is an account with that address, a mail is on its way. We send at most three"
            " in an hour: look into the spam folder too."
        ),
        "info",
    )
    return redirect(returning.sign_in_address(target), 303)


def reset_form(error: DomainError | None = None) -> str:
    return render_template(
        "accounts/reset.html", error=error, token=request.values.get("token", "")
    )


@bp.get("/password/reset")
@public
def reset_page() -> str:
    return reset_form()


@bp.post("/password/reset")
@public
@shows_errors(reset_form)
def reset() -> ViewResult:
    data = schemas.PasswordForm().load(request.form)
    actor.begin_session(
        links.reset_password(db.session(), data["token"], data["password"]), "reset"
    )
    flash(gettext("The password is changed; every other browser was signed out."), "good")
    return redirect(returning.checked(data["next"]), 303)
