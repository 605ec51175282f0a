"""Writes: joining, confirming, signing in, settings, leaving. Nothing here commits."""

from __future__ import annotations

from collections.abc import Callable

from flask_babel import lazy_gettext

from ugc import events
from ugc.accounts.actions import naming as naming_actions
from ugc.accounts.actions.door import Caller, record_failure, wait_of_unknown
from ugc.accounts.actions.links import send_confirmation
from ugc.accounts.actions.passwords import hash_password, is_password
from ugc.accounts.models import (
    KIND,
    Member,
    UsedHandle,
)
from ugc.accounts.queries import lookup
from ugc.accounts.rules import credentials
from ugc.core import identity, subjects
from ugc.core.db import Session
from ugc.core.errors import Invalid

_on_join: list[Callable[[Session, Member], None]] = []

_on_sign_in: list[Callable[[Session, int], None]] = []

_handle_checks: list[Callable[[Session, str], object | None]] = []


def check_handles(check: Callable[[Session, str], object | None]) -> None:
    """A higher capability says why a handle cannot be taken (None: it can)."""
    _handle_checks.append(check)


def on_join(react: Callable[[Session, Member], None]) -> None:
    """A higher capability says what must be true as soon as a member has joined (their parent in
    the tree of contacts); it runs in the same transaction."""
    _on_join.append(react)


def join(
    session: Session,
    *,
    handle: str,
    email: str,
    password: str,
    language: str,
    timezone: str,
    name: str = "",
    site: str = "",
    back_to: str = "/",
) -> Member:
    """A new member, who gets a mail with the link that confirms the address. Nothing here tells
    whether the address is another's: then its owner is told by mail, and it cannot be confirmed.
    `site` is the community's name, which no member is called by; the link leads on to `back_to`.

    Raises Invalid on `handle`, `name` or `password`."""
    fields: dict[str, list[object]] = {}
    if problem := credentials.handle_problem(handle, site):
        fields["handle"] = [problem]
    elif lookup.handle_taken(session, handle):
        fields["handle"] = [lazy_gettext("This name is taken, or was once. Choose another.")]
    elif problem := next((p for check in _handle_checks if (p := check(session, handle))), None):
        fields["handle"] = [problem]
    if name and (problem := naming_actions.problem(session, None, name, site)):
        fields["name"] = [problem]
    personal = [handle, *email.replace("@", ".").split(".")]
    if problem := credentials.password_problem(identity.password(password), personal):
        fields["password"] = [problem]
    if fields:
        raise Invalid(fields=fields)
    subject = subjects.create(session, KIND)
    member = Member(
        id=subject.id,
        handle=handle,
        email=email,
        password_hash=hash_password(password),
        language=language,
        timezone=timezone,
    )
    session.add_all([member, UsedHandle(handle=handle)])
    session.flush()
    naming_actions.set_first(session, member, name)
    session.flush()
    session.refresh(member)
    for react in _on_join:
        react(session, member)
    send_confirmation(session, member, back_to)
    events.emit(session, events.MemberJoined(member.id))
    return member


def joined_before(
    session: Session, *, handle: str, email: str, password: str, who: Caller
) -> Member | None:
    """The member that the same form made a moment ago: a second press goes on signed in.

    Call it before `join`; it makes two forms with one handle wait for each other. A wrong password
    counts as a failed sign-in."""
    session.execute(lookup.lock("join", handle.lower()))
    if not lookup.handle_taken(session, handle):
        return None
    member = lookup.member_with(session, handle, email)
    may = not wait_of_unknown(session, who)
    # Hashed in any case: the time must not tell which address a name belongs to.
    if is_password(password, member.password_hash if member and may else None):
        return member
    if member is not None and may:
        record_failure(*who.unknown)
    return None
