"""The change feed begins at a time: an index for it."""

from migrations import online

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    online.create_index("ix_subjects_changed_at", "subjects", ["kind", "changed_at"])


def downgrade() -> None:
    online.drop_index("ix_subjects_changed_at", "subjects")
