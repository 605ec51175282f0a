"""What members watch, the news of it, how they are told, and the browsers that are pushed to."""

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.create_table(
        "mail_attempts",
        sa.Column("batch", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column(
            "at", sa.DateTime(timezone=True), server_default=sa.text("app_now()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("batch", "number", "outcome", name=op.f("pk_mail_attempts")),
    )
    op.create_index(op.f("ix_mail_attempts_at"), "mail_attempts", ["at"], unique=False)
    op.create_table(
        "mail_choices",
        sa.Column("member_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("delivery", sa.Text(), server_default="site", nullable=False),
        sa.Column("still_there", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("hour", sa.SmallInteger(), server_default="8", nullable=False),
        sa.Column("weekday", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("quiet_from", sa.SmallInteger(), server_default="22", nullable=False),
        sa.Column("quiet_until", sa.SmallInteger(), server_default="7", nullable=False),
        sa.Column("digest_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(delivery IN ('daily', 'weekly')) = (digest_due_at IS NOT NULL)",
            name=op.f("ck_mail_choices_digest_due"),
        ),
        sa.CheckConstraint(
            "delivery IN ('site', 'now', 'daily', 'weekly')", name=op.f("ck_mail_choices_delivery")
        ),
        sa.CheckConstraint(
            "hour BETWEEN 0 AND 23 AND weekday BETWEEN 0 AND 6 AND quiet_from BETWEEN 0 AND 23 AND quiet_until BETWEEN 0 AND 23",
            name=op.f("ck_mail_choices_hours"),
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name=op.f("fk_mail_choices_member_id")
        ),
        sa.PrimaryKeyConstraint("member_id", name=op.f("pk_mail_choices")),
    )
    op.create_index(
        "ix_mail_choices_digest_due_at",
        "mail_choices",
        ["digest_due_at"],
        unique=False,
        postgresql_where=sa.text("digest_due_at IS NOT NULL"),
    )
    op.create_table(
        "watches",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.Text(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("shape", sa.Text(), nullable=False),
        sa.Column("geom", Geometry(srid=4326, spatial_index=False), nullable=False),
        sa.Column("reach", Geometry(srid=4326, spatial_index=False), nullable=False),
        sa.Column("distance_m", sa.Float(), server_default="0", nullable=False),
        sa.Column("kinds", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("least", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("app_now()"),
            nullable=False,
        ),
        sa.CheckConstraint("shape IN ('area', 'way')", name=op.f("ck_watches_shape")),
        sa.CheckConstraint(
            "ST_IsValid(geom) AND NOT ST_IsEmpty(geom)", name=op.f("ck_watches_geom_valid")
        ),
        sa.CheckConstraint("distance_m >= 0", name=op.f("ck_watches_distance")),
        sa.CheckConstraint("least BETWEEN 0 AND 10", name=op.f("ck_watches_least")),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_watches_member_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_watches")),
        sa.UniqueConstraint("public_id", name=op.f("uq_watches_public_id")),
    )
    op.create_index(op.f("ix_watches_member_id"), "watches", ["member_id"], unique=False)
    op.create_index(
        "ix_watches_reach",
        "watches",
        ["reach"],
        unique=False,
        postgresql_using="gist",
        postgresql_where=sa.text("paused_at IS NULL"),
    )
    op.create_table(
        "news",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("report_id", sa.BigInteger(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), server_default="", nullable=False),
        sa.Column("city_id", sa.BigInteger(), nullable=True),
        sa.Column("watch_id", sa.BigInteger(), nullable=True),
        sa.Column("mail", sa.Text(), nullable=True),
        sa.Column("push", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column(
            "not_before",
            sa.DateTime(timezone=True),
            server_default=sa.text("app_now()"),
            nullable=False,
        ),
        sa.Column("batch", sa.Text(), nullable=True),
        sa.Column("pushed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("app_now()"),
            nullable=False,
        ),
        sa.CheckConstraint("mail IN ('now', 'digest', 'still_there')", name=op.f("ck_news_mail")),
        sa.ForeignKeyConstraint(["city_id"], ["cities.id"], name=op.f("fk_news_city_id")),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_news_member_id")),
        sa.ForeignKeyConstraint(["report_id"], ["subjects.id"], name=op.f("fk_news_report_id")),
        sa.ForeignKeyConstraint(
            ["watch_id"], ["watches.id"], name=op.f("fk_news_watch_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_news")),
        sa.UniqueConstraint(
            "member_id",
            "report_id",
            "what",
            "cause",
            name=op.f("uq_news_member_id_report_id_what_cause"),
        ),
    )
    op.create_index(
        "ix_news_batch",
        "news",
        ["batch"],
        unique=False,
        postgresql_where=sa.text("batch IS NOT NULL"),
    )
    op.create_index(op.f("ix_news_created_at"), "news", ["created_at"], unique=False)
    op.create_index(
        "ix_news_waiting_mail",
        "news",
        ["not_before"],
        unique=False,
        postgresql_where=sa.text("mail IN ('now', 'still_there') AND batch IS NULL"),
    )
    op.create_index(
        "ix_news_waiting_digest",
        "news",
        ["member_id"],
        unique=False,
        postgresql_where=sa.text("mail = 'digest' AND batch IS NULL"),
    )
    op.create_index(
        "ix_news_waiting_push",
        "news",
        ["not_before"],
        unique=False,
        postgresql_where=sa.text("push AND pushed_at IS NULL"),
    )
    op.create_index(op.f("ix_news_watch_id"), "news", ["watch_id"], unique=False)
    op.create_table(
        "push_subscriptions",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("session_id", sa.BigInteger(), nullable=False),
        sa.Column("endpoint", sa.Text(), nullable=False),
        sa.Column("p256dh", sa.Text(), nullable=False),
        sa.Column("auth", sa.Text(), nullable=False),
        sa.Column("user_agent", sa.Text(), server_default="", nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("app_now()"),
            nullable=False,
        ),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name=op.f("fk_push_subscriptions_member_id")
        ),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["member_sessions.id"],
            name=op.f("fk_push_subscriptions_session_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_push_subscriptions")),
        sa.UniqueConstraint("endpoint", name=op.f("uq_push_subscriptions_endpoint")),
    )
    op.create_index(
        op.f("ix_push_subscriptions_member_id"), "push_subscriptions", ["member_id"], unique=False
    )
    op.create_index(
        op.f("ix_push_subscriptions_session_id"), "push_subscriptions", ["session_id"], unique=False
    )


def downgrade() -> None:
    for table in ("push_subscriptions", "news", "watches", "mail_choices", "mail_attempts"):
        op.drop_table(table)
