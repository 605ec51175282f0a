"""Named things of loaded extracts, and which place each of them is.

Both tables are new, so nothing waits for a lock."""

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry

revision = "0052"
down_revision = "0050"

SAID = (
    "name", "street", "number", "postcode", "city", "phone", "website", "opening_hours",
    "content_hash",
)  # fmt: skip


def upgrade() -> None:
    op.create_table(
        "extract_places",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("extract_id", sa.BigInteger(), nullable=False),
        sa.Column("osm", sa.Text(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in SAID),
        *(sa.Column(name, sa.ARRAY(sa.Text()), nullable=False) for name in ("kinds", "names")),
        sa.Column("geom", Geometry("POINT", srid=4326, spatial_index=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["extract_id"], ["extracts.id"], name="fk_extract_places_extract_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_extract_places"),
    )  # fmt: skip
    op.create_index("ix_extract_places_extract_id", "extract_places", ["extract_id"])
    op.create_index("ix_extract_places_osm", "extract_places", ["osm"])
    op.create_table(
        "place_objects",
        sa.Column("osm", sa.Text(), nullable=False),
        sa.Column("place_id", sa.BigInteger(), nullable=False),
        sa.Column("extract_code", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("ended", sa.Text()),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint(
            "ended IN ('hidden', 'closed', 'left')", name="ck_place_objects_ended"
        ),
        sa.CheckConstraint(
            "(ended IS NULL) = (ended_at IS NULL)", name="ck_place_objects_ended_at"
        ),
        sa.ForeignKeyConstraint(["place_id"], ["places.id"], name="fk_place_objects_place_id"),
        sa.PrimaryKeyConstraint("osm", name="pk_place_objects"),
    )  # fmt: skip
    op.create_index("ix_place_objects_place_id", "place_objects", ["place_id"])
    op.create_index("ix_place_objects_extract_code", "place_objects", ["extract_code"])


def downgrade() -> None:
    op.drop_table("place_objects")
    op.drop_table("extract_places")
