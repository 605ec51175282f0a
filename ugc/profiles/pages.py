"""The text and the picture on a member's page, their forms among the settings, and their card in
the queue."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, current_app, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext
from markupsafe import Markup

from ugc.accounts.actions import naming as accounts_naming_actions
from ugc.accounts.pages.account import settings_form
from ugc.accounts.pages.profile import profile_page
from ugc.accounts.queries import lookup as accounts_lookup
from ugc.accounts.queries import naming as accounts_naming_queries
from ugc.accounts.rules import naming as accounts_naming_rules
from ugc.core import limits, panels, privacy, render
from ugc.core.access import ViewResult, current_actor, members, moderators, require_member
from ugc.core.db import db
from ugc.core.errors import DomainError, Invalid, shows_errors
from ugc.media import pages as media_pages
from ugc.media import queries as media_queries
from ugc.moderation import actions as moderation_actions
from ugc.moderation import pages as moderation_pages
from ugc.moderation.rules import Waiting
from ugc.profiles import queries, rules
from ugc.profiles.actions import pictures, writing
from ugc.profiles.models import KIND

bp = Blueprint("profiles", __name__)
NAMES_SHOWN = 10
privacy.register("profile", queries.all_of_member, writing.erase_member)


@bp.post("/settings/profile")
@members
@shows_errors(settings_form)
def change() -> ViewResult:
    limits.hit("write")
    after = writing.write(db.session(), current_actor(), request.form.get("about", ""))
    moderation_pages.flash_sent(gettext("Saved."), moderation_pages.waits_whole(after))
    return redirect(url_for("accounts.settings_page"), 303)


@bp.post("/settings/name")
@members
@shows_errors(settings_form)
def change_name() -> ViewResult:
    limits.hit("write")
    accounts_naming_actions.set_name(
        db.session(),
        current_actor(),
        request.form.get(accounts_naming_actions.FIELD, ""),
        current_app.config["SITE_NAME"],
    )
    flash(gettext("Saved."), "good")
    return redirect(url_for("accounts.settings_page"), 303)


@bp.post("/settings/picture")
@members
@shows_errors(settings_form)
def change_picture() -> ViewResult:
    limits.hit("write")
    sent = media_pages.uploads()
    if len(sent) != 1:
        raise Invalid(fields={"photos": [gettext("Choose one photo.")]})
    held = pictures.set_picture(db.session(), current_actor(), sent[0])
    moderation_pages.flash_sent(gettext("Saved."), Waiting.PHOTOS if held else Waiting.NOTHING)
    return redirect(url_for("accounts.settings_page") + "#picture", 303)


@bp.post("/settings/picture/remove")
@members
@shows_errors(settings_form)
def remove_picture() -> ViewResult:
    limits.hit("write")
    pictures.remove_picture(db.session(), current_actor())
    flash(gettext("Your picture is gone: your initials are shown."), "good")
    return redirect(url_for("accounts.settings_page") + "#picture", 303)


@bp.get("/settings/picture")
@members
def picture_fragment() -> str:
    """How the member's picture stands; one that is being prepared asks again by `tries`."""
    actor = current_actor()
    return render_template(
        "profiles/_picture.html",
        picture=queries.picture(db.session(), actor, require_member(actor)),
        tries=max(0, request.args.get("tries", 0, type=int)),
        rule_text=moderation_actions.rule_text,
    )


@bp.post("/members/<handle>/name/remove")
@moderators
@shows_errors(lambda error, handle: profile_page(handle, error))
def take_name(handle: str) -> ViewResult:
    """A moderator takes the name beside the handle away; the member is told the rule and the
    note."""
    limits.hit("write")
    member = accounts_lookup.member_by_handle(db.session(), handle)
    accounts_naming_actions.take_away(
        db.session(),
        current_actor(),
        member.id,
        rule=request.form.get("rule", ""),
        note=request.form.get("note", ""),
    )
    flash(gettext("The name is gone. Its member is told why."), "good")
    return redirect(render.safe_next(request.form.get("next"), f"/members/{handle}"), 303)


