"""API keys of brands."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from ugc.core.db import RECORDABLE, Base, app_now


class ApiKey(Base):
    """Shown once; stored as SHA-256 (the key has 178 random bits). `hint` is its first letters."""

    __tablename__ = "api_keys"
    id: Mapped[int] = mapped_column(sa.Identity(), primary_key=True)
    brand_id: Mapped[int] = mapped_column(sa.ForeignKey("brands.id"), index=True)
    name: Mapped[str]
    hint: Mapped[str]
    key_hash: Mapped[str] = mapped_column(unique=True)
    scopes: Mapped[list[str]] = mapped_column(ARRAY(sa.Text))
    created_by_id: Mapped[int] = mapped_column(sa.ForeignKey("members.id"))
    created_at: Mapped[dt.datetime] = mapped_column(server_default=app_now())
    revoked_at: Mapped[dt.datetime | None]


class KeyUse(Base):
    """When a key was used, at most once a minute, appended by `record()`."""

    __tablename__ = "key_uses"
    key_id: Mapped[int] = mapped_column(sa.ForeignKey("api_keys.id"), primary_key=True)
    used_at: Mapped[dt.datetime] = mapped_column(primary_key=True, server_default=app_now())
    __table_args__ = ({"info": RECORDABLE},)
