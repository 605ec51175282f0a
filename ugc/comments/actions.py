"""Writes of comments. Nothing here commits."""

from __future__ import annotations

import sqlalchemy as sa
from flask_babel import lazy_gettext

from ugc import events
from ugc.comments import queries, rules
from ugc.comments.models import KIND, Comment
from ugc.core import inputs, subjects
from ugc.core.access import Actor, require_contributor
from ugc.core.db import Session
from ugc.core.errors import Conflict, Forbidden, NotFound
from ugc.core.subjects import Subject, Visibility
from ugc.moderation import actions as moderation


def post_comment(
    session: Session, actor: Actor, about: Subject, *, text: str, language: str = "und"
) -> str:
    """Says something under a subject and returns the comment's public id; a new member's waits for
    a moderator. The same words sent twice are one comment. Raises Forbidden, Invalid, NotFound when
    the public cannot see the subject."""
    author_id = require_contributor(actor)
    if about.id not in subjects.describe(session, [about.id]):
        raise NotFound()
    text = inputs.said_in(text, least=rules.TEXT_MIN, most=rules.TEXT_MAX, field="text")
    said_before = queries.same_again(session, author_id, about.id, text)
    if said_before is not None:
        return said_before
    held = moderation.must_be_held(session, actor)
    subject = subjects.create(session, KIND, visible=not held)
    visibility = Visibility.HELD if held else Visibility.PUBLISHED
    session.add(
        Comment(
            id=subject.id,
            author_id=author_id,
            about_id=about.id,
            text=text,
            language=language,
            visibility=visibility,
        )
    )
    session.flush()
    subjects.log_move(
        session, subject.id, "visibility", None, visibility, reason="posted", actor=actor.reference
    )
    events.emit(session, events.ContentPosted(subject.id, KIND, author_id, None, held))
    if held:
        moderation.open_case(session, subject.id, "held")
    else:
        _published(session, subject.id, about.id, author_id)
    return subject.public_id


def _published(session: Session, comment_id: int, about_id: int, author_id: int | None) -> None:
    events.emit(session, events.ContentApproved(comment_id, KIND, author_id))
    events.emit(session, events.CommentPublished(comment_id, about_id, author_id))


def _move(
    session: Session, comment: Comment, visibility: Visibility, reason: str, who: str
) -> None:
    subjects.log_move(
        session, comment.id, "visibility", comment.visibility, visibility, reason=reason, actor=who
    )
    comment.visibility = visibility
    public = visibility is Visibility.PUBLISHED
    subjects.touch(session, comment.id, visible=public)
    if public:
        _published(session, comment.id, comment.about_id, comment.author_id)
    else:
        events.emit(
            session, events.ContentGone(comment.id, KIND, comment.author_id, None, str(visibility))
        )


def withdraw(session: Session, actor: Actor, comment_id: int) -> int:
    """The author takes it back; returns the subject it stood under. Raises Forbidden."""
    # Cases are locked before content, as by a moderator who decides.
    moderation.close_case(session, comment_id)
    comment = queries.locked(session, comment_id)
    if not rules.may_withdraw(actor, comment.author_id, comment.visibility):
        raise Forbidden()
    _move(session, comment, Visibility.WITHDRAWN, "withdrawn", actor.reference)
    return comment.about_id


def move(session: Session, comment_id: int, visibility: Visibility, reason: str, who: str) -> None:
    """What a moderator's decision does; nothing when it is so already. Raises Conflict when its
    author took it back."""
    comment = queries.locked(session, comment_id)
    before = Visibility(comment.visibility)
    if before is visibility:
        return
    if visibility not in subjects.VISIBILITY_MOVES[before]:
        raise Conflict(lazy_gettext("Its author took it back meanwhile."))
    _move(session, comment, visibility, reason, who)


def author_of(session: Session, comment_id: int) -> int | None:
    return queries.locked(session, comment_id).author_id


# Talk is cheap: it sets nobody free of approval.
moderation.register(KIND, moderation.Content(author_of, move, Comment))


def move_comments(session: Session, old_id: int, new_id: int) -> None:
    """What was said under what was merged stands under what it was merged into."""
    session.execute(sa.update(Comment).where(Comment.about_id == old_id).values(about_id=new_id))


def export_member(session: Session, member_id: int) -> list[dict[str, object]]:
    rows = queries.comments_by(session, member_id, limit=100_000)
    return [
        {
            "id": row.public_id,
            "about": row.about.url if row.about else None,
            "text": row.text,
            "visibility": row.visibility,
            "created_at": row.created_at.isoformat(),
        }
        for row in rows
    ]


def erase_member(session: Session, member_id: int, with_content: bool) -> None:
    """Comments go, or stay without their author."""
    ids = session.scalars(
        sa.select(Comment.id).where(Comment.author_id == member_id).order_by(Comment.id)
    ).all()
    for comment_id in ids:
        if with_content:
            moderation.close_case(session, comment_id)
        else:
            moderation.lock_case(session, comment_id)
        comment = queries.locked(session, comment_id)
        moderation.forget_texts(session, comment_id, with_flags=with_content)
        if with_content:
            if comment.visibility in (Visibility.PUBLISHED, Visibility.HELD):
                _move(session, comment, Visibility.WITHDRAWN, "erasure", "system")
            comment.text = ""
        comment.author_id = None
