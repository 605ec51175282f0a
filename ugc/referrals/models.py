"""Referral links, visits, and the tree of contacts."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ugc.core.db import Base, app_now


class ReferralLink(Base):
    """One per owner and subject. The owner is a member or a brand (both are subjects)."""

    __tablename__ = "referral_links"
    id: Mapped[int] = mapped_column(sa.Identity(), primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    owner_id: Mapped[int] = mapped_column(sa.ForeignKey("subjects.id"))
    subject_id: Mapped[int] = mapped_column(sa.ForeignKey("subjects.id"), index=True)
    created_at: Mapped[dt.datetime] = mapped_column(server_default=app_now())
    __table_args__ = (sa.UniqueConstraint("owner_id", "subject_id"),)


class VisitSalt(Base):
    """The salt of one day's visitor keys. It is deleted when the day is over: from then on no one
    can tell whether two of them are of one person, or whose they are."""

    __tablename__ = "visit_salts"
    day: Mapped[dt.date] = mapped_column(primary_key=True)
    salt: Mapped[bytes]


class Visit(Base):
    """The opening of a link: once per visitor key and day. `visitor_key` is a salted hash of what a
    browser shows anyway; it is anonymous and only de-duplicates. Partitioned by month of
    `visited_on`; old partitions are dropped, their counts stay in `visit_days`. `degree` is the
    visitor's in the cascade of the link's root."""

    __tablename__ = "visits"
    visited_on: Mapped[dt.date] = mapped_column(primary_key=True)
    link_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    visitor_key: Mapped[bytes] = mapped_column(primary_key=True)
    channel: Mapped[str] = mapped_column(server_default="link")
    degree: Mapped[int] = mapped_column(sa.SmallInteger, server_default="1")
    visited_at: Mapped[dt.datetime] = mapped_column(server_default=app_now())
    __table_args__ = ({"postgresql_partition_by": "RANGE (visited_on)"},)


class VisitDay(Base):
    """Visits of a link by day (UTC), channel and degree: what stays of `visits`. `root_id` is the
    root of the link's subject at that time (a brand), or None."""

    __tablename__ = "visit_days"
    link_id: Mapped[int] = mapped_column(sa.ForeignKey("referral_links.id"), primary_key=True)
    day: Mapped[dt.date] = mapped_column(primary_key=True)
    channel: Mapped[str] = mapped_column(primary_key=True)
    degree: Mapped[int] = mapped_column(sa.SmallInteger, primary_key=True)
    root_id: Mapped[int | None] = mapped_column(sa.ForeignKey("subjects.id"))
    visits: Mapped[int]
    __table_args__ = (sa.Index("ix_visit_days_root_id_day", "root_id", "day"),)


class RootDay(Base):
    """The same by root, so that a brand's page reads a few hundred rows whatever its links."""

    __tablename__ = "root_days"
    root_id: Mapped[int] = mapped_column(sa.ForeignKey("subjects.id"), primary_key=True)
    day: Mapped[dt.date] = mapped_column(primary_key=True)
    channel: Mapped[str] = mapped_column(primary_key=True)
    degree: Mapped[int] = mapped_column(sa.SmallInteger, primary_key=True)
    visits: Mapped[int]


class Referral(Base):
    """A visit that became a member. `parent_id` is 1st degree, then its parents. A parent is older
    than its child, so that a cycle cannot be written; rows are never updated (a trigger)."""

    __tablename__ = "referrals"
    member_id: Mapped[int] = mapped_column(
        sa.ForeignKey("members.id"), primary_key=True, autoincrement=False
    )
    parent_id: Mapped[int] = mapped_column(sa.ForeignKey("members.id"))
    grandparent_id: Mapped[int | None] = mapped_column(sa.ForeignKey("members.id"))
    great_grandparent_id: Mapped[int | None] = mapped_column(sa.ForeignKey("members.id"))
    link_id: Mapped[int] = mapped_column(sa.ForeignKey("referral_links.id"))
    referred_at: Mapped[dt.datetime] = mapped_column(server_default=app_now())
    __table_args__ = (
        sa.CheckConstraint("parent_id < member_id", name="parent_is_older"),
        sa.Index("ix_referrals_parent_id_referred_at", "parent_id", "referred_at"),
        sa.Index("ix_referrals_grandparent_id", "grandparent_id"),
        sa.Index("ix_referrals_great_grandparent_id", "great_grandparent_id"),
    )


