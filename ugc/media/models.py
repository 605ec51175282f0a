"""Photos of any subject."""

from __future__ import annotations

import datetime as dt
import enum

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from ugc.core.db import Base, app_now
from ugc.core.subjects import Visibility


class PhotoState(enum.StrEnum):
    """`quarantined`: raw bytes wait for the job; `refused`: they could not be decoded; `deleted`:
    the files are gone, the row stays."""

    QUARANTINED = "quarantined"
    READY = "ready"
    REFUSED = "refused"
    DELETED = "deleted"


class Shape(enum.StrEnum):
    """`whole`: as it was taken; `square`: the middle of it, a member's picture."""

    WHOLE = "whole"
    SQUARE = "square"


class Photo(Base):
    """`key` is random and names the files; `variants` maps a name to [width, height] in pixels;
    `removed_reason` is the code of the rule that a moderator named."""

    __tablename__ = "photos"
    id: Mapped[int] = mapped_column(sa.Identity(), primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    subject_id: Mapped[int] = mapped_column(sa.ForeignKey("subjects.id"), index=True)
    member_id: Mapped[int | None] = mapped_column(sa.ForeignKey("members.id"), index=True)
    state: Mapped[str] = mapped_column(server_default=PhotoState.QUARANTINED)
    visibility: Mapped[str] = mapped_column(server_default=Visibility.HELD)
    shape: Mapped[str] = mapped_column(server_default=Shape.WHOLE)
    description: Mapped[str] = mapped_column(server_default="")
    width: Mapped[int | None]
    height: Mapped[int | None]
    variants: Mapped[dict[str, list[int]]] = mapped_column(JSONB, server_default="{}")
    removed_at: Mapped[dt.datetime | None]
    removed_reason: Mapped[str | None]
    created_at: Mapped[dt.datetime] = mapped_column(server_default=app_now())
    __table_args__ = (
        sa.CheckConstraint("state IN ('quarantined', 'ready', 'refused', 'deleted')", name="state"),
        sa.CheckConstraint(
            "visibility IN ('published', 'held', 'hidden', 'removed', 'withdrawn')",
            name="visibility",
        ),
        sa.CheckConstraint("shape IN ('whole', 'square')", name="shape"),
        sa.CheckConstraint(
            "(visibility = 'removed') <= (removed_at IS NOT NULL AND removed_reason IS NOT NULL)",
            name="removal_has_reason",
        ),
        sa.Index(
            "ix_photos_removed_at",
            "removed_at",
            postgresql_where=sa.text("visibility = 'removed' AND state <> 'deleted'"),
        ),
    )
