"""Writes of follows, watches and choices. Nothing here commits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext
from sqlalchemy.dialects.postgresql import insert

from ugc.core import inputs
from ugc.core.access import Actor, require_contributor
from ugc.core.db import Session, now
from ugc.core.errors import Conflict, Invalid, SignInNeeded
from ugc.core.subjects import Subject, new_code
from ugc.watches.models import (
    Follow,
    MailChoice,
    News,
    PushSubscription,
    Shape,
    Watch,
)
from ugc.watches.queries import reading
from ugc.watches.rules import choices, geometry


def follow(session: Session, actor: Actor, subject_id: int) -> None:
    """From now on the member is told what happens to it. Raises SignInNeeded."""
    if actor.id is None:
        raise SignInNeeded()
    session.execute(
        insert(Follow).values(member_id=actor.id, subject_id=subject_id).on_conflict_do_nothing()
    )


def unfollow(session: Session, actor: Actor, subject_id: int) -> None:
    session.execute(
        sa.delete(Follow).where(Follow.member_id == actor.id, Follow.subject_id == subject_id)
    )


def move_followers(session: Session, old_id: int, new_id: int) -> None:
    """Moves followers of what was merged to what it was merged into."""
    session.execute(
        insert(Follow)
        .from_select(
            ["member_id", "subject_id", "since"],
            sa.select(Follow.member_id, sa.literal(new_id), Follow.since).where(
                Follow.subject_id == old_id
            ),
        )
        .on_conflict_do_nothing()
    )
    session.execute(sa.delete(Follow).where(Follow.subject_id == old_id))


# watches ------------------------------------------------------------------------------------


def _checked_name(name: str) -> str:
    told = lazy_gettext("Give it a name of 1 to %(most)d characters.", most=choices.NAME_MAX)
    return inputs.checked_name(name, most=choices.NAME_MAX, short=told)


def _checked_kinds(kinds: Sequence[str]) -> list[str]:
    """All of them is as good as none chosen. Raises Invalid on `kinds`."""
    known = choices.kinds()
    wanted = sorted(set(kinds))
    if not set(wanted) <= set(known):
        raise Invalid(fields={"kinds": [lazy_gettext("Choose among the kinds shown.")]})
    return [] if len(wanted) == len(known) else wanted


def _place(watch: Watch, placed: geometry.Placed) -> None:
    watch.geom = f"SRID=4326;{placed.geom.wkt}"
    watch.reach = f"SRID=4326;{placed.reach.wkt}"
    watch.distance_m = placed.distance_m


def add_watch(
    session: Session,
    actor: Actor,
    *,
    shape: Shape,
    name: str,
    placed: geometry.Placed,
    kinds: Sequence[str],
    least: int,
) -> str:
    """A new watch; returns its public id. Raises Forbidden, Invalid, Conflict (too many)."""
    member_id = require_contributor(actor)
    # The member's row is the lock: two tabs cannot both add the twentieth.
    lock = sa.text("SELECT 1 FROM members WHERE id = :id FOR NO KEY UPDATE")
    session.execute(lock, {"id": member_id})
    if len(reading.watches_of(session, member_id)) >= choices.WATCHES_MAX:
        told = lazy_gettext(
            "You have %(most)d watches, which is the most. Delete one first.",
            most=choices.WATCHES_MAX,
        )
        raise Conflict(told)
    watch = Watch(
        public_id=new_code(),
        member_id=member_id,
        name=_checked_name(name),
        shape=shape,
        kinds=_checked_kinds(kinds),
        least=least,
    )
    _place(watch, placed)
    session.add(watch)
    session.flush()
    return watch.public_id


def change_watch(
    session: Session,
    actor: Actor,
    public_id: str,
    *,
    name: str,
    placed: geometry.Placed | None,
    kinds: Sequence[str],
    least: int,
    distance_m: float | None = None,
) -> None:
    """`placed` None keeps where it is, within `distance_m` for a way. Raises NotFound, Invalid."""
    watch = reading.locked(session, require_contributor(actor), public_id)
    watch.name = _checked_name(name)
    watch.kinds = _checked_kinds(kinds)
    watch.least = least
    if placed is None and distance_m is not None:
        placed = geometry.widened(reading.shape_of(session, watch.id), distance_m)
    if placed is not None:
        _place(watch, placed)


def pause_watch(session: Session, actor: Actor, public_id: str, *, paused: bool) -> None:
    """Raises NotFound."""
    watch = reading.locked(session, actor.id or 0, public_id)
    if paused and watch.paused_at is None:
        watch.paused_at = now(session)
    elif not paused:
        watch.paused_at = None


def delete_watch(session: Session, actor: Actor, public_id: str) -> None:
    """What it told stays told. Raises NotFound."""
    session.delete(reading.locked(session, actor.id or 0, public_id))
    session.flush()


# a person's data ----------------------------------------------------------------------------


def export_member(session: Session, member_id: int) -> dict[str, Any]:
    """All that the member watches, how they are told, and what they were told."""
    followed = session.scalars(
        sa.select(Subject.public_id)
        .join(Follow, Follow.subject_id == Subject.id)
        .where(Follow.member_id == member_id)
    )
    chosen = reading.choice(session, member_id)
    told = session.execute(
        sa.select(Subject.public_id, News.what, News.created_at)
        .join(Subject, Subject.id == News.report_id)
        .where(News.member_id == member_id)
        .order_by(News.id)
    )
    browsers = session.scalars(
        sa.select(PushSubscription).where(PushSubscription.member_id == member_id)
    )
    watches = reading.watches_of(session, member_id)
    outlines = reading.outlines(session, (watch.id for watch in watches))
    return {
        "follows": list(followed),
        "watches": [
            {
                "id": w.public_id,
                "name": w.name,
                "shape": w.shape,
                "geometry": outlines[w.id],
                "distance_m": w.distance_m,
                "kinds": w.kinds,
                "least": w.least,
                "paused": w.paused,
            }
            for w in watches
        ],
        "mail": {
            "delivery": chosen.delivery,
            "still_there": chosen.still_there,
            "hour": chosen.hour,
            "weekday": chosen.weekday,
            "quiet_from": chosen.quiet_from,
            "quiet_until": chosen.quiet_until,
        },
        "browsers": [
            {"endpoint": b.endpoint, "user_agent": b.user_agent, "at": b.created_at.isoformat()}
            for b in browsers
        ],
        "news": [{"report": r[0], "what": r[1], "at": r[2].isoformat()} for r in told],
    }


def erase_member(session: Session, member_id: int, _with_content: bool) -> None:
    for table in (News, Watch, Follow, MailChoice, PushSubscription):
        session.execute(sa.delete(table).where(table.member_id == member_id))
