"""Tells of comments: followers of what it is about, and members who talked there."""

from __future__ import annotations

from ugc import events
from ugc.comments import queries
from ugc.core.db import Session
from ugc.notifications import actions as notifications_actions
from ugc.watches.queries import reading as watches_reading


@events.on(events.CommentPublished, "comments.tell")
def tell(session: Session, event: events.CommentPublished) -> None:
    listeners = {
        *watches_reading.followers(session, event.about_id),
        *queries.participants(session, event.about_id),
    }
    for member_id in sorted(listeners - {event.author_id}):
        notifications_actions.tell(
            session,
            member_id,
            "comment",
            f"comment:{event.comment_id}",
            subject_id=event.comment_id,
            about=event.about_id,
            **({"who": event.author_id} if event.author_id else {}),
        )
