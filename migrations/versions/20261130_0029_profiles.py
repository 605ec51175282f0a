"""What members say about themselves is content: moved into rows of their own.

Those whose author has three published contributions, or moderates, stay public; the others are
held without a case, so that the queue is not flooded: their authors see it, and ask by saving."""

import sqlalchemy as sa
from alembic import op

from migrations import online

revision = "0029"
down_revision = "0028"

PUBLISHED = " + ".join(
    f"(SELECT count(*) FROM {table} c WHERE c.author_id = m.id AND c.visibility = 'published')"
    for table in ("reports", "places", "reviews", "brands")
)

MODERATES = (
    "EXISTS (SELECT FROM grants g WHERE g.member_id = m.id AND g.subject_id IS NULL"
    " AND g.ended_at IS NULL)"
)


def upgrade() -> None:
    op.create_table(
        "profiles",
        sa.Column(
            "id", sa.BigInteger(), sa.ForeignKey("subjects.id"), primary_key=True,
            autoincrement=False,
        ),
        sa.Column("author_id", sa.BigInteger(), sa.ForeignKey("members.id")),
        sa.Column("visibility", sa.Text(), nullable=False, server_default="published"),
        sa.Column("source_id", sa.BigInteger(), sa.ForeignKey("sources.id")),
        sa.Column("external_id", sa.Text()),
        sa.Column("content_hash", sa.Text()),
        sa.Column("language", sa.Text(), nullable=False, server_default="und"),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), nullable=False,
            server_default=sa.text("app_now()"),
        ),
        sa.Column("revision", sa.BigInteger(), nullable=False, server_default="1"),
        sa.Column("text", sa.Text(), nullable=False, server_default=""),
        sa.Column("edited_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint(
            "visibility IN ('published', 'held', 'hidden', 'removed', 'withdrawn')",
            name="visibility",
        ),
        if_not_exists=True,
    )  # fmt: skip
    op.create_index("ix_profiles_author_id", "profiles", ["author_id"], if_not_exists=True)
    online.in_batches(
        "members",
        "INSERT INTO profiles (id, author_id, text, visibility)"
        f" SELECT m.id, m.id, m.about, CASE WHEN {MODERATES} OR {PUBLISHED} >= 3"
        " THEN 'published' ELSE 'held' END FROM members m"
        " WHERE m.id > :after AND m.id <= :until AND m.about <> '' AND m.erased_at IS NULL"
        " ON CONFLICT DO NOTHING",
    )


def downgrade() -> None:
    op.drop_table("profiles", if_exists=True)
