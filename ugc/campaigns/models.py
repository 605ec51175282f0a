"""Invitations of brands, and to whom they were sent."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ugc.core.db import Base, app_now
from ugc.moderation.models import Moderated, visibility_check

KIND = "invitation"


class Invitation(Moderated, Base):
    """A brand asks people to bring others: a page with a text, and what it says to who did."""

    __tablename__ = "invitations"
    brand_id: Mapped[int] = mapped_column(sa.ForeignKey("brands.id"), index=True)
    text: Mapped[str]
    thanks: Mapped[str]
    sent_at: Mapped[dt.datetime | None]
    __table_args__ = (visibility_check(), sa.UniqueConstraint("source_id", "external_id"))


class InvitationDelivery(Base):
    """An invitation lies in a member's inbox. The brand never reads this."""

    __tablename__ = "invitation_deliveries"
    invitation_id: Mapped[int] = mapped_column(sa.ForeignKey("invitations.id"), primary_key=True)
    member_id: Mapped[int] = mapped_column(sa.ForeignKey("members.id"), primary_key=True)
    sent_at: Mapped[dt.datetime] = mapped_column(server_default=app_now())
    __table_args__ = (sa.Index("ix_invitation_deliveries_member_id", "member_id", "sent_at"),)
