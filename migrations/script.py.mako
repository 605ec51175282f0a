"""${message}

Beside the running release: add, backfill, switch, drop. No model imports; indexes on big tables
concurrently. The lock and statement time-outs of env.py hold.
"""

import sqlalchemy as sa
from alembic import op
import geoalchemy2
${imports if imports else ""}

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    ${downgrades if downgrades else "pass"}
