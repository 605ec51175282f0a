"""Suspensions with reason, length and end; those that rings brought become rows of it."""

import sqlalchemy as sa
from alembic import op

from migrations import online

revision = "0023"
down_revision = "0022"


def member(name: str, **options) -> sa.Column:
    return sa.Column(name, sa.BigInteger(), sa.ForeignKey("members.id"), **options)


def upgrade() -> None:
    op.create_table(
        "suspensions",
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
        member("member_id", nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True)),
        member("by_id"),
        sa.Column("cause", sa.Text(), nullable=False, server_default="moderator"),
        sa.Column(
            "suspended_at", sa.DateTime(timezone=True), nullable=False,
            server_default=sa.text("app_now()"),
        ),
        if_not_exists=True,
    )  # fmt: skip
    for column in ("member_id", "by_id"):
        op.create_index(f"ix_suspensions_{column}", "suspensions", [column], if_not_exists=True)
    op.create_table(
        "suspension_notes",
        sa.Column(
            "suspension_id", sa.BigInteger(), sa.ForeignKey("suspensions.id"), primary_key=True,
            autoincrement=False,
        ),
        sa.Column("note", sa.Text(), nullable=False),
        if_not_exists=True,
    )  # fmt: skip
    op.create_table(
        "suspension_lifts",
        sa.Column(
            "suspension_id", sa.BigInteger(), sa.ForeignKey("suspensions.id"), primary_key=True,
            autoincrement=False,
        ),
        member("by_id"),
        sa.Column("cause", sa.Text(), nullable=False, server_default="moderator"),
        sa.Column(
            "lifted_at", sa.DateTime(timezone=True), nullable=False,
            server_default=sa.text("app_now()"),
        ),
        if_not_exists=True,
    )  # fmt: skip
    op.create_index("ix_suspension_lifts_by_id", "suspension_lifts", ["by_id"], if_not_exists=True)
    for table in ("suspensions", "suspension_lifts"):
        op.execute(
            f"CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
    # What stands now: the ring's decision that brought it, or an unknown hand.
    op.execute(
        "INSERT INTO suspensions (member_id, reason, until, by_id, cause, suspended_at)"
        " SELECT m.id, 'accounts', m.suspended_until, d.moderator_id, 'decision:' || d.id,"
        " d.decided_at"
        " FROM members m JOIN ring_members r ON r.member_id = m.id"
        " AND r.suspended_until = m.suspended_until JOIN decisions d ON d.id = r.decision_id"
        " WHERE m.suspended_until > app_now()"
        " AND NOT EXISTS (SELECT FROM suspensions s WHERE s.member_id = m.id)"
    )
    op.execute(
        "INSERT INTO suspensions (member_id, reason, until, cause)"
        " SELECT id, 'accounts', suspended_until, 'operator' FROM members m"
        " WHERE suspended_until > app_now()"
        " AND NOT EXISTS (SELECT FROM suspensions s WHERE s.member_id = m.id)"
    )
    # What was over before had nothing to tell.
    op.execute("UPDATE members SET suspended_until = NULL WHERE suspended_until <= app_now()")
    online.create_index(
        "ix_members_suspended_until", "members", ["suspended_until"],
        postgresql_where=sa.text("suspended_until IS NOT NULL"),
    )  # fmt: skip


def downgrade() -> None:
    raise NotImplementedError("decisions stand on it: restore a backup")
