"""Reads of rings, of decisions about their members, and of appeals."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from ugc.accounts.models import Member
from ugc.core.db import Session
from ugc.core.errors import NotFound
from ugc.core.people import Who
from ugc.fraud.models import Appeal, FraudScore, Ring, RingMember
from ugc.fraud.rules.ring import Tie
from ugc.fraud.rules.score import DOUBTED, Reason
from ugc.moderation.models import Decision, DecisionNote
from ugc.referrals.models import FalseMember, Referral


def open_doubted(session: Session) -> dict[int, tuple[int, list[dict[str, Any]]]]:
    """(score, reasons) of all who are doubted and neither false nor in an undecided ring."""
    undecided = sa.select(RingMember.member_id).where(RingMember.outcome.is_(None))
    query = sa.select(FraudScore).where(
        FraudScore.score >= DOUBTED,
        FraudScore.member_id.not_in(sa.select(FalseMember.member_id)),
        FraudScore.member_id.not_in(undecided),
    )
    return {row.member_id: (row.score, row.reasons) for row in session.scalars(query)}


def undecided(session: Session) -> dict[int, int]:
    """Ring by member, of those who wait for a decision."""
    query = sa.select(RingMember.member_id, RingMember.ring_id).where(RingMember.outcome.is_(None))
    return {row.member_id: row.ring_id for row in session.execute(query)}


_TIES = sa.text(
    """
    SELECT 'referral' AS kind, r.parent_id AS one, r.member_id AS other FROM referrals r
    WHERE r.member_id = ANY(:ids) AND r.parent_id = ANY(:ids)
    UNION ALL
    SELECT kind, one, member_id FROM (
      SELECT m.kind, m.member_id, lag(m.member_id) OVER w AS one FROM fingerprints m
      WHERE m.member_id = ANY(:ids) AND m.kind <> 'disposable'
      WINDOW w AS (PARTITION BY m.kind, m.hash ORDER BY m.member_id)
    ) AS chain WHERE one IS NOT NULL
    UNION ALL
    SELECT 'praise', least(giver, taker), greatest(giver, taker) FROM (
      SELECT v.member_id AS giver, r.author_id AS taker FROM votes v
      JOIN reports r ON r.id = v.report_id
      WHERE v.member_id = ANY(:ids) AND r.author_id = ANY(:ids) AND v.still_there
        AND v.voted_at > app_now() - interval '90 days'
      UNION ALL
      SELECT h.member_id, w.author_id FROM helpful_votes h JOIN reviews w ON w.id = h.review_id
      WHERE h.member_id = ANY(:ids) AND w.author_id = ANY(:ids)
        AND h.voted_at > app_now() - interval '90 days'
    ) AS praise WHERE giver <> taker
    GROUP BY 2, 3 HAVING count(*) >= 2
    """
)


def ties(session: Session, ids: Collection[int]) -> list[Tie]:
    """What ties members to each other: referrals, the same fingerprints (each to the next one by
    id), and praise of two votes or more."""
    rows = session.execute(_TIES, {"ids": list(ids)})
    return sorted({(row.kind, int(row.one), int(row.other)) for row in rows})


def ring(session: Session, ring_id: int) -> Ring:
    return session.get_one(Ring, ring_id)


def ties_of(session: Session, ring_ids: Sequence[int]) -> dict[int, list[Tie]]:
    """What tied the members of each ring when it was found."""
    rows = session.execute(sa.select(Ring.id, Ring.ties).where(Ring.id.in_(ring_ids)))
    return {row.id: [(str(kind), int(a), int(b)) for kind, a, b in row.ties] for row in rows}


@dataclass(frozen=True)
class Suspect:
    """One of a ring as a moderator sees them; `parent` is who brought them, None for none or
    a member who left."""

    member_id: int
    handle: str | None
    joined_at: dt.datetime
    score: int
    reasons: list[Reason]
    parent: str | None
    outcome: str | None


def suspects(
    session: Session, ring_ids: Sequence[int], *, undecided: bool = True
) -> dict[int, list[Suspect]]:
    """Those of each ring who wait for a decision, or all."""
    parent = sa.orm.aliased(Member)
    query = (
        sa.select(
            RingMember, Member.who.label("handle"), Member.joined_at, parent.who.label("parent")
        )
        .join(Member, Member.id == RingMember.member_id)
        .outerjoin(Referral, Referral.member_id == Member.id)
        .outerjoin(parent, parent.id == Referral.parent_id)
        .where(RingMember.ring_id.in_(ring_ids))
        .order_by(RingMember.member_id)
    )
    if undecided:
        query = query.where(RingMember.outcome.is_(None))
    found: dict[int, list[Suspect]] = {each: [] for each in ring_ids}
    for row in session.execute(query):
        found[row.RingMember.ring_id].append(
            Suspect(
                row.RingMember.member_id,
                row.handle,
                row.joined_at,
                row.RingMember.score,
                [Reason.loaded(each) for each in row.RingMember.reasons],
                row.parent,
                row.RingMember.outcome,
            )
        )
    return found


def undecided_of(session: Session, ring_id: int) -> list[RingMember]:
    """Those who wait for a decision, locked until the transaction ends."""
    return list(
        session.scalars(
            sa.select(RingMember)
            .where(RingMember.ring_id == ring_id, RingMember.outcome.is_(None))
            .order_by(RingMember.member_id)
            .with_for_update(key_share=True)
        )
    )


def deciders(session: Session, ring_id: int, member_id: int) -> set[int]:
    """The moderators who decided about a member of a ring."""
    query = (
        sa.select(Decision.moderator_id)
        .join(RingMember, RingMember.decision_id == Decision.id)
        .where(RingMember.ring_id == ring_id, RingMember.member_id == member_id)
    )
    return set(session.scalars(query))


def decided_of(session: Session, ring_ids: Collection[int]) -> set[int]:
    """Members of the rings that are decided or who left."""
    query = sa.select(RingMember.member_id).where(
        RingMember.ring_id.in_(list(ring_ids)), RingMember.outcome.is_not(None)
    )
    return set(session.scalars(query))


def people_of(session: Session, ring_id: int) -> set[int]:
    return set(
        session.scalars(sa.select(RingMember.member_id).where(RingMember.ring_id == ring_id))
    )


def votes_of(session: Session, member_id: int) -> list[str]:
    """The causes under which a member's votes earned others points."""
    rows = session.scalars(
        sa.text(
            "SELECT 'vote:' || report_id || ':' || member_id FROM votes WHERE member_id = :member"
            " UNION ALL SELECT 'helpful:' || review_id || ':' || member_id FROM helpful_votes"
            " WHERE member_id = :member"
        ),
        {"member": member_id},
    )
    return list(rows)


