"""The inbox."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from ugc.core.db import Base, app_now


class Notification(Base):
    """One thing told to one member, once per `cause`. `facts` are codes and ids, no free text."""

    __tablename__ = "notifications"
    id: Mapped[int] = mapped_column(sa.Identity(), primary_key=True)
    member_id: Mapped[int] = mapped_column(sa.ForeignKey("members.id"))
    kind: Mapped[str]
    cause: Mapped[str]
    subject_id: Mapped[int | None] = mapped_column(sa.ForeignKey("subjects.id"))
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    created_at: Mapped[dt.datetime] = mapped_column(server_default=app_now())
    read_at: Mapped[dt.datetime | None]
    # False of what goes by mail or push alone.
    shown: Mapped[bool] = mapped_column(server_default=sa.true())
    __table_args__ = (
        sa.UniqueConstraint("member_id", "kind", "cause"),
        sa.Index("ix_notifications_member_id_id", "member_id", "id"),
        sa.Index(
            "ix_notifications_unread", "member_id", postgresql_where=sa.text("read_at IS NULL")
        ),
    )


class NewsChoice(Base):
    """Where a member wants news of a family (`rules.Family`): on the site, by mail, by push. What
    has no row is as `rules.DEFAULTS` says."""

    __tablename__ = "news_choices"
    member_id: Mapped[int] = mapped_column(
        sa.ForeignKey("members.id"), primary_key=True, autoincrement=False
    )
    family: Mapped[str] = mapped_column(primary_key=True)
    site: Mapped[bool]
    mail: Mapped[bool]
    push: Mapped[bool]
