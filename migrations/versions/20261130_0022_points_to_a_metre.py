"""Public points are rounded to a metre: a trigger on each table of theirs, then the rows that are
there. Content hashes stay: a row that members prolonged or edited does not say any more what its
source said, so the next import of the same rows knows their former hash and writes the new one."""

from alembic import op
from migrations import online

revision = "0022"
down_revision = "0021"

TABLES = ("reports", "places")


def upgrade() -> None:
    op.execute(
        """
        CREATE OR REPLACE FUNCTION to_a_metre(point geometry) RETURNS geometry
        LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
        SELECT ST_SetSRID(ST_MakePoint(round(ST_X(point)::numeric, 5)::float8,
            round(ST_Y(point)::numeric, 5)::float8), 4326) $$
        """
    )
    op.execute(
        """
        CREATE OR REPLACE FUNCTION keep_to_a_metre() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN NEW.geom := to_a_metre(NEW.geom); RETURN NEW; END $$
        """
    )
    # Rounding moves nothing: whoever watched where a report was need not be told.
    op.execute("DROP TRIGGER IF EXISTS mark_moved ON reports")
    op.execute(
        "CREATE TRIGGER mark_moved BEFORE UPDATE OF geom, kind ON reports FOR EACH ROW"
        " WHEN (NOT OLD.moved AND (abs(ST_X(OLD.geom) - ST_X(NEW.geom)) > 0.000008"
        " OR abs(ST_Y(OLD.geom) - ST_Y(NEW.geom)) > 0.000008 OR OLD.kind <> NEW.kind))"
        " EXECUTE FUNCTION mark_moved()"
    )
    for table in TABLES:
        # By its name it comes before `mark_moved`, which compares what will be stored.
        op.execute(f"DROP TRIGGER IF EXISTS keep_to_a_metre ON {table}")
        op.execute(
            f"CREATE TRIGGER keep_to_a_metre BEFORE INSERT OR UPDATE OF geom ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION keep_to_a_metre()"
        )
    for table in TABLES:
        online.in_batches(
            table,
            f"UPDATE {table} SET geom = to_a_metre(geom) WHERE id > :after AND id <= :until"
            " AND NOT ST_Equals(geom, to_a_metre(geom))",
        )
    # Sums of coordinates in the cells of the map are of the points before: all is counted again.
    op.execute("UPDATE map_folds SET system = NULL, snapshot = NULL, folded_at = NULL")


def downgrade() -> None:
    """The decimals are gone for good; rows stay as they are."""
    for table in TABLES:
        op.execute(f"DROP TRIGGER keep_to_a_metre ON {table}")
    op.execute("DROP FUNCTION keep_to_a_metre()")
    op.execute("DROP FUNCTION to_a_metre(geometry)")
