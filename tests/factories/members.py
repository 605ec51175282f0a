"""Members and their roles."""

from __future__ import annotations

from typing import Any

import argon2
import sqlalchemy as sa

from ugc.accounts.actions import grants as accounts_grants_actions
from ugc.accounts.models import KIND, Grant, Member, UsedHandle
from ugc.accounts.rules import roles as accounts_roles_rules
from ugc.brands.models import Brand
from ugc.core import subjects
from ugc.core.access import SYSTEM
from ugc.core.db import Session, now

# Signing in is most of many tests: hashes that cost little.
CHEAP = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
PASSWORD = "correct horse battery"
PASSWORD_HASH = CHEAP.hash(PASSWORD)


def member(
    session: Session,
    handle: str = "",
    *,
    confirmed: bool = True,
    role: str | None = None,
    **values: object,
) -> Member:
    """A confirmed member, unless said otherwise; `role` is one over the site. Without a handle
    they get one by their id."""
    subject = subjects.create(session, KIND)
    handle = handle or f"m{subject.id}"
    own = {
        "email": f"{handle}@example.org",
        "password_hash": PASSWORD_HASH,
        "email_confirmed_at": now(session) if confirmed else None,
    }
    made = Member(id=subject.id, handle=handle, **(own | values))
    session.add_all([made, UsedHandle(handle=handle)])
    session.flush()
    if role is not None:
        site_role = accounts_roles_rules.Role(role)
        accounts_grants_actions.give(session, made.id, site_role, by=SYSTEM, announce=False)
    return made


def grant(session: Session, handle: str, role: str, **values: Any) -> None:
    """A role in force; over the site without a `subject_id`."""
    member_id = session.scalars(sa.select(Member.id).where(Member.handle == handle)).one()
    session.execute(sa.insert(Grant).values(member_id=member_id, role=role, **values))


def join_team(session: Session, handle: str, role: str = "owner") -> None:
    """The member joins the team of the only brand."""
    grant(session, handle, role, subject_id=session.scalars(sa.select(Brand.id)).one())
