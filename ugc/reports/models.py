"""Live reports and the votes on them."""

from __future__ import annotations

import datetime as dt
import enum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from ugc.core.db import Base, app_now
from ugc.geography import geo
from ugc.moderation.models import Moderated, visibility_check

KIND = "report"
# The sub-kinds that the database takes, by kind: those of `taxonomy.toml`, as a test says.
SUBKINDS: dict[str, tuple[str, ...]] = {
    "accident": ("minor", "major"),
    "jam": ("moderate", "heavy", "standstill"),
    "hazard_road": (
        "pothole", "object", "stopped_car", "lane_closed", "signal_out", "oil", "ice",
    ),
    "hazard_shoulder": ("stopped_car", "missing_sign"),
    "weather": (
        "flood", "fog", "heavy_rain", "heavy_snow", "hail", "freezing_rain", "heat_wave",
        "hurricane", "tornado", "monsoon",
    ),
    "road_closed": ("hazard", "construction", "event"),
    "lighting": ("light_out", "street_dark"),
    "furniture": ("pavement", "sign", "traffic_light", "bench", "fountain"),
    "waste": ("bin_full", "dumping", "graffiti"),
    "animals": ("loose", "dead"),
}  # fmt: skip
_SUBKIND_OF_KIND = "subkind IS NULL OR (kind || '/' || subkind) IN ({})".format(
    ", ".join(f"'{kind}/{code}'" for kind, codes in SUBKINDS.items() for code in codes)
)
# What looking back counts (ugc.lookback): public, and not again what was merged into another.
_LOOKED_BACK_AT = sa.text("visibility = 'published' AND state <> 'merged'")


class ReportState(enum.StrEnum):
    """Alive is `open` and `expires_at` in the future; the job only logs `expired`."""

    OPEN = "open"
    CLOSED = "closed"
    EXPIRED = "expired"
    MERGED = "merged"  # its address leads to the report it was merged into


