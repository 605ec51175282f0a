"""Invitations of brands, and what members agree to."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext, lazy_gettext, ngettext

from ugc.brands.queries import reading as brands_reading
from ugc.core import limits, panels, privacy, render, subjects, texts
from ugc.core.access import ViewResult, current_actor, members, public, require_contributor
from ugc.core.db import db
from ugc.core.errors import DomainError, Invalid, shows_errors
from ugc.geography.gazetteer import search_cities
from ugc.insights import actions
from ugc.insights.models import KIND
from ugc.insights.pages.base import bp
from ugc.insights.queries import invitations
from ugc.insights.rules import inviting as inviting_rules
from ugc.moderation import pages as moderation_pages
from ugc.moderation import rules as moderation_rules
from ugc.referrals import pages as referrals_pages
from ugc.referrals import queries as referrals_queries
from ugc.referrals.actions import linking as referrals_linking

subjects.register(
    subjects.Kind(KIND, lazy_gettext("invitation"), invitations.describe, invitations.describe)
)
privacy.register("spreading", actions.export_member, actions.erase_member, order=50)


# For the team ---------------------------------------------------------------------------------


@bp.get("/brands/<public_id>/invitations")
@members
def invitations_page(public_id: str, error: DomainError | None = None) -> str:
    brand = brands_reading.team_brand(db.session(), current_actor(), public_id, "invite_members")
    return render_template(
        "insights/invitations.html",
        brand=brand,
        invitations=invitations.invitations_of(db.session(), brand.id),
        error=error,
        limits=inviting_rules,
        resting=invitations.sent_lately(db.session(), brand.id),
    )


@bp.post("/brands/<public_id>/invitations")
@members
@shows_errors(lambda error, public_id: invitations_page(public_id, error))
def write_invitation(public_id: str) -> ViewResult:
    limits.hit("invite")
    brand = brands_reading.team_brand(db.session(), current_actor(), public_id, "invite_members")
    made = actions.write_invitation(
        db.session(),
        current_actor(),
        brand,
        text=request.form.get("text", ""),
        thanks=request.form.get("thanks", ""),
        language=render.language(),
    )
    written = subjects.resolve(db.session(), made, KIND)
    row = invitations.invitation_by_id(db.session(), current_actor(), written.id)
    moderation_pages.flash_sent(
        gettext("The invitation is written."), moderation_pages.waits_whole(row.visibility)
    )
    return redirect(url_for("insights.invitation_page", public_id=made), 303)


def page_with_error(error: DomainError, public_id: str) -> str:
    return invitation_page(public_id, error)


@bp.post("/invitations/<public_id>/send")
@members
@shows_errors(page_with_error)
def send_invitation(public_id: str) -> ViewResult:
    limits.hit("invite")
    row = subjects.resolve(db.session(), public_id, KIND)
    people = actions.send_invitation(db.session(), current_actor(), row.id)
    if people:
        flash(
            ngettext("Sent to %(num)d person or more.", "Sent to %(num)d people or more.", people),
            "good",
        )
    else:
        flash(gettext("Sent to those who let you: fewer than ten people."), "good")
    return redirect(url_for("insights.invitation_page", public_id=public_id), 303)


@bp.post("/invitations/<public_id>/withdraw")
@members
def withdraw_invitation(public_id: str) -> ViewResult:
    limits.hit("write")
    row = subjects.resolve(db.session(), public_id, KIND)
    brand_id = actions.withdraw_invitation(db.session(), current_actor(), row.id)
    brand = brands_reading.brand_by_id(db.session(), current_actor(), brand_id)
    return moderation_pages.after_withdrawal(
        gettext("The invitation is withdrawn."),
        url_for("insights.invitations_page", public_id=brand.public_id),
    )


# For those who are invited ----------------------------------------------------------------------


@bp.get("/invitations/<public_id>")
@public
def invitation_page(public_id: str, error: DomainError | None = None) -> str:
    """What a brand asks, the reader's own link to it, and its thanks to members who brought
    others."""
    session, actor = db.session(), current_actor()
    subject = subjects.resolve(session, public_id, KIND)
    row = invitations.invitation_by_id(session, actor, subject.id)
    link = referrals_queries.link_of(session, actor.id, row.brand.id) if actor.id else None
    return render_template(
        "insights/invitation.html",
        invitation=row,
        error=error,
        address=referrals_pages.address_of(link) if link else None,
        brought=invitations.brought_to(session, row.brand.id, actor.id),
        allowed=invitations.allows(session, actor.id, row.brand.id),
        may_flag=moderation_rules.may_flag(actor, row.author_id) and not row.brand.in_team,
    )


@bp.post("/invitations/<public_id>/link")
@members
def take_link(public_id: str) -> ViewResult:
    """Makes the reader's own link to the brand."""
    limits.hit("write")
    subject = subjects.resolve(db.session(), public_id, KIND)
    row = invitations.invitation_by_id(db.session(), current_actor(), subject.id)
    referrals_linking.link_for(db.session(), require_contributor(current_actor()), row.brand.id)
    address = url_for("insights.invitation_page", public_id=public_id, _anchor="link")
    return redirect(address, 303)


