"""Telling: what happened to a report becomes news of those who watch it, once each. Nothing here
commits, and nothing leaves: jobs hand it over."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from ugc import events
from ugc.accounts.models import Member
from ugc.core import jobs
from ugc.core.db import Session, app_now, now
from ugc.core.subjects import new_code
from ugc.notifications import actions as notifications_actions
from ugc.notifications import queries as notifications_queries
from ugc.notifications.rules import Family
from ugc.watches.actions import delivery
from ugc.watches.models import MailAttempt, MailKind, News
from ugc.watches.queries import news as news_queries
from ugc.watches.queries import reading
from ugc.watches.rules import choices, times

BATCH_LENGTH = 16
HAND_OVER = "watches.hand_over"
MAIL = "watches.mail"
PUSH = "watches.push"


def report_changed(session: Session, event: events.ReportChanged) -> None:
    """Tells followers and watchers, but not the actor; the author knows of their own
    report. Run twice, it tells nothing twice."""
    what = choices.FOLLOWED.get(event.what)
    if what is not None:
        _tell(session, event, what, dict.fromkeys(_followers(session, event)))
    # What waits for a moderator reaches only those who follow it already.
    if event.held:
        return
    if event.what == "closed":
        _tell(session, event, "closed", _watchers_of_end(session, event))
    elif event.what in choices.ROSE:
        _tell(session, event, "posted", _watchers(session, event))


def _followers(session: Session, event: events.ReportChanged) -> set[int]:
    told = set(reading.followers(session, event.report_id)) - {event.actor_id}
    if event.what == "confirmed":
        told.discard(event.author_id)  # the inbox tells authors in words of their own
    return {member_id for member_id in told if member_id is not None}


def _first_watch(matches: Iterable[news_queries.Match]) -> dict[int, int | None]:
    """Of several watches of a member the oldest tells."""
    found: dict[int, int | None] = {}
    for match in matches:
        found.setdefault(match.member_id, match.watch_id)
    return found


def _watchers(session: Session, event: events.ReportChanged) -> dict[int, int | None]:
    """Member → the watch that a report appears in now; those who follow it know it already."""
    found = _first_watch(
        match
        for match in news_queries.matching(session, event.lon, event.lat, event.kind)
        if match.member_id not in (event.author_id, event.actor_id)
        and choices.appears(event.what, event.reliability, match.least)
    )
    for member_id in news_queries.following_among(session, event.report_id, list(found)):
        del found[member_id]
    return found


def _watchers_of_end(session: Session, event: events.ReportChanged) -> dict[int, int | None]:
    """Member → the watch that tells that it is over: to who was told that it was there, or would
    be."""
    matches = [
        match
        for match in news_queries.matching(session, event.lon, event.lat, event.kind)
        if match.member_id not in (event.author_id, event.actor_id)
    ]
    told = news_queries.told_that_it_is_there(
        session, event.report_id, list({match.member_id for match in matches})
    )
    return _first_watch(
        match for match in matches if match.member_id in told or match.least <= event.reliability
    )


def _tell(
    session: Session,
    event: events.ReportChanged,
    what: str,
    members: dict[int, int | None],
) -> None:
    moment = now(session)
    at = dt.datetime.fromisoformat(event.at) if event.at else moment
    _store(
        session,
        news_queries.recipients(session, list(members)),
        report_id=event.report_id,
        what=what,
        at=at,
        moment=moment,
        watches=members,
        city_id=event.city_id,
        leaves=not event.held,
    )


def still_there_asked(session: Session, event: events.StillThereAsked) -> None:
    """Asks by mail too, once for each report; the inbox asks by itself."""
    moment = now(session)
    _store(
        session,
        news_queries.recipients(session, event.member_ids),
        report_id=event.report_id,
        what="still_there",
        at=moment,
        moment=moment,
        watches={},
        city_id=None,
        leaves=True,
    )


def _store(
    session: Session,
    people: Sequence[news_queries.Recipient],
    *,
    report_id: int,
    what: str,
    at: dt.datetime,
    moment: dt.datetime,
    watches: dict[int, int | None],
    city_id: int | None,
    leaves: bool,
) -> None:
    """`leaves` False keeps it in the inbox."""
    rows = []
    family = Family.STILL_THERE if what == "still_there" else Family.WATCHING
    wheres = notifications_queries.where(session, [person.member_id for person in people], family)
    for person in people:
        where = wheres[person.member_id]
        if what == "still_there":
            mail = MailKind.STILL_THERE if person.still_there else None
        else:
            mail = choices.mail_kind(person.delivery) if where.mail else None
        causes = {"posted": "", "still_there": "", "votes": times.local_day(at, person.zone)}
        rows.append(
            {
                "member_id": person.member_id,
                "report_id": report_id,
                "what": what,
                "cause": causes.get(what, at.isoformat()),
                "city_id": city_id,
                "watch_id": watches.get(person.member_id),
                "mail": mail if leaves and person.mailable else None,
                "push": leaves and person.has_browser and where.push,
                "not_before": times.quiet_end(
                    moment, person.zone, person.quiet_from, person.quiet_until
                ),
            }
        )
    if not rows:
        return
    new = session.execute(
        insert(News)
        .values(rows)
        .on_conflict_do_nothing()
        .returning(News.member_id, News.cause, News.not_before, News.mail, News.push)
    ).all()
    if what != "still_there":
        for row in new:
            cause = ":".join(filter(None, (f"report:{report_id}", row.cause)))
            notifications_actions.tell(
                session, row.member_id, f"news_{what}", cause, subject_id=report_id
            )
    if any((r.mail in ("now", "still_there") or r.push) and r.not_before <= moment for r in new):
        jobs.defer(session, HAND_OVER)


def leave_inbox(session: Session, told: notifications_actions.Told) -> None:
    """A line of the inbox leaves by mail and push, where its member wants its family. What is
    watched has news of its own."""
    if told.family in (Family.WATCHING, Family.STILL_THERE):
        return
    moment = now(session)
    for person in news_queries.recipients(session, [told.member_id]):
        wanted = choices.mail_kind(person.delivery) if told.where.mail and person.mailable else None
        push = told.where.push and person.has_browser
        if wanted is None and not push:
            continue
        not_before = times.quiet_end(moment, person.zone, person.quiet_from, person.quiet_until)
        session.add(
            News(
                member_id=told.member_id,
                notification_id=told.notification_id,
                what="told",
                mail=wanted,
                push=push,
                not_before=not_before,
            )
        )
        if not_before <= moment and (wanted is MailKind.NOW or push):
            jobs.defer(session, HAND_OVER)


notifications_actions.on_told(leave_inbox)


# handing over -------------------------------------------------------------------------------


def enqueue_due_deliveries(session: Session) -> None:
    """Enqueues the mails and pushes that are due and marks their news as sent, in one transaction:
    each gets one job. News of one member share a mail; each question whether a report is still
    there has its own."""
    mails: dict[tuple[int, str, int], list[int]] = defaultdict(list)
    for row in _outside_quiet_hours(session, news_queries.waiting_mail(session)):
        alone = row.id if row.mail == MailKind.STILL_THERE else 0
        mails[(row.member_id, str(row.mail), alone)].append(row.id)
    for ids in mails.values():
        _batch(session, ids)
    pushes: dict[int, list[int]] = defaultdict(list)
    for row in _outside_quiet_hours(session, news_queries.waiting_pushes(session)):
        pushes[row.member_id].append(row.id)
    for member_id, ids in pushes.items():
        session.execute(sa.update(News).where(News.id.in_(ids)).values(pushed_at=app_now()))
        for browser in reading.browsers(session, member_id):
            jobs.defer(session, PUSH, subscription_id=browser.id, news_ids=ids)


def _outside_quiet_hours(session: Session, rows: Sequence[News]) -> list[News]:
    """What may leave now. News that came due while the worker was away, and whose reader has quiet
    hours meanwhile, waits for their end."""
    moment = now(session)
    ends = {
        person.member_id: times.quiet_end(
            moment, person.zone, person.quiet_from, person.quiet_until
        )
        for person in news_queries.recipients(session, {row.member_id for row in rows})
    }
    found = []
    for row in rows:
        end = ends.get(row.member_id, moment)
        if end > moment:
            row.not_before = end
        else:
            found.append(row)
    return found


def _batch(session: Session, ids: Sequence[int]) -> None:
    batch = new_code(BATCH_LENGTH)
    session.execute(sa.update(News).where(News.id.in_(ids)).values(batch=batch))
    jobs.defer(session, MAIL, batch=batch)


def begin_digests(session: Session) -> None:
    """For each member whose digest is due: the next one is set first, then what waits becomes one
    mail. What was mailed at once, or in an earlier digest, waits no more."""
    moment = now(session)
    for choice in news_queries.due_digests(session):
        zone = session.scalars(
            sa.select(Member.timezone).where(Member.id == choice.member_id)
        ).one()
        choice.digest_due_at = delivery.next_digest(choice, zone, moment)
        waiting = news_queries.waiting_for_digest(session, choice.member_id)
        if waiting:
            _batch(session, [row.id for row in waiting])


def forget_old(session: Session) -> None:
    limit = app_now() - sa.cast(f"{choices.KEPT_DAYS} days", sa.Interval)
    session.execute(sa.delete(News).where(News.created_at < limit))
    session.execute(sa.delete(MailAttempt).where(MailAttempt.at < limit))
