"""Reads of the inbox."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from ugc.accounts.queries import lookup as accounts_lookup
from ugc.accounts.rules.roles import NAMES, Role
from ugc.core import subjects, texts
from ugc.core.db import Session, built_once
from ugc.core.errors import NotFound
from ugc.core.people import Who
from ugc.notifications import rules
from ugc.notifications.models import NewsChoice, Notification


@dataclass(frozen=True)
class Item:
    """One line of the inbox; `url` is where it leads, '' when the thing is gone. `ids`, `facts` and
    `cause` are of what was folded into it, the newest first."""

    ids: tuple[int, ...]
    kind: str
    icon: str
    text: str
    url: str
    subject_id: int | None
    folded: tuple[dict[str, Any], ...]
    cause: str
    read: bool
    created_at: dt.datetime
    day: dt.date

    @property
    def id(self) -> int:
        return self.ids[0]


def _day(zone: str) -> sa.ColumnElement[dt.date]:
    """The reader's."""
    return sa.cast(sa.func.timezone(zone, Notification.created_at), sa.Date)


def _fold(zone: str) -> sa.ColumnElement[str]:
    """What is one line has the same."""
    folding = [code for code, kind in rules.KINDS.items() if kind.folds]
    # Of comments each is a subject of its own; what they are about is in the facts.
    about = sa.func.coalesce(
        Notification.facts["about"].astext, sa.cast(Notification.subject_id, sa.Text), ""
    )
    return sa.case(
        (
            Notification.kind.in_(folding),
            sa.func.concat(Notification.kind, ":", about, ":", _day(zone)),
        ),
        else_=sa.cast(Notification.id, sa.Text),
    )


def unread_count(session: Session, member_id: int, zone: str) -> int:
    """How many lines of the inbox are new, by the partial index on unread ones."""
    return session.scalar(_unread_count(zone), {"member_id": member_id}) or 0


@built_once
def _unread_count(zone: str) -> sa.Select[int]:
    return sa.select(sa.func.count(sa.distinct(_fold(zone)))).where(
        Notification.member_id == sa.bindparam("member_id"),
        Notification.read_at.is_(None),
        Notification.shown,
    )


def inbox(
    session: Session,
    member_id: int,
    before: int | None = None,
    zone: str = "UTC",
    *,
    family: rules.Family | None = None,
    unread: bool = False,
) -> tuple[list[Item], int | None]:
    """A page of lines, newest first, and the id that the next page is `before`, None at the end.
    `rules.PAGE` notifications, and the rest of the day of the last one, so that no line is told in
    two halves. Only of `family` (None: of all), and with `unread` only what was not read."""
    query = (
        sa.select(Notification, _fold(zone).label("fold"), _day(zone).label("day"))
        .where(Notification.member_id == member_id, Notification.shown)
        .order_by(Notification.id.desc())
    )
    if family is not None:
        query = query.where(Notification.kind.in_(rules.kinds_of(family)))
    if unread:
        query = query.where(Notification.read_at.is_(None))
    if before is not None:
        query = query.where(Notification.id < before)
    rows = list(session.execute(query.limit(rules.PAGE)))
    following = None
    if len(rows) == rules.PAGE:
        last = rows[-1]
        rest = query.where(Notification.id < last.Notification.id, _day(zone) == last.day)
        rows += session.execute(rest)
        oldest = rows[-1].Notification.id
        if session.scalar(query.where(Notification.id < oldest).limit(1)) is not None:
            following = oldest
    return _lines(session, member_id, rows), following


def items(session: Session, member_id: int, ids: Collection[int], zone: str = "UTC") -> list[Item]:
    """These notifications of a member as lines, the newest first, whether the site shows them or
    not: for mails and pushes."""
    query = (
        sa.select(Notification, _fold(zone).label("fold"), _day(zone).label("day"))
        .where(Notification.member_id == member_id, Notification.id.in_(ids))
        .order_by(Notification.id.desc())
    )
    return _lines(session, member_id, session.execute(query).all()) if ids else []


