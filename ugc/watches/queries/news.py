"""Reads of news: the members that an event reaches, and what waits to be delivered."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from ugc.accounts.models import Member, MemberSession
from ugc.accounts.queries import suspensions as accounts_suspensions_queries
from ugc.core.db import Session, app_now
from ugc.core.subjects import Subject
from ugc.watches.models import Follow, MailAttempt, MailChoice, News, PushSubscription, Watch
from ugc.watches.queries.reading import live_session

MATCHING = sa.text(
    """
    SELECT w.id, w.member_id, w.least FROM watches w
    WHERE w.paused_at IS NULL
      AND w.reach && ST_SetSRID(ST_MakePoint(:lon, :lat), 4326)
      AND (w.kinds = '{}' OR :kind = ANY(w.kinds))
      AND ST_DWithin(
        w.geom::geography, ST_SetSRID(ST_MakePoint(:lon, :lat), 4326)::geography, w.distance_m)
    ORDER BY w.id
    """
)

NAMED_MAX = 300  # of the latest news, whose watch the inbox names


@dataclass(frozen=True)
class Match:
    watch_id: int
    member_id: int
    least: int


def matching(session: Session, lon: float, lat: float, kind: str) -> list[Match]:
    """The live watches that hold a point: the index answers with those whose boxes do, then the
    distance to each is measured on the spheroid (none within an area)."""
    rows = session.execute(MATCHING, {"lon": lon, "lat": lat, "kind": kind})
    return [Match(row.id, row.member_id, row.least) for row in rows]


@dataclass(frozen=True)
class Recipient:
    """Who is told, and how. `mailable` when there is a confirmed address; hours as in
    `MailChoice`."""

    member_id: int
    zone: str
    mailable: bool
    delivery: str
    still_there: bool
    quiet_from: int
    quiet_until: int
    has_browser: bool


def recipients(session: Session, member_ids: Collection[int]) -> list[Recipient]:
    """Those of the members who are still there and not suspended."""
    if not member_ids:
        return []
    has_browser = (
        sa.select(PushSubscription.id)
        .join(MemberSession, MemberSession.id == PushSubscription.session_id)
        .where(PushSubscription.member_id == Member.id, *live_session())
        .exists()
    )
    rows = session.execute(
        sa.select(
            Member.id,
            Member.timezone,
            sa.and_(Member.email.is_not(None), Member.email_confirmed_at.is_not(None)).label(
                "mailable"
            ),
            sa.func.coalesce(MailChoice.delivery, "site").label("delivery"),
            sa.func.coalesce(MailChoice.still_there, sa.true()).label("still_there"),
            sa.func.coalesce(MailChoice.quiet_from, 22).label("quiet_from"),
            sa.func.coalesce(MailChoice.quiet_until, 7).label("quiet_until"),
            has_browser.label("has_browser"),
        )
        .outerjoin(MailChoice, MailChoice.member_id == Member.id)
        .where(
            Member.id.in_(member_ids),
            Member.erased_at.is_(None),
            accounts_suspensions_queries.not_suspended(),
        )
        .order_by(Member.id)
    )
    return [Recipient(*row) for row in rows]


def following_among(session: Session, report_id: int, member_ids: Collection[int]) -> set[int]:
    query = sa.select(Follow.member_id).where(
        Follow.subject_id == report_id, Follow.member_id.in_(member_ids)
    )
    return set(session.scalars(query))


def told_that_it_is_there(
    session: Session, report_id: int, member_ids: Collection[int]
) -> set[int]:
    query = sa.select(News.member_id).where(
        News.report_id == report_id, News.what == "posted", News.member_id.in_(member_ids)
    )
    return set(session.scalars(query))


def waiting_mail(session: Session, limit: int = 5000) -> Sequence[News]:
    """News to be mailed at once whose time has come, locked; what another job works on is left."""
    return session.scalars(
        sa.select(News)
        .where(
            News.mail.in_(("now", "still_there")),
            News.batch.is_(None),
            News.not_before <= app_now(),
        )
        .order_by(News.member_id, News.id)
        .limit(limit)
        .with_for_update(key_share=True, skip_locked=True)
    ).all()


def waiting_pushes(session: Session, limit: int = 5000) -> Sequence[News]:
    """As `waiting_mail`."""
    return session.scalars(
        sa.select(News)
        .where(News.push, News.pushed_at.is_(None), News.not_before <= app_now())
        .order_by(News.member_id, News.id)
        .limit(limit)
        .with_for_update(key_share=True, skip_locked=True)
    ).all()


def due_digests(session: Session, limit: int = 500) -> Sequence[MailChoice]:
    """Whose digest is due, locked."""
    return session.scalars(
        sa.select(MailChoice)
        .where(MailChoice.digest_due_at <= app_now())
        .order_by(MailChoice.digest_due_at)
        .limit(limit)
        .with_for_update(key_share=True, skip_locked=True)
    ).all()


def waiting_for_digest(session: Session, member_id: int) -> Sequence[News]:
    """Locked, oldest first."""
    return session.scalars(
        sa.select(News)
        .where(News.member_id == member_id, News.mail == "digest", News.batch.is_(None))
        .order_by(News.id)
        .with_for_update(key_share=True, skip_locked=True)
    ).all()


@dataclass(frozen=True)
class Line:
    """One line of a mail or a push: `what` of `rules.FOLLOWED`, `posted` or `still_there`; the
    watch's name is None for a report that the member follows. A line of the inbox (`told`) has a
    notification and no report."""

    id: int
    report_id: int | None
    notification_id: int | None
    what: str
    city_id: int | None
    watch: str | None
    mail: str | None
    member_id: int
    at: dt.datetime


def _lines(session: Session, *where: sa.ColumnElement[bool]) -> list[Line]:
    rows = session.execute(
        sa.select(
            News.id,
            # What was merged meanwhile leads to what it was merged into.
            sa.func.coalesce(Subject.merged_into_id, News.report_id),
            News.notification_id,
            News.what,
            News.city_id,
            Watch.name,
            News.mail,
            News.member_id,
            News.created_at,
        )
        .outerjoin(Subject, Subject.id == News.report_id)
        .outerjoin(Watch, Watch.id == News.watch_id)
        .where(*where)
        .order_by(News.id)
    )
    return [Line(*row) for row in rows]


def watch_names(session: Session, member_id: int) -> dict[int, str]:
    """Through which of their watches a member was told of the latest reports, by the report's id;
    the watch's name."""
    rows = session.execute(
        sa.select(News.report_id, Watch.name)
        .join(Watch, Watch.id == News.watch_id)
        .where(News.member_id == member_id, News.what == "posted")
        .order_by(News.id.desc())
        .limit(NAMED_MAX)
    )
    return {row.report_id: row.name for row in rows}


def lines_of_batch(session: Session, batch: str) -> list[Line]:
    return _lines(session, News.batch == batch)


def lines_by_id(session: Session, ids: Collection[int]) -> list[Line]:
    return _lines(session, News.id.in_(ids))


def attempts(session: Session, batch: str) -> tuple[int, int]:
    """(begun, refused)."""
    rows = session.execute(
        sa.select(MailAttempt.outcome, sa.func.count())
        .where(MailAttempt.batch == batch)
        .group_by(MailAttempt.outcome)
    )
    counts = {row[0]: row[1] for row in rows}
    return counts.get("begun", 0), counts.get("refused", 0)
