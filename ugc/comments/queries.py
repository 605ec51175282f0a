"""Reads of comments."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from ugc.accounts.models import Member
from ugc.comments import rules
from ugc.comments.models import KIND, Comment
from ugc.content import rules as content_rules
from ugc.core import subjects
from ugc.core.access import Actor
from ugc.core.db import Session, built_once, lately
from ugc.core.errors import NotFound
from ugc.core.subjects import Subject, SubjectInfo, Visibility


@dataclass(frozen=True)
class CommentRow:
    id: int
    public_id: str
    about_id: int
    text: str
    language: str
    visibility: str
    author_id: int | None
    author: str | None
    created_at: dt.datetime
    about: SubjectInfo | None = None


@built_once
def _columns() -> sa.Select[Comment, str, str | None]:
    return (
        sa.select(Comment, Subject.public_id, Member.who.label("handle"))
        .join(Subject, Subject.id == Comment.id)
        .outerjoin(Member, Member.id == Comment.author_id)
    )


def _row(row: Any, about: SubjectInfo | None = None) -> CommentRow:
    comment: Comment = row.Comment
    return CommentRow(
        id=comment.id,
        public_id=row.public_id,
        about_id=comment.about_id,
        text=comment.text,
        language=comment.language,
        visibility=comment.visibility,
        author_id=comment.author_id,
        author=row.handle,
        created_at=comment.created_at,
        about=about,
    )


def comments_about(session: Session, actor: Actor, subject_id: int) -> list[CommentRow]:
    """What `actor` may read under a subject, oldest first; the latest `rules.PAGE`."""
    rows = session.execute(_about(), {"about_id": subject_id, "reader": actor.id}).all()
    return [_row(row) for row in reversed(rows)]


@built_once
def _about() -> Any:
    mine = Comment.author_id == sa.bindparam("reader")
    seen = sa.or_(
        Comment.visibility == Visibility.PUBLISHED,
        sa.and_(mine, Comment.visibility == Visibility.HELD),
    )
    return (
        _columns()
        .where(Comment.about_id == sa.bindparam("about_id"), seen)
        .order_by(Comment.id.desc())
        .limit(rules.PAGE)
    )


def comments_by_ids(session: Session, actor: Actor, ids: Sequence[int]) -> dict[int, CommentRow]:
    """Those that `actor` may see, with what they are about."""
    rows = [
        row
        for row in session.execute(_columns().where(Comment.id.in_(ids)))
        if content_rules.may_see(actor, row.Comment.author_id, row.Comment.visibility)
    ]
    about = subjects.describe(session, {row.Comment.about_id for row in rows})
    return {row.Comment.id: _row(row, about.get(row.Comment.about_id)) for row in rows}


def comment_by_id(session: Session, actor: Actor, comment_id: int) -> CommentRow:
    """As `actor` may see it, with what it is about. Raises NotFound."""
    found = comments_by_ids(session, actor, [comment_id]).get(comment_id)
    if found is None:
        raise NotFound()
    return found


def comments_by(session: Session, member_id: int, limit: int = 50) -> list[CommentRow]:
    """A member's own, newest first, with what they are about."""
    rows = session.execute(
        _columns().where(Comment.author_id == member_id).order_by(Comment.id.desc()).limit(limit)
    ).all()
    about = subjects.describe(session, {row.Comment.about_id for row in rows})
    return [_row(row, about.get(row.Comment.about_id)) for row in rows]


def locked(session: Session, comment_id: int) -> Comment:
    """The row as it is now, locked until the transaction ends. Raises NotFound."""
    comment = session.scalar(
        sa.select(Comment)
        .where(Comment.id == comment_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if comment is None:
        raise NotFound()
    return comment


def same_again(session: Session, author_id: int, about_id: int, text: str) -> str | None:
    """The public id of the member's comment there with the same words, of `rules.SAME_WITHIN`, that
    they have not taken back and no moderator took down. Waits for the member's other requests there
    and holds the next until this transaction ends."""
    name = f"comment:{author_id}:{about_id}"
    session.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(name, 0))))
    return session.scalar(
        sa.select(Subject.public_id)
        .join(Comment, Comment.id == Subject.id)
        .where(
            Comment.author_id == author_id,
            Comment.about_id == about_id,
            Comment.text == text,
            Comment.visibility.in_([Visibility.PUBLISHED, Visibility.HELD]),
            lately(Comment.created_at, rules.SAME_WITHIN),
        )
        .order_by(Comment.id)
        .limit(1)
    )


def participants(session: Session, subject_id: int) -> list[int]:
    """The members with a public comment there."""
    return list(
        session.scalars(
            sa.select(Comment.author_id)
            .where(
                Comment.about_id == subject_id,
                Comment.visibility == Visibility.PUBLISHED,
                Comment.author_id.is_not(None),
            )
            .distinct()
        )
    )


def describe(
    session: Session, ids: Iterable[int], author_id: int | None = None
) -> list[SubjectInfo]:
    """By what they are about: what all may see, and what this author still sees of their own."""
    own = Comment.still_seen_by(author_id)
    rows = session.execute(
        sa.select(Comment.id, Comment.about_id, Subject.public_id)
        .join(Subject, Subject.id == Comment.id)
        .where(Comment.id.in_(list(ids)), sa.or_(Comment.visibility == Visibility.PUBLISHED, own))
    ).all()
    about = subjects.describe(session, {row.about_id for row in rows})
    return [
        SubjectInfo(
            row.id,
            KIND,
            row.public_id,
            about[row.about_id].title,
            f"{about[row.about_id].url}#comment-{row.public_id}",
            about[row.about_id].where,
            about[row.about_id].address,
        )
        for row in rows
        if row.about_id in about
    ]
