"""The points ledger, what is folded from it, and badges."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ugc.core.db import Base, app_now


class PointEntry(Base):
    """One movement, never edited. Points of held content go to `account` `held` and move to
    `available` by a pair of entries on release. `step` is credit, release, reverse or restore (a
    granted appeal gives back); one of each per member, cause, action, account and `round`, which
    rises with each giving back. The balance is the sum."""

    __tablename__ = "point_entries"
    id: Mapped[int] = mapped_column(sa.Identity(), primary_key=True)
    member_id: Mapped[int] = mapped_column(sa.ForeignKey("members.id"))
    account: Mapped[str]
    step: Mapped[str]
    action: Mapped[str]
    points: Mapped[int]
    # Text that names the one thing that earned it, such as `report:123` or `confirm:123:45`.
    cause: Mapped[str]
    subject_id: Mapped[int | None] = mapped_column(sa.ForeignKey("subjects.id"), index=True)
    city_id: Mapped[int | None] = mapped_column(sa.ForeignKey("cities.id"))
    created_at: Mapped[dt.datetime] = mapped_column(server_default=app_now())
    round: Mapped[int] = mapped_column(sa.SmallInteger, server_default="0")
    __table_args__ = (
        sa.Index(
            "uq_point_entries_once",
            "member_id",
            "cause",
            "action",
            "account",
            "step",
            "round",
            unique=True,
        ),
        sa.CheckConstraint("account IN ('held', 'available')", name="account"),
        sa.CheckConstraint("step IN ('credit', 'release', 'reverse', 'restore')", name="step"),
        sa.Index("ix_point_entries_member_id_created_at", "member_id", "created_at"),
        sa.Index("ix_point_entries_created_at", "created_at"),
        sa.Index("ix_point_entries_cause", "cause"),
    )


class PointTotals(Base):
    """Totals aggregated from the ledger; `recount_member` computes them again."""

    __tablename__ = "point_totals"
    member_id: Mapped[int] = mapped_column(
        sa.ForeignKey("members.id"), primary_key=True, autoincrement=False
    )
    points: Mapped[int] = mapped_column(server_default="0", index=True)
    points_held: Mapped[int] = mapped_column(server_default="0")
    level: Mapped[int] = mapped_column(sa.SmallInteger, server_default="1")


class Badge(Base):
    __tablename__ = "badges"
    member_id: Mapped[int] = mapped_column(sa.ForeignKey("members.id"), primary_key=True)
    badge: Mapped[str] = mapped_column(primary_key=True)
    awarded_at: Mapped[dt.datetime] = mapped_column(server_default=app_now())
