"""The live map: PostgreSQL says when subjects changed, and which reports ever moved."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    # One message a statement and kind, sent when the transaction commits; equal ones are folded.
    op.execute(
        """
        CREATE FUNCTION tell_of_subjects() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          PERFORM pg_notify('subjects', kind) FROM (SELECT DISTINCT kind FROM changed) AS kinds;
          RETURN NULL;
        END $$
        """
    )
    for event in ("INSERT", "UPDATE"):
        op.execute(
            f"CREATE TRIGGER tell_{event.lower()} AFTER {event} ON subjects"
            " REFERENCING NEW TABLE AS changed FOR EACH STATEMENT"
            " EXECUTE FUNCTION tell_of_subjects()"
        )
    op.add_column(
        "reports", sa.Column("moved", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.execute(
        """
        CREATE FUNCTION mark_moved() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN NEW.moved := true; RETURN NEW; END $$
        """
    )
    op.execute(
        "CREATE TRIGGER mark_moved BEFORE UPDATE OF geom, kind ON reports FOR EACH ROW"
        " WHEN (NOT OLD.moved AND (ST_X(OLD.geom) <> ST_X(NEW.geom)"
        " OR ST_Y(OLD.geom) <> ST_Y(NEW.geom) OR OLD.kind <> NEW.kind))"
        " EXECUTE FUNCTION mark_moved()"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER mark_moved ON reports")
    op.execute("DROP FUNCTION mark_moved()")
    op.drop_column("reports", "moved")
    for event in ("insert", "update"):
        op.execute(f"DROP TRIGGER tell_{event} ON subjects")
    op.execute("DROP FUNCTION tell_of_subjects()")
