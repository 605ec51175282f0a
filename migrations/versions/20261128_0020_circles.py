"""Who came by one member within some hours is read by one index: for the circles of the fraud
score. The score of prescriptores keeps its response; the next night counts it."""

import sqlalchemy as sa
from alembic import op
from migrations import online

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.add_column(
        "prescriptor_scores",
        sa.Column("response", sa.Float(), nullable=False, server_default="0"),
        if_not_exists=True,
    )
    online.create_index(
        "ix_referrals_parent_id_referred_at", "referrals", ["parent_id", "referred_at"]
    )
    online.drop_index("ix_referrals_parent_id", "referrals")


def downgrade() -> None:
    online.create_index("ix_referrals_parent_id", "referrals", ["parent_id"])
    online.drop_index("ix_referrals_parent_id_referred_at", "referrals")
    op.drop_column("prescriptor_scores", "response", if_exists=True)
