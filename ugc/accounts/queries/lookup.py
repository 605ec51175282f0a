"""Reads of members, sessions and tokens."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from ugc.accounts.models import (
    KIND,
    MailChange,
    Member,
    RequestedMail,
    SignInAttempt,
    UsedHandle,
)
from ugc.core.db import Session, app_now, lately
from ugc.core.errors import NotFound
from ugc.core.people import Who
from ugc.core.subjects import Subject, SubjectInfo


def member(session: Session, member_id: int) -> Member:
    """Raises NotFound."""
    found = session.get(Member, member_id)
    if found is None:
        raise NotFound()
    return found


def members(session: Session, ids: Iterable[int]) -> list[Member]:
    """These members, in no order."""
    return list(session.scalars(sa.select(Member).where(Member.id.in_(list(ids)))))


def locked_member(session: Session, member_id: int, *, beside_writes: bool = False) -> Member:
    """The member, locked against other requests until the transaction ends: for erasure. A view
    that comes here is marked `access.exclusive`. With `beside_writes` only other changes of the row
    wait, what the member is writing does not. Raises NotFound."""
    found = session.scalar(
        sa.select(Member)
        .where(Member.id == member_id)
        .with_for_update(key_share=beside_writes)
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound()
    return found


def member_by_handle(session: Session, handle: str) -> Member:
    """Raises NotFound, also for erased members."""
    found = session.scalar(sa.select(Member).where(Member.handle == handle))
    if found is None:
        raise NotFound()
    return found


def holder(session: Session, email: str) -> Member | None:
    """Who confirmed the address."""
    return session.scalar(
        sa.select(Member).where(Member.email == email, Member.email_confirmed_at.is_not(None))
    )


def pretenders(member_id: int) -> sa.Select[Any]:
    """Ids of the others who typed the member's address and did not confirm it."""
    address = sa.select(Member.email).where(Member.id == member_id).scalar_subquery()
    return sa.select(Member.id).where(
        Member.email == address, Member.id != member_id, Member.email_confirmed_at.is_(None)
    )


def members_of_address(session: Session, email: str) -> tuple[Member | None, Member | None]:
    """Who confirmed the address, and the newest of those who typed it without confirming it."""
    newest = session.scalar(
        sa.select(Member)
        .where(Member.email == email, Member.email_confirmed_at.is_(None))
        .order_by(Member.id.desc())
        .limit(1)
    )
    return holder(session, email), newest


def member_with(session: Session, handle: str, email: str) -> Member | None:
    """The member of that name, when the address is theirs too."""
    return session.scalar(sa.select(Member).where(Member.handle == handle, Member.email == email))


def lock(what: str, which: str) -> sa.Select[tuple[None]]:
    """Waits until no other transaction holds the same text; held until this one ends."""
    return sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(f"{what}:{which}", 0)))


def handle_taken(session: Session, handle: str) -> bool:
    return session.scalar(sa.select(sa.exists().where(UsedHandle.handle == handle))) or False


def people(session: Session, ids: Iterable[int | None]) -> dict[int, Who]:
    """Members as pages name them, by id; erased ones are left out."""
    wanted = {i for i in ids if i is not None}
    if not wanted:
        return {}
    rows = session.execute(
        sa.select(Member.id, Member.who.label("who")).where(Member.id.in_(wanted))
    )
    return {row.id: row.who for row in rows if row.who}


def who(session: Session, member_id: int) -> Who | None:
    """One member as pages name them; None of an erased one."""
    return people(session, [member_id]).get(member_id)


@dataclass(frozen=True)
class Failures:
    """How many within the asked time, and seconds since the last of them (0 without any)."""

    count: int
    since_last_s: float


def failures(session: Session, who: str, minutes: int) -> Failures:
    row = session.execute(
        sa.select(
            sa.func.count(),
            sa.func.coalesce(
                sa.extract("epoch", app_now() - sa.func.max(SignInAttempt.at)), sa.literal(0)
            ),
        ).where(SignInAttempt.who == who, lately(SignInAttempt.at, dt.timedelta(minutes=minutes)))
    ).one()
    return Failures(row[0], float(row[1]))


def mails_of_hour(session: Session, who: str, purpose: str) -> int:
    query = sa.select(sa.func.count()).where(
        RequestedMail.who == who,
        RequestedMail.purpose == purpose,
        lately(RequestedMail.at, dt.timedelta(hours=1)),
    )
    return session.scalar(query) or 0


def open_mail_change(session: Session, member_id: int) -> MailChange | None:
    """The change of address that was asked for and is neither made nor over."""
    return session.scalar(
        sa.select(MailChange)
        .where(
            MailChange.member_id == member_id,
            MailChange.ended_at.is_(None),
            MailChange.expires_at > app_now(),
        )
        .order_by(MailChange.id.desc())
        .limit(1)
    )


def newest_mail_change(session: Session, member_id: int) -> MailChange | None:
    return session.scalar(
        sa.select(MailChange)
        .where(MailChange.member_id == member_id)
        .order_by(MailChange.id.desc())
        .limit(1)
    )


def mail_changes(session: Session, member_id: int) -> list[MailChange]:
    """For the member's own export."""
    query = sa.select(MailChange).where(MailChange.member_id == member_id)
    return list(session.scalars(query.order_by(MailChange.id)))


def describe(session: Session, ids: Iterable[int]) -> list[SubjectInfo]:
    rows = session.execute(
        sa.select(Member.id, Member.who.label("who"), Subject.public_id)
        .join(Subject, Subject.id == Member.id)
        .where(Member.id.in_(list(ids)), Member.handle.is_not(None))
    )
    return [SubjectInfo(r.id, KIND, r.public_id, r.who.called, f"/members/{r.who}") for r in rows]
