"""Writes: joining, confirming, signing in, settings, leaving. Nothing here commits."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
import threading
from collections.abc import Callable

import argon2
import sqlalchemy as sa
from flask_babel import lazy_gettext

from ugc import events
from ugc.accounts import queries, rules
from ugc.accounts.models import KIND, AccountToken, Member, MemberSession, SignInAttempt, UsedHandle
from ugc.core import jobs, keyed, privacy, subjects
from ugc.core.db import Session, app_now, now, record
from ugc.core.errors import Conflict, DomainError, Invalid, TooFast

_hasher = argon2.PasswordHasher()
# Hashing takes 64 MiB and a core: two at a time, so that a burst of sign-ins cannot drown us.
_hashing = threading.BoundedSemaphore(2)
# Compared against when there is no such account, so that both answers take the same time.
_NOBODY = _hasher.hash(secrets.token_urlsafe(16))


_on_join: list[Callable[[Session, Member], None]] = []
_on_sign_in: list[Callable[[Session, int], None]] = []


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


def digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def hash_password(password: str) -> str:
    with _hashing:
        return _hasher.hash(password)


def _password_is(password: str, password_hash: str | None) -> bool:
    with _hashing:
        try:
            return _hasher.verify(password_hash or _NOBODY, password) and password_hash is not None
        except argon2.exceptions.VerifyMismatchError:
            return False


def join(
    session: Session, *, handle: str, email: str, password: str, language: str, timezone: str
) -> Member:
    """A new member, who gets a mail with the link that confirms the address.

    Raises Invalid on `handle`, `email` or `password`."""
    fields: dict[str, list[object]] = {}
    if problem := rules.handle_problem(handle):
        fields["handle"] = [problem]
    elif queries.handle_taken(session, handle):
        fields["handle"] = [lazy_gettext("This name is taken, or was once. Choose another.")]
    if problem := rules.password_problem(password, [handle, *email.replace("@", ".").split(".")]):
        fields["password"] = [problem]
    if queries.member_by_email(session, email) is not None:
        fields["email"] = [
            lazy_gettext("There is an account with this address. Sign in, or reset its password.")
        ]
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
    session.refresh(member)
    for react in _on_join:
        react(session, member)
    send_confirmation(session, member)
    events.emit(session, events.MemberJoined(member.id))
    return member


def joined_before(
    session: Session, *, handle: str, email: str, password: str, account: str, address: str
) -> Member | None:
    """The member whom the same form made a moment ago: who presses twice goes on signed in.

    Call it before `join`; it makes two forms with one handle wait for each other. A wrong password
    counts as a failed sign-in (`account` and `address` as there)."""
    session.execute(queries.lock_handle(handle))
    if not queries.handle_taken(session, handle):
        return None
    member = queries.member_with(session, handle, email)
    if rules.too_many_attempts(
        queries.recent_failures(session, account), queries.recent_failures(session, address)
    ):
        return None
    # Hashed in any case: the time must not tell which address a name belongs to.
    if _password_is(password, member.password_hash if member else None):
        return member
    if member is not None:
        _record_failure(account, address)
    return None


def _record_failure(*keys: str) -> None:
    for who in keys:
        record(SignInAttempt.__table__, {"who": who})  # type: ignore[arg-type]


def send_confirmation(session: Session, member: Member) -> None:
    jobs.defer(session, "accounts.mail_link", member_id=member.id, purpose="confirm")


def request_reset(session: Session, email: str) -> None:
    """Sends a link when the account exists; says nothing about whether it does, and takes the
    same time: nobody (0) is a job too."""
    member = queries.member_by_email(session, email)
    jobs.defer(session, "accounts.mail_link", member_id=member.id if member else 0, purpose="reset")


def issue_token(session: Session, member: Member, purpose: str) -> str:
    """A new one-time token for the member's present address."""
    minutes = rules.RESET_MINUTES if purpose == "reset" else rules.CONFIRM_HOURS * 60
    token = secrets.token_urlsafe(32)
    session.add(
        AccountToken(
            member_id=member.id,
            purpose=purpose,
            token_hash=digest(token),
            email=member.email,
            expires_at=now(session) + dt.timedelta(minutes=minutes),
        )
    )
    return token


