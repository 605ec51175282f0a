"""Where members want each family of news, and lines of the inbox that leave by mail or push."""

import sqlalchemy as sa
from alembic import op

from migrations import online

revision = "0045"
down_revision = "0044"


def upgrade() -> None:
    op.create_table(
        "news_choices",
        sa.Column("member_id", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("family", sa.Text(), nullable=False),
        *(sa.Column(way, sa.Boolean(), nullable=False) for way in ("site", "mail", "push")),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name="fk_news_choices_member_id"),
        sa.PrimaryKeyConstraint("member_id", "family", name="pk_news_choices"),
        if_not_exists=True,
    )
    # A constant: PostgreSQL fills no row.
    op.execute(
        "ALTER TABLE notifications ADD COLUMN IF NOT EXISTS shown boolean DEFAULT true NOT NULL"
    )
    op.execute("ALTER TABLE news ADD COLUMN IF NOT EXISTS notification_id bigint")
    op.execute("ALTER TABLE news ALTER COLUMN report_id DROP NOT NULL")
    op.execute("ALTER TABLE news DROP CONSTRAINT IF EXISTS fk_news_notification_id")
    op.execute("ALTER TABLE news DROP CONSTRAINT IF EXISTS ck_news_about")
    op.execute(
        "ALTER TABLE news ADD CONSTRAINT fk_news_notification_id FOREIGN KEY (notification_id)"
        " REFERENCES notifications (id) ON DELETE CASCADE NOT VALID"
    )
    op.execute(
        "ALTER TABLE news ADD CONSTRAINT ck_news_about"
        " CHECK (num_nonnulls(report_id, notification_id) = 1) NOT VALID"
    )
    online.validate("news", "fk_news_notification_id", "ck_news_about")
    online.create_index(
        "uq_news_notification_id", "news", ["notification_id"], unique=True,
        postgresql_where=sa.text("notification_id IS NOT NULL"),
    )  # fmt: skip


def downgrade() -> None:
    op.execute("DELETE FROM news WHERE report_id IS NULL")
    op.drop_constraint("ck_news_about", "news")
    op.drop_column("news", "notification_id")
    op.alter_column("news", "report_id", nullable=False)
    op.execute("DELETE FROM notifications WHERE NOT shown")
    op.drop_column("notifications", "shown")
    op.drop_table("news_choices")
