"""Versions of contributed content."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ugc.core.db import Base, app_now

ORIGINS = ("author", "machine", "import")


class Version(Base):
    """What one field of a subject said in a revision, until `replaced_at`. `language` is a code of
    BCP 47 or `und`; `origin` is who wrote the body, one of `ORIGINS`; `replaced_by_id` is who
    changed it, where that is told."""

    __tablename__ = "versions"
    id: Mapped[int] = mapped_column(sa.Identity(), primary_key=True)
    subject_id: Mapped[int] = mapped_column(sa.ForeignKey("subjects.id"))
    revision: Mapped[int]
    field: Mapped[str]
    language: Mapped[str] = mapped_column(server_default="und")
    body: Mapped[str]
    origin: Mapped[str] = mapped_column(server_default="author")
    replaced_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("members.id"), index=True)
    replaced_at: Mapped[dt.datetime] = mapped_column(server_default=app_now())
    __table_args__ = (
        sa.UniqueConstraint("subject_id", "revision", "field", "language"),
        sa.CheckConstraint("origin IN ('author', 'machine', 'import')", name="origin"),
    )
