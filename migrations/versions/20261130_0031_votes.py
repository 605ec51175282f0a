"""A vote says whether who cast it was established then: only such votes prove others' words true.
Of older votes those are that were cast a day after joining by members whose contributions need no
approval. What was brought back after its end is found by who did it."""

import sqlalchemy as sa
from alembic import op
from migrations import online

revision = "0031"
down_revision = "0030"

# Published contributions of a member, as far as three matter.
PUBLISHED = " UNION ALL ".join(
    f"(SELECT 1 FROM {table} WHERE author_id = m.id AND visibility = 'published' LIMIT 3)"
    for table in ("reports", "reviews", "places", "brands")
)


def upgrade() -> None:
    op.add_column(
        "votes",
        sa.Column("established", sa.Boolean(), nullable=False, server_default=sa.false()),
        if_not_exists=True,
    )
    online.in_batches(
        "members",
        "UPDATE votes v SET established = true FROM members m WHERE m.id = v.member_id"
        " AND m.id > :after AND m.id <= :until AND NOT v.established"
        " AND v.voted_at >= m.joined_at + interval '1 day'"
        f" AND (SELECT count(*) FROM ({PUBLISHED}) AS p) >= 3",
    )
    online.create_index(
        "ix_moves_opened_again",
        "moves",
        ["actor", "at"],
        postgresql_where=sa.text("old IS NOT NULL AND new = 'open'"),
    )


def downgrade() -> None:
    online.drop_index("ix_moves_opened_again", "moves")
    op.drop_column("votes", "established")
