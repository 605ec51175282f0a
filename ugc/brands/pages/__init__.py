"""Brands' pages: finding, following, claiming, and the team's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import (
    Blueprint,
    Response,
    current_app,
    flash,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_babel import gettext, lazy_gettext

from ugc.brands import actions, queries, rules, schemas
from ugc.brands.models import CHANGE_KIND, CLAIM_KIND, KIND
from ugc.brands.queries import finding as searching
from ugc.brands.queries import team
from ugc.core import finding, limits, panels, privacy, render, reserved, subjects
from ugc.core.access import current_actor, members, public, require_contributor
from ugc.core.db import db
from ugc.core.errors import DomainError, Forbidden, shows_errors
from ugc.moderation import pages as moderation
from ugc.moderation import queries as moderation_queries
from ugc.moderation import rules as moderation_rules
from ugc.referrals import actions as referrals
from ugc.referrals import pages as referral_pages
from ugc.referrals import queries as referral_queries

bp = Blueprint("brands", __name__)

subjects.register(subjects.Kind(KIND, lazy_gettext("brand"), queries.describe, queries.describe))
subjects.register(
    subjects.Kind(CLAIM_KIND, lazy_gettext("claim to a brand"), queries.describe_claims)
)
subjects.register(
    subjects.Kind(CHANGE_KIND, lazy_gettext("change of a brand"), queries.describe_changes)
)
privacy.register("brands", actions.export_member, actions.erase_member)


@bp.get("/brands")
@public
def index_page() -> str:
    text = request.args.get("q", "").strip()[: rules.NAME_MAX]
    if text:
        limits.hit("search")
    brands = queries.search_brands(db.session(), current_actor(), text)
    return render_template("brands/index.html", brands=brands, text=text)


def form_page(error: DomainError | None = None, brand: Any = None) -> str:
    stored: Mapping[str, Any] = request.args
    if brand is not None:
        stored = {"name": brand.name, "about": brand.about, "website": brand.website}
    return render_template(
        "brands/form.html", brand=brand, values=render.typed_or(stored), error=error, limits=rules
    )


@bp.get("/brands/new")
@members
def new_page() -> str:
    return form_page()


@bp.post("/brands")
@members
@shows_errors(form_page)
def add() -> Any:
    limits.hit("place")
    data = schemas.BrandForm().load(request.form)
    data.pop("revision")
    public_id = actions.add_brand(
        db.session(), current_actor(), site=current_app.config["SITE_NAME"], **data
    )
    brand = queries.brand_by_public_id(db.session(), current_actor(), public_id)
    if brand.visibility == "published":
        flash(gettext("Thank you. If you speak for the brand, claim it now."), "good")
    else:
        moderation.flash_sent(
            gettext("Thank you. If you speak for the brand, you can claim it once it shows."),
            moderation.waits_whole(brand.visibility),
        )
    return redirect(url_for("brands.brand_page", public_id=public_id), 303)


@bp.get("/brands/<public_id>")
@public
def brand_page(public_id: str, error: DomainError | None = None) -> str:
    actor, session = current_actor(), db.session()
    brand = queries.brand_by_public_id(session, actor, public_id)
    link = (
        referral_queries.link_of(session, brand.id, brand.id)
        if actor.may("share", brand.id)
        else None
    )
    return render_template(
        "brands/page.html",
        brand=brand,
        error=error,
        limits=rules,
        may_edit=rules.may_edit(actor, brand.id),
        change=queries.open_change(session, brand.id) if rules.may_edit(actor, brand.id) else None,
        versions=queries.versions(session, brand.id),
        may_claim=rules.may_claim(actor, brand.claimed_at is not None, brand.in_team),
        claim=queries.open_claim(session, brand.id, actor.id) if actor.id else None,
        invited=team.invitation_of(session, brand.id, actor.id),
        address=referral_pages.address_of(link) if link else None,
        decision=moderation_queries.last_decision(session, brand.id)
        if actor.id is not None and actor.id == brand.author_id
        else None,
        rules=moderation_rules.RULES,
        may_flag=moderation_rules.may_flag(actor, brand.author_id) and not brand.in_team,
    )


def page_with_error(error: DomainError, public_id: str) -> str:
    return brand_page(public_id, error)


@bp.get("/brands/<public_id>/edit")
@members
def edit_page(public_id: str, error: DomainError | None = None) -> str:
    brand = queries.brand_by_public_id(db.session(), current_actor(), public_id)
    if not rules.may_edit(current_actor(), brand.id):
        raise Forbidden()
    return form_page(error, brand)


@bp.post("/brands/<public_id>/edit")
@members
@shows_errors(lambda error, public_id: edit_page(public_id, error))
def edit(public_id: str) -> Any:
    limits.hit("write")
    brand = queries.brand_by_public_id(db.session(), current_actor(), public_id)
    data = schemas.BrandForm().load(request.form)
    actions.edit_brand(db.session(), current_actor(), brand, **data)
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


@bp.post("/brands/<public_id>/change/withdraw")
@members
def withdraw_change(public_id: str) -> Any:
    limits.hit("write")
    brand = queries.brand_by_public_id(db.session(), current_actor(), public_id)
    actions.withdraw_change(db.session(), current_actor(), brand)
    flash(gettext("Taken back: the name and web address stay as they are."), "good")
    return redirect(url_for("brands.brand_page", public_id=public_id), 303)


@bp.post("/brands/<public_id>/follow")
@members
def follow(public_id: str) -> Any:
    limits.hit("write")
    brand = queries.brand_by_public_id(db.session(), current_actor(), public_id)
    following = request.form.get("following") == "yes"
    actions.follow(db.session(), current_actor(), brand.id, following=following)
    return redirect(url_for("brands.brand_page", public_id=public_id), 303)


@bp.post("/brands/<public_id>/claim")
@members
@shows_errors(page_with_error)
def claim(public_id: str) -> Any:
    limits.hit("flag")
    brand = queries.brand_by_public_id(db.session(), current_actor(), public_id)
    message = request.form.get("message", "").strip()
    actions.claim(db.session(), current_actor(), brand, message=message)
    flash(gettext("Thank you. A moderator looks at your claim."), "good")
    return redirect(url_for("brands.brand_page", public_id=public_id), 303)


@bp.post("/brands/<public_id>/link")
@members
def make_link(public_id: str) -> Any:
    """Makes the brand's own link: degree 0 of its cascade."""
    brand = queries.team_brand(db.session(), current_actor(), public_id, "share")
    require_contributor(current_actor())
    referrals.link_for(db.session(), brand.id, brand.id)
    return redirect(url_for("brands.brand_page", public_id=public_id, _anchor="link"), 303)


