"""Writes of follows, watches and choices. Nothing here commits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext
from sqlalchemy.dialects.postgresql import insert

from ugc.accounts import queries as accounts
from ugc.core import inputs
from ugc.core.access import Actor, require_contributor
from ugc.core.db import Session, now
from ugc.core.errors import Conflict, Invalid, NotFound, SignInNeeded
from ugc.core.subjects import Subject, new_code
from ugc.notifications import rules as inbox
from ugc.notifications.models import Notification
from ugc.notifications.rules import Family, Where
from ugc.watches import queries, rules
from ugc.watches.models import (
    Delivery,
    Follow,
    MailChoice,
    MailKind,
    News,
    PushSubscription,
    Shape,
    Watch,
)
from ugc.watches.rules import geometry, times


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
    """Whoever followed what was merged follows what it was merged into."""
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
    told = lazy_gettext("Give it a name of 1 to %(most)d characters.", most=rules.NAME_MAX)
    return inputs.checked_name(name, most=rules.NAME_MAX, short=told)


def _checked_kinds(kinds: Sequence[str]) -> list[str]:
    """All of them is as good as none chosen. Raises Invalid on `kinds`."""
    known = rules.kinds()
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
    if len(queries.watches_of(session, member_id)) >= rules.WATCHES_MAX:
        told = lazy_gettext(
            "You have %(most)d watches, which is the most. Delete one first.",
            most=rules.WATCHES_MAX,
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
    watch = queries.locked(session, require_contributor(actor), public_id)
    watch.name = _checked_name(name)
    watch.kinds = _checked_kinds(kinds)
    watch.least = least
    if placed is None and distance_m is not None:
        placed = geometry.widened(queries.shape_of(session, watch.id), distance_m)
    if placed is not None:
        _place(watch, placed)


def pause_watch(session: Session, actor: Actor, public_id: str, *, paused: bool) -> None:
    """Raises NotFound."""
    watch = queries.locked(session, actor.id or 0, public_id)
    if paused and watch.paused_at is None:
        watch.paused_at = now(session)
    elif not paused:
        watch.paused_at = None


def delete_watch(session: Session, actor: Actor, public_id: str) -> None:
    """What it told stays told. Raises NotFound."""
    session.delete(queries.locked(session, actor.id or 0, public_id))
    session.flush()


# choices ------------------------------------------------------------------------------------


def _stored_choice(session: Session, member_id: int) -> MailChoice:
    """The member's row, made when there is none, locked."""
    session.execute(insert(MailChoice).values(member_id=member_id).on_conflict_do_nothing())
    return session.scalars(
        sa.select(MailChoice)
        .where(MailChoice.member_id == member_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).one()


def choose_delivery(
    session: Session,
    member_id: int,
    *,
    delivery: Delivery,
    still_there: bool | None = None,
    hour: int | None = None,
    weekday: int | None = None,
    quiet_from: int | None = None,
    quiet_until: int | None = None,
) -> None:
    """How the member is told from now on; what is None stays as it was. News that waits follows
    the new choice."""
    row = _stored_choice(session, member_id)
    moment = now(session)
    zone = accounts.member(session, member_id).timezone
    for name, value in (
        ("still_there", still_there),
        ("hour", hour),
        ("weekday", weekday),
        ("quiet_from", quiet_from),
        ("quiet_until", quiet_until),
    ):
        if value is not None:
            setattr(row, name, value)
    row.delivery = delivery
    row.digest_due_at = next_digest(row, zone, moment)
    not_before = times.quiet_end(moment, zone, row.quiet_from, row.quiet_until)
    waiting = sa.and_(News.member_id == member_id, News.batch.is_(None))
    session.execute(
        sa.update(News)
        .where(waiting, News.mail.in_((MailKind.NOW, MailKind.DIGEST)))
        .values(mail=rules.mail_kind(delivery), not_before=not_before)
    )
    if not row.still_there:
        session.execute(
            sa.update(News).where(waiting, News.mail == MailKind.STILL_THERE).values(mail=None)
        )


def follow_choices(session: Session, member_id: int, wheres: Mapping[Family, Where]) -> None:
    """What waits to leave by a way that the member closed for its family does not leave."""
    for way, unsent, closed in (
        ("mail", News.batch.is_(None), {"mail": None}),
        ("push", News.pushed_at.is_(None), {"push": False}),
    ):
        families = [family for family, where in wheres.items() if not getattr(where, way)]
        kinds = [code for family in families for code in inbox.kinds_of(family)]
        of_inbox = sa.select(Notification.id).where(
            Notification.member_id == member_id, Notification.kind.in_(kinds)
        )
        unwanted: sa.ColumnElement[bool] = News.notification_id.in_(of_inbox)
        if Family.WATCHING in families:
            unwanted = sa.or_(unwanted, News.what.not_in(("told", "still_there")))
        if Family.STILL_THERE in families:
            unwanted = sa.or_(unwanted, News.what == "still_there")
        mine = sa.and_(News.member_id == member_id, unsent)
        session.execute(sa.update(News).where(mine, unwanted).values(**closed))


def next_digest(row: MailChoice, zone: str, moment: Any) -> Any:
    """When the member's next digest is due; None when they want none."""
    if row.delivery not in (Delivery.DAILY, Delivery.WEEKLY):
        return None
    weekday = row.weekday if row.delivery == Delivery.WEEKLY else None
    return times.next_digest(moment, zone, row.hour, weekday)


def unsubscribe(session: Session, member_id: int, kind: MailKind) -> None:
    """No more mail of this kind; again, or when there is none of it any more, is no error."""
    chosen = queries.choice(session, member_id)
    if not rules.wants(kind, chosen.delivery, chosen.still_there):
        return
    if kind is MailKind.STILL_THERE:
        choose_delivery(session, member_id, delivery=Delivery(chosen.delivery), still_there=False)
    else:
        choose_delivery(session, member_id, delivery=Delivery.SITE)


# browsers -----------------------------------------------------------------------------------


def add_browser(
    session: Session, member_id: int, session_id: int, browser: rules.Browser, user_agent: str
) -> None:
    """Pushes go to this browser from now on; a browser belongs to whoever signed in last. Raises
    Conflict (too many)."""
    known = queries.browsers(session, member_id)
    if len(known) >= rules.BROWSERS_MAX and browser.endpoint not in {b.endpoint for b in known}:
        told = lazy_gettext(
            "At most %(most)d browsers are told. Remove one first.", most=rules.BROWSERS_MAX
        )
        raise Conflict(told)
    values = {
        "member_id": member_id,
        "session_id": session_id,
        "p256dh": browser.p256dh,
        "auth": browser.auth,
        "user_agent": user_agent[:300],
    }
    session.execute(
        insert(PushSubscription)
        .values(endpoint=browser.endpoint, **values)
        .on_conflict_do_update(index_elements=["endpoint"], set_=values)
    )


def remove_browser(session: Session, member_id: int, subscription_id: int) -> None:
    """Raises NotFound, also for somebody else's."""
    gone = session.execute(
        sa.delete(PushSubscription)
        .where(PushSubscription.id == subscription_id, PushSubscription.member_id == member_id)
        .returning(PushSubscription.id)
    ).first()
    if gone is None:
        raise NotFound()


# a person's data ----------------------------------------------------------------------------


def export_member(session: Session, member_id: int) -> dict[str, Any]:
    """All that the member watches, how they are told, and what they were told."""
    followed = session.scalars(
        sa.select(Subject.public_id)
        .join(Follow, Follow.subject_id == Subject.id)
        .where(Follow.member_id == member_id)
    )
    chosen = queries.choice(session, member_id)
    told = session.execute(
        sa.select(Subject.public_id, News.what, News.created_at)
        .join(Subject, Subject.id == News.report_id)
        .where(News.member_id == member_id)
        .order_by(News.id)
    )
    browsers = session.scalars(
        sa.select(PushSubscription).where(PushSubscription.member_id == member_id)
    )
    return {
        "follows": list(followed),
        "watches": [
            {
                "id": w.public_id,
                "name": w.name,
                "shape": w.shape,
                "geometry": queries.outline(session, w.id),
                "distance_m": w.distance_m,
                "kinds": w.kinds,
                "least": w.least,
                "paused": w.paused,
            }
            for w in queries.watches_of(session, member_id)
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
