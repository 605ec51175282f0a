"""Visits that name nobody, reach by degree as folded counts, and cascades of members.

The visits of before become counts by link and day; whose they were is forgotten. First times of
visitors without an account are forgotten too: who they were was known by a cookie alone."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.create_table(
        "visit_salts",
        sa.Column("day", sa.Date(), primary_key=True),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
    )
    op.create_table(
        "visit_days",
        sa.Column("link_id", sa.BigInteger(), sa.ForeignKey("referral_links.id"), primary_key=True),
        sa.Column("day", sa.Date(), primary_key=True),
        sa.Column("channel", sa.Text(), primary_key=True),
        sa.Column("degree", sa.SmallInteger(), primary_key=True, autoincrement=False),
        sa.Column("root_id", sa.BigInteger(), sa.ForeignKey("subjects.id")),
        sa.Column("visits", sa.BigInteger(), nullable=False),
    )
    op.create_index("ix_visit_days_root_id_day", "visit_days", ["root_id", "day"])
    op.create_table(
        "root_days",
        sa.Column("root_id", sa.BigInteger(), sa.ForeignKey("subjects.id"), primary_key=True),
        sa.Column("day", sa.Date(), primary_key=True),
        sa.Column("channel", sa.Text(), primary_key=True),
        sa.Column("degree", sa.SmallInteger(), primary_key=True, autoincrement=False),
        sa.Column("visits", sa.BigInteger(), nullable=False),
    )
    op.execute(
        "INSERT INTO visit_days (link_id, day, channel, degree, visits)"
        " SELECT link_id, visited_on, channel, 1, count(*) FROM visits GROUP BY 1, 2, 3"
    )
    op.drop_table("visits")
    op.execute(
        """
        CREATE TABLE visits (
          visited_on date NOT NULL,
          link_id bigint NOT NULL,
          mark bytea NOT NULL,
          channel text NOT NULL DEFAULT 'link',
          degree smallint NOT NULL DEFAULT 1,
          visited_at timestamptz NOT NULL DEFAULT app_now(),
          CONSTRAINT pk_visits PRIMARY KEY (visited_on, link_id, mark)
        ) PARTITION BY RANGE (visited_on)
        """
    )
    # Months have partitions of their own, made in time by a job; this one takes what finds none.
    op.execute("CREATE TABLE visits_other PARTITION OF visits DEFAULT")
    op.create_table(
        "false_members",
        sa.Column(
            "member_id", sa.BigInteger(), sa.ForeignKey("members.id"), primary_key=True,
            autoincrement=False,
        ),
        sa.Column(
            "found_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("app_now()")
        ),
    )  # fmt: skip
    op.create_table(
        "reach_counts",
        sa.Column(
            "member_id", sa.BigInteger(), sa.ForeignKey("members.id"), primary_key=True,
            autoincrement=False,
        ),
        sa.Column("first", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("second", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("third", sa.BigInteger(), nullable=False, server_default="0"),
    )  # fmt: skip
    op.create_table(
        "reach_deltas",
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("degree", sa.SmallInteger(), nullable=False),
        sa.Column("change", sa.SmallInteger(), nullable=False),
    )
    op.create_index("ix_reach_deltas_member_id", "reach_deltas", ["member_id"])
    op.execute(
        """
        INSERT INTO reach_counts (member_id, first, second, third)
        SELECT above, count(*) FILTER (WHERE degree = 1), count(*) FILTER (WHERE degree = 2),
               count(*) FILTER (WHERE degree = 3)
        FROM (SELECT parent_id AS above, 1 AS degree, member_id FROM referrals
              UNION ALL SELECT grandparent_id, 2, member_id FROM referrals
              UNION ALL SELECT great_grandparent_id, 3, member_id FROM referrals) AS r
        JOIN members m ON m.id = r.member_id AND m.erased_at IS NULL
        WHERE above IS NOT NULL GROUP BY above
        """
    )
    op.execute(
        "CREATE TEMP TABLE reached ON COMMIT DROP AS"
        " SELECT c.*, m.id AS sharer_id FROM cascade_reaches c"
        " JOIN referral_links l ON l.id = c.link_id LEFT JOIN members m ON m.id = l.owner_id"
        " WHERE c.member_id IS NOT NULL"
    )
    op.drop_table("cascade_reaches")
    op.create_table(
        "cascade_reaches",
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column("root_id", sa.BigInteger(), sa.ForeignKey("subjects.id"), nullable=False),
        sa.Column("member_id", sa.BigInteger(), sa.ForeignKey("members.id"), nullable=False),
        sa.Column("link_id", sa.BigInteger(), sa.ForeignKey("referral_links.id"), nullable=False),
        sa.Column("sharer_id", sa.BigInteger(), sa.ForeignKey("members.id")),
        sa.Column("second_sharer_id", sa.BigInteger(), sa.ForeignKey("members.id")),
        sa.Column("third_sharer_id", sa.BigInteger(), sa.ForeignKey("members.id")),
        sa.Column("degree", sa.SmallInteger(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False, server_default="link"),
        sa.Column("joined", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column(
            "reached_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("app_now()")
        ),
        sa.UniqueConstraint("root_id", "member_id"),
        sa.CheckConstraint("degree >= 1", name="degree"),
    )
    op.create_index("ix_cascade_reaches_member_id", "cascade_reaches", ["member_id"])
    op.create_index(
        "ix_cascade_reaches_root_id_reached_at", "cascade_reaches", ["root_id", "reached_at"]
    )
    for column in ("sharer_id", "second_sharer_id", "third_sharer_id"):
        op.create_index(f"ix_cascade_reaches_{column}", "cascade_reaches", [column, "root_id"])
    op.execute(
        """
        INSERT INTO cascade_reaches
          (root_id, member_id, link_id, sharer_id, second_sharer_id, third_sharer_id, degree,
           reached_at)
        SELECT r.root_id, r.member_id, r.link_id, r.sharer_id, b.sharer_id, c.sharer_id, r.degree,
               r.reached_at
        FROM reached r
        LEFT JOIN reached b ON b.root_id = r.root_id AND b.member_id = r.sharer_id
        LEFT JOIN reached c ON c.root_id = r.root_id AND c.member_id = b.sharer_id
        ORDER BY r.id
        """
    )


def downgrade() -> None:
    raise NotImplementedError("whose the visits were is forgotten: restore a backup")