@dataclass(frozen=True)
class Verdict:
    """What was decided about a member; `appeal` is theirs, if any."""

    ring_id: int
    outcome: str
    decided_at: dt.datetime
    rule: str | None
    note: str
    suspended_until: dt.datetime | None
    appeal: Appeal | None


def verdicts(session: Session, member_id: int) -> list[Verdict]:
    """What was decided about a member, the newest first."""
    rows = session.execute(
        _verdicts()
        .where(RingMember.member_id == member_id)
        .order_by(RingMember.decided_at.desc(), RingMember.ring_id.desc())
    )
    return [_verdict(row) for row in rows]


def _verdicts() -> Any:
    return (
        sa.select(RingMember, Decision.rule, DecisionNote.note, Appeal)
        .join(Decision, Decision.id == RingMember.decision_id)
        .outerjoin(DecisionNote, DecisionNote.decision_id == Decision.id)
        .outerjoin(
            Appeal,
            sa.and_(Appeal.ring_id == RingMember.ring_id, Appeal.member_id == RingMember.member_id),
        )
        .where(RingMember.outcome.in_(("false", "cleared")))
    )


def _verdict(row: Any) -> Verdict:
    return Verdict(
        row.RingMember.ring_id,
        row.RingMember.outcome,
        row.RingMember.decided_at,
        row.rule,
        row.note or "",
        row.RingMember.suspended_until,
        row.Appeal,
    )


@dataclass(frozen=True)
class AppealRow:
    """An appeal as the queue shows it: who appeals against what, and what had brought them into the
    ring."""

    appeal: Appeal
    author: Who | None
    verdict: Verdict
    reasons: list[Reason]


def appeals_by_ids(session: Session, ids: Sequence[int]) -> dict[int, AppealRow]:
    rows = session.execute(
        _verdicts()
        .add_columns(Member.who.label("who"))
        .join(Member, Member.id == RingMember.member_id)
        .where(Appeal.id.in_(ids))
    )
    return {
        row.Appeal.id: AppealRow(
            row.Appeal,
            row.who or None,
            _verdict(row),
            [Reason.loaded(each) for each in row.RingMember.reasons],
        )
        for row in rows
    }


def locked_ring_member(session: Session, ring_id: int, member_id: int) -> RingMember:
    """Raises NotFound."""
    found = session.scalar(
        sa.select(RingMember)
        .where(RingMember.ring_id == ring_id, RingMember.member_id == member_id)
        .with_for_update(key_share=True)
    )
    if found is None:
        raise NotFound()
    return found


def appeal(session: Session, appeal_id: int) -> Appeal:
    """Raises NotFound."""
    found = session.get(Appeal, appeal_id)
    if found is None:
        raise NotFound()
    return found


def appeals_of(session: Session, member_id: int) -> list[Appeal]:
    query = sa.select(Appeal).where(Appeal.member_id == member_id).order_by(Appeal.id)
    return list(session.scalars(query))


_TAKEN = sa.text(
    """
    SELECT e.id FROM point_entries e
    JOIN (SELECT unnest(taken) AS id, member_id FROM ring_members WHERE ring_id = :ring) t
      ON t.id = e.id
    WHERE (e.member_id = :member OR t.member_id = :member OR e.cause = 'referral:' || :member)
      AND NOT EXISTS (SELECT FROM false_members f WHERE f.member_id = e.member_id)
      AND NOT EXISTS (SELECT FROM false_members f WHERE e.cause = 'referral:' || f.member_id
                      AND e.cause LIKE 'referral:%')
    """
)


def taken_back(session: Session, ring_id: int, member_id: int) -> list[int]:
    """The entries that took points because a member was found to be false, or took the member's,
    without those of people who still are."""
    rows = session.scalars(_TAKEN, {"ring": ring_id, "member": member_id})
    return [int(each) for each in rows]
