"""Hashing and setting passwords. Nothing here commits."""

from __future__ import annotations

import secrets
import threading

import argon2
import sqlalchemy as sa
from flask_babel import lazy_gettext

from ugc.accounts.models import AccountToken, Member, MemberSession
from ugc.accounts.queries import lookup
from ugc.accounts.rules import credentials
from ugc.core import audit, identity, jobs
from ugc.core.db import Session, app_now
from ugc.core.errors import Invalid

_hasher = argon2.PasswordHasher()
# Hashing takes 64 MiB and a core: two at a time, so that a burst of sign-ins cannot drown us.
_hashing = threading.BoundedSemaphore(2)
# Compared against when there is no such account, so that both answers take the same time.
_NO_ACCOUNT = _hasher.hash(secrets.token_urlsafe(16))


def hash_password(password: str) -> str:
    with _hashing:
        return _hasher.hash(identity.password(password))


def _verified(password_hash: str, password: str) -> bool:
    with _hashing:
        try:
            return _hasher.verify(password_hash, password)
        except argon2.exceptions.VerifyMismatchError:
            return False


def is_password(password: str, password_hash: str | None) -> bool:
    """Takes as long when there is no hash. The normal form is compared first, then what was
    typed."""
    tried = (
        _verified(password_hash or _NO_ACCOUNT, spelling)
        for spelling in identity.password_spellings(password)
    )
    return any(tried) and password_hash is not None


def renew_hash(member: Member, password: str) -> None:
    """After `password` was right: hashes it again when the parameters or its spelling are old."""
    stored, normal = member.password_hash, identity.password(password)
    if stored is None:
        return
    if _hasher.check_needs_rehash(stored) or (normal != password and not _verified(stored, normal)):
        member.password_hash = hash_password(password)


def change_password(session: Session, member_id: int, old: str, new: str, keep: int) -> None:
    """`keep` is the session that stays signed in. A form sent twice is answered as the first time.
    Raises Invalid."""
    member = lookup.member(session, member_id)
    if not is_password(old, member.password_hash):
        if is_password(new, member.password_hash):
            return
        raise Invalid(fields={"old_password": [lazy_gettext("This is not your present password.")]})
    set_password(session, member, new, keep)


def set_password(session: Session, member: Member, password: str, keep: int = 0) -> None:
    """Ends older links and every session but `keep`, and tells the member by mail. Raises
    Invalid."""
    personal = [member.handle or "", member.email or ""]
    if problem := credentials.password_problem(identity.password(password), personal):
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
    jobs.defer(session, "accounts.mail_notice", member_id=member.id, what="password_changed")
    audit.note_now("password_changed", member=member.id)
