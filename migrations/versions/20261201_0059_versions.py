"""Earlier bodies of all content in one table.

Revision ID: 0059
Revises: 0058
"""

import sqlalchemy as sa
from alembic import op

revision = "0059"
down_revision = "0058"
branch_labels = None
depends_on = None

COPY = """
INSERT INTO versions (subject_id, revision, field, language, body, origin, replaced_by_id,
  replaced_at)
SELECT v.{key}, {revision}, f.field, c.language, f.body,
  CASE WHEN c.source_id IS NULL THEN 'author' ELSE 'import' END, {by}, v.replaced_at
FROM {table} v JOIN {content} c ON c.id = v.{key}, LATERAL (VALUES {fields}) AS f (field, body)
ORDER BY v.id, f.field
"""
# What a brand was called had no revision: each name is one, from the first.
NUMBERED = "(SELECT count(*) FROM brand_versions w WHERE w.brand_id = v.brand_id AND w.id <= v.id)"


def upgrade() -> None:
    op.create_table(
        "versions",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("subject_id", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), server_default="und", nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), server_default="author", nullable=False),
        sa.Column("replaced_by_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "replaced_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("app_now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "origin IN ('author', 'machine', 'import')", name=op.f("ck_versions_origin")
        ),
        sa.ForeignKeyConstraint(
            ["subject_id"], ["subjects.id"], name=op.f("fk_versions_subject_id")
        ),
        sa.ForeignKeyConstraint(
            ["replaced_by_id"], ["members.id"], name=op.f("fk_versions_replaced_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_versions")),
        sa.UniqueConstraint(
            "subject_id",
            "revision",
            "field",
            "language",
            name=op.f("uq_versions_subject_id_revision_field_language"),
        ),
    )
    op.create_index(op.f("ix_versions_replaced_by_id"), "versions", ["replaced_by_id"])
    for table, content, key, revision, by, fields in (
        ("report_versions", "reports", "report_id", "v.revision", "NULL", "('text', v.text)"),
        (
            "review_versions", "reviews", "review_id", "v.revision", "NULL",
            "('rating', v.rating::text), ('title', v.title), ('text', v.text)",
        ),
        (
            "brand_versions", "brands", "brand_id", NUMBERED, "v.replaced_by_id",
            "('name', v.name), ('website', v.website)",
        ),
    ):  # fmt: skip
        op.execute(
            COPY.format(
                table=table, content=content, key=key, revision=revision, by=by, fields=fields
            )
        )
        op.drop_table(table)


BACK = """
INSERT INTO {table} ({key}, {columns}, replaced_at)
SELECT v.subject_id, {values}, max(v.replaced_at) FROM versions v JOIN {content} c
  ON c.id = v.subject_id GROUP BY v.subject_id, v.revision ORDER BY max(v.id)
"""


def said(field: str) -> str:
    return f"max(v.body) FILTER (WHERE v.field = '{field}')"


def downgrade() -> None:
    text, now = sa.Text(), sa.text("app_now()")
    for table, content, key, fields in (
        ("report_versions", "reports", "report_id", ("revision", "text")),
        ("review_versions", "reviews", "review_id", ("revision", "rating", "title", "text")),
        ("brand_versions", "brands", "brand_id", ("name", "website", "replaced_by_id")),
    ):
        types = {"revision": sa.BigInteger(), "rating": sa.SmallInteger()}
        types["replaced_by_id"] = sa.BigInteger()
        op.create_table(
            table,
            sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
            sa.Column(key, sa.BigInteger(), nullable=False),
            *(
                sa.Column(name, types.get(name, text), nullable=name == "replaced_by_id")
                for name in fields
            ),
            sa.Column(
                "replaced_at", sa.DateTime(timezone=True), server_default=now, nullable=False
            ),
            sa.ForeignKeyConstraint([key], [f"{content}.id"], name=op.f(f"fk_{table}_{key}")),
            sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        )
        op.create_index(op.f(f"ix_{table}_{key}"), table, [key])
        values = {
            "revision": "v.revision",
            "rating": f"{said('rating')}::smallint",
            "replaced_by_id": "max(v.replaced_by_id)",
        }
        op.execute(
            BACK.format(
                table=table,
                content=content,
                key=key,
                columns=", ".join(fields),
                values=", ".join(values.get(name) or said(name) for name in fields),
            )
        )
    op.create_foreign_key(
        op.f("fk_brand_versions_replaced_by_id"),
        "brand_versions",
        "members",
        ["replaced_by_id"],
        ["id"],
    )
    op.create_index(op.f("ix_brand_versions_replaced_by_id"), "brand_versions", ["replaced_by_id"])
    op.drop_table("versions")
