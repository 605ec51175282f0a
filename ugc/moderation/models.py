"""Flags, cases, decisions; and the columns that content shares."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ugc.core.db import Base, app_now
from ugc.core.subjects import Visibility

VISIBILITIES = ", ".join(f"'{v}'" for v in Visibility)


class Moderated:
    """Mixin of content tables: `id` is the subject's; imported rows have no author."""

    id: Mapped[int] = mapped_column(
        sa.ForeignKey("subjects.id"), primary_key=True, autoincrement=False
    )
    author_id: Mapped[int | None] = mapped_column(sa.ForeignKey("members.id"), index=True)
    visibility: Mapped[str] = mapped_column(server_default=Visibility.PUBLISHED)
    source_id: Mapped[int | None] = mapped_column(sa.ForeignKey("sources.id"))
    external_id: Mapped[str | None]
    content_hash: Mapped[str | None]
    language: Mapped[str] = mapped_column(server_default="und")
    created_at: Mapped[dt.datetime] = mapped_column(server_default=app_now())
    # Rises with each edit; forms and decisions carry it, so that none of them acts on an older
    # text.
    revision: Mapped[int] = mapped_column(server_default="1")

    @classmethod
    def still_seen_by(cls, author_id: int | None) -> sa.ColumnElement[bool]:
        """What an author still sees of their own, whatever was decided on it. Content without an
        author (imported, or of a member who left) is no reader's own."""
        if author_id is None:
            return sa.false()
        return sa.and_(cls.author_id == author_id, cls.visibility != Visibility.WITHDRAWN)


def visibility_check() -> sa.CheckConstraint:
    return sa.CheckConstraint(f"visibility IN ({VISIBILITIES})", name="visibility")


class Flag(Base):
    """A member says that content breaks a rule; folds into the open case."""

    __tablename__ = "flags"
    id: Mapped[int] = mapped_column(sa.Identity(), primary_key=True)
    subject_id: Mapped[int] = mapped_column(sa.ForeignKey("subjects.id"))
    member_id: Mapped[int] = mapped_column(sa.ForeignKey("members.id"), index=True)
    rule: Mapped[str]
    note: Mapped[str] = mapped_column(server_default="")
    created_at: Mapped[dt.datetime] = mapped_column(server_default=app_now())
    __table_args__ = (sa.UniqueConstraint("subject_id", "member_id"),)


class Case(Base):
    """One open question per subject; `version` refuses the second of two decisions."""

    __tablename__ = "cases"
    id: Mapped[int] = mapped_column(sa.Identity(), primary_key=True)
    subject_id: Mapped[int] = mapped_column(sa.ForeignKey("subjects.id"))
    reason: Mapped[str]
    flags: Mapped[int] = mapped_column(server_default="0")
    version: Mapped[int] = mapped_column(server_default="1")
    opened_at: Mapped[dt.datetime] = mapped_column(server_default=app_now())
    decided_at: Mapped[dt.datetime | None]
    __table_args__ = (
        sa.CheckConstraint(
            "reason IN ('held', 'flagged', 'doubted', 'appealed', 'lookalike', 'renamed',"
            " 'claimed')",
            name="reason",
        ),
        sa.Index(
            "uq_cases_open_subject",
            "subject_id",
            unique=True,
            postgresql_where=sa.text("decided_at IS NULL"),
        ),
        sa.Index("ix_cases_open", "opened_at", postgresql_where=sa.text("decided_at IS NULL")),
        sa.Index("ix_cases_subject_id", "subject_id"),
    )


class Decision(Base):
    """What a moderator decided, with its rule and reason; append-only (a trigger)."""

    __tablename__ = "decisions"
    id: Mapped[int] = mapped_column(sa.Identity(), primary_key=True)
    case_id: Mapped[int] = mapped_column(sa.ForeignKey("cases.id"), unique=True)
    moderator_id: Mapped[int] = mapped_column(sa.ForeignKey("members.id"))
    outcome: Mapped[str]
    rule: Mapped[str | None]
    decided_at: Mapped[dt.datetime] = mapped_column(server_default=app_now())
    __table_args__ = (
        sa.CheckConstraint("outcome IN ('approved', 'refused')", name="outcome"),
        sa.CheckConstraint("outcome = 'approved' OR rule IS NOT NULL", name="refusal_has_rule"),
    )


class UndoneDecision(Base):
    """A decision that was taken back, and by which moderator; append-only (a trigger)."""

    __tablename__ = "undone_decisions"
    decision_id: Mapped[int] = mapped_column(
        sa.ForeignKey("decisions.id"), primary_key=True, autoincrement=False
    )
    member_id: Mapped[int] = mapped_column(sa.ForeignKey("members.id"))
    undone_at: Mapped[dt.datetime] = mapped_column(server_default=app_now())


class DecisionNote(Base):
    """The free text of a decision, in a row of its own that can go."""

    __tablename__ = "decision_notes"
    decision_id: Mapped[int] = mapped_column(
        sa.ForeignKey("decisions.id"), primary_key=True, autoincrement=False
    )
    note: Mapped[str]
