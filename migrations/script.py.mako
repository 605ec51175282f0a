"""${message}

Beside the running release: add, backfill, switch, drop. No model imports; indexes of tables that are
there already by `online.create_index`, backfills by `online.in_batches`, checks NOT VALID at first.
"""

import sqlalchemy as sa
from alembic import op
import geoalchemy2

from migrations import online
${imports if imports else ""}

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    ${downgrades if downgrades else "pass"}
