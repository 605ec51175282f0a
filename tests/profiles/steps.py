"""What tests of texts and of pictures have in common."""

from __future__ import annotations

import sqlalchemy as sa

from tests.deciding import open_cases
from ugc.accounts.models import Member
from ugc.core.db import Session
from ugc.core.subjects import Subject


def public_id(session: Session, handle: str) -> str:
    query = sa.select(Subject.public_id).join(Member, Member.id == Subject.id)
    return session.scalars(query.where(Member.handle == handle)).one()


def reasons(session: Session) -> list[str]:
    session.expire_all()
    return [case.reason for case in open_cases(session)]
