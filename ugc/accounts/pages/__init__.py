"""Pages of people. The cookie holds a random token; the session itself is a row that its owner
can see and end."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import orjson
from flask import (
    Response,
    current_app,
    flash,
    g,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask_babel import gettext
from flask_login import LoginManager, UserMixin

from ugc.accounts import actions, queries, rules, schemas
from ugc.accounts.actions import door, links, passwords, suspending
from ugc.accounts.models import Member
from ugc.accounts.pages import known
from ugc.accounts.pages import mailing as mailing  # registers its pages
from ugc.accounts.pages import mydata as mydata
from ugc.accounts.pages import people as people
from ugc.accounts.pages.base import bp
from ugc.accounts.queries import grants
from ugc.core import audit, jobs, limits, panels, privacy, render, returning, zones
from ugc.core.access import (
    ANONYMOUS,
    Actor,
    ActorKind,
    Grant,
    current_actor,
    exclusive,
    forget_actor,
    is_exclusive,
    members,
    public,
    set_member_loader,
)
from ugc.core.db import SAFE_METHODS, db, now
from ugc.core.errors import DomainError, shows_errors
from ugc.core.people import Who

login_manager = LoginManager()
COOKIE_TOKEN = "token"


class SignedIn(UserMixin):
    """What Flask-Login sees of a member."""

    def __init__(
        self, member: Member, public_id: str, session_id: int, grants: tuple[Grant, ...]
    ) -> None:
        self.member, self.public_id, self.session_id = member, public_id, session_id
        self.grants = grants
        self.id = member.id


def signed_in() -> SignedIn | None:
    token = session.get(COOKIE_TOKEN)
    if not token:
        return None
    # A member who is writing is not erased meanwhile: nothing of theirs would be left behind.
    writing = request.method not in SAFE_METHODS
    found = queries.session_member(
        db.session(), actions.digest(token), keep=writing, exclusive=writing and is_exclusive()
    )
    return SignedIn(*found) if found else None


def load_actor() -> Actor:
    user = signed_in()
    if user is None:
        return ANONYMOUS
    member = user.member
    g.session_id = user.session_id
    until = member.suspended_until
    suspended = until is not None and until > now(db.session())
    return Actor(
        ActorKind.MEMBER,
        id=member.id,
        public_id=user.public_id,
        handle=Who(
            member.handle or "",
            "" if suspended else member.name,
            "" if suspended else member.picture or "",
        ),
        confirmed=member.email_confirmed_at is not None,
        suspended=suspended,
        suspension=suspending.standing(db.session(), member.id, until) if suspended else None,
        language=member.language,
        timezone=member.timezone,
        grants=user.grants,
    )


@login_manager.request_loader
def load_user(_request: Any) -> SignedIn | None:
    return signed_in()


set_member_loader(load_actor)


def begin_session(member: Member, how: str) -> None:
    """Signs this browser in, with a new cookie (no fixation); the chosen language stays. `how` is
    `join`, `reset` or `password`: only the last tells the member of a new browser."""
    language = session.get("language")
    session.clear()
    if language:
        session["language"] = language
    agent = request.headers.get("User-Agent", "")
    session[COOKIE_TOKEN] = actions.open_session(db.session(), member.id, agent)
    session.permanent = True
    is_new = known.remember(member.id)
    db.session().flush()
    session_id = actions.session_id_of(db.session(), session[COOKIE_TOKEN])
    audit.note_now("sign_in", outcome="ok", how=how, member=member.id, session=session_id)
    if is_new and how == "password":
        jobs.defer(
            db.session(),
            "accounts.mail_notice",
            member_id=member.id,
            what="new_browser",
            row_id=session_id,
        )
    actions.signed_in(db.session(), member.id)
    forget_actor()


def caller(email: str) -> door.Caller:
    return door.caller(email, limits.caller(), known.devices())


def join_form(error: DomainError | None = None) -> str:
    return render_template("accounts/join.html", error=error)


@bp.get("/join")
@public
def join_page() -> Any:
    return redirect(returning.target()) if current_actor().is_member else join_form()


@bp.post("/join")
@public
@shows_errors(join_form)
def join() -> Any:
    limits.hit("join")
    data = schemas.JoinForm().load(request.form)
    data["timezone"] = zones.canonical(data["timezone"])
    target = returning.checked(data.pop("next"))
    same = {name: data[name] for name in ("handle", "email", "password")}
    member = actions.joined_before(db.session(), **same, who=caller(data["email"]))
    if member is None:
        member = actions.join(
            db.session(),
            language=render.language(),
            site=current_app.config["SITE_NAME"],
            back_to=returning.plain(target),
            **data,
        )
    begin_session(member, "join")
    return redirect(returning.with_next("accounts.welcome_page", target), 303)


@bp.get("/welcome")
@members
def welcome_page() -> str:
    return render_template("accounts/welcome.html", next=returning.target())


@bp.post("/confirm/again")
@members
def send_confirmation_again() -> Any:
    limits.hit("mail")
    actor = current_actor()
    if not actor.confirmed and actor.id:
        links.send_confirmation(
            db.session(),
            queries.member(db.session(), actor.id),
            returning.plain(returning.target()),
        )
    flash(gettext("We sent the mail again. Look into the spam folder too."), "info")
    return redirect(returning.with_next("accounts.welcome_page"), 303)


@bp.get("/confirm/<token>")
@public
def confirm_page(token: str) -> Any:
    """Only a button: mail scanners open links, and a GET changes nothing. Who confirmed before is
    told so."""
    if current_actor().confirmed:
        flash(gettext("Your address was confirmed before: there is nothing left to do."), "good")
        return redirect(returning.target(), 302)
    return render_template("accounts/confirm.html", token=token)


@bp.post("/confirm/<token>")
@public
def confirm(token: str) -> Any:
    links.confirm_email(db.session(), token)
    flash(gettext("Your address is confirmed. You can contribute now."), "good")
    target = returning.target()
    return redirect(target if current_actor().is_member else returning.sign_in_address(target), 303)


def sign_in_form(error: DomainError | None = None) -> str:
    return render_template("accounts/sign_in.html", error=error)


@bp.get("/sign-in")
@public
def sign_in_page() -> Any:
    return redirect(returning.target()) if current_actor().is_member else sign_in_form()


@bp.post("/sign-in")
@public
@shows_errors(sign_in_form)
def sign_in() -> Any:
    data = schemas.SignInForm().load(request.form)
    member = door.sign_in(
        db.session(), email=data["email"], password=data["password"], who=caller(data["email"])
    )
    begin_session(member, "password")
    return redirect(returning.checked(data["next"]), 303)


@bp.post("/sign-out")
@members
def sign_out() -> Any:
    actor = current_actor()
    actions.revoke_session(db.session(), actor.id or 0, g.session_id)
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
def forgotten() -> Any:
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
def reset() -> Any:
    data = schemas.PasswordForm().load(request.form)
    begin_session(links.reset_password(db.session(), data["token"], data["password"]), "reset")
    flash(gettext("The password is changed; every other browser was signed out."), "good")
    return redirect(returning.checked(data["next"]), 303)


@dataclass(frozen=True)
class Listed:
    """A line of a profile that says neither where exactly nor when exactly; `at` is told as its
    day in UTC, whatever the reader's zone."""

    kind: str
    icon: str
    colour: str
    city: str | None
    at: dt.datetime

    @property
    def day(self) -> dt.date:
        return self.at.astimezone(dt.UTC).date()


