"""The text of a member's profile."""

from __future__ import annotations

import datetime as dt

from sqlalchemy.orm import Mapped, mapped_column

from ugc.core.db import Base
from ugc.moderation.models import Moderated, visibility_check

KIND = "member"


class Profile(Moderated, Base):
    """`id` is the member's; a member without a row says nothing. A refused text stays, hidden, for
    its author to see and mend."""

    __tablename__ = "profiles"
    text: Mapped[str] = mapped_column(server_default="")
    edited_at: Mapped[dt.datetime | None]
    __table_args__ = (visibility_check(),)
