"""A name in any letters beside the handle, and what a member was called before."""

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0038"


def upgrade() -> None:
    # A constant: PostgreSQL fills no row.
    op.add_column("members", sa.Column("name", sa.Text(), nullable=False, server_default=""))
    op.create_table(
        "member_names",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "set_at", sa.DateTime(timezone=True), server_default=sa.text("app_now()"),
            nullable=False,
        ),
        sa.Column("by_id", sa.BigInteger()),
        sa.Column("rule", sa.Text()),
        sa.Column("note", sa.Text(), nullable=False, server_default=""),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name="fk_member_names_member_id"),
        sa.ForeignKeyConstraint(["by_id"], ["members.id"], name="fk_member_names_by_id"),
        sa.PrimaryKeyConstraint("id", name="pk_member_names"),
    )  # fmt: skip
    op.create_index("ix_member_names_member_id", "member_names", ["member_id"])
    op.create_index("ix_member_names_by_id", "member_names", ["by_id"])


def downgrade() -> None:
    op.drop_table("member_names")
    op.drop_column("members", "name")
