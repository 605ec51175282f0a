"""Export and erasure of what a member reported and voted."""

from __future__ import annotations

import sqlalchemy as sa

from ugc.content import actions as content_actions
from ugc.content import queries as content_queries
from ugc.core import subjects
from ugc.core.access import Actor, ActorKind
from ugc.core.db import Session
from ugc.moderation import queries as moderation_queries
from ugc.reports.actions import posting as posting_actions
from ugc.reports.models import (
    MemberPosition,
)
from ugc.reports.queries import exact as exact_queries
from ugc.reports.queries import life as life_queries
from ugc.reports.queries import reading


def export_member(session: Session, member_id: int) -> dict[str, object]:
    """The member's reports with their full text and what was decided on them, and the member's
    votes on those of others."""
    me = Actor(ActorKind.MEMBER, id=member_id)
    rows = reading.reports_of(session, me, member_id, limit=100_000)
    decisions = moderation_queries.decisions_on(session, (row.id for row in rows))
    earlier = content_queries.versions_of(session, (row.id for row in rows))
    exact = exact_queries.given_by(session, member_id)
    return {
        "posted": [
            {
                "id": row.public_id,
                "kind": row.kind.code,
                "subkind": row.subkind.code if row.subkind else None,
                "lon": row.lon,
                "lat": row.lat,
                "where": row.whole_where,
                "accuracy_m": row.accuracy_m,
                "coarse": row.coarse,
                "exact": {"lon": exact[row.id].lon, "lat": exact[row.id].lat}
                if row.id in exact
                else None,
                "author_hidden": row.author_hidden,
                "text": row.text,
                "language": row.language,
                "state": row.state,
                "visibility": row.visibility,
                "confirmations": row.confirmations,
                "denials": row.denials,
                "occurred_at": row.occurred_at,
                "expires_at": row.expires_at,
                "earlier": [version.said["text"] for version in earlier.get(row.id, [])],
                "decisions": decisions.get(row.id, []),
            }
            for row in rows
        ],
        "notes": subjects.notes_of(session, me.reference),
        "votes": [
            {"report": of, "still_there": vote.still_there, "at": vote.voted_at}
            for vote, of in life_queries.votes_by(session, member_id)
        ],
    }


def export_position(session: Session, member_id: int) -> dict[str, object]:
    """Where the member last was when they voted, to a tenth of a degree."""
    last = life_queries.last_position(session, member_id)
    return {"lon": last[0].lon, "lat": last[0].lat, "at": last[1]} if last else {}


def erase_position(session: Session, member_id: int, _with_content: bool) -> None:
    session.execute(sa.delete(MemberPosition).where(MemberPosition.member_id == member_id))


def erase_member(session: Session, member_id: int, with_content: bool) -> None:
    """Votes stay as counts without a name; reports go, or stay without their author."""
    content_actions.erase(session, posting_actions.REPORTS, member_id, with_content=with_content)
    subjects.forget_notes(session, f"{ActorKind.MEMBER}:{member_id}", "reopened")
