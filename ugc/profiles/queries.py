"""Reads of profiles."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext

from ugc.accounts.models import Member
from ugc.accounts.queries import lookup as accounts_lookup
from ugc.accounts.queries import suspensions as accounts_suspensions_queries
from ugc.core.access import Actor
from ugc.core.db import Session
from ugc.core.errors import NotFound
from ugc.core.people import Who
from ugc.core.subjects import Subject, SubjectInfo, Visibility
from ugc.media import queries as media_queries
from ugc.moderation import queries as moderation_queries
from ugc.moderation.models import Case
from ugc.profiles import rules
from ugc.profiles.models import KIND, Profile


@dataclass(frozen=True)
class ProfileRow:
    """`shown` when all may read the text; `asked` when a case about it is open; `decision` is the
    last one of a moderator."""

    member_id: int
    public_id: str
    who: Who | None
    text: str
    visibility: str
    revision: int
    confirmed: bool
    suspended: bool
    shown: bool
    asked: bool
    decision: moderation_queries.DecisionRow | None


def profile(session: Session, member_id: int) -> ProfileRow:
    """As `profiles`, of one member. Raises NotFound."""
    found = profiles(session, [member_id]).get(member_id)
    if found is None:
        raise NotFound()
    return found


def profiles(session: Session, ids: Sequence[int]) -> dict[int, ProfileRow]:
    """Of any members; an empty text for one who wrote none."""
    rows = session.execute(
        sa.select(
            Member.id,
            Subject.public_id,
            Member.who.label("who"),
            sa.func.coalesce(Profile.text, "").label("text"),
            sa.func.coalesce(Profile.visibility, Visibility.PUBLISHED).label("visibility"),
            sa.func.coalesce(Profile.revision, 0).label("revision"),
            Member.email_confirmed_at.is_not(None).label("confirmed"),
            sa.not_(accounts_suspensions_queries.not_suspended()).label("suspended"),
            sa.exists()
            .where(Case.subject_id == Member.id, Case.decided_at.is_(None))
            .label("asked"),
        )
        .join(Subject, Subject.id == Member.id)
        .outerjoin(Profile, Profile.id == Member.id)
        .where(Member.id.in_(ids))
    )
    decisions = moderation_queries.last_decisions(session, ids)
    return {
        row.id: ProfileRow(
            row.id,
            row.public_id,
            row.who or None,
            row.text,
            row.visibility,
            row.revision,
            row.confirmed,
            row.suspended,
            rules.is_shown(row.visibility, confirmed=row.confirmed, suspended=row.suspended),
            row.asked,
            decisions.get(row.id),
        )
        for row in rows
    }


@dataclass(frozen=True)
class PictureRow:
    """The member's own view of the picture: `photo` is None for initials; `asked` when a case about
    the profile is open; `refused` when a moderator hid or removed it, by the rule `rule` with
    `note`."""

    photo: media_queries.PhotoRow | None
    asked: bool
    refused: bool
    rule: str | None
    note: str


def picture(session: Session, actor: Actor, member_id: int) -> PictureRow:
    photo = media_queries.picture(session, actor, member_id)
    removed = photo is not None and photo.visibility == Visibility.REMOVED
    hidden = photo is not None and photo.visibility == Visibility.HIDDEN
    decision = moderation_queries.last_decision(session, member_id) if hidden else None
    return PictureRow(
        photo,
        photo is not None and open_case(session, member_id) is not None,
        removed or hidden,
        photo.removed_reason if photo and removed else decision.rule if decision else None,
        decision.note if decision else "",
    )


def open_case(session: Session, member_id: int) -> str | None:
    """Why the open case about a profile was opened, None when there is none."""
    return session.scalar(
        sa.select(Case.reason).where(Case.subject_id == member_id, Case.decided_at.is_(None))
    )


def locked(session: Session, member_id: int) -> Profile | None:
    """The row as it is now, locked until the transaction ends."""
    return session.scalar(
        sa.select(Profile)
        .where(Profile.id == member_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )


def describe_own(session: Session, ids: Iterable[int], author_id: int) -> list[SubjectInfo]:
    """Members as all see them; the reader's own as `Your profile`."""
    return [
        SubjectInfo(info.id, KIND, info.public_id, gettext("Your profile"), info.url)
        if info.id == author_id
        else info
        for info in accounts_lookup.describe(session, ids)
    ]


def all_of_member(session: Session, member_id: int) -> dict[str, Any]:
    """For the member's own export."""
    row = session.get(Profile, member_id)
    decisions = moderation_queries.decisions_on(session, [member_id]).get(member_id, [])
    if row is None:
        return {"text": "", "decisions": decisions}
    return {
        "text": row.text,
        "visibility": row.visibility,
        "edited_at": row.edited_at,
        "decisions": decisions,
    }
