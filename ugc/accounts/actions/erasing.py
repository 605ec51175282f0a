"""Erasing an account, once and again after a restored backup."""

from __future__ import annotations

import sqlalchemy as sa
from flask_babel import lazy_gettext

from ugc.accounts.actions.passwords import is_password
from ugc.accounts.models import (
    AccountToken,
    MailChange,
    Member,
    MemberSession,
)
from ugc.accounts.queries import lookup
from ugc.core import audit, erasures, jobs, privacy, subjects
from ugc.core.db import Session, now
from ugc.core.errors import Invalid


def erase(session: Session, member_id: int, *, with_content: bool, password: str) -> None:
    """Takes away everything that names the person; the row stays as a node without a name.

    What the other capabilities hold goes through `core.privacy`. Raises Invalid."""
    member = lookup.member(session, member_id)
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
    lookup.locked_member(session, member_id)
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
