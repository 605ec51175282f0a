"""Published weekly figures."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from ugc.core.db import Base, app_now


class PublishedWeek(Base):
    """A complete ISO week (its Monday, UTC) whose figures of a root were told. `cascades` are the
    largest ones as they were at its end, as they may be shown (`rules.shape.Told`)."""

    __tablename__ = "published_weeks"
    root_id: Mapped[int] = mapped_column(sa.ForeignKey("subjects.id"), primary_key=True)
    week: Mapped[dt.date] = mapped_column(primary_key=True)
    cascades: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default="[]")
    published_at: Mapped[dt.datetime] = mapped_column(server_default=app_now())


class PublishedFigure(Base):
    """How many more people of a cell (a series and one of its keys) a week told: always full tens
    (`rules.tens`). Never changed, whatever becomes of who was counted: every page, export and
    answer adds these rows and reads nothing else."""

    __tablename__ = "published_figures"
    root_id: Mapped[int] = mapped_column(sa.ForeignKey("subjects.id"), primary_key=True)
    week: Mapped[dt.date] = mapped_column(primary_key=True)
    series: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    people: Mapped[int]
    __table_args__ = (sa.CheckConstraint("people > 0 AND people % 10 = 0", name="tens"),)
