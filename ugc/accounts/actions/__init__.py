"""Writes: joining, confirming, signing in, settings, leaving. Nothing here commits."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Callable

import sqlalchemy as sa
from flask_babel import lazy_gettext

from ugc import events
from ugc.accounts import queries, rules
from ugc.accounts.actions import naming
from ugc.accounts.actions.door import Caller, record_failure, wait_of_unknown
from ugc.accounts.actions.links import digest as digest
from ugc.accounts.actions.links import send_confirmation
from ugc.accounts.actions.passwords import hash_password as hash_password
from ugc.accounts.actions.passwords import is_password
from ugc.accounts.models import (
    KIND,
    AccountToken,
    MailChange,
    Member,
    MemberSession,
    UsedHandle,
)
from ugc.core import audit, erasures, identity, jobs, privacy, subjects
from ugc.core.db import Session, app_now, now
from ugc.core.errors import Conflict, Invalid

_on_join: list[Callable[[Session, Member], None]] = []
_on_sign_in: list[Callable[[Session, int], None]] = []
_handle_checks: list[Callable[[Session, str], object | None]] = []


def check_handles(check: Callable[[Session, str], object | None]) -> None:
    """A higher capability says why a handle cannot be taken (None: it can)."""
    _handle_checks.append(check)


def on_join(react: Callable[[Session, Member], None]) -> None:
    """A higher capability says what must be true as soon as somebody has joined (their parent in
    the tree of contacts); it runs in the same transaction."""
    _on_join.append(react)


def on_sign_in(react: Callable[[Session, int], None]) -> None:
    """A higher capability says what must be true when somebody has signed in in this browser; it
    gets the member's id and runs in the same transaction."""
    _on_sign_in.append(react)


def signed_in(session: Session, member_id: int) -> None:
    for react in _on_sign_in:
        react(session, member_id)


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
    if problem := rules.handle_problem(handle, site):
        fields["handle"] = [problem]
    elif queries.handle_taken(session, handle):
        fields["handle"] = [lazy_gettext("This name is taken, or was once. Choose another.")]
    elif problem := next((p for check in _handle_checks if (p := check(session, handle))), None):
        fields["handle"] = [problem]
    if name and (problem := naming.problem(session, None, name, site)):
        fields["name"] = [problem]
    personal = [handle, *email.replace("@", ".").split(".")]
    if problem := rules.password_problem(identity.password(password), personal):
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
    naming.set_first(session, member, name)
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
    """The member whom the same form made a moment ago: who presses twice goes on signed in.

    Call it before `join`; it makes two forms with one handle wait for each other. A wrong password
    counts as a failed sign-in."""
    session.execute(queries.lock("join", handle.lower()))
    if not queries.handle_taken(session, handle):
        return None
    member = queries.member_with(session, handle, email)
    may = not wait_of_unknown(session, who)
    # Hashed in any case: the time must not tell which address a name belongs to.
    if is_password(password, member.password_hash if member and may else None):
        return member
    if member is not None and may:
        record_failure(*who.unknown)
    return None


def open_session(session: Session, member_id: int, user_agent: str) -> str:
    """A new session; returns the token that the cookie holds."""
    token = secrets.token_urlsafe(32)
    session.add(
        MemberSession(
            member_id=member_id,
            token_hash=digest(token),
            user_agent=user_agent[:200],
            expires_at=now(session) + dt.timedelta(days=rules.SESSION_DAYS),
        )
    )
    return token


def session_id_of(session: Session, token: str) -> int:
    """The row of a session that was opened with `token`."""
    return session.scalars(
        sa.select(MemberSession.id).where(MemberSession.token_hash == digest(token))
    ).one()


def revoke_session(session: Session, member_id: int, session_id: int) -> None:
    """Ends one of the member's own sessions; raises Conflict when it is not theirs or over."""
    result = session.execute(
        sa.update(MemberSession)
        .where(
            MemberSession.id == session_id,
            MemberSession.member_id == member_id,
            MemberSession.revoked_at.is_(None),
        )
        .values(revoked_at=app_now())
        .returning(MemberSession.id)
    ).first()
    if result is None:
        raise Conflict(lazy_gettext("That session is over already."))
    audit.note_now("session_ended", member=member_id, session=session_id)


def change_settings(
    session: Session,
    member_id: int,
    *,
    language: str,
    timezone: str,
    shown_to_far_contacts: bool,
    profile_lists: str | None = None,
) -> None:
    member = queries.member(session, member_id)
    member.language = language
    member.timezone = timezone
    member.shown_to_far_contacts = shown_to_far_contacts
    if profile_lists is not None:
        member.profile_lists = profile_lists


def erase(session: Session, member_id: int, *, with_content: bool, password: str) -> None:
    """Takes away everything that names the person; the row stays as a node without a name.

    What the other capabilities hold goes through `core.privacy`. Raises Invalid."""
    member = queries.member(session, member_id)
    if not is_password(password, member.password_hash):
        raise Invalid(fields={"password": [lazy_gettext("This is not your present password.")]})
    _erase(session, member, with_content)
    public_id = session.get_one(subjects.Subject, member_id).public_id
    erasures.note(session, public_id, with_content)
    jobs.defer(session, "accounts.note_erasure", member=public_id, with_content=with_content)


def erase_again(session: Session, erased: dict[str, bool]) -> int:
    """Erases members, by public id, who were erased before the database was restored, each with the
    choice they made; returns how many of them were back."""
    back = session.execute(
        sa.select(Member, subjects.Subject.public_id)
        .join(subjects.Subject, subjects.Subject.id == Member.id)
        .where(subjects.Subject.public_id.in_(erased), Member.erased_at.is_(None))
        .order_by(Member.id)
    ).all()
    for member, public_id in back:
        _erase(session, member, erased[public_id])
    return len(back)


def _erase(session: Session, member: Member, with_content: bool) -> None:
    member_id = member.id
    queries.locked_member(session, member_id)
    privacy.erase(session, member_id, with_content)
    member.handle = member.email = member.password_hash = None
    member.name = member.about = ""
    member.city_id = member.picture = None
    member.language, member.timezone = "en", "UTC"
    member.shown_to_far_contacts = False
    member.erased_at = now(session)
    member.suspended_until = None
    for table in (MemberSession, AccountToken, MailChange):
        session.execute(sa.delete(table).where(table.member_id == member_id))
    subjects.touch(session, member_id, visible=False)
    audit.note_now("account_erased", member=member_id)
    events.emit(session, events.MemberErased(member_id, with_content))
