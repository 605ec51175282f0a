"""A brand's team: who is in it, invitations, roles and the log; and what an invited member sees."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext

from ugc.accounts.rules import roles as accounts_roles_rules
from ugc.brands import rules
from ugc.brands.actions import team as team_actions
from ugc.brands.queries import reading
from ugc.brands.queries import team as team_queries
from ugc.core import limits
from ugc.core.access import ViewResult, current_actor, members
from ugc.core.db import db
from ugc.core.errors import DomainError, NotFound, shows_errors

bp = Blueprint("teams", __name__)
limits.declare("invite", "20 per day")


@bp.get("/brands/<public_id>/team")
@members
def team_page(public_id: str, error: DomainError | None = None) -> str:
    session, actor = db.session(), current_actor()
    brand = reading.team_brand(session, actor, public_id, None)
    return render_template(
        "brands/team.html",
        brand=brand,
        team=team_queries.members(session, brand.id),
        invitations=team_queries.open_invitations(session, brand.id),
        log=team_queries.log(session, brand.id),
        manages=actor.may("manage_team", brand.id),
        roles=accounts_roles_rules.BRAND_ACTS,
        names=accounts_roles_rules.NAMES,
        purposes=accounts_roles_rules.PURPOSES,
        days=rules.INVITATION_DAYS,
        error=error,
    )


def _with_error(error: DomainError, public_id: str, **_values: Any) -> str:
    return team_page(public_id, error)


@bp.post("/brands/<public_id>/team")
@members
@shows_errors(_with_error)
def invite(public_id: str) -> ViewResult:
    limits.hit("invite")
    brand = reading.team_brand(db.session(), current_actor(), public_id, "manage_team")
    handle, role = request.form.get("handle", "").strip(), request.form.get("role", "")
    team_actions.invite(db.session(), current_actor(), brand, handle, role)
    flash(gettext("Invited: the member is told, and joins the team by accepting."), "good")
    return redirect(url_for("teams.team_page", public_id=public_id), 303)


@bp.post("/brands/<public_id>/team/invitations/<int:invitation_id>/revoke")
@members
@shows_errors(_with_error)
def revoke(public_id: str, invitation_id: int) -> ViewResult:
    limits.hit("write")
    brand = reading.team_brand(db.session(), current_actor(), public_id, "manage_team")
    team_actions.revoke(db.session(), current_actor(), brand, invitation_id)
    flash(gettext("The invitation is taken back."), "good")
    return redirect(url_for("teams.team_page", public_id=public_id), 303)


@bp.post("/brands/<public_id>/team/<int:member_id>/role")
@members
@shows_errors(_with_error)
def change_role(public_id: str, member_id: int) -> ViewResult:
    limits.hit("write")
    brand = reading.team_brand(db.session(), current_actor(), public_id, "manage_team")
    role = request.form.get("role", "")
    team_actions.change_role(db.session(), current_actor(), brand, member_id, role)
    flash(gettext("The role is changed, and the member is told."), "good")
    return redirect(url_for("teams.team_page", public_id=public_id), 303)


@bp.post("/brands/<public_id>/team/<int:member_id>/remove")
@members
@shows_errors(_with_error)
def leave(public_id: str, member_id: int) -> ViewResult:
    limits.hit("write")
    actor = current_actor()
    brand = reading.team_brand(db.session(), actor, public_id, None)
    team_actions.leave(db.session(), actor, brand, member_id)
    if actor.id == member_id:
        flash(gettext("You left the team."), "good")
        return redirect(url_for("brands.brand_page", public_id=public_id), 303)
    flash(gettext("Out of the team. The member and the other owners are told."), "good")
    return redirect(url_for("teams.team_page", public_id=public_id), 303)


@bp.get("/brands/<public_id>/join-team")
@members
def invitation_page(public_id: str, error: DomainError | None = None) -> str:
    """What the invited member is offered. NotFound for others."""
    session, actor = db.session(), current_actor()
    brand = reading.brand_by_public_id(session, actor, public_id)
    invitation = team_queries.invitation_of(session, brand.id, actor.id)
    if invitation is None and error is None:
        raise NotFound()
    return render_template(
        "brands/join_team.html",
        brand=brand,
        invitation=invitation,
        names=accounts_roles_rules.NAMES,
        purposes=accounts_roles_rules.PURPOSES,
        error=error,
    )


@bp.post("/brands/<public_id>/join-team")
@members
@shows_errors(lambda error, public_id: invitation_page(public_id, error))
def answer_invitation(public_id: str) -> ViewResult:
    limits.hit("write")
    brand = reading.brand_by_public_id(db.session(), current_actor(), public_id)
    accept = request.form.get("answer") == "accept"
    team_actions.answer(db.session(), current_actor(), brand, accept=accept)
    if accept:
        flash(gettext("You are in the team now."), "good")
        return redirect(url_for("teams.team_page", public_id=public_id), 303)
    flash(gettext("Declined. The team cannot ask you again for a while."), "info")
    return redirect(url_for("brands.brand_page", public_id=public_id), 303)
