"""Places that a member names."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ugc.core.db import Base, app_now


class PrivatePlace(Base):
    """`sealed` holds name and point, encrypted: only `queries.places_of` opens it."""

    __tablename__ = "private_places"
    id: Mapped[int] = mapped_column(sa.Identity(), primary_key=True)
    member_id: Mapped[int] = mapped_column(sa.ForeignKey("members.id"), index=True)
    sealed: Mapped[bytes]
    created_at: Mapped[dt.datetime] = mapped_column(server_default=app_now())
