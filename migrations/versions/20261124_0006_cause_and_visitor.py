"""Indexes for what a job or a sign-in looks up: points by their cause, a visitor's first times.
Reviews of places that are not public are not told as public."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_index("ix_point_entries_cause", "point_entries", ["cause"])
    op.create_index("ix_cascade_reaches_visitor", "cascade_reaches", ["visitor"])
    op.create_index("ix_cascade_reaches_member_id", "cascade_reaches", ["member_id"])
    op.execute(
        "UPDATE subjects s SET visible = false, changed_at = app_now(),"
        " changed_txid = pg_current_xact_id() FROM reviews r JOIN places p ON p.id = r.place_id"
        " WHERE s.id = r.id AND s.visible AND p.visibility <> 'published'"
    )


def downgrade() -> None:
    op.drop_index("ix_cascade_reaches_member_id", "cascade_reaches")
    op.drop_index("ix_cascade_reaches_visitor", "cascade_reaches")
    op.drop_index("ix_point_entries_cause", "point_entries")
