"""Who follows what."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ugc.core.db import Base, app_now


class Follow(Base):
    __tablename__ = "follows"
    member_id: Mapped[int] = mapped_column(sa.ForeignKey("members.id"), primary_key=True)
    subject_id: Mapped[int] = mapped_column(
        sa.ForeignKey("subjects.id"), primary_key=True, index=True
    )
    since: Mapped[dt.datetime] = mapped_column(server_default=app_now())
