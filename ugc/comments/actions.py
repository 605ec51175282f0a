"""Writes of comments. Nothing here commits."""

from __future__ import annotations

from ugc import events
from ugc.comments import queries, rules
from ugc.comments.models import KIND, Comment
from ugc.content import actions as content_actions
from ugc.content.actions import ContentKind
from ugc.core import inputs, subjects
from ugc.core.access import Actor, require_contributor
from ugc.core.db import Session
from ugc.core.errors import NotFound
from ugc.core.subjects import Subject


def _published(session: Session, comment: Comment, _is_new: bool) -> None:
    about_id, author_id = comment.about_id, comment.author_id
    events.emit(session, events.CommentPublished(comment.id, about_id, author_id))


# Talk is cheap: it sets no member free of approval.
COMMENTS = content_actions.declare(
    ContentKind(KIND, Comment, texts={"text": ""}, about="about_id", on_published=_published)
)


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
    comment = Comment(about_id=about.id, text=text, language=language)
    return content_actions.submit(session, actor, COMMENTS, comment)


def withdraw(session: Session, actor: Actor, comment_id: int) -> int:
    """Takes a comment back for its author; returns the subject it stood under. Raises
    Forbidden."""
    return content_actions.withdraw(session, actor, COMMENTS, comment_id).about_id


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
    content_actions.erase(session, COMMENTS, member_id, with_content=with_content)
