"""Roles are grants: one table for the site and for brands, filled from `members.role` and
`brand_team` and kept with them while the release before still writes there. Migration 0025 drops
both.

The earliest of a brand's team is its owner; the others keep what they could do as managers."""

import sqlalchemy as sa
from alembic import op

from migrations import online

revision = "0024"
down_revision = "0023"


def id_of(name: str, table: str, **options) -> sa.Column:
    return sa.Column(name, sa.BigInteger(), sa.ForeignKey(f"{table}.id"), **options)


def moment(name: str) -> sa.Column:
    return sa.Column(
        name, sa.DateTime(timezone=True), nullable=False, server_default=sa.text("app_now()")
    )


OPEN_SITE = "ended_at IS NULL AND subject_id IS NULL"
OPEN_BRAND = "ended_at IS NULL AND subject_id IS NOT NULL"
SITE_BACKFILL = """
INSERT INTO grants (member_id, role, starts_at, given_at)
SELECT id, role, joined_at, joined_at FROM members
WHERE role <> 'member' AND id > :after AND id <= :until
ON CONFLICT DO NOTHING
"""
BRAND_BACKFILL = """
INSERT INTO grants (member_id, role, subject_id, starts_at, given_at)
SELECT member_id,
    CASE row_number() OVER (PARTITION BY brand_id ORDER BY since, member_id)
        WHEN 1 THEN 'owner' ELSE 'manager' END,
    brand_id, since, since
FROM brand_team ON CONFLICT DO NOTHING
"""
# What the release before writes meanwhile.
FOLLOW = """
CREATE OR REPLACE FUNCTION grants_follow_role() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE grants SET ended_at = app_now()
    WHERE member_id = NEW.id AND subject_id IS NULL AND ended_at IS NULL AND role <> NEW.role;
    IF NEW.role <> 'member' THEN
        INSERT INTO grants (member_id, role) VALUES (NEW.id, NEW.role) ON CONFLICT DO NOTHING;
    END IF;
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION grants_follow_team() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        UPDATE grants SET ended_at = app_now()
        WHERE member_id = OLD.member_id AND subject_id = OLD.brand_id AND ended_at IS NULL;
    ELSE
        INSERT INTO grants (member_id, subject_id, role)
        SELECT NEW.member_id, NEW.brand_id, CASE WHEN EXISTS (
            SELECT FROM grants WHERE subject_id = NEW.brand_id AND role = 'owner'
            AND ended_at IS NULL) THEN 'manager' ELSE 'owner' END
        ON CONFLICT DO NOTHING;
    END IF;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER grants_follow_role AFTER UPDATE OF role ON members
    FOR EACH ROW WHEN (OLD.role <> NEW.role) EXECUTE FUNCTION grants_follow_role();
CREATE OR REPLACE TRIGGER grants_follow_team AFTER INSERT OR DELETE ON brand_team
    FOR EACH ROW EXECUTE FUNCTION grants_follow_team();
"""


def upgrade() -> None:
    op.create_table(
        "grants",
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
        id_of("member_id", "members", nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        id_of("subject_id", "subjects"),
        id_of("city_id", "cities"),
        sa.Column("language", sa.Text()),
        sa.Column("kind", sa.Text()),
        moment("starts_at"),
        sa.Column("until", sa.DateTime(timezone=True)),
        moment("given_at"),
        id_of("given_by_id", "members"),
        sa.Column("reason", sa.Text(), nullable=False, server_default=""),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        id_of("ended_by_id", "members"),
        sa.Column("end_reason", sa.Text(), nullable=False, server_default=""),
        sa.CheckConstraint(
            "CASE WHEN subject_id IS NULL THEN role IN ('administrator', 'moderator')"
            " ELSE role IN ('owner', 'manager', 'replier', 'analyst') END",
            name="role",
        ),
        sa.CheckConstraint(
            "role = 'moderator' OR (city_id IS NULL AND language IS NULL AND kind IS NULL)",
            name="limits",
        ),
        sa.CheckConstraint("until > starts_at", name="until"),
        if_not_exists=True,
    )
    op.create_index("ix_grants_member_id", "grants", ["member_id"], if_not_exists=True)
    op.create_index("ix_grants_subject_id", "grants", ["subject_id"], if_not_exists=True)
    op.create_index(
        "uq_grants_open_brand", "grants", ["member_id", "subject_id"], unique=True,
        postgresql_where=sa.text(OPEN_BRAND), if_not_exists=True,
    )  # fmt: skip
    op.create_index(
        "uq_grants_open_site", "grants", ["member_id", "role", "city_id", "language", "kind"],
        unique=True, postgresql_nulls_not_distinct=True, postgresql_where=sa.text(OPEN_SITE),
        if_not_exists=True,
    )  # fmt: skip
    op.execute(FOLLOW)
    op.execute(BRAND_BACKFILL)
    online.in_batches("members", SITE_BACKFILL)


def downgrade() -> None:
    op.execute("DROP TRIGGER IF EXISTS grants_follow_role ON members")
    op.execute("DROP TRIGGER IF EXISTS grants_follow_team ON brand_team")
    op.execute("DROP FUNCTION IF EXISTS grants_follow_role()")
    op.execute("DROP FUNCTION IF EXISTS grants_follow_team()")
    op.drop_table("grants")
