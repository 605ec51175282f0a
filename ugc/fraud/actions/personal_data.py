"""A member's part of fingerprints, scores and rings: exported and erased. Nothing here commits."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from ugc.core.db import Session, app_now
from ugc.fraud.models import Appeal, Clearing, Fingerprint, FraudScore, RingMember
from ugc.fraud.queries import rings, untrusted
from ugc.moderation import actions as moderation_actions


def export_member(session: Session, member_id: int) -> dict[str, Any]:
    """The member's fingerprints (hashes, which cannot be read back), score with its reasons,
    decisions and appeals."""
    score = untrusted.score_of(session, member_id)
    return {
        "marks": [
            {
                "kind": each.kind,
                "hash": each.hash.hex(),
                "first_seen_at": each.first_seen_at,
                "last_seen_at": each.last_seen_at,
            }
            for each in untrusted.fingerprints_of(session, member_id)
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
    """Fingerprints, score and what was cleared go, and what the member wrote in appeals; a ring
    that is not decided goes on without them. Whether they were found to be false stays."""
    moderation_ids = [each.id for each in rings.appeals_of(session, member_id)]
    for appeal_id in moderation_ids:
        moderation_actions.close_case(session, appeal_id)
        moderation_actions.forget_texts(session, appeal_id, with_flags=True)
    session.execute(sa.update(Appeal).where(Appeal.member_id == member_id).values(text=""))
    for table in (Fingerprint, FraudScore, Clearing):
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
