"""A photo as a member's picture."""

import sqlalchemy as sa
from alembic import op

from migrations import online

revision = "0046"
down_revision = "0045"


def upgrade() -> None:
    op.execute("ALTER TABLE members ADD COLUMN IF NOT EXISTS picture text")
    # A constant: PostgreSQL fills no row.
    op.execute("ALTER TABLE photos ADD COLUMN IF NOT EXISTS shape text DEFAULT 'whole' NOT NULL")
    op.execute("ALTER TABLE photos DROP CONSTRAINT IF EXISTS ck_photos_shape")
    op.execute(
        "ALTER TABLE photos ADD CONSTRAINT ck_photos_shape"
        " CHECK (shape IN ('whole', 'square')) NOT VALID"
    )
    online.validate("photos", "ck_photos_shape")


def downgrade() -> None:
    """Pictures go: as photos of a member they would have no page. The sweep deletes their files."""
    op.execute(sa.text("DELETE FROM photos WHERE shape = 'square'"))
    op.drop_constraint("ck_photos_shape", "photos")
    op.drop_column("photos", "shape")
    op.drop_column("members", "picture")