def where(
    session: Session, member_ids: Collection[int], family: rules.Family
) -> dict[int, rules.Where]:
    """Where each of the members wants a family of news."""
    rows = session.scalars(
        sa.select(NewsChoice).where(
            NewsChoice.member_id.in_(member_ids), NewsChoice.family == family
        )
    )
    chosen = {row.member_id: rules.Where(row.site, row.mail, row.push) for row in rows}
    return {each: rules.where(family, chosen.get(each)) for each in member_ids}


def wheres(session: Session, member_id: int) -> dict[rules.Family, rules.Where]:
    """Where a member wants every family of news."""
    rows = session.scalars(sa.select(NewsChoice).where(NewsChoice.member_id == member_id))
    chosen = {row.family: rules.Where(row.site, row.mail, row.push) for row in rows}
    return {family: rules.where(family, chosen.get(family)) for family in rules.FAMILIES}


def _lines(session: Session, member_id: int, rows: Sequence[Any]) -> list[Item]:
    folds: dict[str, list[Notification]] = {}
    days: dict[str, dt.date] = {}
    for row in rows:
        folds.setdefault(row.fold, []).append(row.Notification)
        days.setdefault(row.fold, row.day)
    about = subjects.describe(
        session,
        [row.Notification.subject_id for row in rows if row.Notification.subject_id],
        member_id,
    )
    people = {int(row.Notification.facts["who"]) for row in rows if "who" in row.Notification.facts}
    named = accounts_lookup.people(session, people)
    return [_item(fold, about, named, days[code]) for code, fold in folds.items()]


def _item(
    fold: Sequence[Notification],
    about: dict[int, subjects.SubjectInfo],
    named: dict[int, Who],
    day: dt.date,
) -> Item:
    """Of notifications that are one line, the newest first."""
    newest = fold[0]
    kind = rules.KINDS[newest.kind]
    # The newest that can still be seen: of several comments one may be gone.
    seen = (about.get(row.subject_id) for row in fold if row.subject_id)
    info = next((each for each in seen if each), None)
    people = dict.fromkeys(row.facts["who"] for row in fold if "who" in row.facts)
    who = tuple(named.get(int(each)) or Who(str(rules.SOMEBODY)) for each in people)
    url = info.url if info else str(newest.facts.get("url", ""))
    if info and "page" in newest.facts:
        url = f"{info.url}/{newest.facts['page']}"
    if newest.kind == "contact":
        known = [one for each in people if (one := named.get(int(each)))]
        url = f"/members/{known[0]}" if len(who) == 1 and known else "/contacts"
    told = rules.Told(
        title=info.named if info else texts.isolated(str(newest.facts.get("title", rules.GONE))),
        who=who or (Who(str(rules.SOMEBODY)),),
        count=len(people) or len(fold),
        role=str(NAMES[Role(newest.facts["role"])]) if "role" in newest.facts else "",
        of=str(newest.facts.get("of") or (info.kind if info else "")),
        level=max(int(row.facts.get("n", 0)) for row in fold),
    )
    return Item(
        tuple(row.id for row in fold),
        newest.kind,
        kind.icon,
        kind.say(told),
        url,
        newest.subject_id,
        tuple(dict(row.facts) for row in fold),
        newest.cause,
        all(row.read_at is not None for row in fold),
        newest.created_at,
        day,
    )


def all_of(session: Session, member_id: int) -> list[tuple[Notification, str | None]]:
    """Everything a member was told with the public id of what it is about, for their own export."""
    rows = session.execute(
        sa.select(Notification, subjects.Subject.public_id)
        .outerjoin(subjects.Subject, subjects.Subject.id == Notification.subject_id)
        .where(Notification.member_id == member_id)
        .order_by(Notification.id)
    )
    return [(row.Notification, row.public_id) for row in rows]


def own(session: Session, member_id: int, notification_id: int) -> Notification:
    """Raises NotFound for what is another member's."""
    row = session.scalar(
        sa.select(Notification).where(
            Notification.id == notification_id, Notification.member_id == member_id
        )
    )
    if row is None:
        raise NotFound()
    return row
