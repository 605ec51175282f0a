"""The roles over the site: who holds them, giving and taking."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext

from ugc.accounts import schemas
from ugc.accounts.actions import grants as grants_actions
from ugc.accounts.queries import grants as grants_queries
from ugc.accounts.rules import roles as roles_rules
from ugc.core import limits, privacy, wall
from ugc.core.access import ViewResult, current_actor, site_act
from ugc.core.db import db
from ugc.core.errors import DomainError, shows_errors

bp = Blueprint("roles", __name__)
privacy.register("roles", grants_actions.export_member, grants_actions.erase_member)


@bp.app_template_global()
def role_name(role: str) -> str:
    return str(roles_rules.NAMES[roles_rules.Role(role)])


def _end_of(day: dt.date | None) -> dt.datetime | None:
    """The end of the role's last day where the giver lives."""
    if day is None:
        return None
    zone = zoneinfo.ZoneInfo(current_actor().timezone or "UTC")
    return wall.midnight(day + dt.timedelta(days=1), zone)


@bp.get("/moderation/roles")
@site_act("manage_roles")
def roles_page(error: DomainError | None = None, **_values: Any) -> str:
    return render_template(
        "accounts/roles.html",
        grants=grants_queries.listed(db.session(), site_only=True),
        ended=grants_queries.listed(db.session(), site_only=True, ended=True),
        roles=roles_rules.SITE_ACTS,
        names=roles_rules.NAMES,
        purposes=roles_rules.PURPOSES,
        reason_max=roles_rules.REASON_MAX,
        error=error,
    )


@bp.post("/moderation/roles")
@site_act("manage_roles")
@shows_errors(roles_page)
def give_role() -> ViewResult:
    limits.hit("write")
    data = schemas.RoleForm().load(request.form)
    grants_actions.give_site_role(
        db.session(),
        current_actor(),
        data["handle"],
        data["role"],
        language=data["language"] or None,
        until=_end_of(data["until"]),
        reason=data["reason"],
    )
    flash(gettext("The role is given, and the member is told."), "good")
    return redirect(url_for("roles.roles_page"), 303)


@bp.post("/moderation/roles/<int:grant_id>/take")
@site_act("manage_roles")
@shows_errors(roles_page)
def take_role(grant_id: int) -> ViewResult:
    limits.hit("write")
    reason = request.form.get("reason", "").strip()
    grants_actions.take_site_role(db.session(), current_actor(), grant_id, reason=reason)
    flash(gettext("The role has ended, and the member is told."), "good")
    return redirect(url_for("roles.roles_page"), 303)
