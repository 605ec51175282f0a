"""Tiles: what is on the map now, and counts of it by cell, kind and reliability."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    # Web Mercator tile numbers with their bits interleaved (a Morton code): what is below a cell is
    # one range, and the cell above is the number without its last two bits. Spreading the bits:
    # graphics.stanford.edu/~seander/bithacks.html#InterleaveBMN
    op.execute(
        """
        CREATE FUNCTION map_quad(lon float8, lat float8, level integer) RETURNS bigint
        LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
        DECLARE
          side bigint := 1::bigint << level;
          phi float8 := radians(least(85.0511287798, greatest(-85.0511287798, lat)));
          x bigint := least(side - 1, greatest(0, floor((lon + 180) / 360 * side)::bigint));
          y bigint := least(side - 1, greatest(0, floor(
            (1 - ln(tan(phi) + 1 / cos(phi)) / pi()) / 2 * side)::bigint));
        BEGIN
          x := (x | (x << 16)) & 281470681808895;
          x := (x | (x << 8)) & 71777214294589695;
          x := (x | (x << 4)) & 1085102592571150095;
          x := (x | (x << 2)) & 3689348814741910323;
          x := (x | (x << 1)) & 6148914691236517205;
          y := (y | (y << 16)) & 281470681808895;
          y := (y | (y << 8)) & 71777214294589695;
          y := (y | (y << 4)) & 1085102592571150095;
          y := (y | (y << 2)) & 3689348814741910323;
          y := (y | (y << 1)) & 6148914691236517205;
          RETURN x | (y << 1);
        END $$
        """
    )
    op.create_table(
        "map_points",
        sa.Column(
            "subject_id", sa.BigInteger(), sa.ForeignKey("subjects.id"), primary_key=True,
            autoincrement=False,
        ),
        sa.Column("layer", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("sure", sa.Boolean(), nullable=False),
        sa.Column("quad", sa.BigInteger(), nullable=False),
        sa.Column("lon", sa.BigInteger(), nullable=False),
        sa.Column("lat", sa.BigInteger(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True)),
    )  # fmt: skip
    op.create_index("ix_map_points_layer_quad", "map_points", ["layer", "quad"])
    op.create_index("ix_map_points_next_at", "map_points", ["next_at"])
    op.create_table(
        "map_cells",
        sa.Column("layer", sa.Text(), primary_key=True),
        sa.Column("level", sa.SmallInteger(), primary_key=True, autoincrement=False),
        sa.Column("quad", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("kind", sa.Text(), primary_key=True),
        sa.Column("sure", sa.Boolean(), primary_key=True),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.Column("lon_sum", sa.BigInteger(), nullable=False),
        sa.Column("lat_sum", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "map_folds",
        sa.Column("id", sa.SmallInteger(), primary_key=True, autoincrement=False),
        sa.Column("system", sa.BigInteger()),
        sa.Column("snapshot", sa.Text()),
        sa.Column("folded_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint("id = 1", name="one"),
    )
    op.execute("INSERT INTO map_folds (id) VALUES (1)")


def downgrade() -> None:
    for table in ("map_folds", "map_cells", "map_points"):
        op.drop_table(table)
    op.execute("DROP FUNCTION map_quad(float8, float8, integer)")
