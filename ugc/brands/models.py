"""Brands, claims and fans. Teams are grants (`ugc.accounts`)."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ugc.core.db import Base, app_now
from ugc.moderation.models import Moderated, visibility_check

KIND = "brand"
CLAIM_KIND = "brand_claim"
CHANGE_KIND = "brand_change"


class Brand(Moderated, Base):
    __tablename__ = "brands"
    name: Mapped[str]
    about: Mapped[str] = mapped_column(server_default="")
    website: Mapped[str] = mapped_column(server_default="")
    claimed_at: Mapped[dt.datetime | None]
    __table_args__ = (
        visibility_check(),
        sa.UniqueConstraint("source_id", "external_id"),
        sa.Index("uq_brands_name_key", sa.text("name_key(name)"), unique=True),
        sa.Index(
            "ix_brands_name_key_trgm",
            sa.text("name_key(name) gin_trgm_ops"),
            postgresql_using="gin",
        ),
    )


class BrandClaim(Moderated, Base):
    """A member says they speak for the brand. A case decides: approved makes them its owner."""

    __tablename__ = "brand_claims"
    brand_id: Mapped[int] = mapped_column(sa.ForeignKey("brands.id"), index=True)
    message: Mapped[str]
    decided_at: Mapped[dt.datetime | None]
    __table_args__ = (
        visibility_check(),
        sa.Index(
            "uq_brand_claims_open",
            "brand_id",
            "author_id",
            unique=True,
            postgresql_where=sa.text("decided_at IS NULL"),
        ),
    )


class TeamInvitation(Base):
    """A member is asked into a brand's team and joins it by accepting. Open without an `outcome`,
    before `expires_at`, while its author may change the team."""

    __tablename__ = "team_invitations"
    id: Mapped[int] = mapped_column(sa.Identity(), primary_key=True)
    brand_id: Mapped[int] = mapped_column(sa.ForeignKey("brands.id"), index=True)
    member_id: Mapped[int] = mapped_column(sa.ForeignKey("members.id"), index=True)
    role: Mapped[str]
    invited_by_id: Mapped[int] = mapped_column(sa.ForeignKey("members.id"), index=True)
    invited_at: Mapped[dt.datetime] = mapped_column(server_default=app_now())
    expires_at: Mapped[dt.datetime]
    outcome: Mapped[str | None]
    ended_at: Mapped[dt.datetime | None]
    ended_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("members.id"))
    __table_args__ = (
        sa.CheckConstraint("role IN ('owner', 'manager', 'replier', 'analyst')", name="role"),
        sa.CheckConstraint(
            "outcome IN ('accepted', 'declined', 'revoked', 'expired')", name="outcome"
        ),
        sa.CheckConstraint("(outcome IS NULL) = (ended_at IS NULL)", name="ended"),
        sa.Index(
            "uq_team_invitations_open",
            "brand_id",
            "member_id",
            unique=True,
            postgresql_where=sa.text("outcome IS NULL"),
        ),
    )


class BrandChange(Moderated, Base):
    """A team asks for another name or web address of its brand. A case decides; until then the old
    ones stand. One is open at a time."""

    __tablename__ = "brand_changes"
    brand_id: Mapped[int] = mapped_column(sa.ForeignKey("brands.id"), index=True)
    name: Mapped[str]
    website: Mapped[str]
    old_name: Mapped[str]
    old_website: Mapped[str]
    decided_at: Mapped[dt.datetime | None]
    __table_args__ = (
        visibility_check(),
        sa.Index(
            "uq_brand_changes_open",
            "brand_id",
            unique=True,
            postgresql_where=sa.text("decided_at IS NULL"),
        ),
    )


class Fan(Base):
    __tablename__ = "fans"
    brand_id: Mapped[int] = mapped_column(sa.ForeignKey("brands.id"), primary_key=True)
    member_id: Mapped[int] = mapped_column(
        sa.ForeignKey("members.id"), primary_key=True, index=True
    )
    since: Mapped[dt.datetime] = mapped_column(server_default=app_now())
