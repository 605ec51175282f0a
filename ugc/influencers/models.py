"""Scores of prescriptores, home cities and consents."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ugc.core.db import Base, app_now


class HomeCity(Base):
    """The city of a member: the one they chose, else where they contributed most. Derived; made
    again with the scores."""

    __tablename__ = "home_cities"
    member_id: Mapped[int] = mapped_column(
        sa.ForeignKey("members.id"), primary_key=True, autoincrement=False
    )
    city_id: Mapped[int] = mapped_column(sa.ForeignKey("cities.id"))
    __table_args__ = (sa.Index("ix_home_cities_city_id", "city_id"),)


class PrescriptorScore(Base):
    """What a member's sharing caused in a root (a brand; the site is everywhere), in a span
    (`rules.score.SPANS`) and, of what was shared, a category of places ('' all). The parts stand
    beside the score they make. Derived; docs/spread.md has the formula."""

    __tablename__ = "prescriptor_scores"
    root_id: Mapped[int] = mapped_column(sa.ForeignKey("subjects.id"), primary_key=True)
    span: Mapped[str] = mapped_column(primary_key=True)
    category: Mapped[str] = mapped_column(primary_key=True)
    member_id: Mapped[int] = mapped_column(sa.ForeignKey("members.id"), primary_key=True)
    city_id: Mapped[int | None] = mapped_column(sa.ForeignKey("cities.id"))
    score: Mapped[float] = mapped_column(sa.Float)
    # People of each degree who are not doubted; of them, who joined by it, and what they published.
    first: Mapped[int]
    second: Mapped[int]
    third: Mapped[int]
    joined: Mapped[int]
    contributions: Mapped[int]
    caused: Mapped[float] = mapped_column(sa.Float)
    response: Mapped[float] = mapped_column(sa.Float, server_default="0")
    reliability: Mapped[float] = mapped_column(sa.Float)
    zone_focus: Mapped[float] = mapped_column(sa.Float)
    topic_focus: Mapped[float] = mapped_column(sa.Float)
    # The two baselines: all of the 1st degree, doubted or not, and PageRank (times people).
    raw_first: Mapped[int]
    pagerank: Mapped[float] = mapped_column(sa.Float)
    __table_args__ = (
        sa.Index(
            "ix_prescriptor_scores_top", "root_id", "span", "category", sa.text("score DESC"),
            "member_id",
        ),
        sa.Index(
            "ix_prescriptor_scores_city", "root_id", "span", "category", "city_id",
            sa.text("score DESC"), "member_id",
        ),
        sa.Index("ix_prescriptor_scores_member_id", "member_id"),
    )  # fmt: skip


class SpreadConsent(Base):
    """What a member agreed to: that brands see their name among prescriptores, and that brands
    which they allow may invite them. Without a row: neither."""

    __tablename__ = "spread_consents"
    member_id: Mapped[int] = mapped_column(
        sa.ForeignKey("members.id"), primary_key=True, autoincrement=False
    )
    named: Mapped[bool] = mapped_column(server_default=sa.false())
    contactable: Mapped[bool] = mapped_column(server_default=sa.false())


class BrandConsent(Base):
    """A member lets one brand invite them."""

    __tablename__ = "brand_consents"
    brand_id: Mapped[int] = mapped_column(sa.ForeignKey("brands.id"), primary_key=True)
    member_id: Mapped[int] = mapped_column(
        sa.ForeignKey("members.id"), primary_key=True, index=True
    )
    since: Mapped[dt.datetime] = mapped_column(server_default=app_now())
