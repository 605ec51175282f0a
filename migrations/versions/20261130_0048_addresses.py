"""Addresses of what stands on the map, made of the point that all may see.

Triggers note them, whatever writes the row: without a loaded city they cost one look at an empty
table. Columns with constant defaults rewrite nothing."""

import sqlalchemy as sa
from alembic import op

revision = "0048"
down_revision = "0047"

PARTS = ("street", "number", "corner", "before", "after", "quarter", "town")

# Notes where a subject is, as `where_is` says it; a point that is NULL has no address. Returns
# whether the address is another one than before.
NOTE_ADDRESS = """
CREATE OR REPLACE FUNCTION note_address(of_subject bigint, point geometry) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE is_new boolean;
BEGIN
  IF point IS NOT NULL AND EXISTS (SELECT FROM extracts WHERE step = 'shown'
      AND ST_X(point) BETWEEN west AND east AND ST_Y(point) BETWEEN south AND north) THEN
    WITH old AS (SELECT * FROM subject_addresses WHERE subject_id = of_subject)
    INSERT INTO subject_addresses AS a (subject_id, street, number, is_exact, side, corner, before,
      after, quarter, town, extract_id, extract_code, data_at)
    SELECT of_subject, coalesce(w.street, ''), coalesce(w.number, ''), w.number IS NOT NULL,
      coalesce(w.side, 0), coalesce(w.corner, ''), coalesce(w.before, ''), coalesce(w.after, ''),
      coalesce(w.quarter, ''), coalesce(w.town, ''), e.id, e.code, e.data_at
    FROM where_is(point) AS w JOIN extracts AS e ON e.id = w.extract_id
    WHERE coalesce(w.street, w.quarter, w.town) IS NOT NULL
    ON CONFLICT (subject_id) DO UPDATE SET
      street = excluded.street, number = excluded.number, is_exact = excluded.is_exact,
      side = excluded.side, corner = excluded.corner, before = excluded.before,
      after = excluded.after, quarter = excluded.quarter, town = excluded.town,
      extract_id = excluded.extract_id, extract_code = excluded.extract_code,
      data_at = excluded.data_at
    RETURNING NOT EXISTS (SELECT FROM old WHERE
      (old.street, old.number, old.is_exact, old.side, old.corner, old.before, old.after,
        old.quarter, old.town, old.extract_code)
      = (a.street, a.number, a.is_exact, a.side, a.corner, a.before, a.after,
        a.quarter, a.town, a.extract_code)) INTO is_new;
    IF FOUND THEN RETURN is_new; END IF;
  END IF;
  DELETE FROM subject_addresses WHERE subject_id = of_subject;
  RETURN FOUND;
END $$
"""
# The point of a coarse report is the middle of an area: it has no address. Points are compared as
# bytes: a dump is restored without a search path, and PostGIS has several operators named "=".
TRIGGERS = (
    """CREATE OR REPLACE FUNCTION note_place_address() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN PERFORM note_address(NEW.id, NEW.geom); RETURN NULL; END $$""",
    """CREATE OR REPLACE FUNCTION note_report_address() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        PERFORM note_address(NEW.id, CASE WHEN NEW.coarse THEN NULL ELSE NEW.geom END);
        RETURN NULL;
      END $$""",
    """CREATE OR REPLACE TRIGGER note_address_new AFTER INSERT ON places
      FOR EACH ROW EXECUTE FUNCTION note_place_address()""",
    """CREATE OR REPLACE TRIGGER note_address_moved AFTER UPDATE OF geom ON places
      FOR EACH ROW WHEN (OLD.geom::bytea IS DISTINCT FROM NEW.geom::bytea)
      EXECUTE FUNCTION note_place_address()""",
    """CREATE OR REPLACE TRIGGER note_address_new AFTER INSERT ON reports
      FOR EACH ROW WHEN (NOT NEW.coarse) EXECUTE FUNCTION note_report_address()""",
    """CREATE OR REPLACE TRIGGER note_address_moved AFTER UPDATE OF geom, coarse ON reports
      FOR EACH ROW WHEN (OLD.geom::bytea IS DISTINCT FROM NEW.geom::bytea OR OLD.coarse <> NEW.coarse)
      EXECUTE FUNCTION note_report_address()""",
)


def upgrade() -> None:
    op.create_table(
        "subject_addresses",
        sa.Column("subject_id", sa.BigInteger(), autoincrement=False, nullable=False),
        *(sa.Column(name, sa.Text(), server_default="", nullable=False) for name in PARTS),
        sa.Column("is_exact", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("side", sa.SmallInteger(), server_default="0", nullable=False),
        # The load that said it; it does not outlive the next one, so it is no reference.
        sa.Column("extract_id", sa.BigInteger(), nullable=False),
        sa.Column("extract_code", sa.Text(), nullable=False),
        sa.Column("data_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint("side IN (-1, 0, 1)", name="ck_subject_addresses_side"),
        sa.ForeignKeyConstraint(
            ["subject_id"], ["subjects.id"], name="fk_subject_addresses_subject_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("subject_id", name="pk_subject_addresses"),
    )  # fmt: skip
    op.create_index("ix_subject_addresses_extract_id", "subject_addresses", ["extract_id"])
    op.execute(
        "ALTER TABLE extracts ADD COLUMN addressed_id bigint NOT NULL DEFAULT 0,"
        " ADD COLUMN addressed_at timestamptz"
    )
    op.execute(NOTE_ADDRESS)
    for statement in TRIGGERS:
        op.execute(statement)


def downgrade() -> None:
    for table in ("reports", "places"):
        for trigger in ("note_address_new", "note_address_moved"):
            op.execute(f"DROP TRIGGER {trigger} ON {table}")
    for function in ("note_report_address()", "note_place_address()"):
        op.execute(f"DROP FUNCTION {function}")
    op.execute("DROP FUNCTION note_address(bigint, geometry)")
    op.execute("ALTER TABLE extracts DROP COLUMN addressed_id, DROP COLUMN addressed_at")
    op.drop_table("subject_addresses")
