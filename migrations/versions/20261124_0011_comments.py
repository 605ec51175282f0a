"""Comments under any subject."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "comments",
        sa.Column(
            "id", sa.BigInteger(), sa.ForeignKey("subjects.id"), primary_key=True,
            autoincrement=False,
        ),
        sa.Column("about_id", sa.BigInteger(), sa.ForeignKey("subjects.id"), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("author_id", sa.BigInteger(), sa.ForeignKey("members.id")),
        sa.Column("visibility", sa.Text(), server_default="published", nullable=False),
        sa.Column("source_id", sa.BigInteger(), sa.ForeignKey("sources.id")),
        sa.Column("external_id", sa.Text()),
        sa.Column("content_hash", sa.Text()),
        sa.Column("language", sa.Text(), server_default="und", nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("app_now()"),
            nullable=False,
        ),
        sa.Column("revision", sa.BigInteger(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "visibility IN ('published', 'held', 'hidden', 'removed', 'withdrawn')",
            name="visibility",
        ),
        sa.UniqueConstraint("source_id", "external_id"),
    )
    op.create_index("ix_comments_about_id_id", "comments", ["about_id", "id"])
    op.create_index("ix_comments_author_id", "comments", ["author_id"])


def downgrade() -> None:
    op.drop_table("comments")
