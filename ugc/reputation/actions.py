"""Writes of the ledger; every one may be repeated without effect. Nothing here commits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from ugc import events
from ugc.core.db import Session
from ugc.reputation import rules
from ugc.reputation.models import Badge, PointEntry, PointTotals
from ugc.reputation.queries import ledger


def _enter(session: Session, **values: object) -> None:
    session.execute(insert(PointEntry).values(**values).on_conflict_do_nothing())


def credit(
    session: Session,
    member_id: int,
    action: str,
    cause: str,
    *,
    held: bool,
    subject_id: int | None = None,
    city_id: int | None = None,
) -> None:
    """Points for `action`, once per cause; held ones wait for `release`. When the member's day is
    full, the entry is made with 0 points, so that the cause earns nothing later either."""
    # The cap is counted by one at a time.
    lock_totals(session, [member_id])
    row = rules.ACTIONS[action]
    credited = ledger.credited_today(session, member_id, action) if row.a_day else 0
    _enter(
        session,
        member_id=member_id,
        account="held" if held else "available",
        step="credit",
        action=action,
        points=row.points if rules.fits_the_day(credited, 1, row.a_day) else 0,
        cause=cause,
        subject_id=subject_id,
        city_id=city_id,
    )
    recount(session, member_id)


def lock_totals(session: Session, member_ids: Iterable[int]) -> None:
    """Serialises writers of points of these members, always in the same
    order: what stands is then read as it is."""
    ids = sorted(set(member_ids))
    if not ids:
        return
    session.execute(
        insert(PointTotals).values([{"member_id": each} for each in ids]).on_conflict_do_nothing()
    )
    query = (
        sa.select(PointTotals.member_id)
        .where(PointTotals.member_id.in_(ids))
        .order_by(PointTotals.member_id)
    )
    session.execute(query.with_for_update(key_share=True)).all()


def release(session: Session, cause: str, member_id: int | None = None) -> None:
    """Moves the held points of a cause (of one member, when given) to the available ones: a pair
    of entries."""
    entries = ledger.standing_entries(session, cause, member_id)
    lock_totals(session, (entry.member_id for entry in entries))
    for entry in entries:
        held, lap = ledger.standing(session, entry, "held")
        # What was taken back meanwhile cannot be released; a capped entry has nothing to release.
        if entry.account != "held" or not held or held != entry.points:
            continue
        for account, points in (("held", -entry.points), ("available", entry.points)):
            _copy(session, entry, account, "release", points, lap)
        recount(session, entry.member_id)


def reverse(session: Session, cause: str, action: str | None = None) -> None:
    """Takes back what a cause earned (by `action` alone, when given), wherever it is now."""
    entries = ledger.standing_entries(session, cause)
    lock_totals(session, (entry.member_id for entry in entries))
    for entry in entries:
        if action is not None and entry.action != action:
            continue
        for account in ("held", "available"):
            standing, lap = ledger.standing(session, entry, account)
            if standing:
                _copy(session, entry, account, "reverse", -standing, lap)
        recount(session, entry.member_id)


def reverse_held(session: Session, cause: str, member_id: int) -> None:
    """Takes back what of a cause still waits for one member; what was released stays."""
    entries = ledger.standing_entries(session, cause, member_id)
    lock_totals(session, (entry.member_id for entry in entries))
    for entry in entries:
        standing, lap = ledger.standing(session, entry, "held")
        if standing:
            _copy(session, entry, "held", "reverse", -standing, lap)
        recount(session, entry.member_id)


def reverse_member(session: Session, member_id: int, causes: Sequence[str] = ()) -> list[int]:
    """Takes back all that a member earned, and what `causes` earned anybody. Answers the ids of the
    entries that did it, for `restore`."""
    people = {member_id, *ledger.earners(session, causes)}
    lock_totals(session, people)
    made = ledger.reverse_standing(session, member_id, causes)
    for each in sorted({owner for _, owner in made}):
        recount(session, each)
    return [entry_id for entry_id, _ in made]


def restore(session: Session, entry_ids: Sequence[int]) -> None:
    """Gives back what these entries of `reverse_member` took, once."""
    owners = ledger.owners(session, entry_ids)
    lock_totals(session, owners)
    ledger.restore_entries(session, entry_ids)
    for each in sorted(owners):
        recount(session, each)


def _copy(
    session: Session, entry: PointEntry, account: str, step: str, points: int, lap: int
) -> None:
    _enter(
        session,
        member_id=entry.member_id,
        account=account,
        step=step,
        action=entry.action,
        points=points,
        cause=entry.cause,
        subject_id=entry.subject_id,
        city_id=entry.city_id,
        round=lap,
    )


def recount(session: Session, member_id: int) -> None:
    """Folds the ledger into the member's totals, and says when a level is reached."""
    # Two folds at once would each miss the other's entry: one at a time per member.
    session.execute(insert(PointTotals).values(member_id=member_id).on_conflict_do_nothing())
    score = session.scalars(
        sa.select(PointTotals)
        .where(PointTotals.member_id == member_id)
        .with_for_update(key_share=True)
    ).one()
    before = score.level
    score.points, score.points_held = ledger.balance(session, member_id)
    score.level = rules.level(score.points)
    session.flush()
    if score.level > before:
        events.emit(session, events.LevelReached(member_id, score.level))
    for action in ledger.earned_actions(session, member_id):
        award(session, member_id, action)


def recount_all(session: Session) -> list[tuple[str, int, int]]:
    """Aggregates the whole ledger. Answers (handle, total before, total now) of whose was wrong;
    a member without a name is `#` and the id."""
    wrong = []
    for member_id, handle, before in ledger.totals(session):
        recount(session, member_id)
        after = ledger.score(session, member_id).points
        if after != before:
            wrong.append((handle or f"#{member_id}", before, after))
    return wrong


def award(session: Session, member_id: int, when: str) -> None:
    """Gives the badge of a first, once; it stays, also when what earned it goes."""
    for badge in rules.BADGES.values():
        if badge.when != when:
            continue
        new = session.scalar(
            insert(Badge)
            .values(member_id=member_id, badge=badge.code)
            .on_conflict_do_nothing()
            .returning(Badge.badge)
        )
        if new is not None:
            events.emit(session, events.BadgeAwarded(member_id, badge.code))


def export_member(session: Session, member_id: int) -> dict[str, object]:
    """The member's ledger and badges."""
    return {
        "ledger": [
            {
                "account": e.account,
                "step": e.step,
                "action": e.action,
                "points": e.points,
                "cause": e.cause,
                "at": e.created_at,
            }
            for e in ledger.ledger(session, member_id)
        ],
        "badges": [{"badge": code, "at": at} for code, at in ledger.badges_of(session, member_id)],
    }
