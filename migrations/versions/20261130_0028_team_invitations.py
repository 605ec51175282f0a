"""Members join a brand's team by an invitation that they accept."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"


def member(name: str, **options) -> sa.Column:
    return sa.Column(name, sa.BigInteger(), sa.ForeignKey("members.id"), **options)


def upgrade() -> None:
    op.create_table(
        "team_invitations",
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column("brand_id", sa.BigInteger(), sa.ForeignKey("brands.id"), nullable=False),
        member("member_id", nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        member("invited_by_id", nullable=False),
        sa.Column(
            "invited_at",
            sa.DateTime(timezone=True),
            nullable=False,
            server_default=sa.text("app_now()"),
        ),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.Text()),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        member("ended_by_id"),
        sa.CheckConstraint("role IN ('owner', 'manager', 'replier', 'analyst')", name="role"),
        sa.CheckConstraint(
            "outcome IN ('accepted', 'declined', 'revoked', 'expired')", name="outcome"
        ),
        sa.CheckConstraint("(outcome IS NULL) = (ended_at IS NULL)", name="ended"),
        if_not_exists=True,
    )
    for column in ("brand_id", "member_id", "invited_by_id"):
        op.create_index(
            f"ix_team_invitations_{column}", "team_invitations", [column], if_not_exists=True
        )
    op.create_index(
        "uq_team_invitations_open", "team_invitations", ["brand_id", "member_id"], unique=True,
        postgresql_where=sa.text("outcome IS NULL"), if_not_exists=True,
    )  # fmt: skip


def downgrade() -> None:
    op.drop_table("team_invitations")
