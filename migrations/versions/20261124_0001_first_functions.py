"""Extensions, the application's clock and name keys, and procrastinate's tables.

The schema of procrastinate 3.10 is copied beside this file (MIT licence), because a migration must
not change when a library is upgraded; upgrades of it become migrations of their own.
"""

from pathlib import Path

from alembic import op

revision = "0001"
down_revision = None

EXTENSIONS = ("postgis", "pg_trgm", "unaccent", "citext", "btree_gist")


def upgrade() -> None:
    for name in EXTENSIONS:
        op.execute(f"CREATE EXTENSION IF NOT EXISTS {name}")
    # The offset is set by tests and benchmarks only; production never sets it.
    op.execute(
        """
        CREATE FUNCTION app_now() RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE AS $$
          SELECT now() + coalesce(nullif(current_setting('boca.clock_offset', true), ''), '0')::interval
        $$
        """
    )
    # unaccent() itself is only STABLE, since its dictionary can change; ours does not.
    op.execute(
        """
        CREATE FUNCTION name_key(text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT AS $$
          SELECT lower(public.unaccent('public.unaccent', $1))
        $$
        """
    )
    op.execute(
        """
        CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
        END $$
        """
    )
    schema = Path(__file__).parent.parent / "sql" / "procrastinate_schema.sql"
    # exec_driver_sql without parameters: the text holds percent signs and many statements.
    op.get_bind().exec_driver_sql(schema.read_text(encoding="utf-8").replace("%", "%%"))


def downgrade() -> None:
    raise RuntimeError("the first migration has nothing to go back to")
