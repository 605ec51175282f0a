"""Reads of follows."""

from __future__ import annotations

import sqlalchemy as sa

from ugc.core.db import Session
from ugc.watches.models import Follow


def is_following(session: Session, member_id: int | None, subject_id: int) -> bool:
    if member_id is None:
        return False
    return session.get(Follow, (member_id, subject_id)) is not None


def followers(session: Session, subject_id: int) -> list[int]:
    """Ids of the members who follow a subject."""
    return list(session.scalars(sa.select(Follow.member_id).where(Follow.subject_id == subject_id)))


def follower_count(session: Session, subject_id: int) -> int:
    query = sa.select(sa.func.count()).where(Follow.subject_id == subject_id)
    return session.scalar(query) or 0