def listing_of(member_id: int) -> rules.Listing:
    """What the reader may read of what a member contributed."""
    member = queries.member(db.session(), member_id)
    return rules.listing_for(current_actor(), member_id, member.profile_lists)


def listed_by_day(title: str, lines: Iterable[Listed]) -> str:
    """The lines with the newest day first, within a day by kind: their order tells no time."""
    ordered = sorted(lines, key=lambda line: (line.kind, line.city or ""))
    ordered.sort(key=lambda line: line.day, reverse=True)
    return render_template("accounts/_listed.html", title=title, lines=ordered) if ordered else ""


@bp.get("/members/<handle>")
@public
def profile_page(handle: str, error: DomainError | None = None) -> str:
    member = queries.member_by_handle(db.session(), handle)
    return render_template(
        "accounts/profile.html",
        member=member,
        who=queries.who(db.session(), member.id),
        roles=grants.site_roles(db.session(), member.id),
        side=panels.render("profile.side", member_id=member.id, handle=member.handle),
        panels=panels.render("profile", member_id=member.id, handle=member.handle, error=error),
    )


def settings_form(error: DomainError | None = None) -> str:
    member = queries.member(db.session(), current_actor().id or 0)
    return render_template(
        "accounts/settings.html",
        member=member,
        sessions=[
            (open_session, *rules.browser_names(open_session.user_agent))
            for open_session in queries.open_sessions(db.session(), member.id)
        ],
        this_session=g.get("session_id"),
        mail_change=queries.open_mail_change(db.session(), member.id),
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
def change_settings() -> Any:
    data = schemas.SettingsForm().load(request.form)
    data["shown_to_far_contacts"] = bool(data["shown_to_far_contacts"])
    actions.change_settings(db.session(), current_actor().id or 0, **data)
    session["language"] = data["language"]
    flash(gettext("Saved."), "good")
    return redirect(url_for("accounts.settings_page"), 303)


@bp.post("/settings/password")
@members
@shows_errors(settings_form)
def change_password() -> Any:
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
def request_mail_change() -> Any:
    """Answers alike whether the new address is another's."""
    limits.hit("password")
    limits.hit("mail")
    data = schemas.MailForm().load(request.form)
    links.request_mail_change(db.session(), current_actor().id or 0, **data)
    flash(gettext("We sent a mail to confirm the change. Look into the spam folder too."), "info")
    return redirect(url_for("accounts.settings_page"), 303)


@bp.post("/settings/sessions/<int:session_id>/end")
@members
def end_session(session_id: int) -> Any:
    actions.revoke_session(db.session(), current_actor().id or 0, session_id)
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
def erase() -> Any:
    limits.hit("password")
    data = schemas.EraseForm().load(request.form)
    actions.erase(
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
