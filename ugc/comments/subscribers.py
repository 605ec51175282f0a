"""Who is told of a comment: whoever follows what it is about, and whoever talked there."""

from __future__ import annotations

from ugc import events
from ugc.comments import queries
from ugc.core.db import Session
from ugc.notifications import actions as notifications
from ugc.watches import queries as watches


@events.on(events.CommentPublished, "comments.tell")
def tell(session: Session, event: events.CommentPublished) -> None:
    listeners = {
        *watches.followers(session, event.about_id),
        *queries.participants(session, event.about_id),
    }
    for member_id in sorted(listeners - {event.author_id}):
        notifications.tell(
            session,
            member_id,
            "comment",
            f"comment:{event.comment_id}",
            subject_id=event.comment_id,
            about=event.about_id,
            **({"who": event.author_id} if event.author_id else {}),
        )
