"""Writes of a brand's team: who is asked into it, in which role, and who leaves. Nothing here
commits. Locks are taken in one order: the brand, then the invitation, then the member."""

from __future__ import annotations

import datetime as dt

from flask_babel import lazy_gettext

from ugc import events
from ugc.accounts.actions import grants as accounts_grants_actions
from ugc.accounts.models import Grant
from ugc.accounts.queries import grants as accounts_grants_queries
from ugc.accounts.rules.roles import BRAND_ACTS, Role
from ugc.brands import rules
from ugc.brands.models import TeamInvitation
from ugc.brands.queries import reading
from ugc.brands.queries import team as team_queries
from ugc.core import audit, subjects
from ugc.core.access import SYSTEM, Actor, ActorKind, acting, require_contributor
from ugc.core.db import Session, now
from ugc.core.errors import Conflict, Invalid, NotFound


def _brand_role(role: str) -> Role:
    """Raises Invalid."""
    if role not in {str(each) for each in BRAND_ACTS}:
        raise Invalid(fields={"role": [lazy_gettext("Choose one of the roles.")]})
    return Role(role)


def _owners(session: Session, brand_id: int, *, but: int | None = None) -> list[int]:
    found = accounts_grants_queries.holders(session, Role.OWNER, brand_id)
    return [member_id for member_id in found if member_id != but]


def invite(
    session: Session, actor: Actor, brand: reading.BrandRow, handle: str, role: str
) -> TeamInvitation:
    """Asks a member into the team; they are in it when they have accepted. Raises Conflict,
    Forbidden, Invalid."""
    author_id = require_contributor(actor)
    rules.check_act(actor, brand.id, "manage_team")
    asked = _brand_role(role)
    reading.locked(session, brand.id)
    member_id = accounts_grants_actions.newcomer_to_role(session, handle)
    if accounts_grants_queries.is_on(session, brand.id, member_id):
        raise Conflict(lazy_gettext("This member is in the team already."))
    if team_queries.declined_lately(session, brand.id, member_id):
        raise Conflict(
            lazy_gettext(
                "This member declined: ask again %(days)d days later.", days=rules.DECLINED_DAYS
            )
        )
    if len(team_queries.open_invitations(session, brand.id)) >= rules.INVITATIONS_MAX:
        raise Conflict(
            lazy_gettext(
                "At most %(count)d invitations wait at a time: take one back first.",
                count=rules.INVITATIONS_MAX,
            )
        )
    for old in team_queries.unanswered(session, brand.id, member_id):
        if team_queries.is_open(session, old.id):
            raise Conflict(lazy_gettext("This member is invited already."))
        _end(session, old, "expired")
    session.flush()
    invitation = TeamInvitation(
        brand_id=brand.id,
        member_id=member_id,
        role=asked,
        invited_by_id=author_id,
        expires_at=now(session) + dt.timedelta(days=rules.INVITATION_DAYS),
    )
    session.add(invitation)
    session.flush()
    audit.note(
        session, "team.invited", invitation=invitation.id, brand=brand.id, member=member_id,
        role=asked, by=actor.reference,
    )  # fmt: skip
    events.emit(
        session, events.TeamInvited(invitation.id, brand.id, member_id, str(asked), author_id)
    )
    return invitation


def _end(
    session: Session, invitation: TeamInvitation, outcome: str, by_id: int | None = None
) -> None:
    invitation.outcome, invitation.ended_at = outcome, now(session)
    invitation.ended_by_id = by_id


def answer(session: Session, actor: Actor, brand: reading.BrandRow, *, accept: bool) -> None:
    """The invited member joins the team in the role that was offered, or declines. Raises Conflict
    when the invitation is over, Forbidden."""
    member_id = require_contributor(actor)
    reading.locked(session, brand.id)
    found = team_queries.locked_open_invitation(session, brand.id, member_id)
    if found is None:
        raise Conflict(lazy_gettext("This invitation is over: ask the team for a new one."))
    _end(session, found, "accepted" if accept else "declined", member_id)
    if not accept:
        audit.note(session, "team.declined", invitation=found.id, by=actor.reference)
        return
    accounts_grants_actions.give(
        session,
        member_id,
        Role(found.role),
        by=acting(f"{ActorKind.MEMBER}:{found.invited_by_id}"),
        subject_id=brand.id,
        tell=_owners(session, brand.id),
        tell_member=False,
    )


