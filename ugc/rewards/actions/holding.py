"""Writes of rewards and marks. Nothing here commits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from ugc.accounts.queries import lookup as accounts_lookup
from ugc.core import jobs
from ugc.core.db import Session, app_now, now
from ugc.moderation import actions as moderation_actions
from ugc.reputation import actions as reputation_actions
from ugc.reputation import rules as reputation_rules
from ugc.rewards.models import Appeal, Clearing, FraudScore, Mark, ReferralReward, RingMember
from ugc.rewards.queries import doubts, evidence, rings
from ugc.rewards.rules import points as points_rules


def note_marks(session: Session, member_id: int, found: Mapping[str, bytes]) -> None:
    """Remembers what a member joins or signs in with."""
    if not found:
        return
    rows = [{"member_id": member_id, "kind": kind, "mark": mark} for kind, mark in found.items()]
    session.execute(
        insert(Mark)
        .values(rows)
        .on_conflict_do_update(
            index_elements=["member_id", "kind", "mark"], set_={"last_seen_at": app_now()}
        )
    )


def forget_pretenders(session: Session, member_id: int) -> None:
    """The member confirmed their address: accounts that typed it and never confirmed it have no
    mark of that mailbox any more."""
    others = accounts_lookup.pretenders(member_id)
    session.execute(sa.delete(Mark).where(Mark.kind == "mailbox", Mark.member_id.in_(others)))


def forget_marks(session: Session) -> None:
    session.execute(sa.delete(Mark).where(doubts.old_marks()))


def hold(session: Session, newcomer_id: int) -> None:
    """Credits who brought a newcomer, up to three degrees, with points that wait; what does not
    fit into the daily cap is noted and not credited. Once, however often it runs."""
    above = doubts.ancestors(session, newcomer_id)
    # The cap is counted by one at a time.
    reputation_actions.lock_totals(session, [each for _, each in above])
    false = doubts.false_among(session, [newcomer_id, *(each for _, each in above)])
    if newcomer_id in false:
        return
    today = now(session).astimezone(dt.UTC).date()
    for degree, beneficiary_id in above:
        if beneficiary_id in false:
            continue
        action = points_rules.ACTIONS[degree]
        points = reputation_rules.ACTIONS[action].points
        fits = points_rules.fits_the_day(doubts.credited_on(session, beneficiary_id, today), points)
        new = session.scalar(
            insert(ReferralReward)
            .values(
                newcomer_id=newcomer_id,
                beneficiary_id=beneficiary_id,
                degree=degree,
                points=points,
                state="held" if fits else "capped",
                given_on=today,
            )
            .on_conflict_do_nothing()
            .returning(ReferralReward.newcomer_id)
        )
        if new is not None and fits:
            reputation_actions.credit(
                session, beneficiary_id, action, points_rules.cause(newcomer_id), held=True
            )


def release(session: Session, newcomer_id: int) -> None:
    """Releases what waits for a newcomer, when it is due; what is not goes on waiting. When only
    the first day has not passed yet, it is asked again then."""
    held = doubts.held_of(session, newcomer_id)
    joined = doubts.present(session, [newcomer_id]).get(newcomer_id)
    if not held or joined is None:
        return
    tables = moderation_actions.counted_tables()
    genuine = evidence.genuine(session, [newcomer_id], tables)[newcomer_id].total
    moment = now(session)
    if not points_rules.is_due(genuine, joined, moment):
        wait = points_rules.wait_of_a_day(joined, moment)
        if genuine >= points_rules.GENUINE_NEEDED:
            jobs.defer(
                session,
                "rewards.release",
                in_seconds=wait + 1,
                unique=f"rewards.release:{newcomer_id}",
                newcomer_id=newcomer_id,
            )
        return
    unsure = doubts.untrusted_among(session, [newcomer_id, *(row.beneficiary_id for row in held)])
    if newcomer_id in unsure:
        return
    for row in held:
        if row.beneficiary_id not in unsure:
            reputation_actions.release(session, points_rules.cause(newcomer_id), row.beneficiary_id)
            row.state, row.changed_at = "released", moment
    session.flush()


def release_soon(session: Session, member_ids: Iterable[int]) -> None:
    """Looks again at what waits for these members or for their contacts."""
    newcomers = {each for member in member_ids for each in doubts.waited_for(session, member)}
    jobs.defer_all(
        session,
        (jobs.Waiting("rewards.release", {"newcomer_id": each}) for each in sorted(newcomers)),
    )


def release_due(session: Session, newcomer_ids: Sequence[int]) -> None:
    """A job for each of these newcomers whose rewards are due: one transaction each, so that
    no totals are locked for long."""
    moment = now(session)
    joined = doubts.present(session, newcomer_ids)
    genuine = evidence.genuine(session, joined, moderation_actions.counted_tables())
    due = {
        each for each in joined if points_rules.is_due(genuine[each].total, joined[each], moment)
    }
    due -= doubts.untrusted_among(session, due)
    jobs.defer_all(
        session,
        (jobs.Waiting("rewards.release", {"newcomer_id": each}) for each in sorted(due)),
    )


def drop_held(session: Session, newcomer_id: int) -> None:
    """Drops what waited for a member who left; what was released stays."""
    for row in doubts.held_of(session, newcomer_id):
        reputation_actions.reverse_held(
            session, points_rules.cause(newcomer_id), row.beneficiary_id
        )
        row.state, row.changed_at = "reversed", now(session)
    session.flush()


def export_member(session: Session, member_id: int) -> dict[str, Any]:
    """The member's rewards, marks (hashes, which cannot be read back), score with its reasons,
    decisions and appeals."""
    score = doubts.score_of(session, member_id)
    return {
        "rewards": [
            {
                "degree": row.degree,
                "points": row.points,
                "state": row.state,
                "given_on": row.given_on,
            }
            for row in doubts.rewards_of(session, member_id)
        ],
        "marks": [
            {
                "kind": mark.kind,
                "hash": mark.mark.hex(),
                "first_seen_at": mark.first_seen_at,
                "last_seen_at": mark.last_seen_at,
            }
            for mark in doubts.marks_of(session, member_id)
        ],
        "fraud_score": {
            "score": score.score,
            "reasons": [{"code": r["code"], "points": r["points"]} for r in score.reasons],
            "scored_at": score.scored_at,
        }
        if score
        else None,
        "decisions": [
            {
                "outcome": each.outcome,
                "rule": each.rule,
                "note": each.note,
                "decided_at": each.decided_at,
                "suspended_until": each.suspended_until,
            }
            for each in rings.verdicts(session, member_id)
        ],
        "appeals": [
            {
                "text": each.text,
                "appealed_at": each.appealed_at,
                "granted": each.granted,
                "decided_at": each.decided_at,
            }
            for each in rings.appeals_of(session, member_id)
        ],
    }


def erase_member(session: Session, member_id: int, _with_content: bool) -> None:
    """Marks, score and what was cleared go, and what the member wrote in appeals; a ring that is
    not decided goes on without them. Whether they were found to be false stays with the node."""
    moderation_ids = [each.id for each in rings.appeals_of(session, member_id)]
    for appeal_id in moderation_ids:
        moderation_actions.close_case(session, appeal_id)
        moderation_actions.forget_texts(session, appeal_id, with_flags=True)
    session.execute(sa.update(Appeal).where(Appeal.member_id == member_id).values(text=""))
    for table in (Mark, FraudScore, Clearing):
        session.execute(sa.delete(table).where(table.member_id == member_id))
    ring_id = session.scalar(
        sa.update(RingMember)
        .where(RingMember.member_id == member_id, RingMember.outcome.is_(None))
        .values(outcome="gone", decided_at=app_now())
        .returning(RingMember.ring_id)
    )
    session.execute(
        sa.update(RingMember).where(RingMember.member_id == member_id).values(reasons=[])
    )
    if ring_id is not None:
        if rings.undecided_of(session, ring_id):
            moderation_actions.content_changed(session, ring_id)
        else:
            moderation_actions.close_case(session, ring_id)
    drop_held(session, member_id)
