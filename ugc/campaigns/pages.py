"""Invitations of brands: for the team, and for those who are invited."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext, lazy_gettext, ngettext

from ugc.brands.queries import reading as brands_reading
from ugc.campaigns import actions, queries, rules
from ugc.campaigns.models import KIND
from ugc.core import limits, panels, privacy, render, subjects, texts
from ugc.core.access import ViewResult, current_actor, members, public, require_contributor
from ugc.core.db import db
from ugc.core.errors import DomainError, shows_errors
from ugc.influencers.actions import consents as influencers_consents
from ugc.influencers.queries import consents as influencers_consents_queries
from ugc.moderation import pages as moderation_pages
from ugc.moderation import rules as moderation_rules
from ugc.referrals import pages as referrals_pages
from ugc.referrals import queries as referrals_queries
from ugc.referrals.actions import linking as referrals_linking

bp = Blueprint("campaigns", __name__)

subjects.register(
    subjects.Kind(KIND, lazy_gettext("invitation"), queries.describe, queries.describe)
)
privacy.register("spreading", actions.export_member, actions.erase_member, order=50)


# For the team ---------------------------------------------------------------------------------


@bp.get("/brands/<public_id>/invitations")
@members
def invitations_page(public_id: str, error: DomainError | None = None) -> str:
    brand = brands_reading.team_brand(db.session(), current_actor(), public_id, "invite_members")
    return render_template(
        "campaigns/invitations.html",
        brand=brand,
        invitations=queries.invitations_of(db.session(), brand.id),
        error=error,
        limits=rules,
        resting=queries.sent_lately(db.session(), brand.id),
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
    row = queries.invitation_by_id(db.session(), current_actor(), written.id)
    moderation_pages.flash_sent(
        gettext("The invitation is written."), moderation_pages.waits_whole(row.visibility)
    )
    return redirect(url_for("campaigns.invitation_page", public_id=made), 303)


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
    return redirect(url_for("campaigns.invitation_page", public_id=public_id), 303)


@bp.post("/invitations/<public_id>/withdraw")
@members
def withdraw_invitation(public_id: str) -> ViewResult:
    limits.hit("write")
    row = subjects.resolve(db.session(), public_id, KIND)
    brand_id = actions.withdraw_invitation(db.session(), current_actor(), row.id)
    brand = brands_reading.brand_by_id(db.session(), current_actor(), brand_id)
    return moderation_pages.after_withdrawal(
        gettext("The invitation is withdrawn."),
        url_for("campaigns.invitations_page", public_id=brand.public_id),
    )


# For those who are invited ----------------------------------------------------------------------


@bp.get("/invitations/<public_id>")
@public
def invitation_page(public_id: str, error: DomainError | None = None) -> str:
    """What a brand asks, the reader's own link to it, and its thanks to members who brought
    others."""
    session, actor = db.session(), current_actor()
    subject = subjects.resolve(session, public_id, KIND)
    row = queries.invitation_by_id(session, actor, subject.id)
    link = referrals_queries.link_of(session, actor.id, row.brand.id) if actor.id else None
    return render_template(
        "campaigns/invitation.html",
        invitation=row,
        error=error,
        address=referrals_pages.address_of(link) if link else None,
        brought=queries.brought_to(session, row.brand.id, actor.id),
        allowed=influencers_consents_queries.allows(session, actor.id, row.brand.id),
        may_flag=moderation_rules.may_flag(actor, row.author_id) and not row.brand.in_team,
    )


@bp.post("/invitations/<public_id>/link")
@members
def take_link(public_id: str) -> ViewResult:
    """Makes the reader's own link to the brand."""
    limits.hit("write")
    subject = subjects.resolve(db.session(), public_id, KIND)
    row = queries.invitation_by_id(db.session(), current_actor(), subject.id)
    referrals_linking.link_for(db.session(), require_contributor(current_actor()), row.brand.id)
    address = url_for("campaigns.invitation_page", public_id=public_id, _anchor="link")
    return redirect(address, 303)


@bp.post("/brands/<public_id>/invite-me")
@members
def invite_me(public_id: str) -> ViewResult:
    """Lets the brand invite the reader (`allowed=yes`), or stops it."""
    limits.hit("write")
    brand = brands_reading.brand_by_public_id(db.session(), current_actor(), public_id)
    allowed = request.form.get("allowed") == "yes"
    influencers_consents.allow_brand(db.session(), current_actor(), brand.id, allowed=allowed)
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


# Panels -------------------------------------------------------------------------------------


def brand_panel(brand: Any, **_context: Any) -> str:
    """Beside a brand's page: letting it invite the reader."""
    actor = current_actor()
    if not actor.is_member or brand.in_team or brand.visibility != "published":
        return ""
    return render_template(
        "campaigns/_brand.html",
        brand=brand,
        allowed=influencers_consents_queries.allows(db.session(), actor.id, brand.id),
    )


def case_cards(subject_ids: Sequence[int], **_context: Any) -> dict[int, str]:
    rows = queries.invitations_by_ids(db.session(), current_actor(), subject_ids)
    return moderation_pages.cards(
        "campaigns/_case.html",
        {id_: {"invitation": row} for id_, row in rows.items()},
        (row.author_id for row in rows.values()),
    )


panels.register("brand.side", brand_panel)
panels.register(f"case.{KIND}", case_cards)
