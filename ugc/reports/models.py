"""Live reports and the votes on them."""

from __future__ import annotations

import datetime as dt
import enum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ugc.core import geo
from ugc.core.db import Base, app_now
from ugc.moderation.models import Moderated, visibility_check

KIND = "report"


class ReportState(enum.StrEnum):
    """Alive is `open` and `expires_at` in the future; the job only logs `expired`."""

    OPEN = "open"
    CLOSED = "closed"
    EXPIRED = "expired"


class Report(Moderated, Base):
    """`geom` is public; `geom_exact` is what the author gave when they blurred it. A held report
    shows kind, place and time; its text and photos wait."""

    __tablename__ = "reports"
    kind: Mapped[str]
    geom: Mapped[Any] = geo.point_column(nullable=False)
    geom_exact: Mapped[Any | None] = geo.point_column(nullable=True)
    accuracy_m: Mapped[float | None] = mapped_column(sa.Float)
    city_id: Mapped[int | None] = mapped_column(sa.ForeignKey("cities.id"))
    text: Mapped[str] = mapped_column(server_default="")
    state: Mapped[str] = mapped_column(server_default=ReportState.OPEN)
    occurred_at: Mapped[dt.datetime] = mapped_column(server_default=app_now())
    expires_at: Mapped[dt.datetime]
    closed_at: Mapped[dt.datetime | None]
    confirmations: Mapped[int] = mapped_column(server_default="0")
    denials: Mapped[int] = mapped_column(server_default="0")
    __table_args__ = (
        visibility_check(),
        sa.CheckConstraint("state IN ('open', 'closed', 'expired')", name="state"),
        sa.UniqueConstraint("source_id", "external_id"),
        # Newest first inside a viewport: `ORDER BY created_at <-> 'far future'` needs btree_gist.
        sa.Index("ix_reports_geom_created_at", "geom", "created_at", postgresql_using="gist"),
        sa.Index("ix_reports_created_at_id", sa.text("created_at DESC"), sa.text("id DESC")),
        sa.Index(
            "ix_reports_open_geom",
            "geom",
            postgresql_using="gist",
            postgresql_where=sa.text("state = 'open'"),
        ),
        sa.Index(
            "ix_reports_open_expires_at", "expires_at", postgresql_where=sa.text("state = 'open'")
        ),
    )


class Vote(Base):
    """One per member and report, changeable: still there, or not there."""

    __tablename__ = "votes"
    report_id: Mapped[int] = mapped_column(sa.ForeignKey("reports.id"), primary_key=True)
    member_id: Mapped[int] = mapped_column(
        sa.ForeignKey("members.id"), primary_key=True, index=True
    )
    still_there: Mapped[bool]
    voted_at: Mapped[dt.datetime] = mapped_column(server_default=app_now())
