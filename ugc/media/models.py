"""Photos of any subject."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from ugc.core.db import Base, app_now


class Photo(Base):
    """`state` is quarantined (raw bytes wait for the job), ready or refused. `key` is random and
    names the files; `variants` maps a name to [width, height] in pixels."""

    __tablename__ = "photos"
    id: Mapped[int] = mapped_column(sa.Identity(), primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    subject_id: Mapped[int] = mapped_column(sa.ForeignKey("subjects.id"), index=True)
    member_id: Mapped[int | None] = mapped_column(sa.ForeignKey("members.id"), index=True)
    state: Mapped[str] = mapped_column(server_default="quarantined")
    visibility: Mapped[str] = mapped_column(server_default="held")
    description: Mapped[str] = mapped_column(server_default="")
    width: Mapped[int | None]
    height: Mapped[int | None]
    variants: Mapped[dict[str, list[int]]] = mapped_column(JSONB, server_default="{}")
    created_at: Mapped[dt.datetime] = mapped_column(server_default=app_now())