@bp.post("/brands/<public_id>/invite-me")
@members
def invite_me(public_id: str) -> ViewResult:
    """Lets the brand invite the reader (`allowed=yes`), or stops it."""
    limits.hit("write")
    brand = brands_reading.brand_by_public_id(db.session(), current_actor(), public_id)
    allowed = request.form.get("allowed") == "yes"
    actions.allow_brand(db.session(), current_actor(), brand.id, allowed=allowed)
    name = texts.isolated(brand.name)
    if allowed:
        flash(
            gettext("%(brand)s may invite you now, in your inbox.", brand=name),
            "good",
        )
    else:
        flash(
            gettext("%(brand)s does not invite you any more.", brand=name),
            "good",
        )
    target = render.safe_next(
        request.form.get("next"), url_for("brands.brand_page", public_id=public_id)
    )
    return redirect(target, 303)


# Settings -----------------------------------------------------------------------------------


def settings_panel(member_id: int, error: DomainError | None = None, **_context: Any) -> str:
    return render_template(
        "insights/_settings.html",
        consent=invitations.consent_of(db.session(), member_id),
        brands=invitations.allowed_brands(db.session(), member_id),
        error=error,
    )


def settings_form(error: DomainError | None = None) -> str:
    """The part of the settings by itself, when something in it was refused."""
    panel = settings_panel(current_actor().id or 0, error)
    return render_template("insights/settings.html", panel=panel)


@bp.post("/settings/spread")
@members
@shows_errors(settings_form)
def change_settings() -> ViewResult:
    limits.hit("write")
    town = request.form.get("city", "").strip()
    city_id = None
    if town:
        known = invitations.consent_of(db.session(), current_actor().id or 0)
        city_id = known.city_id if town == known.city else _city_named(town)
    actions.choose(
        db.session(),
        current_actor(),
        named=request.form.get("named") == "yes",
        contactable=request.form.get("contactable") == "yes",
        city_id=city_id,
    )
    flash(gettext("Saved."), "good")
    return redirect(url_for("accounts.settings_page", _anchor="spreading"), 303)


def _city_named(town: str) -> int | None:
    """Raises Invalid for a name that no city has."""
    found = search_cities(db.session(), town[:80], limit=1)
    if not found:
        text = lazy_gettext("No city with this name is known. Try another, or coordinates.")
        raise Invalid(fields={"city": [text]})
    if not found[0].is_meant:
        text = lazy_gettext(
            "No city with this name is known. Is it %(name)s (%(where)s)? Then write it so.",
            name=found[0].name,
            where=found[0].detail,
        )
        raise Invalid(fields={"city": [text]})
    return found[0].city_id


# Panels -------------------------------------------------------------------------------------


def brand_panel(brand: Any, **_context: Any) -> str:
    """Beside a brand's page: letting it invite the reader."""
    actor = current_actor()
    if not actor.is_member or brand.in_team or brand.visibility != "published":
        return ""
    return render_template(
        "insights/_brand.html",
        brand=brand,
        allowed=invitations.allows(db.session(), actor.id, brand.id),
    )


def case_panel(subject_id: int, **_context: Any) -> str:
    row = invitations.invitation_by_id(db.session(), current_actor(), subject_id)
    return render_template("insights/_case.html", invitation=row)


panels.register("settings", settings_panel, order=30)
panels.register("brand.side", brand_panel)
panels.register(f"case.{KIND}", case_panel)
