"""What a profile lists of what its owner contributed: kind, city and day unless they choose."""

import sqlalchemy as sa
from alembic import op
from migrations import online

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    op.add_column(
        "members",
        sa.Column("profile_lists", sa.Text(), nullable=False, server_default="days"),
        if_not_exists=True,
    )
    op.execute("ALTER TABLE members DROP CONSTRAINT IF EXISTS ck_members_profile_lists")
    op.execute(
        "ALTER TABLE members ADD CONSTRAINT ck_members_profile_lists"
        " CHECK (profile_lists IN ('nothing', 'days', 'all')) NOT VALID"
    )
    online.validate("members", "ck_members_profile_lists")


def downgrade() -> None:
    op.drop_column("members", "profile_lists", if_exists=True)
