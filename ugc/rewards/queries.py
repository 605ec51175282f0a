"""Reads of rewards."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa

from ugc.accounts.models import Member
from ugc.core.db import Session
from ugc.fraud.queries import untrusted as fraud_untrusted
from ugc.reputation.models import PointEntry
from ugc.rewards.models import ReferralReward

SHOWN = 100  # of newcomers whose points wait


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
    unsure = fraud_untrusted.untrusted_among(
        session, [row.ReferralReward.newcomer_id for row in rows]
    )
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


def reversed_of(session: Session, member_id: int) -> list[tuple[ReferralReward, int, int]]:
    """(reward, held points, available points) of the reversed rewards that a member gave or got,
    as the ledger has them now."""

    def standing(account: str) -> sa.ScalarSelect[int]:
        return (
            sa.select(sa.func.coalesce(sa.func.sum(PointEntry.points), 0))
            .where(
                PointEntry.member_id == ReferralReward.beneficiary_id,
                PointEntry.cause
                == sa.func.concat("referral:", sa.cast(ReferralReward.newcomer_id, sa.Text)),
                PointEntry.account == account,
            )
            .scalar_subquery()
        )

    rows = session.execute(
        sa.select(ReferralReward, standing("held"), standing("available")).where(
            sa.or_(
                ReferralReward.newcomer_id == member_id,
                ReferralReward.beneficiary_id == member_id,
            ),
            ReferralReward.state == "reversed",
        )
    )
    return [(row[0], int(row[1]), int(row[2])) for row in rows]
