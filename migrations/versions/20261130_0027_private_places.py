"""Places that a member names for themselves alone; reports near one show only an area, or, of what
is on a road, no author."""

import sqlalchemy as sa
from alembic import op

from migrations import online

revision = "0027"
down_revision = "0026"

CHECKS = {
    "ck_reports_exact_of_coarse": "geom_exact IS NULL OR coarse",
    "ck_reports_coarse_has_area": "NOT coarse OR accuracy_m IS NOT NULL",
}


def upgrade() -> None:
    op.create_table(
        "private_places",
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column("member_id", sa.BigInteger(), sa.ForeignKey("members.id"), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), nullable=False,
            server_default=sa.text("app_now()"),
        ),
        if_not_exists=True,
    )  # fmt: skip
    op.create_index(
        "ix_private_places_member_id", "private_places", ["member_id"], if_not_exists=True
    )
    for name in ("coarse", "author_hidden"):
        op.add_column(
            "reports",
            sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false()),
            if_not_exists=True,
        )
    for name, check in CHECKS.items():
        op.execute(f"ALTER TABLE reports DROP CONSTRAINT IF EXISTS {name}")
        op.execute(f"ALTER TABLE reports ADD CONSTRAINT {name} CHECK ({check}) NOT VALID")
    online.validate("reports", *CHECKS)


def downgrade() -> None:
    for name in ("coarse", "author_hidden"):
        op.drop_column("reports", name, if_exists=True)
    op.drop_table("private_places", if_exists=True)
