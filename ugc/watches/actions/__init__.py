"""Writes of follows. Nothing here commits."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from ugc.core.access import Actor
from ugc.core.db import Session
from ugc.core.errors import SignInNeeded
from ugc.core.subjects import Subject
from ugc.watches.models import Follow


def follow(session: Session, actor: Actor, subject_id: int) -> None:
    """From now on the member is told what happens to it. Raises SignInNeeded."""
    if actor.id is None:
        raise SignInNeeded()
    session.execute(
        insert(Follow).values(member_id=actor.id, subject_id=subject_id).on_conflict_do_nothing()
    )


def unfollow(session: Session, actor: Actor, subject_id: int) -> None:
    session.execute(
        sa.delete(Follow).where(Follow.member_id == actor.id, Follow.subject_id == subject_id)
    )


def move_followers(session: Session, old_id: int, new_id: int) -> None:
    """Whoever followed what was merged follows what it was merged into."""
    session.execute(
        insert(Follow)
        .from_select(
            ["member_id", "subject_id", "since"],
            sa.select(Follow.member_id, sa.literal(new_id), Follow.since).where(
                Follow.subject_id == old_id
            ),
        )
        .on_conflict_do_nothing()
    )
    session.execute(sa.delete(Follow).where(Follow.subject_id == old_id))


def export_member(session: Session, member_id: int) -> dict[str, list[str]]:
    """Addresses of what the member follows."""
    followed = session.scalars(
        sa.select(Subject.public_id)
        .join(Follow, Follow.subject_id == Subject.id)
        .where(Follow.member_id == member_id)
    )
    return {"follows": list(followed)}


def erase_member(session: Session, member_id: int, _with_content: bool) -> None:
    session.execute(sa.delete(Follow).where(Follow.member_id == member_id))