@bp.get("/brands/<public_id>/qr.svg")
@members
def qr(public_id: str) -> Response:
    brand = queries.team_brand(db.session(), current_actor(), public_id, "share")
    link = referrals.own_link(db.session(), brand.id, brand.id)
    return referral_pages.qr_svg(referral_pages.address_of(link))


def _doubts(name: str, brand_id: int) -> dict[str, Any]:
    """What a moderator should know of a name: the claimed brand that it looks like, and whether it
    says that the site speaks."""
    return {
        "looks_like": queries.claimed_look_alike(db.session(), name, brand_id),
        "of_the_site": reserved.is_reserved_name(name, current_app.config["SITE_NAME"]),
    }


def case_panel(subject_id: int, **_context: Any) -> str:
    brand = queries.brand_by_id(db.session(), current_actor(), subject_id)
    return render_template("brands/_case.html", brand=brand, **_doubts(brand.name, brand.id))


def claim_case_panel(subject_id: int, **_context: Any) -> str:
    claimed = queries.claim_by_id(db.session(), current_actor(), subject_id)
    doubts = _doubts(claimed.brand.name, claimed.brand.id)
    return render_template("brands/_claim_case.html", claim=claimed, **doubts)


def change_case_panel(subject_id: int, **_context: Any) -> str:
    change = queries.change_by_id(db.session(), current_actor(), subject_id)
    return render_template(
        "brands/_change_case.html",
        change=change,
        versions=queries.versions(db.session(), change.brand.id),
        **_doubts(change.name, change.brand.id),
    )


def profile_panel(member_id: int, **_context: Any) -> str:
    """Whom one follows is one's own business."""
    if current_actor().id != member_id:
        return ""
    brands = queries.followed_by(db.session(), current_actor())
    return render_template("brands/_followed.html", brands=brands)


panels.register(f"case.{KIND}", case_panel)
panels.register(f"case.{CLAIM_KIND}", claim_case_panel)
panels.register(f"case.{CHANGE_KIND}", change_case_panel)
finding.register("brands", searching.find)
panels.register("profile", profile_panel, order=50)
