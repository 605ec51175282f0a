"""Reviews of places, their history, and helpful votes."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from ugc.core.db import Base, app_now
from ugc.moderation.models import Moderated, visibility_check

KIND = "review"


class Review(Moderated, Base):
    """`subratings` maps a code of the place's category to 1–5; `original` is what an import
    said."""

    __tablename__ = "reviews"
    place_id: Mapped[int] = mapped_column(sa.ForeignKey("places.id"), index=True)
    rating: Mapped[int] = mapped_column(sa.SmallInteger)
    subratings: Mapped[dict[str, int]] = mapped_column(JSONB, server_default="{}")
    title: Mapped[str] = mapped_column(server_default="")
    text: Mapped[str] = mapped_column(server_default="")
    visited_month: Mapped[dt.date | None]
    visit_kind: Mapped[str | None]
    helpful: Mapped[int] = mapped_column(server_default="0")
    edited_at: Mapped[dt.datetime | None]
    original: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    __table_args__ = (
        visibility_check(),
        sa.CheckConstraint("rating BETWEEN 1 AND 5", name="rating"),
        sa.UniqueConstraint("source_id", "external_id"),
        sa.Index(
            "uq_reviews_place_author",
            "place_id",
            "author_id",
            unique=True,
            postgresql_where=sa.text("visibility NOT IN ('removed', 'withdrawn')"),
        ),
        sa.Index(
            "ix_reviews_words",
            sa.text("to_tsvector('simple'::regconfig, name_key((title || ' '::text) || text))"),
            postgresql_using="gin",
            postgresql_where=sa.text("visibility = 'published'"),
        ),
        sa.Index("ix_reviews_created_at_id", sa.text("created_at DESC"), sa.text("id DESC")),
    )


class HelpfulVote(Base):
    __tablename__ = "helpful_votes"
    review_id: Mapped[int] = mapped_column(sa.ForeignKey("reviews.id"), primary_key=True)
    member_id: Mapped[int] = mapped_column(
        sa.ForeignKey("members.id"), primary_key=True, index=True
    )
    voted_at: Mapped[dt.datetime] = mapped_column(server_default=app_now())