def revoke(session: Session, actor: Actor, brand: reading.BrandRow, invitation_id: int) -> None:
    """Takes an invitation back. Raises Conflict when it was answered, Forbidden, NotFound."""
    require_contributor(actor)
    rules.check_act(actor, brand.id, "manage_team")
    reading.locked(session, brand.id)
    found = team_queries.locked_invitation(session, brand.id, invitation_id)
    if found is None:
        raise NotFound()
    if found.outcome is not None:
        raise Conflict(lazy_gettext("This invitation was answered or taken back before."))
    _end(session, found, "revoked", actor.id)
    audit.note(session, "team.revoked", invitation=found.id, by=actor.reference)


def _role_of(session: Session, brand_id: int, member_id: int) -> Grant:
    """The member's open role, the brand locked. Raises NotFound."""
    held = accounts_grants_queries.open_grants(session, member_id, subject_id=brand_id)
    if not held:
        raise NotFound()
    return held[0]


def _keep_an_owner(session: Session, grant: Grant, brand_id: int) -> None:
    """Raises Conflict when the brand would be left without an owner who can act."""
    if grant.role == Role.OWNER and not _owners(session, brand_id, but=grant.member_id):
        raise Conflict(
            lazy_gettext("This is the last owner: make another member of the team owner first.")
        )


def change_role(
    session: Session, actor: Actor, brand: reading.BrandRow, member_id: int, role: str
) -> None:
    """Raises Conflict for the last owner, Forbidden, Invalid, NotFound."""
    require_contributor(actor)
    rules.check_act(actor, brand.id, "manage_team")
    asked = _brand_role(role)
    reading.locked(session, brand.id)
    held = _role_of(session, brand.id, member_id)
    if asked is not Role.OWNER:
        _keep_an_owner(session, held, brand.id)
    accounts_grants_actions.give(
        session,
        member_id,
        asked,
        by=actor,
        subject_id=brand.id,
        tell=_owners(session, brand.id, but=actor.id),
    )


def leave(session: Session, actor: Actor, brand: reading.BrandRow, member_id: int) -> None:
    """Takes a member out of the team: an owner does, or the member, a suspended one too. The other
    owners and the member are told. Raises Conflict for the last owner, Forbidden, NotFound."""
    if actor.id != member_id:
        require_contributor(actor)
        rules.check_act(actor, brand.id, "manage_team")
    reading.locked(session, brand.id)
    held = _role_of(session, brand.id, member_id)
    _keep_an_owner(session, held, brand.id)
    others = _owners(session, brand.id, but=actor.id)
    accounts_grants_actions.end(session, held, by=actor, tell=others)


def appoint(session: Session, brand_id: int, handle: str, role: Role) -> None:
    """The operator of the server puts a member into a team, as for a brand without an owner who can
    act. Raises Conflict, Invalid."""
    brand = reading.locked(session, brand_id)
    member_id = accounts_grants_actions.newcomer_to_role(session, handle)
    owners = _owners(session, brand_id)
    accounts_grants_actions.give(
        session, member_id, role, by=SYSTEM, subject_id=brand_id, tell=owners
    )
    brand.claimed_at = brand.claimed_at or now(session)
    subjects.touch(session, brand_id)


def dismiss(
    session: Session, brand_id: int, member_id: int, role: Role, *, reason: str = ""
) -> None:
    """The operator of the server takes a member out of a team. Raises Conflict for the last owner,
    NotFound."""
    reading.locked(session, brand_id)
    held = _role_of(session, brand_id, member_id)
    if held.role != role:
        raise NotFound()
    _keep_an_owner(session, held, brand_id)
    owners = _owners(session, brand_id)
    accounts_grants_actions.end(session, held, by=SYSTEM, reason=reason, tell=owners)


def erase_member(session: Session, member_id: int) -> None:
    """The member is erased: invitations end. A brand that loses its last owner gets the manager who
    was there longest; without one its team ends and it can be claimed again."""
    for invitation in team_queries.unanswered(session, None, member_id):
        _end(session, invitation, "revoked", member_id)
    for brand_id in sorted(team_queries.brands_of(session, member_id)):
        brand = reading.locked(session, brand_id)
        rest = [
            row for row in team_queries.members(session, brand_id) if row.member_id != member_id
        ]
        if any(row.role is Role.OWNER for row in rest):
            continue
        manager = next((row for row in rest if row.role is Role.MANAGER), None)
        if manager is not None:
            accounts_grants_actions.give(
                session, manager.member_id, Role.OWNER, by=SYSTEM, subject_id=brand_id
            )
            continue
        for row in rest:
            accounts_grants_actions.end(
                session, _role_of(session, brand_id, row.member_id), by=SYSTEM
            )
        brand.claimed_at = None
        subjects.touch(session, brand_id)


def export_member(session: Session, member_id: int) -> list[dict[str, object]]:
    """Invitations into teams that the member got or wrote."""
    return team_queries.invitations_about(session, member_id)
