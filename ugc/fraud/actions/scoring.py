"""Writes of fraud scores and of the rings that they show. Nothing here commits."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from ugc.core import subjects
from ugc.core.db import Session, app_now
from ugc.fraud.actions import consequences
from ugc.fraud.models import RING_KIND, FraudScore, Ring, RingMember
from ugc.fraud.queries import evidence, rings, untrusted
from ugc.fraud.rules import ring
from ugc.fraud.rules import score as score_rules
from ugc.moderation import actions as moderation_actions

BATCH = 2000  # members whose evidence is gathered at once


def lock_fraud_scoring(session: Session) -> None:
    """Takes the lock of scoring, making rings and deciding on one, until the transaction ends. Lock
    order: scoring, case, content."""
    key = sa.func.hashtextextended("rewards.score", 0)
    session.execute(sa.select(sa.func.pg_advisory_xact_lock(key)))


def score(session: Session, member_ids: Iterable[int] | None = None) -> int:
    """Computes the fraud scores of these members (None: all), then of those who brought members
    whose standing changed, and opens cases on the doubted. Returns how many members it scored."""
    lock_fraud_scoring(session)
    # Of the whole community, and needed only for members who brought many: computed once.
    usual = functools.cache(lambda: evidence.usual(session))
    looked_at = 0
    changed: set[int] = set()
    if member_ids is None:
        after = 0
        while batch := untrusted.members_after(session, after, BATCH):
            changed |= _score_batch(session, batch, usual)
            looked_at += len(batch)
            after = batch[-1]
    else:
        wanted = sorted(set(member_ids))
        for start in range(0, len(wanted), BATCH):
            changed |= _score_batch(session, wanted[start : start + BATCH], usual)
        looked_at = len(wanted)
    # Parents are older than who they brought, so that this ends.
    seen: set[int] = set()
    moved = changed
    while above := untrusted.parents(session, moved) - seen:
        seen |= above
        moved = _score_batch(session, sorted(above), usual)
        changed |= moved
    find_rings(session)
    consequences.trusted(session, changed - untrusted.untrusted_among(session, changed))
    return looked_at


def _score_batch(session: Session, ids: list[int], usual: Callable[[], float]) -> set[int]:
    """Writes the scores of `ids`, and answers those who are doubted now and were not, or were and
    are not any more."""
    found = evidence.gather(session, ids, moderation_actions.counted_tables(), usual)
    cleared = untrusted.clearings(session, ids)
    before = untrusted.scores(session, ids)
    rows: list[dict[str, Any]] = []
    now_scored: dict[int, int] = {}
    for member_id, each in sorted(found.items()):
        result = score_rules.score(each, cleared.get(member_id))
        if result.reasons:
            now_scored[member_id] = result.score
            rows.append(
                {
                    "member_id": member_id,
                    "score": result.score,
                    "reasons": [reason.stored() for reason in result.reasons],
                    "scored_at": app_now(),
                }
            )
    if rows:
        statement = insert(FraudScore).values(rows)
        session.execute(
            statement.on_conflict_do_update(
                index_elements=["member_id"],
                set_={
                    "score": statement.excluded.score,
                    "reasons": statement.excluded.reasons,
                    "scored_at": statement.excluded.scored_at,
                },
                where=sa.or_(
                    FraudScore.score != statement.excluded.score,
                    FraudScore.reasons != statement.excluded.reasons,
                ),
            )
        )
    nothing = [each for each in before if each not in now_scored]
    if nothing:
        session.execute(sa.delete(FraudScore).where(FraudScore.member_id.in_(nothing)))
    return {
        each
        for each in ids
        if (before.get(each, 0) >= score_rules.DOUBTED)
        != (now_scored.get(each, 0) >= score_rules.DOUBTED)
    }


def find_rings(session: Session) -> None:
    """A doubted member in no open ring joins the ring that they are tied to, or a new one;
    rings that turn out to be one become the oldest of them. Members of an open ring stay there
    until it is decided, whatever their score becomes."""
    new = rings.open_doubted(session)
    if not new:
        return
    placed = rings.undecided(session)
    ties = rings.ties(session, [*new, *placed])
    # Those of one ring are tied, also when the fingerprints that did it are forgotten.
    first: dict[int, int] = {}
    for member_id, ring_id in placed.items():
        ties.append(("ring", first.setdefault(ring_id, member_id), member_id))
    for group in ring.components([*new, *placed], ties):
        fresh = [each for each in group if each in new]
        if fresh:
            near = sorted({placed[each] for each in group if each in placed})
            _add_to_ring(session, near, fresh, new, [t for t in ties if t[0] != "ring"], group)


def _add_to_ring(
    session: Session,
    near: list[int],
    fresh: list[int],
    known: dict[int, tuple[int, list[dict[str, Any]]]],
    ties: list[ring.Tie],
    group: list[int],
) -> None:
    people = set(group)
    own = [list(tie) for tie in ties if tie[1] in people and tie[2] in people]
    # Who was decided on in a ring is not doubted there again: something new is a ring of its own.
    if near and not rings.decided_of(session, near[:1]) & people:
        target = rings.ring(session, near[0])
        for other in near[1:]:
            own += rings.ring(session, other).ties
            moderation_actions.close_case(session, other)
            session.execute(
                sa.update(RingMember)
                .where(RingMember.ring_id == other, RingMember.outcome.is_(None))
                .values(ring_id=target.id)
            )
    else:
        subject = subjects.create(session, RING_KIND, visible=False)
        target = Ring(id=subject.id, ties=[])
        session.add(target)
        session.flush()
    kept = [list(tie) for tie in target.ties]
    target.ties = kept + [tie for tie in own if tie not in kept]
    for member_id in fresh:
        points, reasons = known[member_id]
        session.add(
            RingMember(ring_id=target.id, member_id=member_id, score=points, reasons=reasons)
        )
    session.flush()
    moderation_actions.open_case(session, target.id, "doubted")
