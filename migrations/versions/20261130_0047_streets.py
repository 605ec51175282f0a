"""Streets, addresses and towns of loaded OpenStreetMap extracts.

All tables are new, so nothing waits for a lock."""

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry

revision = "0047"
down_revision = "0046"

# Words that searches leave out: kinds of streets as people shorten them, and articles. Spanish,
# Catalan, Galician, English, French, German, Italian, Portuguese, Finnish and Swedish.
KINDS = """avinguda avenida avda avd avgda av ave avenue avenue carrer calle cl c cr carretera ctra
crta cta placa plaza pl plz pza pca praza place platz passeig paseo pg po ps pso passatge pasaje
ptge psje ronda rda rd cami camino cno caminho travessia travesia trv trav baixada pujada escales
glorieta gta bulevar boulevard blvd bvd via viale vicolo piazza rua rue chemin impasse quai urb
urbanitzacio urbanizacion strasse str gasse weg allee street st road lane ln drive dr square sq
katu tie kuja polku tori puistokatu gatan gata vagen vag grand torg"""
ARTICLES = """de del dels des du da do dos das la las les los el els en na le i y e the of l d
am an der die"""

SIDES = ("west", "south", "east", "north")


def upgrade() -> None:
    kinds = "|".join(sorted(set(KINDS.split())))
    articles = "|".join(ARTICLES.split())
    # The name without kind of street, articles and signs; the whole name when nothing is left.
    op.execute(
        f"""
        CREATE OR REPLACE FUNCTION street_core(text) RETURNS text
        LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT AS $$
          SELECT coalesce(nullif(btrim(regexp_replace(regexp_replace(
            ' ' || regexp_replace(replace(regexp_replace(
              name_key($1), '\\m[dl][''’]', ' ', 'g'), '·', ''), '[^[:alnum:]]+', ' ', 'g') || ' ',
            ' (?=({kinds}) )\\w+', ' ', 'g'),
            ' (?=({articles}) )\\w+', ' ', 'g')), ''), name_key($1)) $$
        """
    )
    op.create_table(
        "extracts",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("code", "file_name", "sha256")),
        sa.Column("schema", sa.Text(), server_default="boca", nullable=False),
        sa.Column("step", sa.Text(), server_default="begun", nullable=False),
        *(sa.Column(side, sa.Float(), nullable=False) for side in SIDES),
        sa.Column("data_at", sa.DateTime(timezone=True)),
        sa.Column("archive", sa.Text()),
        sa.Column(
            "counts", sa.dialects.postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column(
            "begun_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("shown_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint(
            "step IN ('begun', 'read', 'named', 'drawn', 'shown')", name="ck_extracts_step"
        ),
        sa.CheckConstraint("west < east AND south < north", name="ck_extracts_box"),
        sa.PrimaryKeyConstraint("id", name="pk_extracts"),
    )
    op.create_index(
        "uq_extracts_shown", "extracts", ["code"], unique=True,
        postgresql_where=sa.text("step = 'shown'"),
    )  # fmt: skip
    op.create_index(
        "uq_extracts_begun", "extracts", ["code"], unique=True,
        postgresql_where=sa.text("step <> 'shown'"),
    )  # fmt: skip
    _table(
        "roads", "LINESTRING",
        sa.Column("way", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text()),
        sa.Column("ref", sa.Text()),
        sa.Column("names", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("oneway", sa.SmallInteger(), nullable=False),
        sa.Column("street_id", sa.BigInteger()),
    )  # fmt: skip
    op.create_index("ix_roads_street_id", "roads", ["street_id"])
    _table(
        "streets", "MULTILINESTRING",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("metres", sa.Float(), nullable=False),
        sa.Column("rank", sa.SmallInteger(), nullable=False),
        sa.Column("town", sa.Text()),
        sa.Column("quarter", sa.Text()),
        sa.Column("centre", _shape("POINT"), nullable=False),
    )  # fmt: skip
    _table(
        "street_names", None,
        sa.Column("street_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("core", sa.Text(), nullable=False),
    )  # fmt: skip
    op.create_index("ix_street_names_street_id", "street_names", ["street_id"])
    op.create_index("ix_street_names_key", "street_names", ["key"])
    op.create_index(
        "ix_street_names_core", "street_names", ["core"],
        postgresql_using="gin", postgresql_ops={"core": "gin_trgm_ops"},
    )  # fmt: skip
    _table(
        "addresses", "POINT",
        sa.Column("osm", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("street", sa.Text(), nullable=False),
        sa.Column("postcode", sa.Text()),
        sa.Column("city", sa.Text()),
        sa.Column("street_id", sa.BigInteger()),
    )  # fmt: skip
    op.create_index("ix_addresses_street_id", "addresses", ["street_id"])
    _table(
        "localities", "GEOMETRY",
        sa.Column("osm", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("level", sa.SmallInteger()),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("names", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("population", sa.BigInteger()),
    )  # fmt: skip
    _table(
        "corners", "POINT", sa.Column("street_ids", sa.ARRAY(sa.BigInteger()), nullable=False)
    )
    # The smallest area of administration of the levels that are towns (6 to 8): in Spain 8, in
    # Andorra 7, so that no list of countries is needed.
    op.execute(
        """
        CREATE OR REPLACE FUNCTION town_at(point geometry, of_extract bigint) RETURNS text
        LANGUAGE sql STABLE PARALLEL SAFE AS $$
          SELECT name FROM localities
          WHERE extract_id = of_extract AND kind = 'admin' AND level BETWEEN 6 AND 8
            AND ST_Covers(geom, point)
          ORDER BY level DESC LIMIT 1 $$
        """
    )
    # An area of a quarter, else a district (levels 9 to 11), else the nearest point of one within
    # the reach of its kind (metres).
    op.execute(
        """
        CREATE OR REPLACE FUNCTION quarter_at(point geometry, of_extract bigint) RETURNS text
        LANGUAGE sql STABLE PARALLEL SAFE AS $$
          SELECT name FROM (
            SELECT name, 0 AS step, ST_Area(geom) AS far FROM localities
            WHERE extract_id = of_extract AND ST_Dimension(geom) = 2 AND ST_Covers(geom, point)
              AND (kind IN ('neighbourhood', 'quarter', 'suburb')
                OR kind = 'admin' AND level BETWEEN 9 AND 11)
            UNION ALL
            SELECT name, 1, metres / reach FROM (
              SELECT name, ST_DistanceSphere(geom, point) AS metres, CASE kind
                WHEN 'neighbourhood' THEN 600 WHEN 'hamlet' THEN 700 WHEN 'quarter' THEN 800
                WHEN 'suburb' THEN 1500 WHEN 'village' THEN 1500 ELSE 2000 END AS reach
              FROM localities
              WHERE extract_id = of_extract AND ST_Dimension(geom) = 0
                AND kind IN ('neighbourhood', 'quarter', 'suburb', 'hamlet', 'village', 'town')
                AND ST_DWithin(geom, point, 0.03)) AS near
            WHERE metres < reach) AS found
          ORDER BY step, far LIMIT 1 $$
        """
    )
    op.execute(WHERE_IS)


# Where a point is, as people say it. The nearest named road within about 500 m decides the street;
# those for walkers count as 8 m farther. A number is told within 25 m on the point's side of that
# street, which is not known within 3 m of its middle; a corner within 20 m of it; else the streets
# that cross before and after. `side` is 1 to the right of the road's points, -1 to the left.
WHERE_IS = """
CREATE OR REPLACE FUNCTION where_is(point geometry) RETURNS TABLE (
  street text, number text, side smallint, corner text, before text, after text,
  quarter text, town text, extract_id bigint, metres float8)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  WITH load AS (
    SELECT id FROM extracts
    WHERE step = 'shown' AND ST_X(point) BETWEEN west AND east AND ST_Y(point) BETWEEN south AND north
    ORDER BY (east - west) * (north - south) LIMIT 1),
  near AS MATERIALIZED (
    SELECT r.geom, r.name, r.kind, r.street_id, ST_DistanceSphere(r.geom, point) AS metres
    FROM roads AS r, load
    WHERE r.extract_id = load.id AND r.street_id IS NOT NULL AND ST_DWithin(r.geom, point, 0.005)
    ORDER BY r.geom <-> point LIMIT 12),
  road AS (
    SELECT near.*, ST_LineLocatePoint(geom, point) AS at, greatest(ST_Length(geom), 1e-9) AS long
    FROM near
    ORDER BY metres + CASE WHEN kind IN ('path', 'steps', 'track', 'cycleway') THEN 8
      WHEN kind = 'service' THEN 4 ELSE 0 END
    LIMIT 1),
  way AS (
    SELECT road.*, ST_ClosestPoint(geom, point) AS foot,
      ST_LineInterpolatePoint(geom, greatest(0, at - 0.0001 / long)) AS tail,
      ST_LineInterpolatePoint(geom, least(1, at + 0.0001 / long)) AS head
    FROM road),
  line AS (
    SELECT way.*, (ST_X(head) - ST_X(tail)) * cos(radians(ST_Y(foot))) AS dx,
      ST_Y(head) - ST_Y(tail) AS dy
    FROM way),
  here AS (
    SELECT line.*, CASE WHEN metres < 3 THEN NULL ELSE sign(
      dy * (ST_X(point) - ST_X(foot)) * cos(radians(ST_Y(foot))) - dx * (ST_Y(point) - ST_Y(foot)))
      END::smallint AS side
    FROM line),
  house AS (
    SELECT a.number FROM here, addresses AS a
    WHERE a.street_id = here.street_id AND ST_DWithin(a.geom, point, 0.0006)
      AND ST_DistanceSphere(a.geom, point) <= 25
      AND sign(dy * (ST_X(a.geom) - ST_X(foot)) * cos(radians(ST_Y(foot)))
        - dx * (ST_Y(a.geom) - ST_Y(foot))) = side
    ORDER BY a.geom <-> point LIMIT 1),
  crossing AS MATERIALIZED (
    SELECT s.name, ST_DistanceSphere(c.geom, point) AS metres,
      dx * (ST_X(c.geom) - ST_X(foot)) * cos(radians(ST_Y(foot)))
        + dy * (ST_Y(c.geom) - ST_Y(foot)) > 0 AS is_ahead
    FROM here, corners AS c, unnest(c.street_ids) AS other JOIN streets AS s ON s.id = other
    WHERE ST_DWithin(c.geom, point, 0.006) AND here.street_id = ANY(c.street_ids)
      AND other <> here.street_id AND name_key(s.name) <> name_key(here.name)
    ORDER BY c.geom <-> point, s.rank LIMIT 40)
  SELECT here.name, (SELECT number FROM house), here.side,
    (SELECT name FROM crossing WHERE crossing.metres <= 20 ORDER BY crossing.metres LIMIT 1),
    (SELECT name FROM crossing WHERE NOT is_ahead ORDER BY crossing.metres LIMIT 1),
    (SELECT name FROM crossing WHERE is_ahead ORDER BY crossing.metres LIMIT 1),
    quarter_at(point, load.id), town_at(point, load.id), load.id, here.metres
  FROM load LEFT JOIN here ON true $$
"""


def _shape(kind: str) -> Geometry:
    return Geometry(kind, srid=4326, spatial_index=False)


def _table(name: str, shape: str | None, *columns: sa.Column) -> None:
    """Rows of a load, gone with it, with an index on their shape."""
    op.create_table(
        name,
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("extract_id", sa.BigInteger(), nullable=False),
        *columns,
        *([sa.Column("geom", _shape(shape), nullable=False)] if shape else []),
        sa.ForeignKeyConstraint(
            ["extract_id"], ["extracts.id"], name=f"fk_{name}_extract_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=f"pk_{name}"),
    )
    op.create_index(f"ix_{name}_extract_id", name, ["extract_id"])
    if shape:
        op.create_index(f"ix_{name}_geom", name, ["geom"], postgresql_using="gist")


def downgrade() -> None:
    op.execute("DROP SCHEMA IF EXISTS drawing CASCADE")
    op.execute("DROP FUNCTION where_is(geometry)")
    op.execute("DROP FUNCTION quarter_at(geometry, bigint)")
    op.execute("DROP FUNCTION town_at(geometry, bigint)")
    for name in ("corners", "localities", "addresses", "street_names", "streets", "roads"):
        op.drop_table(name)
    op.drop_table("extracts")
    op.execute("DROP FUNCTION street_core(text)")
