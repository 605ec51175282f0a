"""Reads of the ledger and of what is folded from it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from ugc.accounts.models import Member
from ugc.core.db import Session, app_now
from ugc.reputation.models import Badge, PointEntry, PointTotals


def balance(session: Session, member_id: int) -> tuple[int, int]:
    """(available, held), summed from the ledger."""
    row = session.execute(
        sa.select(
            sa.func.coalesce(
                sa.func.sum(PointEntry.points).filter(PointEntry.account == "available"), 0
            ),
            sa.func.coalesce(
                sa.func.sum(PointEntry.points).filter(PointEntry.account == "held"), 0
            ),
        ).where(PointEntry.member_id == member_id)
    ).one()
    return int(row[0]), int(row[1])


def ledger(session: Session, member_id: int) -> list[PointEntry]:
    """All entries of a member, the first one first."""
    query = sa.select(PointEntry).where(PointEntry.member_id == member_id)
    return list(session.scalars(query.order_by(PointEntry.id)))


def score(session: Session, member_id: int) -> PointTotals:
    """The folded totals; zeros for who has none."""
    found = session.get(PointTotals, member_id)
    return found or PointTotals(member_id=member_id, points=0, points_held=0, level=1)


def totals(session: Session) -> list[tuple[int, str | None, int]]:
    """(member, handle, stored total) of all who have an entry or a total."""
    people = sa.union(sa.select(PointEntry.member_id), sa.select(PointTotals.member_id)).subquery()
    rows = session.execute(
        sa.select(Member.id, Member.handle, sa.func.coalesce(PointTotals.points, 0))
        .join(people, people.c.member_id == Member.id)
        .outerjoin(PointTotals, PointTotals.member_id == Member.id)
        .order_by(Member.id)
    )
    return [(row[0], row[1], int(row[2])) for row in rows]


def earned_actions(session: Session, member_id: int) -> set[str]:
    """The actions that have earned the member available points."""
    rows = session.scalars(
        sa.select(PointEntry.action)
        .where(PointEntry.member_id == member_id, PointEntry.account == "available")
        .where(PointEntry.points > 0)
        .distinct()
    )
    return set(rows)


def badges_of(session: Session, member_id: int) -> list[tuple[str, dt.datetime]]:
    """(code, awarded at), the first one first."""
    rows = session.execute(
        sa.select(Badge.badge, Badge.awarded_at)
        .where(Badge.member_id == member_id)
        .order_by(Badge.awarded_at, Badge.badge)
    )
    return [(row.badge, row.awarded_at) for row in rows]


def standing_entries(
    session: Session, cause: str, member_id: int | None = None
) -> list[PointEntry]:
    """The credits of a cause, of all members or of one, in the order of the members."""
    query = sa.select(PointEntry).where(PointEntry.cause == cause, PointEntry.step == "credit")
    if member_id is not None:
        query = query.where(PointEntry.member_id == member_id)
    return list(session.scalars(query.order_by(PointEntry.member_id, PointEntry.id)))


def standing(session: Session, credit: PointEntry, account: str) -> tuple[int, int]:
    """What is left in an account of what a credit brought, and the round that it is in."""
    row = session.execute(
        sa.select(sa.func.sum(PointEntry.points), sa.func.max(PointEntry.round)).where(
            PointEntry.member_id == credit.member_id,
            PointEntry.cause == credit.cause,
            PointEntry.action == credit.action,
            PointEntry.account == account,
        )
    ).one()
    return int(row[0] or 0), int(row[1] or 0)


def credited_today(session: Session, member_id: int, action: str) -> int:
    """How many things earned a member points by `action` on this day (UTC), whatever became of
    them."""
    day = sa.func.date_trunc("day", app_now(), "UTC")
    query = sa.select(sa.func.count()).where(
        PointEntry.member_id == member_id,
        PointEntry.created_at >= day,
        PointEntry.action == action,
        PointEntry.step == "credit",
        PointEntry.points > 0,
    )
    return int(session.scalar(query) or 0)


@dataclass(frozen=True)
class Held:
    """Points of a cause that wait for a member."""

    member_id: int
    action: str
    cause: str


def waiting(session: Session, subject_ids: Sequence[int], actions: Sequence[str]) -> list[Held]:
    """What waits for anybody by `actions` on these subjects, in the order of the members."""
    columns = (PointEntry.member_id, PointEntry.action, PointEntry.cause)
    rows = session.execute(
        sa.select(*columns)
        .where(
            PointEntry.subject_id.in_(subject_ids),
            PointEntry.action.in_(actions),
            PointEntry.account == "held",
        )
        .group_by(*columns)
        .having(sa.func.sum(PointEntry.points) > 0)
        .order_by(*columns)
    )
    return [Held(row.member_id, row.action, row.cause) for row in rows]


def earners(session: Session, causes: Sequence[str]) -> list[int]:
    """Who has entries of any of the causes."""
    if not causes:
        return []
    query = sa.select(PointEntry.member_id).where(PointEntry.cause.in_(causes)).distinct()
    return list(session.scalars(query))


def owners(session: Session, entry_ids: Sequence[int]) -> list[int]:
    query = sa.select(PointEntry.member_id).where(PointEntry.id.in_(entry_ids)).distinct()
    return list(session.scalars(query))


_REVERSE = sa.text(
    """
    INSERT INTO point_entries
      (member_id, account, step, action, points, cause, subject_id, city_id, round)
    SELECT member_id, account, 'reverse', action, -sum(points), cause, max(subject_id),
           max(city_id), max(round)
    FROM point_entries WHERE member_id = :member OR cause = ANY(:causes)
    GROUP BY member_id, cause, action, account HAVING sum(points) <> 0
    ON CONFLICT DO NOTHING RETURNING id, member_id
    """
)


def reverse_standing(
    session: Session, member_id: int, causes: Sequence[str]
) -> list[tuple[int, int]]:
    """Writes the entries that bring to zero all that stands of a member and of the causes; answers
    (entry, member). A write that is one statement of sums, therefore here with the SQL."""
    rows = session.execute(_REVERSE, {"member": member_id, "causes": list(causes)})
    return [(int(row.id), int(row.member_id)) for row in rows]


_RESTORE = sa.text(
    """
    INSERT INTO point_entries
      (member_id, account, step, action, points, cause, subject_id, city_id, round)
    SELECT member_id, account, 'restore', action, -points, cause, subject_id, city_id, round + 1
    FROM point_entries WHERE id = ANY(:ids) AND step = 'reverse'
    ON CONFLICT DO NOTHING
    """
)


def restore_entries(session: Session, entry_ids: Sequence[int]) -> None:
    """Writes the opposite of reversals, each once."""
    session.execute(_RESTORE, {"ids": list(entry_ids)})


def causes(session: Session, subject_id: int, action: str) -> list[str]:
    """What earned points by `action` on a subject."""
    return list(
        session.scalars(
            sa.select(PointEntry.cause)
            .where(
                PointEntry.subject_id == subject_id,
                PointEntry.action == action,
                PointEntry.step == "credit",
            )
            .distinct()
        )
    )
