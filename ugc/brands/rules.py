"""Who may do what with a brand. Pure."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask_babel import lazy_gettext

from ugc.core.access import Actor, refuse_suspended
from ugc.core.errors import Forbidden
from ugc.core.subjects import Visibility

NAME_MAX, ABOUT_MAX, WEBSITE_MAX, MESSAGE_MIN, MESSAGE_MAX = 80, 1000, 300, 20, 1000
# Of invitations into a team: how long they wait, how many at a time, and how long a member who
# declined is left alone.
INVITATION_DAYS, INVITATIONS_MAX, DECLINED_DAYS = 14, 20, 30


def may_see(actor: Actor, author_id: int | None, visibility: str, in_team: bool) -> bool:
    mine = actor.id is not None and actor.id == author_id
    return visibility == Visibility.PUBLISHED or mine or in_team or actor.is_moderator


def check_act(actor: Actor, brand_id: int, act: str) -> None:
    """Raises Forbidden unless the actor's role over the brand has `act`."""
    refuse_suspended(actor)
    if not actor.may(act, brand_id):
        raise Forbidden(
            lazy_gettext("Your role in this team does not include this: ask one of its owners.")
        )


def may_edit(actor: Actor, brand_id: int) -> bool:
    """Those of the team whose role has it, and moderators."""
    return actor.may("edit_page", brand_id) or actor.may("edit_content")


def may_claim(actor: Actor, claimed: bool, in_team: bool) -> bool:
    """A claimed brand takes people in through its team."""
    return (
        actor.is_member and actor.confirmed and not actor.suspended and not claimed and not in_team
    )


def domain_of(website: str) -> str:
    """`example.org` of https://www.example.org/about; '' for none."""
    return (urlsplit(website).hostname or "").removeprefix("www.")


def proves_domain(email: str | None, website: str) -> bool:
    """Whether a confirmed address belongs to the brand's domain: evidence, not a decision."""
    domain = domain_of(website)
    host = (email or "").rpartition("@")[2].lower()
    return bool(domain) and (host == domain or host.endswith(f".{domain}"))
