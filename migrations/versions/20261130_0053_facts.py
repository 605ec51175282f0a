"""What each fact of a place comes from, what else is proposed for it, and places that closed.

A fact without a row has the origin of its place, so the rows that are here need none. A column
without a default rewrites nothing."""

import sqlalchemy as sa
from alembic import op

revision = "0053"
down_revision = "0052"

FIELDS = "'name', 'category', 'address', 'phone', 'website', 'opening_hours', 'point', 'closed'"
ORIGINS = "'moderator', 'brand', 'member', 'import', 'extract'"


def upgrade() -> None:
    op.create_table(
        "place_facts",
        sa.Column("place_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("proposed", sa.Text(), nullable=True),
        sa.Column("proposed_origin", sa.Text(), nullable=True),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "refused", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.ForeignKeyConstraint(["place_id"], ["places.id"], name="fk_place_facts_place_id"),
        sa.PrimaryKeyConstraint("place_id", "field", name="pk_place_facts"),
        sa.CheckConstraint(f"field IN ({FIELDS})", name="ck_place_facts_field"),
        sa.CheckConstraint(f"origin IN ({ORIGINS})", name="ck_place_facts_origin"),
        sa.CheckConstraint(
            f"proposed_origin IN ({ORIGINS})", name="ck_place_facts_proposed_origin"
        ),
        sa.CheckConstraint(
            "num_nulls(proposed, proposed_origin, proposed_at) IN (0, 3)",
            name="ck_place_facts_proposal_is_whole",
        ),
    )
    op.add_column("places", sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("places", "closed_at")
    op.drop_table("place_facts")
