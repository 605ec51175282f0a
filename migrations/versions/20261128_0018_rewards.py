"""Fraud scores, rings as cases, and held rewards of referrals.

The ledger may give back what a granted appeal had taken: `round` rises with each giving back, so
that the same points can be taken again later."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from migrations import online

revision = "0018"
down_revision = "0017"


def member(name: str, **options) -> sa.Column:
    return sa.Column(name, sa.BigInteger(), sa.ForeignKey("members.id"), **options)


def moment(name: str) -> sa.Column:
    return sa.Column(
        name, sa.DateTime(timezone=True), nullable=False, server_default=sa.text("app_now()")
    )


def later(name: str) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True))


def recheck(table: str, name: str, condition: str) -> None:
    """Another condition under the same name; rows that are there held the narrower one."""
    op.execute(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}")
    op.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({condition}) NOT VALID")


def upgrade() -> None:
    op.create_table(
        "fraud_scores",
        member("member_id", primary_key=True, autoincrement=False),
        sa.Column("score", sa.SmallInteger(), nullable=False),
        sa.Column("reasons", JSONB(), nullable=False),
        moment("scored_at"),
        if_not_exists=True,
    )
    op.create_index("ix_fraud_scores_score", "fraud_scores", ["score"], if_not_exists=True)
    op.create_table(
        "referral_rewards",
        member("newcomer_id", primary_key=True, autoincrement=False),
        member("beneficiary_id", primary_key=True, autoincrement=False),
        sa.Column("degree", sa.SmallInteger(), nullable=False),
        sa.Column("points", sa.SmallInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("given_on", sa.Date(), nullable=False),
        moment("changed_at"),
        sa.CheckConstraint("state IN ('held', 'released', 'reversed', 'capped')", name="state"),
        sa.CheckConstraint("degree BETWEEN 1 AND 3", name="degree"),
        if_not_exists=True,
    )
    op.create_index(
        "ix_referral_rewards_beneficiary_id_given_on", "referral_rewards",
        ["beneficiary_id", "given_on"], if_not_exists=True,
    )  # fmt: skip
    op.create_index(
        "ix_referral_rewards_held", "referral_rewards", ["newcomer_id"],
        postgresql_where=sa.text("state = 'held'"), if_not_exists=True,
    )  # fmt: skip
    op.create_table(
        "marks",
        member("member_id", primary_key=True, autoincrement=False),
        sa.Column("kind", sa.Text(), primary_key=True),
        sa.Column("mark", sa.LargeBinary(), primary_key=True),
        moment("first_seen_at"),
        moment("last_seen_at"),
        sa.CheckConstraint("kind IN ('network', 'browser', 'mailbox', 'disposable')", name="kind"),
        if_not_exists=True,
    )
    op.create_index("ix_marks_kind_mark", "marks", ["kind", "mark", "member_id"], if_not_exists=True)
    op.create_index("ix_marks_last_seen_at", "marks", ["last_seen_at"], if_not_exists=True)
    op.create_table(
        "rings",
        sa.Column(
            "id", sa.BigInteger(), sa.ForeignKey("subjects.id"), primary_key=True,
            autoincrement=False,
        ),
        sa.Column("ties", JSONB(), nullable=False, server_default="[]"),
        moment("found_at"),
        if_not_exists=True,
    )  # fmt: skip
    op.create_table(
        "ring_members",
        sa.Column("ring_id", sa.BigInteger(), sa.ForeignKey("rings.id"), primary_key=True),
        member("member_id", primary_key=True),
        sa.Column("score", sa.SmallInteger(), nullable=False),
        sa.Column("reasons", JSONB(), nullable=False),
        sa.Column("outcome", sa.Text()),
        sa.Column("decision_id", sa.BigInteger(), sa.ForeignKey("decisions.id")),
        later("decided_at"),
        sa.Column("taken", ARRAY(sa.BigInteger()), nullable=False, server_default="{}"),
        later("suspended_until"),
        sa.CheckConstraint("outcome IN ('false', 'cleared', 'gone')", name="outcome"),
        if_not_exists=True,
    )
    op.create_index(
        "uq_ring_members_open", "ring_members", ["member_id"], unique=True,
        postgresql_where=sa.text("outcome IS NULL"), if_not_exists=True,
    )  # fmt: skip
    op.create_index("ix_ring_members_member_id", "ring_members", ["member_id"], if_not_exists=True)
    op.create_index(
        "ix_ring_members_decision_id", "ring_members", ["decision_id"], if_not_exists=True
    )
    op.create_table(
        "clearings",
        member("member_id", primary_key=True, autoincrement=False),
        sa.Column("code", sa.Text(), primary_key=True),
        sa.Column("points", sa.SmallInteger(), nullable=False),
        sa.Column("with_ids", ARRAY(sa.BigInteger()), nullable=False, server_default="{}"),
        moment("cleared_at"),
        if_not_exists=True,
    )
    op.create_table(
        "appeals",
        sa.Column(
            "id", sa.BigInteger(), sa.ForeignKey("subjects.id"), primary_key=True,
            autoincrement=False,
        ),
        sa.Column("ring_id", sa.BigInteger(), nullable=False),
        member("member_id", nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("granted", sa.Boolean()),
        moment("appealed_at"),
        later("decided_at"),
        sa.ForeignKeyConstraint(
            ["ring_id", "member_id"], ["ring_members.ring_id", "ring_members.member_id"]
        ),
        sa.UniqueConstraint("ring_id", "member_id"),
        if_not_exists=True,
    )  # fmt: skip
    op.create_index("ix_appeals_member_id", "appeals", ["member_id"], if_not_exists=True)
    recheck("cases", "ck_cases_reason", "reason IN ('held', 'flagged', 'doubted', 'appealed')")
    recheck(
        "point_entries", "ck_point_entries_step",
        "step IN ('credit', 'release', 'reverse', 'restore')",
    )  # fmt: skip
    op.execute(
        "ALTER TABLE point_entries ADD COLUMN IF NOT EXISTS round smallint NOT NULL DEFAULT 0"
    )
    online.validate("cases", "ck_cases_reason")
    online.validate("point_entries", "ck_point_entries_step")
    online.create_index(
        "uq_point_entries_once", "point_entries",
        ["member_id", "cause", "action", "account", "step", "round"], unique=True,
    )  # fmt: skip
    op.execute(
        "ALTER TABLE point_entries DROP CONSTRAINT IF EXISTS"
        " uq_point_entries_member_id_cause_action_account_step"
    )


def downgrade() -> None:
    raise NotImplementedError("decisions stand on it: restore a backup")
