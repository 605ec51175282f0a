"""The text on a member's page, its form among the settings, and its card in the queue."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask_babel import gettext

from ugc.accounts.pages import settings_form
from ugc.core import limits, panels, privacy
from ugc.core.access import current_actor, members
from ugc.core.db import db
from ugc.core.errors import DomainError, shows_errors
from ugc.moderation import actions as moderation
from ugc.moderation import pages as moderation_pages
from ugc.profiles import actions, queries, rules
from ugc.profiles.models import KIND

bp = Blueprint("profiles", __name__)
privacy.register("profile", queries.all_of_member, actions.erase_member)


@bp.post("/settings/profile")
@members
@shows_errors(settings_form)
def change() -> Any:
    limits.hit("write")
    after = actions.write(db.session(), current_actor(), request.form.get("about", ""))
    moderation_pages.flash_sent(gettext("Saved."), moderation_pages.waits_whole(after))
    return redirect(url_for("accounts.settings_page"), 303)


def settings_panel(member_id: int, error: DomainError | None = None, **_context: Any) -> str:
    """The form; `error` is told in it when it was the one that was sent."""
    mine = request.endpoint == "profiles.change"
    return render_template(
        "profiles/_settings.html",
        profile=queries.profile(db.session(), member_id),
        error=error if mine else None,
        text_max=rules.TEXT_MAX,
        rule_text=moderation.rule_text,
    )


def _of_this_page(member_id: int) -> queries.ProfileRow:
    """Asked once a request: the head and the text of a page show the same one."""
    if "profile" not in g or g.profile.member_id != member_id:
        g.profile = queries.profile(db.session(), member_id)
    profile: queries.ProfileRow = g.profile
    return profile


def text_panel(member_id: int, **_context: Any) -> str:
    """On the profile: the text as the reader may see it, and the way to flag the profile."""
    profile = _of_this_page(member_id)
    actor = current_actor()
    return render_template(
        "profiles/_text.html",
        profile=profile,
        sees=rules.may_see(actor, member_id, profile.shown),
        is_own=actor.id == member_id,
        rule_text=moderation.rule_text,
    )


def head_panel(member_id: int, **_context: Any) -> str:
    """Search engines find the page of a confirmed member, unless what it says is hidden."""
    profile = _of_this_page(member_id)
    found = profile.confirmed and not profile.suspended
    if found and (profile.shown or not profile.text):
        return ""
    return render_template("profiles/_head.html")


def case_card(subject_id: int, **_context: Any) -> str:
    """Who it is, what the page says, and what else is known of the author."""
    return render_template("profiles/_case.html", profile=queries.profile(db.session(), subject_id))


panels.register("settings.first", settings_panel)
panels.register("profile.text", text_panel)
panels.register("profile.head", head_panel)
panels.register(f"case.{KIND}", case_card)
