"""Giving and ending roles over the site or a brand. Nothing here commits; rows end and stay."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

import sqlalchemy as sa
from flask_babel import lazy_gettext

from ugc import events
from ugc.accounts.models import Grant
from ugc.accounts.queries import grants as grants_queries
from ugc.accounts.queries import lookup
from ugc.accounts.rules.roles import BRAND_ACTS, REASON_MAX, SITE_ACTS, Role
from ugc.core import audit, inputs
from ugc.core.access import Actor, ActorKind, require_contributor
from ugc.core.db import Session, now
from ugc.core.errors import Conflict, Forbidden, Invalid, NotFound


def give(
    session: Session,
    member_id: int,
    role: Role,
    *,
    by: Actor,
    subject_id: int | None = None,
    city_id: int | None = None,
    language: str | None = None,
    kind: str | None = None,
    starts_at: dt.datetime | None = None,
    until: dt.datetime | None = None,
    reason: str = "",
    tell: Collection[int] = (),
    announce: bool = True,
    tell_member: bool = True,
) -> Grant:
    """Gives a role over the brand `subject_id` (None: the site); the caller has asked whether `by`
    may. A brand's member has one role: the one before ends. `tell` are other members who are told;
    the member is not without `tell_member`; without `announce` none is. Raises Conflict when the
    member holds just this, Invalid."""
    if role not in (SITE_ACTS if subject_id is None else BRAND_ACTS):
        raise Invalid(fields={"role": [lazy_gettext("Choose one of the roles.")]})
    reason = _checked(session, reason, until, starts_at)
    grants_queries.lock_roles_of(session, member_id)
    scope = {"city_id": city_id, "language": language, "kind": kind}
    for old in grants_queries.open_grants(session, member_id, subject_id=subject_id):
        same = old.role == role and all(getattr(old, name) == it for name, it in scope.items())
        if same and old.until == until and starts_at is None:
            raise Conflict(lazy_gettext("This member has this role already."))
        if same or subject_id is not None:
            _end(session, old, by, "")
    session.flush()
    grant = Grant(
        member_id=member_id,
        role=role,
        subject_id=subject_id,
        until=until,
        given_by_id=_id_of(by),
        reason=reason,
        **scope,
    )
    if starts_at is not None:
        grant.starts_at = starts_at
    session.add(grant)
    session.flush()
    audit.note(
        session, "role.given", grant=grant.id, member=member_id, role=role,
        over=subject_id or "site", by=by.reference,
    )  # fmt: skip
    if announce:
        _announce(session, events.RoleGiven, grant, by, tell, tell_member)
    return grant


def end(
    session: Session, grant: Grant, *, by: Actor, reason: str = "", tell: Collection[int] = ()
) -> None:
    """Ends a role that is open; the caller has asked whether `by` may. Raises Invalid."""
    reason = _checked(session, reason)
    _end(session, grant, by, reason)
    _announce(session, events.RoleEnded, grant, by, tell, grant.member_id != by.id)


def _end(session: Session, grant: Grant, by: Actor, reason: str) -> None:
    grant.ended_at, grant.ended_by_id, grant.end_reason = now(session), _id_of(by), reason
    audit.note(
        session, "role.ended", grant=grant.id, member=grant.member_id, role=grant.role,
        over=grant.subject_id or "site", by=by.reference,
    )  # fmt: skip


def _id_of(by: Actor) -> int | None:
    return by.id if by.is_member else None


def _announce(
    session: Session,
    event: type[events.RoleGiven] | type[events.RoleEnded],
    grant: Grant,
    by: Actor,
    tell: Collection[int],
    tell_member: bool,
) -> None:
    told = {grant.member_id} if tell_member else set()
    others = sorted(set(tell) - {grant.member_id})
    events.emit(
        session,
        event(
            grant.id, grant.member_id, str(grant.role), grant.subject_id, _id_of(by),
            sorted(told), others,
        ),
    )  # fmt: skip


def _checked(
    session: Session,
    reason: str,
    until: dt.datetime | None = None,
    starts_at: dt.datetime | None = None,
) -> str:
    """The reason as it is stored. Raises Invalid."""
    reason = inputs.checked_text(reason, most=REASON_MAX, field="reason")
    if until is not None and until <= max(now(session), starts_at or now(session)):
        raise Invalid(fields={"until": [lazy_gettext("Choose a day in the future.")]})
    return reason


def newcomer_to_role(session: Session, handle: str) -> int:
    """The member of that name when roles may be given to them. Raises Invalid on `handle`."""
    try:
        member = lookup.member_by_handle(session, handle)
    except NotFound:
        unknown = lazy_gettext("There is no member with this name.")
        raise Invalid(fields={"handle": [unknown]}) from None
    if member.email is None or not grants_queries.is_standing(session, member.id):
        unable = lazy_gettext(
            "This account is suspended, or its e-mail address is not confirmed yet."
        )
        raise Invalid(fields={"handle": [unable]})
    return member.id


# roles over the site -------------------------------------------------------------------------


def _alone(session: Session) -> None:
    """One change of the site's roles at a time: two administrators cannot end each other."""
    key = sa.func.hashtextextended("grants:site", 0)
    session.execute(sa.select(sa.func.pg_advisory_xact_lock(key)))


