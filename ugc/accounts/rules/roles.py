"""What each role may do: the one table that every permission of moderators, administrators and
brand teams is read from. Pure."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from typing import Any

from flask_babel import lazy_gettext

from ugc.core.access import Grant


class Role(enum.StrEnum):
    ADMINISTRATOR = "administrator"
    MODERATOR = "moderator"
    OWNER = "owner"
    MANAGER = "manager"
    REPLIER = "replier"
    ANALYST = "analyst"


# moderate: see the queue and hidden content, decide cases, remove photos. edit_content: change,
# end, merge and answer what others contributed. suspend_members: stop a member. suspend_moderators:
# stop a moderator or an administrator. decide_on_moderators: decide cases about their profiles.
# manage_roles: give and take site roles.
_MODERATOR = frozenset({"moderate", "edit_content", "suspend_members"})
SITE_ACTS: dict[Role, frozenset[str]] = {
    Role.ADMINISTRATOR: _MODERATOR | {"manage_roles", "suspend_moderators", "decide_on_moderators"},
    Role.MODERATOR: _MODERATOR,
}
# edit_page: change the brand's page. run_places: say which places the brand runs. manage_keys:
# make and revoke API keys. invite_members: write invitations to the community. see_figures: read
# how the brand spreads. share: the brand's own link, its QR code and sheet. manage_team: invite to
# the team, change roles, remove from it. answer: answer in the brand's name.
_MANAGER = frozenset(
    {"edit_page", "run_places", "manage_keys", "invite_members", "see_figures", "share", "answer"}
)
BRAND_ACTS: dict[Role, frozenset[str]] = {
    Role.OWNER: _MANAGER | {"manage_team"},
    Role.MANAGER: _MANAGER,
    Role.REPLIER: frozenset({"answer", "share"}),
    Role.ANALYST: frozenset({"see_figures"}),
}
ACTS: dict[Role, frozenset[str]] = SITE_ACTS | BRAND_ACTS
NAMES: dict[Role, Any] = {
    Role.ADMINISTRATOR: lazy_gettext("administrator"),
    Role.MODERATOR: lazy_gettext("moderator"),
    Role.OWNER: lazy_gettext("owner"),
    Role.MANAGER: lazy_gettext("manager"),
    Role.REPLIER: lazy_gettext("replier"),
    Role.ANALYST: lazy_gettext("analyst"),
}
# What a role is for, as forms say it beside its name.
PURPOSES: dict[Role, Any] = {
    Role.ADMINISTRATOR: lazy_gettext("all that a moderator may, and gives and takes roles"),
    Role.MODERATOR: lazy_gettext("decides cases and corrects what others contributed"),
    Role.OWNER: lazy_gettext("all that a manager may, and who is in the team"),
    Role.MANAGER: lazy_gettext("page, places, keys, invitations and figures"),
    Role.REPLIER: lazy_gettext("answers and shares in the brand's name"),
    Role.ANALYST: lazy_gettext("reads the figures"),
}
REASON_MAX = 300


def grant(role: str, **scope: Any) -> Grant:
    """A grant with the acts of its role. `scope` is `subject_id`, `city_id`, `language`, `kind`."""
    return Grant(role, ACTS[Role(role)], **scope)


def grants(stored: Iterable[Mapping[str, Any]]) -> tuple[Grant, ...]:
    """Grants of rows with `role`, `subject_id`, `city_id`, `language` and `kind`."""
    return tuple(grant(**each) for each in stored)


def roles_that_may(act: str) -> list[Role]:
    return [role for role, acts in ACTS.items() if act in acts]
