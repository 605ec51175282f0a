"""An index of the facts for which something is proposed, for the list of those who decide."""

import sqlalchemy as sa

from migrations import online

revision = "0055"
down_revision = "0054"


def upgrade() -> None:
    online.create_index(
        "ix_place_facts_proposed",
        "place_facts",
        ["proposed_at", "place_id"],
        postgresql_where=sa.text("proposed IS NOT NULL"),
    )


def downgrade() -> None:
    online.drop_index("ix_place_facts_proposed", "place_facts")
