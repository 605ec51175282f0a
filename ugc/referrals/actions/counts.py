"""Reach as counted: deltas are appended with each change and aggregated later, so that a
thousand who join through one link do not wait for each other. Nothing here commits.

A member counts for up to three ancestors while they are neither erased nor false. Both are looked
at under a lock on the member's row, so that each change appends its deltas once."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from ugc.accounts.models import Member
from ugc.core.db import Session
from ugc.referrals.models import FalseMember

FOLD_LIMIT = 50_000

APPEND = sa.text(
    "INSERT INTO reach_deltas (member_id, degree, change)"
    " SELECT a.member_id, a.degree, :change FROM referrals r"
    " CROSS JOIN LATERAL (VALUES (r.parent_id, 1), (r.grandparent_id, 2),"
    " (r.great_grandparent_id, 3)) AS a (member_id, degree)"
    " WHERE r.member_id = ANY(:ids) AND a.member_id IS NOT NULL"
)
# Takes the oldest deltas that no other worker holds. Counts are changed in the order of their
# members, so that two folds wait for each other in turn.
FOLD = sa.text(
    """
    WITH oldest AS (
      SELECT id FROM reach_deltas ORDER BY id LIMIT :limit FOR UPDATE SKIP LOCKED
    ), taken AS (
      DELETE FROM reach_deltas d USING oldest WHERE d.id = oldest.id
      RETURNING d.member_id, d.degree, d.change
    ), sums AS (
      SELECT member_id, coalesce(sum(change) FILTER (WHERE degree = 1), 0) AS first,
        coalesce(sum(change) FILTER (WHERE degree = 2), 0) AS second,
        coalesce(sum(change) FILTER (WHERE degree = 3), 0) AS third
      FROM taken GROUP BY member_id
    ), folded AS (
      INSERT INTO reach_counts AS c (member_id, first, second, third)
      SELECT member_id, first, second, third FROM sums ORDER BY member_id
      ON CONFLICT (member_id) DO UPDATE SET first = c.first + excluded.first,
        second = c.second + excluded.second, third = c.third + excluded.third
    )
    SELECT count(*) FROM taken
    """
)
# What the counts must be now: the truth of the referrals without what still waits, both of one
# moment. Returns whose counts were wrong.
RECOUNT = sa.text(
    """
    WITH truth AS (
      SELECT a.member_id, count(*) FILTER (WHERE degree = 1) AS first,
        count(*) FILTER (WHERE degree = 2) AS second, count(*) FILTER (WHERE degree = 3) AS third
      FROM referrals r
      JOIN members m ON m.id = r.member_id AND m.erased_at IS NULL
      LEFT JOIN false_members f ON f.member_id = r.member_id
      CROSS JOIN LATERAL (VALUES (r.parent_id, 1), (r.grandparent_id, 2),
        (r.great_grandparent_id, 3)) AS a (member_id, degree)
      WHERE f.member_id IS NULL AND a.member_id IS NOT NULL GROUP BY a.member_id
    ), waiting AS (
      SELECT member_id, coalesce(sum(change) FILTER (WHERE degree = 1), 0) AS first,
        coalesce(sum(change) FILTER (WHERE degree = 2), 0) AS second,
        coalesce(sum(change) FILTER (WHERE degree = 3), 0) AS third
      FROM reach_deltas GROUP BY member_id
    ), right_now AS (
      SELECT member_id, coalesce(t.first, 0) - coalesce(w.first, 0) AS first,
        coalesce(t.second, 0) - coalesce(w.second, 0) AS second,
        coalesce(t.third, 0) - coalesce(w.third, 0) AS third
      FROM truth t FULL JOIN waiting w USING (member_id)
    ), wrong AS (
      SELECT member_id, coalesce(r.first, 0) AS first, coalesce(r.second, 0) AS second,
        coalesce(r.third, 0) AS third
      FROM right_now r FULL JOIN reach_counts c USING (member_id)
      WHERE (coalesce(r.first, 0), coalesce(r.second, 0), coalesce(r.third, 0))
        <> (coalesce(c.first, 0), coalesce(c.second, 0), coalesce(c.third, 0))
    )
    INSERT INTO reach_counts (member_id, first, second, third)
    SELECT member_id, first, second, third FROM wrong ORDER BY member_id
    ON CONFLICT (member_id) DO UPDATE SET first = excluded.first, second = excluded.second,
      third = excluded.third
    RETURNING member_id
    """
)


def append(session: Session, member_ids: Iterable[int], change: int) -> None:
    """These members count for their ancestors from now on (+1), or no more (-1)."""
    ids = list(member_ids)
    if ids:
        session.execute(APPEND, {"ids": ids, "change": change})


def fold(session: Session, limit: int = FOLD_LIMIT) -> int:
    """Sums the oldest waiting deltas into the counts; returns how many."""
    return int(session.execute(FOLD, {"limit": limit}).scalar_one())


def recount(session: Session) -> list[int]:
    """Counts the reach of all members from the referrals alone and mends it; returns whose was
    wrong. Folds wait meanwhile; joining and reading do not."""
    session.execute(sa.text("SET LOCAL statement_timeout = '10min'"))
    session.execute(sa.text("SET LOCAL lock_timeout = '1min'"))
    session.execute(sa.text("LOCK TABLE reach_counts IN SHARE ROW EXCLUSIVE MODE"))
    return list(session.execute(RECOUNT).scalars())


def _counted(session: Session, member_ids: Iterable[int]) -> set[int]:
    """Of these members, those who are not erased, and will not be until the transaction ends."""
    found = session.scalars(
        sa.select(Member.id)
        .where(Member.id.in_(list(member_ids)), Member.erased_at.is_(None))
        .order_by(Member.id)
        .with_for_update(key_share=True)
    )
    return set(found)


def mark_false(session: Session, member_ids: Iterable[int]) -> set[int]:
    """These members turned out not to be persons of their own: they count for no one. Who is below
    them still does. Returns the newly marked ones; done twice it changes nothing."""
    wanted = sorted(set(member_ids))
    if not wanted:
        return set()
    counted = _counted(session, wanted)
    new = set(
        session.scalars(
            insert(FalseMember)
            .values([{"member_id": member_id} for member_id in wanted])
            .on_conflict_do_nothing()
            .returning(FalseMember.member_id)
        )
    )
    append(session, sorted(new & counted), -1)
    return new


def clear_false(session: Session, member_ids: Iterable[int]) -> set[int]:
    """They are persons after all, and count again. Returns the newly cleared ones."""
    wanted = sorted(set(member_ids))
    counted = _counted(session, wanted)
    cleared = set(
        session.scalars(
            sa.delete(FalseMember)
            .where(FalseMember.member_id.in_(wanted))
            .returning(FalseMember.member_id)
        )
    )
    append(session, sorted(cleared & counted), +1)
    return cleared


def uncount_erased(session: Session, member_id: int) -> None:
    """Called before the member's row says that they are erased."""
    counted = _counted(session, [member_id])
    if counted and session.get(FalseMember, member_id) is None:
        append(session, [member_id], -1)
