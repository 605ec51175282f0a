"""Suspending members and lifting suspensions. Nothing here commits."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from flask_babel import lazy_gettext

from ugc import events
from ugc.accounts.models import Member, Suspension, SuspensionLift, SuspensionNote
from ugc.accounts.queries import grants as grants_queries
from ugc.accounts.queries import lookup
from ugc.accounts.queries import suspensions as suspensions_queries
from ugc.accounts.rules import suspensions as suspensions_rules
from ugc.core import inputs, jobs
from ugc.core.access import Actor
from ugc.core.access import Suspension as Standing
from ugc.core.db import Session, now
from ugc.core.errors import Conflict, Forbidden, Invalid, NotFound

MAIL = "accounts.mail_suspension"


def suspend(
    session: Session,
    actor: Actor,
    member_id: int,
    *,
    reason: str,
    days: int | None,
    note: str = "",
    cause: str = "moderator",
) -> int:
    """From the end of this transaction the member can only read, export and erase: for `days`, or
    without end (None). They are told by mail and in the inbox. Returns the suspension's id.

    Raises NotFound, Forbidden, Invalid, and Conflict when a longer one stands already."""
    member = _locked(session, actor, member_id)
    note = _checked(reason, days, note)
    if member.email is None:
        raise Conflict(lazy_gettext("This account is imported: nobody signs in with it."))
    until = None if days is None else now(session) + dt.timedelta(days=days)
    standing = suspensions_queries.standing(session, member_id)
    if standing is not None and cause == "moderator" and not _is_longer(until, standing.until):
        raise Conflict(
            lazy_gettext(
                "A suspension that ends later stands already. Lift it first to shorten it."
            )
        )
    row = Suspension(member_id=member_id, reason=reason, until=until, by_id=actor.id, cause=cause)
    session.add(row)
    session.flush()
    if note:
        session.add(SuspensionNote(suspension_id=row.id, note=note))
    _settle(session, member)
    events.emit(session, events.MemberSuspended(member_id, row.id))
    jobs.defer(session, MAIL, suspension_id=row.id, lifted=False)
    return row.id


def reinstate(session: Session, actor: Actor, member_id: int) -> None:
    """Lifts every suspension that stands. Raises NotFound, Forbidden, and Conflict for none."""
    member = _locked(session, actor, member_id)
    standing = [each.id for each in suspensions_queries.all_of(session, member_id) if each.stands]
    if not standing:
        raise Conflict(lazy_gettext("No suspension stands: there is nothing to lift."))
    _lift(session, member, standing, actor.id, "moderator" if actor.is_member else "operator")


def lift_by_cause(session: Session, member_id: int, cause: str, lifted_by: str) -> None:
    """Lifts what one decision brought, after a granted appeal (`lifted_by` is the code of that);
    other suspensions stand on."""
    member = lookup.locked_member(session, member_id, beside_writes=True)
    standing = [
        each.id
        for each in suspensions_queries.all_of(session, member_id)
        if each.stands and each.cause == cause
    ]
    if standing:
        _lift(session, member, standing, None, lifted_by)


def _lift(session: Session, member: Member, ids: list[int], by_id: int | None, cause: str) -> None:
    for suspension_id in ids:
        session.add(SuspensionLift(suspension_id=suspension_id, by_id=by_id, cause=cause))
    session.flush()
    _settle(session, member)
    if member.suspended_until is None:
        events.emit(session, events.MemberReinstated(member.id, max(ids), before_time=True))
        jobs.defer(session, MAIL, suspension_id=max(ids), lifted=True)


def end_those_over(session: Session) -> int:
    """Tells members whose suspension came to its end; returns how many. The end itself needs no
    job: times are compared."""
    over = suspensions_queries.ended(session)
    for member in over:
        last = suspensions_queries.all_of(session, member.id)
        member.suspended_until = None
        if last:
            events.emit(session, events.MemberReinstated(member.id, last[0].id, before_time=False))
    return len(over)


def _locked(session: Session, actor: Actor, member_id: int) -> Member:
    member = lookup.locked_member(session, member_id, beside_writes=True)
    if member.erased_at is not None:
        raise NotFound()
    if not suspensions_rules.may_suspend(
        actor, member_id, bool(grants_queries.site_roles(session, member_id))
    ):
        raise Forbidden(
            lazy_gettext(
                "Moderators suspend members; moderators and administrators are suspended by another"
                " administrator."
            )
        )
    return member


def _checked(reason: str, days: int | None, note: str) -> str:
    """The note as it is stored. Raises Invalid, which tells all that is wrong."""
    fields: dict[str, list[object]] = {}
    if reason not in suspensions_rules.REASONS:
        fields["reason"] = [lazy_gettext("Choose one of the reasons.")]
    if days is not None and not 1 <= days <= suspensions_rules.MOST_DAYS:
        fields["days"] = [
            lazy_gettext(
                "From 1 to %(most)d days, or without end.", most=suspensions_rules.MOST_DAYS
            )
        ]
    try:
        note = inputs.checked_text(
            note,
            least=reason == "other",
            most=suspensions_rules.NOTE_MAX,
            field="note",
            short=lazy_gettext("Say why: the member reads it."),
        )
    except Invalid as bad:
        fields.update(bad.fields)
    if fields:
        raise Invalid(fields=fields)
    return note


def _is_longer(until: dt.datetime | None, than: dt.datetime | None) -> bool:
    return than is not None and (until is None or until > than)


def _settle(session: Session, member: Member) -> None:
    """`members.suspended_until` says what the standing suspensions say."""
    standing = suspensions_queries.standing(session, member.id)
    if standing is None:
        member.suspended_until = None
    else:
        member.suspended_until = standing.until or suspensions_rules.WITHOUT_END
    session.flush()


def standing(session: Session, member_id: int, until: dt.datetime | None) -> Standing:
    """What a suspended member is told on every page; `until` is `members.suspended_until`."""
    row = suspensions_queries.standing(session, member_id)
    if row is None:
        return Standing(until=until)
    return Standing(
        row.reason, suspensions_rules.REASONS.get(row.reason, ""), row.until, row.note, row.cause
    )


def export_member(session: Session, member_id: int) -> list[dict[str, object]]:
    """The member's suspensions, for their own export; who decided is not told."""
    return [
        {
            "reason": each.reason,
            "note": each.note,
            "at": each.suspended_at,
            "until": each.until,
            "lifted_at": each.lifted_at,
        }
        for each in reversed(suspensions_queries.all_of(session, member_id))
    ]


def erase_member(session: Session, member_id: int, _with_content: bool) -> None:
    """The rows stay with the node without a name; the words go."""
    own = sa.select(Suspension.id).where(Suspension.member_id == member_id)
    session.execute(sa.delete(SuspensionNote).where(SuspensionNote.suspension_id.in_(own)))
