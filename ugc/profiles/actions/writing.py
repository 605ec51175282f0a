"""Writes of profiles. Nothing here commits."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from ugc.core import inputs, subjects
from ugc.core.access import Actor, require_contributor
from ugc.core.db import Session, now
from ugc.core.subjects import Visibility
from ugc.media import actions as media_actions
from ugc.media import queries as media_queries
from ugc.moderation import actions as moderation_actions
from ugc.profiles import queries, rules
from ugc.profiles.models import KIND, Profile


def write(session: Session, actor: Actor, text: str) -> Visibility:
    """What a confirmed member who is not suspended says about themselves; returns who sees it now.
    A newcomer's, and a refused one that was mended, waits for a moderator. Raises Forbidden,
    Invalid, SignInNeeded."""
    member_id = require_contributor(actor)
    text = inputs.checked_text(text, most=rules.TEXT_MAX, field="about")
    # Cases are locked before content, as by a moderator who decides.
    moderation_actions.lock_case(session, member_id)
    row, is_new = _row(session, member_id)
    before = Visibility(row.visibility)
    reason = queries.open_case(session, member_id)
    if text == row.text and not _waits_for_nobody(before, reason):
        return before
    if not text:
        return _clear(session, actor, row, reason)
    after = rules.next_visibility(
        None if is_new else before,
        held=moderation_actions.must_be_held(session, actor),
        waits=before is Visibility.HELD and reason is not None,
    )
    _change(session, actor, row, text, after, was=None if is_new else before)
    if after is Visibility.HELD:
        moderation_actions.open_case(session, member_id, "held")
    else:
        moderation_actions.content_changed(session, member_id)
    return after


def _waits_for_nobody(visibility: Visibility, reason: str | None) -> bool:
    """Held without a case: written before profiles were moderated. Saved again, it is asked."""
    return visibility is Visibility.HELD and reason is None


def _clear(session: Session, actor: Actor, row: Profile, reason: str | None) -> Visibility:
    """The author takes the text away. What was flagged stays a question: its name may be one."""
    before = Visibility(row.visibility)
    after = Visibility.PUBLISHED if before is Visibility.HELD else before
    _change(session, actor, row, "", after, was=before)
    if reason == "held" and not media_queries.has_held(session, row.id):
        moderation_actions.close_case(session, row.id)
    else:
        moderation_actions.content_changed(session, row.id)
    return after


def _row(session: Session, member_id: int) -> tuple[Profile, bool]:
    """The member's row, made when there is none (True)."""
    made = session.scalar(
        insert(Profile)
        .values(id=member_id, author_id=member_id, visibility=Visibility.PUBLISHED)
        .on_conflict_do_nothing()
        .returning(Profile.id)
    )
    row = queries.locked(session, member_id)
    if row is None:
        raise RuntimeError("a profile that was just made is gone")
    return row, made is not None


def _change(
    session: Session,
    actor: Actor,
    row: Profile,
    text: str,
    after: Visibility,
    *,
    was: Visibility | None,
) -> None:
    if after != was:
        subjects.log_transition(
            session, row.id, "visibility", was, after, reason="edited", actor=actor.reference
        )
    row.text, row.visibility = text, after
    row.revision += 1
    row.edited_at = now(session)
    session.flush()
    subjects.touch(session, row.id)


def move(session: Session, member_id: int, visibility: Visibility, reason: str, who: str) -> None:
    """What a moderator's decision does: a refusal hides text and picture, with their author able to
    see and mend them."""
    row, _ = _row(session, member_id)
    media_actions.follow(session, member_id, visibility)
    before = Visibility(row.visibility)
    if before is visibility:
        return
    subjects.log_transition(
        session, member_id, "visibility", before, visibility, reason=reason, actor=who
    )
    row.visibility = visibility
    session.flush()
    subjects.touch(session, member_id)


def author_of(_session: Session, member_id: int) -> int | None:
    """A profile is its member's."""
    return member_id


moderation_actions.register(
    KIND,
    moderation_actions.Reviewable(
        moderation_actions.approve_or_refuse(move), author_of, table=Profile, rules=rules.RULES
    ),
)


def erase_member(session: Session, member_id: int, _with_content: bool) -> None:
    """The text names the person: it goes whatever they chose."""
    moderation_actions.close_case(session, member_id)
    moderation_actions.forget_texts(session, member_id, with_flags=True)
    session.execute(sa.delete(Profile).where(Profile.id == member_id))
