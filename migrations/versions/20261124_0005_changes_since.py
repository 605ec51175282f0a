"""The change feed begins at a time: an index for it."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_index("ix_subjects_changed_at", "subjects", ["kind", "changed_at"])


def downgrade() -> None:
    op.drop_index("ix_subjects_changed_at", "subjects")
