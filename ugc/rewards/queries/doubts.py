"""Reads of rewards, scores and rings."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from ugc.accounts.models import Member
from ugc.core.db import Session, app_now
from ugc.referrals.models import FalseMember, Referral
from ugc.reports.queries import trust as reports_trust
from ugc.rewards.models import Clearing, FraudScore, Mark, ReferralReward, RingMember
from ugc.rewards.rules.points import DOUBTED
from ugc.rewards.rules.score import Reason

SHOWN = 100  # of newcomers whose points wait


def one_of(column: Any, ids: Iterable[int]) -> sa.ColumnElement[bool]:
    """`column = ANY(ids)`: one parameter, however many they are."""
    return column == sa.any_(sa.cast(list(ids), ARRAY(sa.BigInteger)))


def doubted() -> sa.CompoundSelect[int]:
    """Ids of the members whose sharing and praise do not count: the score doubts them, they
    are in a ring that waits for a decision, or they were found to be false. Those a moderator
    cleared has a lower score. For `IN`, `NOT IN` or a join of another query:

        SELECT member_id FROM fraud_scores WHERE score >= 60
        UNION SELECT member_id FROM ring_members WHERE outcome IS NULL
        UNION SELECT member_id FROM false_members
    """
    return sa.union(
        sa.select(FraudScore.member_id).where(FraudScore.score >= DOUBTED),
        sa.select(RingMember.member_id).where(RingMember.outcome.is_(None)),
        sa.select(FalseMember.member_id),
    )


def _hang_together(one: reports_trust.Column, other: reports_trust.Column) -> sa.Exists:
    """Whether two members share a browser or a mailbox, or the other is doubted: then the other
    proves nothing of the one (`reports.queries.trust`)."""
    a, b = sa.orm.aliased(Mark), sa.orm.aliased(Mark)
    shared = sa.select(a.member_id).where(
        a.member_id == one,
        b.member_id == other,
        a.kind == b.kind,
        a.mark == b.mark,
        a.kind.in_(("browser", "mailbox")),
    )
    found = doubted().subquery()
    return sa.union_all(
        shared, sa.select(found.c.member_id).where(found.c.member_id == other)
    ).exists()


reports_trust.register_tie(_hang_together)


def untrusted_among(session: Session, ids: Collection[int]) -> set[int]:
    """Members of `ids` with a fraud score of at least 60, confirmed as false, or in an undecided
    ring."""
    found = doubted().subquery()
    query = sa.select(found.c.member_id).where(one_of(found.c.member_id, ids))
    return set(session.scalars(query))


# rewards ------------------------------------------------------------------------------------


def ancestors(session: Session, newcomer_id: int) -> list[tuple[int, int]]:
    """(degree, member) of who brought a newcomer, the nearest first."""
    row = session.get(Referral, newcomer_id)
    if row is None:
        return []
    above = (row.parent_id, row.grandparent_id, row.great_grandparent_id)
    return [(degree, each) for degree, each in enumerate(above, start=1) if each is not None]


def false_among(session: Session, ids: Collection[int]) -> set[int]:
    query = sa.select(FalseMember.member_id).where(FalseMember.member_id.in_(list(ids)))
    return set(session.scalars(query))


def credited_on(session: Session, beneficiary_id: int, day: dt.date) -> int:
    """Points of referrals that were credited for a day, whatever became of them."""
    query = sa.select(sa.func.coalesce(sa.func.sum(ReferralReward.points), 0)).where(
        ReferralReward.beneficiary_id == beneficiary_id,
        ReferralReward.given_on == day,
        ReferralReward.state != "capped",
    )
    return int(session.scalar(query) or 0)


def held_of(session: Session, newcomer_id: int) -> list[ReferralReward]:
    """The rewards that wait for a newcomer, locked until the transaction ends."""
    return list(
        session.scalars(
            sa.select(ReferralReward)
            .where(ReferralReward.newcomer_id == newcomer_id, ReferralReward.state == "held")
            .order_by(ReferralReward.beneficiary_id)
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        )
    )


def waited_for(session: Session, member_id: int) -> list[int]:
    """The newcomers whose held rewards may depend on a member: themselves, or who they brought."""
    query = (
        sa.select(ReferralReward.newcomer_id)
        .where(
            ReferralReward.state == "held",
            sa.or_(
                ReferralReward.newcomer_id == member_id,
                ReferralReward.beneficiary_id == member_id,
            ),
        )
        .distinct()
        .order_by(ReferralReward.newcomer_id)
    )
    return list(session.scalars(query))


def newcomers_held(session: Session, after: int, limit: int) -> list[int]:
    """Newcomers above an id with waiting rewards, old enough for release, by the partial index."""
    query = (
        sa.select(ReferralReward.newcomer_id)
        .join(Member, Member.id == ReferralReward.newcomer_id)
        .where(
            ReferralReward.state == "held",
            ReferralReward.newcomer_id > after,
            Member.erased_at.is_(None),
        )
        .distinct()
        .order_by(ReferralReward.newcomer_id)
        .limit(limit)
    )
    return list(session.scalars(query))


@dataclass(frozen=True)
class Waiting:
    """A reward that the reader is to get; `handle` None for who may not be named. `doubted`: who
    was brought (or the reader) is looked at by a moderator."""

    handle: str | None
    degree: int
    points: int
    joined_at: dt.datetime
    newcomer_id: int
    doubted: bool


def waiting(session: Session, member_id: int) -> tuple[list[Waiting], int]:
    """What is held for a member, the newest first, and how many are held in all."""
    rows = session.execute(
        sa.select(
            ReferralReward,
            Member.who.label("handle"),
            Member.shown_to_far_contacts,
            Member.joined_at,
        )
        .join(Member, Member.id == ReferralReward.newcomer_id)
        .where(ReferralReward.beneficiary_id == member_id, ReferralReward.state == "held")
        .order_by(ReferralReward.newcomer_id.desc())
        .limit(SHOWN)
    ).all()
    unsure = untrusted_among(session, [row.ReferralReward.newcomer_id for row in rows])
    listed = [
        Waiting(
            row.handle if row.ReferralReward.degree == 1 or row.shown_to_far_contacts else None,
            row.ReferralReward.degree,
            row.ReferralReward.points,
            row.joined_at,
            row.ReferralReward.newcomer_id,
            row.ReferralReward.newcomer_id in unsure,
        )
        for row in rows
    ]
    return listed, totals(session, member_id).get("held", (0, 0))[0]


def totals(session: Session, member_id: int) -> dict[str, tuple[int, int]]:
    """(how many, points) of a member's rewards by state."""
    rows = session.execute(
        sa.select(ReferralReward.state, sa.func.count(), sa.func.sum(ReferralReward.points))
        .where(ReferralReward.beneficiary_id == member_id)
        .group_by(ReferralReward.state)
    )
    return {row[0]: (int(row[1]), int(row[2])) for row in rows}


