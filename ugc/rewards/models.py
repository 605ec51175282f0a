"""Rewards of referrals."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ugc.core.db import Base, app_now


class ReferralReward(Base):
    """What a member who brought a newcomer (1st to 3rd degree) gets for it: one row for each
    pair, beside the ledger's entry with the cause `referral:<newcomer>`. `state` is held, released,
    reversed, or capped: then the day was full and nothing was credited."""

    __tablename__ = "referral_rewards"
    newcomer_id: Mapped[int] = mapped_column(
        sa.ForeignKey("members.id"), primary_key=True, autoincrement=False
    )
    beneficiary_id: Mapped[int] = mapped_column(
        sa.ForeignKey("members.id"), primary_key=True, autoincrement=False
    )
    degree: Mapped[int] = mapped_column(sa.SmallInteger)
    points: Mapped[int] = mapped_column(sa.SmallInteger)
    state: Mapped[str]
    # The day (UTC) whose cap it counts for.
    given_on: Mapped[dt.date]
    changed_at: Mapped[dt.datetime] = mapped_column(server_default=app_now())
    __table_args__ = (
        sa.CheckConstraint("state IN ('held', 'released', 'reversed', 'capped')", name="state"),
        sa.CheckConstraint("degree BETWEEN 1 AND 3", name="degree"),
        sa.Index("ix_referral_rewards_beneficiary_id_given_on", "beneficiary_id", "given_on"),
        sa.Index(
            "ix_referral_rewards_held",
            "newcomer_id",
            postgresql_where=sa.text("state = 'held'"),
        ),
    )