def _use_token(session: Session, token: str, purpose: str) -> Member:
    row = queries.good_token(session, digest(token), purpose)
    if row is not None:
        member = queries.member(session, row.member_id)
        if member.email is not None and member.email.lower() == row.email.lower():
            row.used_at = now(session)
            return member
    raise DomainError(
        lazy_gettext("This link was used already or is too old. Ask for a new one."),
        code="link_expired",
    )


def confirm_email(session: Session, token: str) -> Member:
    """Raises DomainError `link_expired`."""
    member = _use_token(session, token, "confirm")
    if member.email_confirmed_at is None:
        member.email_confirmed_at = now(session)
        events.emit(session, events.MemberConfirmed(member.id))
    return member


def reset_password(session: Session, token: str, password: str) -> Member:
    """Sets the password and ends every session. The same link with the same new password is
    answered alike for ten minutes. Raises Invalid, DomainError `link_expired`."""
    before = queries.member_who_used(session, digest(token), "reset")
    if before is not None and _password_is(password, before.password_hash):
        return before  # pressed twice: the first press set this very password
    member = _use_token(session, token, "reset")
    _set_password(session, member, password)
    if member.email_confirmed_at is None:
        member.email_confirmed_at = now(session)
        events.emit(session, events.MemberConfirmed(member.id))
    return member


def change_password(session: Session, member_id: int, old: str, new: str, keep: int) -> None:
    """`keep` is the session that stays signed in. Raises Invalid."""
    member = queries.member(session, member_id)
    if not _password_is(old, member.password_hash):
        raise Invalid(fields={"old_password": [lazy_gettext("This is not your present password.")]})
    _set_password(session, member, new, keep)


def _set_password(session: Session, member: Member, password: str, keep: int = 0) -> None:
    if problem := rules.password_problem(password, [member.handle or "", member.email or ""]):
        raise Invalid(fields={"password": [problem]})
    member.password_hash = hash_password(password)
    # Links that older mails hold would undo this.
    session.execute(
        sa.update(AccountToken)
        .where(
            AccountToken.member_id == member.id,
            AccountToken.purpose == "reset",
            AccountToken.used_at.is_(None),
        )
        .values(used_at=app_now())
    )
    session.execute(
        sa.update(MemberSession)
        .where(MemberSession.member_id == member.id, MemberSession.id != keep)
        .values(revoked_at=app_now())
    )


def attempt_key(text: str) -> str:
    """A keyed hash of an address, so that the list of failures names no one."""
    return keyed.digest("sign-in attempts", text.lower().encode())[:32]


def sign_in(session: Session, *, email: str, password: str, account: str, address: str) -> Member:
    """The member. `account` and `address` are `attempt_key`s; failures are kept although the
    request is refused. Raises TooFast, Invalid."""
    if rules.too_many_attempts(
        queries.recent_failures(session, account), queries.recent_failures(session, address)
    ):
        raise TooFast(
            lazy_gettext("Too many wrong passwords. Wait 15 minutes, or reset the password."),
            retry_after=rules.ATTEMPT_WINDOW_MINUTES * 60,
        )
    member = queries.member_by_email(session, email)
    if not _password_is(password, member.password_hash if member else None) or member is None:
        _record_failure(account, address)
        raise Invalid(
            lazy_gettext("E-mail and password do not match. Try again, or reset the password."),
            code="wrong_credentials",
        )
    if member.password_hash and _hasher.check_needs_rehash(member.password_hash):
        member.password_hash = hash_password(password)
    return member


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
    if not _password_is(password, member.password_hash):
        raise Invalid(fields={"password": [lazy_gettext("This is not your present password.")]})
    queries.locked_member(session, member_id)
    privacy.erase(session, member_id, with_content)
    member.handle = member.email = member.password_hash = None
    member.about = ""
    member.city_id = None
    member.language, member.timezone = "en", "UTC"
    member.shown_to_far_contacts = False
    member.suspended_until = None
    member.erased_at = now(session)
    for table in (MemberSession, AccountToken):
        session.execute(sa.delete(table).where(table.member_id == member_id))
    subjects.touch(session, member_id, visible=False)
    events.emit(session, events.MemberErased(member_id, with_content))
