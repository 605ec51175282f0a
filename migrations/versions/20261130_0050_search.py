"""Indexes of the search: parts of towns, brands, members, and the words of reports and reviews."""

import sqlalchemy as sa
from alembic import op

from migrations import online

revision = "0050"
down_revision = "0049"

WORDS = {"reports": "text", "reviews": "title || ' ' || text"}


def upgrade() -> None:
    # Every name of a town or of a part of one, each between strokes. An index calls it while a copy
    # is restored, when no schema is searched.
    op.execute(
        """
        CREATE OR REPLACE FUNCTION locality_key(text, text[]) RETURNS text
        LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
          SELECT '|' || public.name_key(array_to_string(array_prepend($1, $2), '|')) || '|' $$
        """
    )
    online.create_index(
        "ix_localities_key_trgm",
        "localities",
        [sa.text("locality_key(name, names) gin_trgm_ops")],
        postgresql_using="gin",
    )
    online.create_index(
        "ix_brands_name_key_trgm",
        "brands",
        [sa.text("name_key(name) gin_trgm_ops")],
        postgresql_using="gin",
    )
    online.create_index(
        "ix_members_called_trgm",
        "members",
        [sa.text("name_key(handle::text || ' ' || name) gin_trgm_ops")],
        postgresql_using="gin",
        postgresql_where=sa.text("handle IS NOT NULL"),
    )
    for table, column in WORDS.items():
        online.create_index(
            f"ix_{table}_words",
            table,
            [sa.text(f"to_tsvector('simple'::regconfig, name_key({column}))")],
            postgresql_using="gin",
            postgresql_where=sa.text("visibility = 'published'"),
        )


def downgrade() -> None:
    for table in WORDS:
        online.drop_index(f"ix_{table}_words", table)
    online.drop_index("ix_members_called_trgm", "members")
    online.drop_index("ix_brands_name_key_trgm", "brands")
    online.drop_index("ix_localities_key_trgm", "localities")
    op.execute("DROP FUNCTION locality_key(text, text[])")
