"""Where a map of a loaded city begins, and what is spoken and celebrated there.

All columns may be empty, so nothing is rewritten."""

import sqlalchemy as sa
from alembic import op

revision = "0049"
down_revision = "0048"

COLUMNS = ("home_lon", "home_lat", "home_zoom", "languages", "country", "region")


def upgrade() -> None:
    for name in COLUMNS[:3]:
        op.add_column("extracts", sa.Column(name, sa.Float()))
    op.add_column(
        "extracts",
        sa.Column("languages", sa.ARRAY(sa.Text()), server_default="{}", nullable=False),
    )
    for name in COLUMNS[4:]:
        op.add_column("extracts", sa.Column(name, sa.Text()))


def downgrade() -> None:
    for name in COLUMNS:
        op.drop_column("extracts", name)
