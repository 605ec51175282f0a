"""Indexes for what a job or a sign-in looks up: points by their cause, a visitor's first times.
Reviews of places that are not public are not told as public."""

from migrations import online

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    online.create_index("ix_point_entries_cause", "point_entries", ["cause"])
    online.create_index("ix_cascade_reaches_visitor", "cascade_reaches", ["visitor"])
    online.create_index("ix_cascade_reaches_member_id", "cascade_reaches", ["member_id"])
    online.in_batches(
        "reviews",
        "UPDATE subjects s SET visible = false, changed_at = app_now(),"
        " changed_txid = pg_current_xact_id() FROM reviews r JOIN places p ON p.id = r.place_id"
        " WHERE s.id = r.id AND s.visible AND p.visibility <> 'published'"
        " AND r.id > :after AND r.id <= :until",
    )


def downgrade() -> None:
    online.drop_index("ix_cascade_reaches_member_id", "cascade_reaches")
    online.drop_index("ix_cascade_reaches_visitor", "cascade_reaches")
    online.drop_index("ix_point_entries_cause", "point_entries")
