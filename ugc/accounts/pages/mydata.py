"""What the account itself adds to a member's export, and to the erasure."""

from __future__ import annotations

from typing import Any

from ugc.accounts.actions import naming as naming_actions
from ugc.accounts.actions import suspending
from ugc.accounts.queries import lookup, sessions, tokens
from ugc.core import privacy
from ugc.core.errors import NotFound


def export_member(db_session: Any, member_id: int) -> dict[str, Any]:
    member = lookup.member(db_session, member_id)
    if member.erased_at is not None:
        raise NotFound()
    return {
        "handle": member.handle,
        "name": member.name,
        "names": naming_actions.export_member(db_session, member_id),
        "email": member.email,
        "email_confirmed_at": member.email_confirmed_at,
        "language": member.language,
        "timezone": member.timezone,
        "shown_to_far_contacts": member.shown_to_far_contacts,
        "profile_lists": member.profile_lists,
        "suspended_until": member.suspended_until,
        "joined_at": member.joined_at,
        "sessions": [
            {
                "user_agent": s.user_agent,
                "created_at": s.created_at,
                "expires_at": s.expires_at,
                "ended_at": s.revoked_at,
            }
            for s in sessions.all_sessions(db_session, member_id)
        ],
        "suspensions": suspending.export_member(db_session, member_id),
        "links_by_mail": [
            {"purpose": t.purpose, "to": t.email, "created_at": t.created_at, "used_at": t.used_at}
            for t in tokens.tokens(db_session, member_id)
        ],
        "changes_of_address": [
            {
                "from": c.old_email,
                "to": c.new_email,
                "asked_at": c.created_at,
                "over_at": c.ended_at,
            }
            for c in lookup.mail_changes(db_session, member_id)
        ],
    }


def erase_member(db_session: Any, member_id: int, with_content: bool) -> None:
    naming_actions.erase_member(db_session, member_id)
    suspending.erase_member(db_session, member_id, with_content)


privacy.register("account", export_member, erase_member)