def rewards_of(session: Session, member_id: int) -> list[ReferralReward]:
    """All rewards of a member, for their own export."""
    query = sa.select(ReferralReward).where(ReferralReward.beneficiary_id == member_id)
    return list(session.scalars(query.order_by(ReferralReward.newcomer_id)))


# scores -------------------------------------------------------------------------------------


def score_of(session: Session, member_id: int) -> FraudScore | None:
    return session.get(FraudScore, member_id)


def marks_of(session: Session, member_id: int) -> list[Mark]:
    query = sa.select(Mark).where(Mark.member_id == member_id)
    return list(session.scalars(query.order_by(Mark.kind, Mark.first_seen_at)))


def members_after(session: Session, after: int, limit: int) -> list[int]:
    """The next ids of members who are there and not imported."""
    query = (
        sa.select(Member.id)
        .where(Member.id > after, Member.erased_at.is_(None), Member.source_id.is_(None))
        .order_by(Member.id)
        .limit(limit)
    )
    return list(session.scalars(query))


def present(session: Session, ids: Iterable[int]) -> dict[int, dt.datetime]:
    """When those of `ids` joined who were not erased."""
    query = sa.select(Member.id, Member.joined_at).where(
        one_of(Member.id, ids), Member.erased_at.is_(None)
    )
    return {row.id: row.joined_at for row in session.execute(query)}


def scores(session: Session, ids: Iterable[int]) -> dict[int, int]:
    query = sa.select(FraudScore.member_id, FraudScore.score).where(
        one_of(FraudScore.member_id, ids)
    )
    return {row.member_id: int(row.score) for row in session.execute(query)}


def clearings(session: Session, ids: Iterable[int]) -> dict[int, dict[str, Reason]]:
    """What was cleared, by member and code."""
    found: dict[int, dict[str, Reason]] = {}
    for row in session.scalars(sa.select(Clearing).where(one_of(Clearing.member_id, ids))):
        reason = Reason(row.code, row.points, 0, tuple(row.with_ids))
        found.setdefault(row.member_id, {})[row.code] = reason
    return found


def parents(session: Session, ids: Iterable[int]) -> set[int]:
    query = sa.select(Referral.parent_id).where(one_of(Referral.member_id, ids)).distinct()
    return set(session.scalars(query))


def sharers(session: Session, member_id: int, limit: int = 200) -> list[int]:
    """Others with a mark of the member (not the network alone), the newest first."""
    own = sa.orm.aliased(Mark)
    query = (
        sa.select(Mark.member_id)
        .join(own, sa.and_(own.kind == Mark.kind, own.mark == Mark.mark))
        .where(
            own.member_id == member_id,
            Mark.member_id != member_id,
            Mark.kind.in_(("browser", "mailbox")),
        )
        .distinct()
        .order_by(Mark.member_id.desc())
        .limit(limit)
    )
    return list(session.scalars(query))


def old_marks() -> sa.ColumnElement[bool]:
    """Fingerprints not seen for the days that they are kept."""
    return Mark.last_seen_at < app_now() - sa.text("interval '90 days'")