class Report(Moderated, Base):
    """`geom` is public. Of a `coarse` report it is the middle of an area of `accuracy_m` metres
    round a private place of its author; `geom_exact`, which their export alone reads, is what the
    author gave. A held report shows kind, place and time; its text and photos wait.

    Belief is stored as evidence (`rules.belief`): what was believed at `believed_at`, which halves
    every `half_life_s`. It can be folded again from `prior`, `seen_at` and the votes since."""

    __tablename__ = "reports"
    kind: Mapped[str]
    subkind: Mapped[str | None]
    geom: Mapped[Any] = geo.point_column(nullable=False)
    geom_exact: Mapped[Any | None] = geo.point_column(nullable=True)
    accuracy_m: Mapped[float | None] = mapped_column(sa.Float)
    coarse: Mapped[bool] = mapped_column(server_default=sa.false())
    author_hidden: Mapped[bool] = mapped_column(server_default=sa.false())
    heading: Mapped[int | None] = mapped_column(sa.SmallInteger)  # degrees from north, clockwise
    city_id: Mapped[int | None] = mapped_column(sa.ForeignKey("cities.id"))
    text: Mapped[str] = mapped_column(server_default="")
    state: Mapped[str] = mapped_column(server_default=ReportState.OPEN)
    occurred_at: Mapped[dt.datetime] = mapped_column(server_default=app_now())
    expires_at: Mapped[dt.datetime]
    closed_at: Mapped[dt.datetime | None]
    # When a member last vouched for it by reporting or reopening it: only votes since then count.
    seen_at: Mapped[dt.datetime] = mapped_column(server_default=app_now())
    prior: Mapped[float] = mapped_column(sa.Float, server_default="0.667")
    half_life_s: Mapped[float] = mapped_column(sa.Float, server_default="3600")
    believed: Mapped[float] = mapped_column(sa.Float, server_default="0.667")
    believed_at: Mapped[dt.datetime] = mapped_column(server_default=app_now())
    reacted: Mapped[float] = mapped_column(sa.Float, server_default="0.5")
    asked_at: Mapped[dt.datetime | None]
    confirmations: Mapped[int] = mapped_column(server_default="0")
    denials: Mapped[int] = mapped_column(server_default="0")
    # Metres that its author moved it since others spoke about it: `rules.corrections`.
    moved_m: Mapped[float] = mapped_column(sa.Float, server_default="0")
    # Whether its place or kind ever changed (a trigger): who watched where it was must be told.
    moved: Mapped[bool] = mapped_column(server_default=sa.false())
    __table_args__ = (
        visibility_check(),
        sa.CheckConstraint("state IN ('open', 'closed', 'expired', 'merged')", name="state"),
        sa.CheckConstraint(_SUBKIND_OF_KIND, name="subkind_of_kind"),
        sa.CheckConstraint("moved_m BETWEEN 0 AND 100", name="moved_m"),
        sa.CheckConstraint("heading BETWEEN 0 AND 359", name="heading"),
        sa.CheckConstraint("half_life_s > 0", name="half_life"),
        sa.CheckConstraint("geom_exact IS NULL OR coarse", name="exact_of_coarse"),
        sa.CheckConstraint("NOT coarse OR accuracy_m IS NOT NULL", name="coarse_has_area"),
        sa.CheckConstraint(
            "prior BETWEEN 0 AND 1 AND believed BETWEEN 0 AND 1 AND reacted BETWEEN 0 AND 1",
            name="belief",
        ),
        sa.UniqueConstraint("source_id", "external_id"),
        # What its words are, for the search.
        sa.Index(
            "ix_reports_words",
            sa.text("to_tsvector('simple'::regconfig, name_key(text))"),
            postgresql_using="gin",
            postgresql_where=sa.text("visibility = 'published'"),
        ),
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
            "ix_reports_open_geom_created_at",
            "geom",
            "created_at",
            postgresql_using="gist",
            postgresql_where=sa.text("state = 'open'"),
        ),
        sa.Index(
            "ix_reports_open_created_at_id",
            sa.text("created_at DESC"),
            sa.text("id DESC"),
            postgresql_where=sa.text("state = 'open'"),
        ),
        sa.Index(
            "ix_reports_open_expires_at", "expires_at", postgresql_where=sa.text("state = 'open'")
        ),
        # When it began, with all that a count asks, so that the table itself is not read.
        sa.Index(
            "ix_reports_occurred_at",
            "occurred_at",
            postgresql_include=["geom", "kind", "id"],
            postgresql_where=_LOOKED_BACK_AT,
        ),
        # What was alive at a moment, and where.
        sa.Index(
            "ix_reports_lifetime",
            sa.text(
                "tstzrange(occurred_at, greatest(occurred_at, coalesce(closed_at, expires_at)))"
            ),
            "geom",
            postgresql_using="gist",
            postgresql_where=_LOOKED_BACK_AT,
        ),
    )


class Vote(Base):
    """One per member and report, changeable: still there, or not there. `weight` is what it counts
    for, damped already for the reasons in `dampings` (`rules.belief.Damping`). `established` says
    what the member was when they voted (`rules.belief.is_established`)."""

    __tablename__ = "votes"
    report_id: Mapped[int] = mapped_column(sa.ForeignKey("reports.id"), primary_key=True)
    member_id: Mapped[int] = mapped_column(sa.ForeignKey("members.id"), primary_key=True)
    still_there: Mapped[bool]
    weight: Mapped[float] = mapped_column(sa.Float, server_default="0.371")
    dampings: Mapped[list[str]] = mapped_column(ARRAY(sa.Text), server_default="{}")
    established: Mapped[bool] = mapped_column(server_default=sa.false())
    voted_at: Mapped[dt.datetime] = mapped_column(server_default=app_now())
    __table_args__ = (
        sa.CheckConstraint("weight BETWEEN 0 AND 1", name="weight"),
        sa.Index("ix_votes_member_id_voted_at", "member_id", "voted_at"),
    )


class MemberPosition(Base):
    """Where a member last was when they voted, to a tenth of a degree; kept for a day."""

    __tablename__ = "member_positions"
    member_id: Mapped[int] = mapped_column(
        sa.ForeignKey("members.id"), primary_key=True, autoincrement=False
    )
    lon: Mapped[float] = mapped_column(sa.Float)
    lat: Mapped[float] = mapped_column(sa.Float)
    at: Mapped[dt.datetime] = mapped_column(server_default=app_now(), index=True)
