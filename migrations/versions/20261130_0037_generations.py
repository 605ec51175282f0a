"""Generations of the database: a restore, a copy or a crash begins the next one."""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"

FUNCTIONS = (
    # The server, its timeline (another one after a promotion or a recovery to a point in time), the
    # database (another one when it was made again or copied) and when its statistics began: a
    # server that crashed, or that began from a copy of its files, begins them again.
    """
    CREATE FUNCTION database_mark() RETURNS text LANGUAGE sql STABLE AS $$
      SELECT concat_ws(':',
        (SELECT system_identifier FROM pg_control_system()),
        left(pg_walfile_name(pg_current_wal_lsn()), 8),
        (SELECT oid FROM pg_database WHERE datname = current_database()),
        extract(epoch FROM pg_stat_get_bgwriter_stat_reset_time()))
    $$
    """,
    # A row that was loaded from a dump has the loading transaction as its `xmin`.
    """
    CREATE FUNCTION generation_is_current() RETURNS boolean LANGUAGE sql STABLE AS $$
      SELECT coalesce((SELECT mark = database_mark() AND written_xmin = xmin::text::bigint
        FROM database_generation), false)
    $$
    """,
    # The second UPDATE writes the row's own `xmin`: within a savepoint it is not the transaction's
    # id. Numbers that a lost transaction gave out are not given again: sequences leave a gap.
    """
    CREATE FUNCTION renew_generation() RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
    BEGIN
      IF generation_is_current() THEN RETURN false; END IF;
      LOCK TABLE subjects IN SHARE ROW EXCLUSIVE MODE;
      IF generation_is_current() THEN RETURN false; END IF;
      UPDATE database_generation SET number = number + 1, code = generation_code(),
        mark = database_mark(), begun_at = app_now();
      IF NOT FOUND THEN  -- the row was left out of a partial restore
        INSERT INTO database_generation (id, number, code, mark, written_xmin)
        SELECT 1, 1 + coalesce(max(changed_txid::text::bigint) >> 40, 0), generation_code(),
          database_mark(), 0 FROM subjects;
      END IF;
      UPDATE database_generation SET written_xmin = xmin::text::bigint;
      PERFORM setval(format('%I.%I', schemaname, sequencename)::regclass, last_value + 1000000)
        FROM pg_sequences WHERE schemaname = current_schema() AND data_type = 'bigint'::regtype
        AND last_value IS NOT NULL;
      RETURN true;
    END $$
    """,
    """
    CREATE FUNCTION generation_code() RETURNS bigint LANGUAGE sql VOLATILE AS $$
      SELECT ('x' || translate(gen_random_uuid()::text, '-', ''))::bit(64)::bigint
        & x'7fffffffffffffff'::bigint
    $$
    """,
    # xid8 has no arithmetic.
    """
    CREATE FUNCTION stamped(txid xid8, number bigint) RETURNS xid8 LANGUAGE sql IMMUTABLE AS $$
      SELECT ((number << 40) + txid::text::bigint)::text::xid8
    $$
    """,
    """
    CREATE FUNCTION stamped_snapshot() RETURNS pg_snapshot LANGUAGE sql STABLE AS $$
      SELECT (stamped(pg_snapshot_xmin(s), g.number)::text || ':'
        || stamped(pg_snapshot_xmax(s), g.number)::text || ':'
        || coalesce((SELECT string_agg(stamped(x, g.number)::text, ',' ORDER BY x)
          FROM pg_snapshot_xip(s) AS x), ''))::pg_snapshot
      FROM pg_current_snapshot() AS s, database_generation AS g
    $$
    """,
    """
    CREATE FUNCTION stamp_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      NEW.changed_txid := stamped(NEW.changed_txid,
        coalesce((SELECT number FROM database_generation), 0));
      RETURN NEW;
    END $$
    """,
)


def upgrade() -> None:
    op.create_table(
        "database_generation",
        sa.Column("id", sa.SmallInteger(), primary_key=True, autoincrement=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.BigInteger(), nullable=False),
        sa.Column("mark", sa.Text(), nullable=False),
        sa.Column("written_xmin", sa.BigInteger(), nullable=False),
        sa.Column(
            "begun_at", sa.DateTime(timezone=True), server_default=sa.text("app_now()"),
            nullable=False,
        ),
        sa.CheckConstraint("id = 1", name="one"),
        sa.CheckConstraint("number BETWEEN 0 AND 8191", name="number_fits"),
    )  # fmt: skip
    for function in FUNCTIONS:
        op.execute(function)
    # Only the running transaction's own id is stamped: the running release writes that.
    op.execute(
        "CREATE TRIGGER subjects_stamp_change BEFORE INSERT OR UPDATE OF changed_txid ON subjects"
        " FOR EACH ROW WHEN (NEW.changed_txid = pg_current_xact_id())"
        " EXECUTE FUNCTION stamp_change()"
    )
    # With the trigger's lock no writer is on its way: what was written before is of generation 0.
    op.execute(
        "INSERT INTO database_generation (id, number, code, mark, written_xmin)"
        " VALUES (1, 1, generation_code(), database_mark(), 0)"
    )
    op.execute("UPDATE database_generation SET written_xmin = xmin::text::bigint")


def downgrade() -> None:
    op.execute("DROP TRIGGER subjects_stamp_change ON subjects")
    # The release before compares bare ids: all that was written is put below them.
    op.execute("UPDATE subjects SET changed_txid = '3' WHERE changed_txid >= '1099511627776'")
    for function in (
        "stamp_change()",
        "stamped_snapshot()",
        "renew_generation()",
        "generation_is_current()",
        "database_mark()",
        "stamped(xid8, bigint)",
        "generation_code()",
    ):
        op.execute(f"DROP FUNCTION {function}")
    op.drop_table("database_generation")
