"""removal of photos, and what their state and visibility may be

Beside the running release: add, backfill, switch, drop. No model imports; indexes on big tables
concurrently. The lock and statement time-outs of env.py hold.
"""

import sqlalchemy as sa
from alembic import op

from migrations import online

revision = '0003'
down_revision = '0002'

CHECKS = {
    "state": "state IN ('quarantined', 'ready', 'refused', 'deleted')",
    "visibility": "visibility IN ('published', 'held', 'hidden', 'removed', 'withdrawn')",
    "removal_has_reason":
        "(visibility = 'removed') <= (removed_at IS NOT NULL AND removed_reason IS NOT NULL)",
}


def upgrade() -> None:
    op.add_column(
        "photos", sa.Column("removed_at", sa.DateTime(timezone=True)), if_not_exists=True
    )
    op.add_column("photos", sa.Column("removed_reason", sa.Text()), if_not_exists=True)
    for name, condition in CHECKS.items():
        op.drop_constraint(op.f(f"ck_photos_{name}"), "photos", if_exists=True)
        op.create_check_constraint(
            op.f(f"ck_photos_{name}"), "photos", condition, postgresql_not_valid=True
        )
    online.validate("photos", *(f"ck_photos_{name}" for name in CHECKS))
    online.create_index(
        "ix_photos_removed_at", "photos", ["removed_at"],
        postgresql_where=sa.text("visibility = 'removed' AND state <> 'deleted'"),
    )


def downgrade() -> None:
    online.drop_index("ix_photos_removed_at", "photos")
    for name in CHECKS:
        op.drop_constraint(op.f(f"ck_photos_{name}"), "photos")
    op.drop_column("photos", "removed_reason")
    op.drop_column("photos", "removed_at")