class FalseMember(Base):
    """A member who turned out not to be a person of their own: counted nowhere. The
    referral stays, for it can never change."""

    __tablename__ = "false_members"
    member_id: Mapped[int] = mapped_column(
        sa.ForeignKey("members.id"), primary_key=True, autoincrement=False
    )
    found_at: Mapped[dt.datetime] = mapped_column(server_default=app_now())


class ReachCount(Base):
    """People of a member's three degrees, without the false and the erased. Folded from
    `reach_deltas`; what a member has now is this plus the deltas that still wait."""

    __tablename__ = "reach_counts"
    member_id: Mapped[int] = mapped_column(
        sa.ForeignKey("members.id"), primary_key=True, autoincrement=False
    )
    first: Mapped[int] = mapped_column(server_default="0")
    second: Mapped[int] = mapped_column(server_default="0")
    third: Mapped[int] = mapped_column(server_default="0")


class ReachDelta(Base):
    """One more (or one fewer) in a degree of a member; appended, so that a thousand who join
    through one link do not wait for each other."""

    __tablename__ = "reach_deltas"
    id: Mapped[int] = mapped_column(sa.Identity(), primary_key=True)
    member_id: Mapped[int]
    degree: Mapped[int] = mapped_column(sa.SmallInteger)
    change: Mapped[int] = mapped_column(sa.SmallInteger)
    __table_args__ = (sa.Index("ix_reach_deltas_member_id", "member_id"),)


class CascadeReach(Base):
    """The first arrival of a member at a root by a link. A root is the shared subject
    itself and, when it belongs to a brand, the brand too (a row each). `degree` is the sharer's
    degree in that root's cascade plus one; the root's own links count as 0, and so does a sharer
    who came by no link. `sharer_id` owns the link (None: the root itself), and the next two
    are who brought the sharer to this root, and who brought those."""

    __tablename__ = "cascade_reaches"
    id: Mapped[int] = mapped_column(sa.Identity(), primary_key=True)
    root_id: Mapped[int] = mapped_column(sa.ForeignKey("subjects.id"))
    member_id: Mapped[int] = mapped_column(sa.ForeignKey("members.id"))
    link_id: Mapped[int] = mapped_column(sa.ForeignKey("referral_links.id"))
    sharer_id: Mapped[int | None] = mapped_column(sa.ForeignKey("members.id"))
    second_sharer_id: Mapped[int | None] = mapped_column(sa.ForeignKey("members.id"))
    third_sharer_id: Mapped[int | None] = mapped_column(sa.ForeignKey("members.id"))
    degree: Mapped[int] = mapped_column(sa.SmallInteger)
    channel: Mapped[str] = mapped_column(server_default="link")
    # Whether the person was a member already, or joined through this click.
    joined: Mapped[bool] = mapped_column(server_default=sa.false())
    reached_at: Mapped[dt.datetime] = mapped_column(server_default=app_now())
    __table_args__ = (
        sa.UniqueConstraint("root_id", "member_id"),
        sa.CheckConstraint("degree >= 1", name="degree"),
        sa.Index("ix_cascade_reaches_member_id", "member_id"),
        sa.Index("ix_cascade_reaches_root_id_reached_at", "root_id", "reached_at"),
        sa.Index("ix_cascade_reaches_sharer_id", "sharer_id", "root_id"),
        sa.Index("ix_cascade_reaches_second_sharer_id", "second_sharer_id", "root_id"),
        sa.Index("ix_cascade_reaches_third_sharer_id", "third_sharer_id", "root_id"),
    )