def _may_manage(actor: Actor) -> None:
    """The operator of the server may; else `manage_roles` is asked. Raises Forbidden."""
    if actor.kind is ActorKind.SYSTEM:
        return
    require_contributor(actor)
    if not actor.may("manage_roles"):
        raise Forbidden()


def _administrators(session: Session) -> list[int]:
    return grants_queries.holders(session, Role.ADMINISTRATOR)


def _others(session: Session, actor: Actor) -> list[int]:
    """The other administrators, who are told."""
    return [member_id for member_id in _administrators(session) if member_id != actor.id]


def give_site_role(
    session: Session,
    actor: Actor,
    handle: str,
    role: Role,
    *,
    city_id: int | None = None,
    language: str | None = None,
    kind: str | None = None,
    until: dt.datetime | None = None,
    reason: str = "",
) -> Grant:
    """Raises Conflict, Forbidden, Invalid."""
    _may_manage(actor)
    _alone(session)
    limited = (city_id, language, kind) != (None, None, None)
    if limited and role is not Role.MODERATOR:
        only = lazy_gettext("Only a moderator's role can be limited.")
        raise Invalid(fields={"role": [only]})
    return give(
        session,
        newcomer_to_role(session, handle),
        role,
        by=actor,
        city_id=city_id,
        language=language,
        kind=kind,
        until=until,
        reason=reason,
        tell=_others(session, actor),
    )


def take_site_role(session: Session, actor: Actor, grant_id: int, *, reason: str = "") -> Grant:
    """Ends one grant over the site. Only the operator of the server takes the role of the last
    administrator. Raises Conflict, Forbidden, Invalid, NotFound."""
    _may_manage(actor)
    _alone(session)
    grant = grants_queries.locked_grant(session, grant_id)
    if grant is None or grant.subject_id is not None:
        raise NotFound()
    if grant.ended_at is not None:
        raise Conflict(lazy_gettext("This role ended before."))
    administrators = _administrators(session)
    last = grant.role == Role.ADMINISTRATOR and administrators == [grant.member_id]
    if last and actor.kind is not ActorKind.SYSTEM:
        raise Conflict(
            lazy_gettext(
                "This is the last administrator: give another member the role before you take it."
            )
        )
    end(session, grant, by=actor, reason=reason, tell=_others(session, actor))
    return grant


# privacy -------------------------------------------------------------------------------------


def export_member(session: Session, member_id: int) -> dict[str, object]:
    """Roles held, and roles given to others and taken from them."""
    return {
        "held": grants_queries.all_of_member(session, member_id),
        "given_or_taken": grants_queries.acts_of_member(session, member_id),
    }


def erase_member(session: Session, member_id: int, _with_content: bool) -> None:
    """Every role ends; rows and ids stay as history, free text about or by the member goes."""
    for grant in grants_queries.unended_of(session, member_id):
        grant.ended_at, grant.ended_by_id = now(session), member_id
    about = sa.or_(Grant.member_id == member_id, Grant.given_by_id == member_id)
    session.execute(sa.update(Grant).where(about).values(reason=""))
    ended = sa.or_(Grant.member_id == member_id, Grant.ended_by_id == member_id)
    session.execute(sa.update(Grant).where(ended).values(end_reason=""))
