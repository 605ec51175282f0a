"""Looking back: when reports began, and what was alive at a moment. Built beside the running
release; what a build that was cut short left behind is made anew."""

from alembic import op

revision = "0015"
down_revision = "0014"

PUBLIC = "visibility = 'published' AND state <> 'merged'"
INDEXES = {
    "ix_reports_occurred_at": f"(occurred_at) INCLUDE (geom, kind, id) WHERE {PUBLIC}",
    "ix_reports_lifetime": "USING gist (tstzrange(occurred_at,"
    f" greatest(occurred_at, coalesce(closed_at, expires_at))), geom) WHERE {PUBLIC}",
}


def upgrade() -> None:
    with op.get_context().autocommit_block():
        for name, columns in INDEXES.items():
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
            op.execute(f"CREATE INDEX CONCURRENTLY {name} ON reports {columns}")


def downgrade() -> None:
    with op.get_context().autocommit_block():
        for name in INDEXES:
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
