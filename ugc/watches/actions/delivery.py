"""How a member is sent news: by mail, in digests, by push."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from ugc.accounts.queries import lookup as accounts_lookup
from ugc.core.db import Session, now
from ugc.notifications import rules as notifications_rules
from ugc.notifications.models import Notification
from ugc.notifications.rules import Family, Where
from ugc.watches.models import (
    Delivery,
    MailChoice,
    MailKind,
    News,
)
from ugc.watches.queries import reading
from ugc.watches.rules import choices, times

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
    zone = accounts_lookup.member(session, member_id).timezone
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
        .values(mail=choices.mail_kind(delivery), not_before=not_before)
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
        kinds = [code for family in families for code in notifications_rules.kinds_of(family)]
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
    chosen = reading.choice(session, member_id)
    if not choices.wants(kind, chosen.delivery, chosen.still_there):
        return
    if kind is MailKind.STILL_THERE:
        choose_delivery(session, member_id, delivery=Delivery(chosen.delivery), still_there=False)
    else:
        choose_delivery(session, member_id, delivery=Delivery.SITE)
