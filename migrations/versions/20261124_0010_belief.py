"""Belief as evidence, the votes' weights, what a report said before, notes of moves."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations import online

revision = "0010"
down_revision = "0006"

# What each kind was tuned to when this ran; rows posted later bring theirs along.
HALF_LIVES = {
    "accident": 80, "jam": 60, "hazard_road": 45, "hazard_shoulder": 45, "weather": 240,
    "road_closed": 720, "roadworks": 10080, "map_error": 30240, "lighting": 10080,
    "furniture": 10080, "waste": 2880, "animals": 120, "other": 720,
}
CHECKS = {
    "reports": {
        "ck_reports_state": "state IN ('open', 'closed', 'expired', 'merged')",
        "ck_reports_heading": "heading BETWEEN 0 AND 359",
        "ck_reports_half_life": "half_life_s > 0",
        "ck_reports_belief":
            "prior BETWEEN 0 AND 1 AND believed BETWEEN 0 AND 1 AND reacted BETWEEN 0 AND 1",
    },
    "votes": {"ck_votes_weight": "weight BETWEEN 0 AND 1"},
}


def upgrade() -> None:
    # The exponent is limited because 2^-1100 is an error, and nobody can tell 2^-60 from nothing.
    op.execute(
        """
        CREATE OR REPLACE FUNCTION
          belief_now(believed float8, believed_at timestamptz, half_life_s float8)
        RETURNS float8 LANGUAGE sql STABLE PARALLEL SAFE AS $$
          SELECT believed * power(2::float8, -least(60, greatest(0,
            extract(epoch FROM app_now() - believed_at)::float8 / half_life_s)))
        $$
        """
    )
    now = sa.text("app_now()")
    columns = (
        sa.Column("heading", sa.SmallInteger()),
        sa.Column("seen_at", sa.DateTime(timezone=True), server_default=now, nullable=False),
        sa.Column("prior", sa.Float(), server_default="0.667", nullable=False),
        sa.Column("half_life_s", sa.Float(), server_default="3600", nullable=False),
        sa.Column("believed", sa.Float(), server_default="0.667", nullable=False),
        sa.Column("believed_at", sa.DateTime(timezone=True), server_default=now, nullable=False),
        sa.Column("reacted", sa.Float(), server_default="0.5", nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True)),
    )
    for column in columns:
        op.add_column("reports", column, if_not_exists=True)
    op.add_column(
        "votes",
        sa.Column("weight", sa.Float(), server_default="0.371", nullable=False),
        if_not_exists=True,
    )
    op.add_column(
        "votes",
        sa.Column("dampings", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        if_not_exists=True,
    )
    for table, checks in CHECKS.items():
        for name, condition in checks.items():
            op.drop_constraint(op.f(name), table, if_exists=True)
            op.create_check_constraint(op.f(name), table, condition, postgresql_not_valid=True)
    op.create_table(
        "report_versions",
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column("report_id", sa.BigInteger(), sa.ForeignKey("reports.id"), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("replaced_at", sa.DateTime(timezone=True), server_default=now, nullable=False),
        if_not_exists=True,
    )
    op.create_index(
        "ix_report_versions_report_id", "report_versions", ["report_id"], if_not_exists=True
    )
    op.create_table(
        "move_notes",
        sa.Column(
            "move_id", sa.BigInteger(), sa.ForeignKey("moves.id"), primary_key=True,
            autoincrement=False,
        ),
        sa.Column("note", sa.Text(), nullable=False),
        if_not_exists=True,
    )
    op.create_table(
        "member_positions",
        sa.Column(
            "member_id", sa.BigInteger(), sa.ForeignKey("members.id"), primary_key=True,
            autoincrement=False,
        ),
        sa.Column("lon", sa.Float(), nullable=False),
        sa.Column("lat", sa.Float(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=now, nullable=False),
        if_not_exists=True,
    )
    op.create_table(
        "follows",
        sa.Column("member_id", sa.BigInteger(), sa.ForeignKey("members.id"), primary_key=True),
        sa.Column("subject_id", sa.BigInteger(), sa.ForeignKey("subjects.id"), primary_key=True),
        sa.Column("since", sa.DateTime(timezone=True), server_default=now, nullable=False),
        if_not_exists=True,
    )
    op.create_index("ix_follows_subject_id", "follows", ["subject_id"], if_not_exists=True)
    op.create_index("ix_member_positions_at", "member_positions", ["at"], if_not_exists=True)
    whens = " ".join(f"WHEN '{kind}' THEN {m * 60}" for kind, m in HALF_LIVES.items())
    online.in_batches(
        "reports",
        "UPDATE reports SET seen_at = occurred_at, believed_at = occurred_at,"
        " believed = greatest(0.05, least(0.95,"
        " (confirmations + 1.0) / (confirmations + denials + 2.0))),"
        f" half_life_s = CASE kind {whens} ELSE 43200 END"
        " WHERE id > :after AND id <= :until",
    )
    for table, checks in CHECKS.items():
        online.validate(table, *checks)
    online.create_index("ix_votes_member_id_voted_at", "votes", ["member_id", "voted_at"])
    online.drop_index("ix_votes_member_id", "votes")


def downgrade() -> None:
    online.create_index("ix_votes_member_id", "votes", ["member_id"])
    online.drop_index("ix_votes_member_id_voted_at", "votes")
    for table in ("follows", "member_positions", "move_notes", "report_versions"):
        op.drop_table(table)
    op.drop_constraint("ck_votes_weight", "votes")
    op.drop_column("votes", "dampings")
    op.drop_column("votes", "weight")
    for name in ("belief", "half_life", "heading"):
        op.drop_constraint(f"ck_reports_{name}", "reports")
    op.execute("UPDATE reports SET state = 'closed' WHERE state = 'merged'")
    op.drop_constraint("ck_reports_state", "reports")
    op.create_check_constraint("state", "reports", "state IN ('open', 'closed', 'expired')")
    for name in (
        "asked_at", "reacted", "believed_at", "believed", "half_life_s", "prior", "seen_at",
        "heading",
    ):
        op.drop_column("reports", name)
    op.execute("DROP FUNCTION belief_now(float8, timestamptz, float8)")
