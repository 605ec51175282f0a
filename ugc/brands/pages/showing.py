"""Brands' pages: finding, following, claiming, and the team's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import (
    Response,
    current_app,
    flash,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_babel import gettext, lazy_gettext

from ugc.brands import rules, schemas
from ugc.brands.actions import claims as claims_actions
from ugc.brands.actions import editing
from ugc.brands.actions import following as following_actions
from ugc.brands.models import CHANGE_KIND, CLAIM_KIND, KIND
from ugc.brands.pages import base
from ugc.brands.queries import changes, reading
from ugc.brands.queries import claims as claims_queries
from ugc.brands.queries import finding as finding_queries
from ugc.brands.queries import team as team_queries
from ugc.content import queries as content_queries
from ugc.core import limits, panels, privacy, render, subjects
from ugc.core.access import ViewResult, current_actor, members, public, require_contributor
from ugc.core.db import db
from ugc.core.errors import DomainError, Forbidden, shows_errors
from ugc.moderation import pages as moderation_pages
from ugc.moderation import queries as moderation_queries
from ugc.moderation import rules as moderation_rules
from ugc.referrals import pages as referrals_pages
from ugc.referrals import queries as referrals_queries
from ugc.referrals.actions import linking as referrals_linking
from ugc.search import finding

subjects.register(subjects.Kind(KIND, lazy_gettext("brand"), reading.describe, reading.describe))

subjects.register(
    subjects.Kind(CLAIM_KIND, lazy_gettext("claim to a brand"), claims_queries.describe_claims)
)

subjects.register(
    subjects.Kind(CHANGE_KIND, lazy_gettext("change of a brand"), changes.describe_changes)
)

privacy.register("brands", editing.export_member, editing.erase_member)


@base.bp.get("/brands")
@public
def index_page() -> str:
    text = request.args.get("q", "").strip()[: rules.NAME_MAX]
    if text:
        limits.hit("search")
    brands = reading.search_brands(db.session(), current_actor(), text)
    return render_template("brands/index.html", brands=brands, text=text)


def form_page(error: DomainError | None = None, brand: Any = None) -> str:
    stored: Mapping[str, Any] = request.args
    if brand is not None:
        stored = {"name": brand.name, "about": brand.about, "website": brand.website}
    return render_template(
        "brands/form.html", brand=brand, values=render.typed_or(stored), error=error, limits=rules
    )


@base.bp.get("/brands/new")
@members
def new_page() -> str:
    return form_page()


@base.bp.post("/brands")
@members
@shows_errors(form_page)
def add() -> ViewResult:
    limits.hit("place")
    data = schemas.BrandForm().load(request.form)
    data.pop("revision")
    public_id = editing.add_brand(
        db.session(), current_actor(), site=current_app.config["SITE_NAME"], **data
    )
    brand = reading.brand_by_public_id(db.session(), current_actor(), public_id)
    if brand.visibility == "published":
        flash(gettext("Thank you. If you speak for the brand, claim it now."), "good")
    else:
        moderation_pages.flash_sent(
            gettext("Thank you. If you speak for the brand, you can claim it once it shows."),
            moderation_pages.waits_whole(brand.visibility),
        )
    return redirect(url_for("brands.brand_page", public_id=public_id), 303)


@base.bp.get("/brands/<public_id>")
@public
def brand_page(public_id: str, error: DomainError | None = None) -> str:
    actor, session = current_actor(), db.session()
    brand = reading.brand_by_public_id(session, actor, public_id)
    link = (
        referrals_queries.link_of(session, brand.id, brand.id)
        if actor.may("share", brand.id)
        else None
    )
    return render_template(
        "brands/page.html",
        brand=brand,
        error=error,
        limits=rules,
        may_edit=rules.may_edit(actor, brand.id),
        change=changes.open_change(session, brand.id) if rules.may_edit(actor, brand.id) else None,
        versions=content_queries.versions_of(session, [brand.id]).get(brand.id, []),
        may_claim=rules.may_claim(actor, brand.claimed_at is not None, brand.in_team),
        claim=claims_queries.open_claim(session, brand.id, actor.id) if actor.id else None,
        invited=team_queries.invitation_of(session, brand.id, actor.id),
        address=referrals_pages.address_of(link) if link else None,
        decision=moderation_queries.last_decision(session, brand.id)
        if actor.id is not None and actor.id == brand.author_id
        else None,
        rules=moderation_rules.RULES,
        may_flag=moderation_rules.may_flag(actor, brand.author_id) and not brand.in_team,
    )


def page_with_error(error: DomainError, public_id: str) -> str:
    return brand_page(public_id, error)


@base.bp.get("/brands/<public_id>/edit")
@members
def edit_page(public_id: str, error: DomainError | None = None) -> str:
    brand = reading.brand_by_public_id(db.session(), current_actor(), public_id)
    if not rules.may_edit(current_actor(), brand.id):
        raise Forbidden()
    return form_page(error, brand)


@base.bp.post("/brands/<public_id>/edit")
@members
@shows_errors(lambda error, public_id: edit_page(public_id, error))
def edit(public_id: str) -> ViewResult:
    limits.hit("write")
    brand = reading.brand_by_public_id(db.session(), current_actor(), public_id)
    data = schemas.BrandForm().load(request.form)
    editing.edit_brand(db.session(), current_actor(), brand, **data)
    renamed = (data["name"], data["website"]) != (brand.name, brand.website)
    if brand.claimed_at and renamed:
        flash(
            gettext(
                "Saved. A moderator looks at the new name or web address; the old one stands until"
                " then."
            ),
            "good",
        )
    else:
        flash(gettext("Saved."), "good")
    return redirect(url_for("brands.brand_page", public_id=public_id), 303)


@base.bp.post("/brands/<public_id>/change/withdraw")
@members
def withdraw_change(public_id: str) -> ViewResult:
    limits.hit("write")
    brand = reading.brand_by_public_id(db.session(), current_actor(), public_id)
    editing.withdraw_change(db.session(), current_actor(), brand)
    flash(gettext("Taken back: the name and web address stay as they are."), "good")
    return redirect(url_for("brands.brand_page", public_id=public_id), 303)


@base.bp.post("/brands/<public_id>/follow")
@members
def follow(public_id: str) -> ViewResult:
    limits.hit("write")
    brand = reading.brand_by_public_id(db.session(), current_actor(), public_id)
    following = request.form.get("following") == "yes"
    following_actions.follow(db.session(), current_actor(), brand.id, following=following)
    return redirect(url_for("brands.brand_page", public_id=public_id), 303)


@base.bp.post("/brands/<public_id>/claim")
@members
@shows_errors(page_with_error)
def claim(public_id: str) -> ViewResult:
    limits.hit("flag")
    brand = reading.brand_by_public_id(db.session(), current_actor(), public_id)
    message = request.form.get("message", "").strip()
    claims_actions.claim(db.session(), current_actor(), brand, message=message)
    flash(gettext("Thank you. A moderator looks at your claim."), "good")
    return redirect(url_for("brands.brand_page", public_id=public_id), 303)


@base.bp.post("/brands/<public_id>/link")
@members
def make_link(public_id: str) -> ViewResult:
    """Makes the brand's own link: degree 0 of its cascade."""
    limits.hit("write")
    brand = reading.team_brand(db.session(), current_actor(), public_id, "share")
    require_contributor(current_actor())
    referrals_linking.link_for(db.session(), brand.id, brand.id)
    return redirect(url_for("brands.brand_page", public_id=public_id, _anchor="link"), 303)


@base.bp.get("/brands/<public_id>/qr.svg")
@members
def qr(public_id: str) -> Response:
    brand = reading.team_brand(db.session(), current_actor(), public_id, "share")
    link = referrals_linking.own_link(db.session(), brand.id, brand.id)
    return referrals_pages.qr_svg(referrals_pages.address_of(link))


def profile_panel(member_id: int, **_context: Any) -> str:
    """The brands that a member follows, for themselves alone."""
    if current_actor().id != member_id:
        return ""
    brands = reading.followed_by(db.session(), current_actor())
    return render_template("brands/_followed.html", brands=brands)


finding.register("brands", finding_queries.find)

panels.register("profile", profile_panel)
