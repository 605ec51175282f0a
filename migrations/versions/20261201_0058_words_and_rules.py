"""Tables under the words of the field, and rules that many statements share, once.

Runs while the site is stopped: it renames tables (docs/upgrading.md).

Revision ID: 0058
Revises: 0057
"""

import sqlalchemy as sa
from alembic import op

revision = "0058"
down_revision = "0057"
branch_labels = None
depends_on = None

TABLES = {
    "told_weeks": "published_weeks",
    "told_figures": "published_figures",
    "marks": "fingerprints",
    "moves": "transitions",
    "move_notes": "transition_notes",
    "map_folds": "map_aggregations",
    "scores": "point_totals",
    "usage_marks": "key_uses",
}
COLUMNS = (  # of the table as it is called after the renaming
    ("published_weeks", "told_at", "published_at"),
    ("fingerprints", "mark", "hash"),
    ("transition_notes", "move_id", "transition_id"),
    ("map_aggregations", "folded_at", "aggregated_at"),
    ("visits", "mark", "visitor_key"),
)
# Objects of a table that carry its name, or the one of a column, in theirs.
NAMES = {**TABLES, "_mark": "_hash", "move_id": "transition_id"}
OWN = """
SELECT 'CONSTRAINT' AS sort, conname AS name FROM pg_constraint WHERE conrelid = CAST(:t AS regclass)
UNION ALL
SELECT 'INDEX', i.relname FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
WHERE x.indrelid = CAST(:t AS regclass)
  AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.oid AND c.conrelid = x.indrelid)
UNION ALL
SELECT 'SEQUENCE', s.relname FROM pg_depend d JOIN pg_class s ON s.oid = d.objid
WHERE d.refobjid = CAST(:t AS regclass) AND s.relkind = 'S'
"""


def renamed(name: str, words: dict[str, str]) -> str:
    for old, new in sorted(words.items(), key=lambda pair: -len(pair[0])):
        name = name.replace(old, new)
    return name


def rename(
    tables: dict[str, str], columns: list[tuple[str, str, str]], names: dict[str, str]
) -> None:
    """Renames tables and columns, and then what they own; the foreign keys to them keep theirs."""
    bind = op.get_bind()
    for old, new in tables.items():
        op.rename_table(old, new)
    for table, old, new in columns:
        op.alter_column(table, old, new_column_name=new)
    for table in tables.values():
        for sort, name in bind.execute(sa.text(OWN), {"t": table}).all():
            if (to := renamed(name, names)) == name:
                continue
            if sort == "CONSTRAINT":
                op.execute(f'ALTER TABLE {table} RENAME CONSTRAINT "{name}" TO "{to}"')
            else:
                op.execute(f'ALTER {sort} "{name}" RENAME TO "{to}"')


def upgrade() -> None:
    rename(TABLES, list(COLUMNS), NAMES)
    op.execute(
        "CREATE FUNCTION is_alive(state text, expires_at timestamptz) RETURNS boolean"
        " LANGUAGE sql STABLE PARALLEL SAFE AS"
        " $$ SELECT state = 'open' AND expires_at > app_now() $$"
    )
    op.execute(
        "CREATE FUNCTION out_of_ten(belief float8, is_held boolean) RETURNS integer"
        " LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT least(floor(10 * belief + 0.5),"
        " CASE WHEN is_held THEN 5 ELSE 10 END)::integer $$"
    )
    op.execute(
        "CREATE VIEW untrusted_members AS"
        " SELECT member_id FROM fraud_scores WHERE score >= 60"
        " UNION SELECT member_id FROM ring_members WHERE outcome IS NULL"
        " UNION SELECT member_id FROM false_members"
    )
    op.execute(
        "CREATE VIEW contributions AS"
        " SELECT id AS subject_id, 'report' AS kind, author_id, visibility, city_id, created_at,"
        "   denials > confirmations AS disputed FROM reports"
        " UNION ALL SELECT id, 'review', author_id, visibility, NULL, created_at, false"
        "   FROM reviews"
        " UNION ALL SELECT id, 'place', author_id, visibility, city_id, created_at, false"
        "   FROM places"
    )


def downgrade() -> None:
    op.execute("DROP VIEW contributions")
    op.execute("DROP VIEW untrusted_members")
    op.execute("DROP FUNCTION out_of_ten(float8, boolean)")
    op.execute("DROP FUNCTION is_alive(text, timestamptz)")
    back = {new: old for old, new in TABLES.items()}
    rename(
        back,
        [(back.get(table, table), new, old) for table, old, new in COLUMNS],
        {**back, "_hash": "_mark", "transition_id": "move_id"},
    )
