"""The name beside the handle (chosen, changed, taken away by a moderator) and which photo is the
picture. Nothing here commits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext

from ugc import events
from ugc.accounts.models import Member, MemberName
from ugc.accounts.queries import lookup
from ugc.accounts.queries import naming as naming_queries
from ugc.accounts.rules import naming as naming_rules
from ugc.core import inputs, subjects
from ugc.core.access import Actor, require_contributor
from ugc.core.db import Session
from ugc.core.errors import Conflict, Forbidden, Invalid

FIELD = "name"
_checks: list[Callable[[Session, str], object | None]] = []


def check_names(check: Callable[[Session, str], object | None]) -> None:
    """A higher capability says why a member cannot be called so (None: they can)."""
    _checks.append(check)


def problem(session: Session, member_id: int | None, name: str, site: str) -> object | None:
    """Why the member (None: one who joins) cannot be called `name`, or None."""
    found = naming_rules.problem(name, site)
    if found is not None:
        return found
    if naming_queries.is_handle_of_another(session, naming_rules.handles_like(name), member_id):
        return lazy_gettext(
            "Another member has this name as their username. Add something, such as a surname."
        )
    if member_id is not None and naming_rules.was_taken_away(
        name, naming_queries.taken_away(session, member_id)
    ):
        return lazy_gettext("A moderator took this name away. Choose another.")
    return next((each for check in _checks if (each := check(session, name))), None)


def set_first(session: Session, member: Member, name: str) -> None:
    """The name that was given at joining, which `problem` had nothing against."""
    if name:
        member.name = name
        session.add(MemberName(member_id=member.id, name=name))


def set_name(session: Session, actor: Actor, name: str, site: str) -> None:
    """Calls the member `name`, or by the handle alone when it is ''. At most `rules.CHANGES` names
    in `rules.CHANGES_DAYS` days; taking it away is free. Raises Invalid on `name`, Forbidden."""
    member_id = require_contributor(actor)
    member = lookup.locked_member(session, member_id, beside_writes=True)
    name = inputs.checked_name(name, least=0, most=naming_rules.NAME_MAX, field=FIELD)
    if name == member.name:
        return
    wrong: Any = problem(session, member_id, name, site) if name else None
    if (
        name
        and wrong is None
        and not naming_rules.has_changes_left(naming_queries.own_changes(session, member_id))
    ):
        wrong = lazy_gettext(
            "You can change it %(count)d times in %(days)d days. Wait, or go by your username.",
            count=naming_rules.CHANGES,
            days=naming_rules.CHANGES_DAYS,
        )
    if wrong is not None:
        raise Invalid(fields={FIELD: [wrong]})
    _change(session, member, MemberName(member_id=member_id, name=name))


def take_away(session: Session, actor: Actor, member_id: int, *, rule: str, note: str) -> None:
    """A moderator takes the name of a member away, who is told the rule and the note and cannot
    take it again. Raises NotFound, Forbidden, Invalid, and Conflict when there is none."""
    if not actor.is_moderator or actor.id == member_id:
        raise Forbidden()
    member = lookup.locked_member(session, member_id, beside_writes=True)
    if rule not in naming_rules.RULES:
        raise Invalid(fields={"rule": [lazy_gettext("Choose which rule it breaks.")]})
    note = inputs.checked_text(
        note,
        least=rule == "other",
        most=naming_rules.NOTE_MAX,
        field="note",
        short=lazy_gettext("Say why: the member reads it."),
    )
    if not member.name:
        raise Conflict(lazy_gettext("This member has no name beside the username."))
    row = MemberName(member_id=member_id, name="", by_id=actor.id, rule=rule, note=note)
    _change(session, member, row)
    events.emit(session, events.NameTaken(member_id, row.id, rule))


def _change(session: Session, member: Member, row: MemberName) -> None:
    member.name = row.name
    session.add(row)
    session.flush()
    subjects.touch(session, member.id)


def set_picture(session: Session, member_id: int, key: str | None) -> None:
    """Shows the photo `key` (None: the initials) wherever the member is drawn."""
    session.execute(sa.update(Member).where(Member.id == member_id).values(picture=key))


def export_member(session: Session, member_id: int) -> list[dict[str, object]]:
    """What the member was called, for their own export; who took a name away is not told."""
    return [
        {
            "name": each.name,
            "at": each.set_at,
            "by_moderator": each.by_id is not None,
            "rule": each.rule,
            "note": each.note,
        }
        for each in reversed(naming_queries.histories(session, [member_id])[member_id])
    ]


def erase_member(session: Session, member_id: int) -> None:
    """The names go, and the member's own id from names that they took away as a moderator stays
    with the node without a name."""
    session.execute(sa.delete(MemberName).where(MemberName.member_id == member_id))
