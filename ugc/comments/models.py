"""What people say to each other under a subject."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ugc.core.db import Base
from ugc.moderation.models import Moderated, visibility_check

KIND = "comment"


class Comment(Moderated, Base):
    """`about_id` is the subject under which it stands."""

    __tablename__ = "comments"
    about_id: Mapped[int] = mapped_column(sa.ForeignKey("subjects.id"))
    text: Mapped[str]
    __table_args__ = (
        visibility_check(),
        sa.UniqueConstraint("source_id", "external_id"),
        sa.Index("ix_comments_about_id_id", "about_id", "id"),
    )
