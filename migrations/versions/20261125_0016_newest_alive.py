"""The newest living reports of a view: of a small one by place and time, of a wide one by time.
Only what is open is in these indexes."""

import sqlalchemy as sa
from migrations import online

revision = "0016"
down_revision = "0015"

OPEN = sa.text("state = 'open'")


def upgrade() -> None:
    online.create_index(
        "ix_reports_open_geom_created_at",
        "reports",
        ["geom", "created_at"],
        postgresql_using="gist",
        postgresql_where=OPEN,
    )
    online.create_index(
        "ix_reports_open_created_at_id",
        "reports",
        [sa.text("created_at DESC"), sa.text("id DESC")],
        postgresql_where=OPEN,
    )


def downgrade() -> None:
    online.drop_index("ix_reports_open_created_at_id", "reports")
    online.drop_index("ix_reports_open_geom_created_at", "reports")
