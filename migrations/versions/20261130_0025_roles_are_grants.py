"""Drops what grants replaced: `members.role` and `brand_team`, which the release before reads. For
an update without a pause the new release starts between migrations 0024 and 0025."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    op.execute("DROP TRIGGER IF EXISTS grants_follow_role ON members")
    op.execute("DROP TRIGGER IF EXISTS grants_follow_team ON brand_team")
    op.execute("DROP FUNCTION IF EXISTS grants_follow_role()")
    op.execute("DROP FUNCTION IF EXISTS grants_follow_team()")
    op.drop_table("brand_team", if_exists=True)
    op.drop_column("members", "role", if_exists=True)


def downgrade() -> None:
    op.add_column("members", sa.Column("role", sa.Text(), nullable=False, server_default="member"))
    op.create_check_constraint(
        "role", "members", "role IN ('member', 'moderator', 'administrator')"
    )
    op.create_table(
        "brand_team",
        sa.Column("brand_id", sa.BigInteger(), sa.ForeignKey("brands.id"), primary_key=True),
        sa.Column("member_id", sa.BigInteger(), sa.ForeignKey("members.id"), primary_key=True),
        sa.Column(
            "since", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("app_now()")
        ),
    )
    op.create_index("ix_brand_team_member_id", "brand_team", ["member_id"])
    op.execute(
        "UPDATE members m SET role = (SELECT min(role) FROM grants g WHERE g.member_id = m.id AND"
        " subject_id IS NULL AND ended_at IS NULL) WHERE id IN (SELECT member_id FROM grants WHERE"
        " subject_id IS NULL AND ended_at IS NULL)"
    )
    op.execute(
        "INSERT INTO brand_team (brand_id, member_id, since) SELECT subject_id, member_id,"
        " starts_at FROM grants WHERE subject_id IS NOT NULL AND ended_at IS NULL"
    )