def settings_panel(member_id: int, error: DomainError | None = None, **_context: Any) -> str:
    """The form; `error` is told in it when it was the one that was sent."""
    mine = request.endpoint == "profiles.change"
    member = accounts_lookup.member(db.session(), member_id)
    of_picture = request.endpoint in ("profiles.change_picture", "profiles.remove_picture")
    return render_template(
        "profiles/_settings.html",
        picture=queries.picture(db.session(), current_actor(), member_id),
        picture_error=error if of_picture else None,
        name=member.name,
        name_error=error if request.endpoint == "profiles.change_name" else None,
        name_rules=accounts_naming_rules,
        profile=queries.profile(db.session(), member_id),
        error=error if mine else None,
        text_max=rules.TEXT_MAX,
        rule_text=moderation_actions.rule_text,
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
    is_own = actor.id == member_id
    return render_template(
        "profiles/_text.html",
        profile=profile,
        picture=queries.picture(db.session(), actor, member_id) if is_own else None,
        sees=rules.may_see(actor, member_id, profile.shown),
        is_own=is_own,
        rule_text=moderation_actions.rule_text,
    )


def moderated_panel(member_id: int, error: DomainError | None = None, **_context: Any) -> str:
    return _moderated([member_id], error).get(member_id, "")


def _moderated(ids: Sequence[int], error: DomainError | None = None) -> dict[int, Markup]:
    """For moderators, of members other than themselves: the picture and the names so far, and the
    forms that take them away."""
    actor = current_actor()
    others = [each for each in ids if each != actor.id]
    if not actor.is_moderator or not others:
        return {}
    pictures_of = media_queries.pictures(db.session(), actor, others)
    histories = accounts_naming_queries.histories(db.session(), others)
    return {
        member.id: Markup(
            render_template(
                "profiles/_name_form.html",
                member=member,
                picture=pictures_of.get(member.id),
                history=histories[member.id][:NAMES_SHOWN],
                rules=accounts_naming_rules.RULES,
                note_max=accounts_naming_rules.NOTE_MAX,
                error=error,
            )
        )
        for member in accounts_lookup.members(db.session(), others)
    }


def names_told(items: Sequence[Any], **_context: Any) -> dict[int, str]:
    """The rule and the note under lines of the inbox."""
    changes = {item.id: int(item.cause.removeprefix("name:")) for item in items}
    notes = accounts_naming_queries.notes_of(db.session(), changes.values())
    return {
        item.id: render_template(
            "moderation/_decided.html",
            rule=accounts_naming_rules.RULES.get(item.folded[0].get("rule", ""), ""),
            note=notes.get(changes[item.id], ""),
        )
        for item in items
    }


def head_panel(member_id: int, **_context: Any) -> str:
    """Search engines find the page of a confirmed member, unless what it says is hidden."""
    profile = _of_this_page(member_id)
    found = profile.confirmed and not profile.suspended
    if found and (profile.shown or not profile.text):
        return ""
    return render_template("profiles/_head.html")


def case_cards(subject_ids: Sequence[int], **_context: Any) -> dict[int, str]:
    """Who it is, what the page says, and what else is known of the author."""
    forms = _moderated(subject_ids)
    return moderation_pages.cards(
        "profiles/_case.html",
        {
            id_: {"profile": profile, "name_form": forms.get(id_, "")}
            for id_, profile in queries.profiles(db.session(), subject_ids).items()
        },
        subject_ids,
    )


panels.register("settings.first", settings_panel)
panels.register("profile.text", text_panel)
panels.register("profile.head", head_panel)
panels.register("profile", moderated_panel)
panels.register("notification.name_taken", names_told)
panels.register(f"case.{KIND}", case_cards)
