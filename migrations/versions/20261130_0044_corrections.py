"""How far its author moved a report since others spoke about it."""

import sqlalchemy as sa
from alembic import op

from migrations import online

revision = "0044"
down_revision = "0040"

CHECK = "ck_reports_moved_m"


def upgrade() -> None:
    op.add_column(
        "reports",
        sa.Column("moved_m", sa.Float(), nullable=False, server_default="0"),
        if_not_exists=True,
    )
    op.execute(f"ALTER TABLE reports DROP CONSTRAINT IF EXISTS {CHECK}")
    op.execute(
        f"ALTER TABLE reports ADD CONSTRAINT {CHECK} CHECK (moved_m BETWEEN 0 AND 100) NOT VALID"
    )
    online.validate("reports", CHECK)


def downgrade() -> None:
    op.drop_column("reports", "moved_m", if_exists=True)
