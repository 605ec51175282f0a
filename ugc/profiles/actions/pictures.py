"""A photo as a member's picture: set, taken back. Nothing here commits."""

from __future__ import annotations

import datetime as dt

from flask_babel import lazy_gettext

from ugc.core.access import Actor, require_contributor, require_member
from ugc.core.db import Session, now
from ugc.core.errors import Conflict
from ugc.core.subjects import Visibility
from ugc.media import actions as media_actions
from ugc.media import queries as media_queries
from ugc.media import rules as media_rules
from ugc.media.models import Shape
from ugc.moderation import actions as moderation_actions
from ugc.profiles import queries
from ugc.profiles.models import Profile


def set_picture(session: Session, actor: Actor, upload: media_actions.Upload) -> bool:
    """Makes an upload the picture of a confirmed member who is not suspended, in place of the one
    before; returns whether a moderator sees it first. Raises Forbidden, Invalid, SignInNeeded."""
    member_id = require_contributor(actor)
    # Cases are locked before content, as by a moderator who decides.
    moderation_actions.lock_case(session, member_id)
    held = moderation_actions.must_be_held(session, actor) or _was_refused(session, member_id)
    media_actions.withdraw_pictures(session, actor)
    media_actions.attach(
        session, actor, member_id, [upload], held=held, city_id=None, shape=Shape.SQUARE
    )
    if held:
        moderation_actions.open_case(session, member_id, "held")
    else:
        moderation_actions.content_changed(session, member_id)
    return held


def _was_refused(session: Session, member_id: int) -> bool:
    """Whether a moderator refused the profile and approved nothing since, or removed a picture in
    the last `REMOVED_DAYS`: the next picture is looked at first."""
    profile = session.get(Profile, member_id)
    if profile is not None and profile.visibility == Visibility.HIDDEN:
        return True
    since = now(session) - dt.timedelta(days=media_rules.REMOVED_DAYS)
    return media_queries.picture_removed_since(session, member_id, since)


def remove_picture(session: Session, actor: Actor) -> None:
    """The member, suspended or not, goes by the initials again. Raises Conflict when there is no
    picture, SignInNeeded."""
    member_id = require_member(actor)
    moderation_actions.lock_case(session, member_id)
    if not media_actions.withdraw_pictures(session, actor):
        raise Conflict(lazy_gettext("You have no picture: your initials are shown."))
    profile = session.get(Profile, member_id)
    text_waits = profile is not None and profile.visibility == Visibility.HELD
    if queries.open_case(session, member_id) == "held" and not text_waits:
        moderation_actions.close_case(session, member_id)
    else:
        moderation_actions.content_changed(session, member_id)
