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


class Visit(Base):
    """Somebody opened a link: once per visitor and day. `visitor` is a random id from the
    visitor's own cookie; nothing that names a person."""

    __tablename__ = "visits"
    id: Mapped[int] = mapped_column(sa.Identity(), primary_key=True)
    link_id: Mapped[int] = mapped_column(sa.ForeignKey("referral_links.id"))
    visitor: Mapped[str]
    member_id: Mapped[int | None] = mapped_column(sa.ForeignKey("members.id"), index=True)
    channel: Mapped[str] = mapped_column(server_default="link")
    visited_on: Mapped[dt.date]
    visited_at: Mapped[dt.datetime] = mapped_column(server_default=app_now())
    __table_args__ = (
        sa.UniqueConstraint("link_id", "visitor", "visited_on"),
        sa.Index("ix_visits_visitor", "visitor"),
        sa.Index("ix_visits_visited_at", "visited_at"),
    )


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
        sa.Index("ix_referrals_parent_id", "parent_id"),
        sa.Index("ix_referrals_grandparent_id", "grandparent_id"),
        sa.Index("ix_referrals_great_grandparent_id", "great_grandparent_id"),
    )


class CascadeReach(Base):
    """The first time a person reached a root subject (a brand) by a link of somebody. `degree` is
    the sharer's degree in that root's cascade plus one; the root's own links count as 0, and so
    does a sharer whom no link had reached."""

    __tablename__ = "cascade_reaches"
    id: Mapped[int] = mapped_column(sa.Identity(), primary_key=True)
    root_id: Mapped[int] = mapped_column(sa.ForeignKey("subjects.id"))
    visitor: Mapped[str]
    member_id: Mapped[int | None] = mapped_column(sa.ForeignKey("members.id"))
    link_id: Mapped[int] = mapped_column(sa.ForeignKey("referral_links.id"))
    degree: Mapped[int] = mapped_column(sa.SmallInteger)
    reached_at: Mapped[dt.datetime] = mapped_column(server_default=app_now())
    __table_args__ = (
        sa.UniqueConstraint("root_id", "visitor"),
        sa.UniqueConstraint("root_id", "member_id"),
        sa.CheckConstraint("degree >= 1", name="degree"),
        sa.Index("ix_cascade_reaches_visitor", "visitor"),
        sa.Index("ix_cascade_reaches_member_id", "member_id"),
        sa.Index("ix_cascade_reaches_root_id_reached_at", "root_id", "reached_at"),
    )
