"""indexes by which places are found: telephone, web address, ratings

Beside the running release: add, backfill, switch, drop. No model imports; indexes on big tables
concurrently. The lock and statement time-outs of env.py hold.
"""

import sqlalchemy as sa
from alembic import op

from migrations import online

revision = '0004'
down_revision = '0003'


def upgrade() -> None:
    online.create_index(
        "ix_places_phone", "places", ["phone"], postgresql_where=sa.text("phone <> ''")
    )
    online.create_index(
        "ix_places_website", "places", ["website"], postgresql_where=sa.text("website <> ''")
    )
    online.create_index(
        "ix_places_rated", "places", ["rating_count", "rating_sum"],
        postgresql_where=sa.text("rating_count > 0 AND visibility = 'published'"),
    )


def downgrade() -> None:
    for name in ("ix_places_rated", "ix_places_website", "ix_places_phone"):
        online.drop_index(name, "places")
