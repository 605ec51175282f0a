"""Told figures of brands, scores of prescriptores, consents and invitations."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0019"
down_revision = "0018"


def _to(table, name, *, key=False, **options):
    column = f"{table}.id"
    return sa.Column(
        name, sa.BigInteger(), sa.ForeignKey(column), primary_key=key, autoincrement=False, **options
    )


def _at(name, **options):
    return sa.Column(name, sa.DateTime(timezone=True), **options)


NOW = {"nullable": False, "server_default": sa.text("app_now()")}


def upgrade() -> None:
    op.create_table(
        "told_weeks",
        _to("subjects", "root_id", key=True),
        sa.Column("week", sa.Date(), primary_key=True),
        sa.Column("cascades", JSONB(), nullable=False, server_default="[]"),
        _at("told_at", **NOW),
    )
    op.create_table(
        "told_figures",
        _to("subjects", "root_id", key=True),
        sa.Column("week", sa.Date(), primary_key=True),
        sa.Column("series", sa.Text(), primary_key=True),
        sa.Column("key", sa.Text(), primary_key=True),
        sa.Column("people", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("people > 0 AND people % 10 = 0", name="tens"),
    )
    op.create_table(
        "home_cities",
        _to("members", "member_id", key=True),
        _to("cities", "city_id", nullable=False),
    )
    op.create_index("ix_home_cities_city_id", "home_cities", ["city_id"])
    op.create_table(
        "prescriptor_scores",
        _to("subjects", "root_id", key=True),
        sa.Column("span", sa.Text(), primary_key=True),
        sa.Column("category", sa.Text(), primary_key=True),
        _to("members", "member_id", key=True),
        _to("cities", "city_id"),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("first", sa.BigInteger(), nullable=False),
        sa.Column("second", sa.BigInteger(), nullable=False),
        sa.Column("third", sa.BigInteger(), nullable=False),
        sa.Column("joined", sa.BigInteger(), nullable=False),
        sa.Column("contributions", sa.BigInteger(), nullable=False),
        sa.Column("caused", sa.Float(), nullable=False),
        sa.Column("reliability", sa.Float(), nullable=False),
        sa.Column("zone_focus", sa.Float(), nullable=False),
        sa.Column("topic_focus", sa.Float(), nullable=False),
        sa.Column("raw_first", sa.BigInteger(), nullable=False),
        sa.Column("pagerank", sa.Float(), nullable=False),
    )
    op.create_index(
        "ix_prescriptor_scores_top", "prescriptor_scores",
        ["root_id", "span", "category", sa.text("score DESC"), "member_id"],
    )
    op.create_index(
        "ix_prescriptor_scores_city", "prescriptor_scores",
        ["root_id", "span", "category", "city_id", sa.text("score DESC"), "member_id"],
    )
    op.create_index("ix_prescriptor_scores_member_id", "prescriptor_scores", ["member_id"])
    op.create_table(
        "spread_consents",
        _to("members", "member_id", key=True),
        sa.Column("named", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("contactable", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.create_table(
        "brand_consents",
        _to("brands", "brand_id", key=True),
        _to("members", "member_id", key=True),
        _at("since", **NOW),
    )
    op.create_index("ix_brand_consents_member_id", "brand_consents", ["member_id"])
    op.create_table(
        "invitations",
        _to("subjects", "id", key=True),
        _to("brands", "brand_id", nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("thanks", sa.Text(), nullable=False),
        _at("sent_at"),
        _to("members", "author_id"),
        sa.Column("visibility", sa.Text(), server_default="published", nullable=False),
        _to("sources", "source_id"),
        sa.Column("external_id", sa.Text()),
        sa.Column("content_hash", sa.Text()),
        sa.Column("language", sa.Text(), server_default="und", nullable=False),
        _at("created_at", **NOW),
        sa.Column("revision", sa.BigInteger(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "visibility IN ('published', 'held', 'hidden', 'removed', 'withdrawn')",
            name="visibility",
        ),
        sa.UniqueConstraint("source_id", "external_id"),
    )
    op.create_index("ix_invitations_brand_id", "invitations", ["brand_id"])
    op.create_index("ix_invitations_author_id", "invitations", ["author_id"])
    op.create_table(
        "invitation_deliveries",
        _to("invitations", "invitation_id", key=True),
        _to("members", "member_id", key=True),
        _at("sent_at", **NOW),
    )
    op.create_index(
        "ix_invitation_deliveries_member_id", "invitation_deliveries", ["member_id", "sent_at"]
    )


def downgrade() -> None:
    for table in (
        "invitation_deliveries", "invitations", "brand_consents", "spread_consents",
        "prescriptor_scores", "home_cities", "told_figures", "told_weeks",
    ):
        op.drop_table(table)
