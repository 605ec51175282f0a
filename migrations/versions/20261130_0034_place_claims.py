"""A place comes to a brand by a case or by a web address of its own; the database says since when
and by whom that address stands, and who began and ended each relation."""

from alembic import op
from migrations import online

revision = "0034"
down_revision = "0033"


def upgrade() -> None:
    op.execute(
        "CREATE TABLE IF NOT EXISTS place_claims ("
        " id bigint PRIMARY KEY CONSTRAINT fk_place_claims_id REFERENCES subjects (id),"
        " author_id bigint CONSTRAINT fk_place_claims_author_id REFERENCES members (id),"
        " visibility text NOT NULL DEFAULT 'published' CONSTRAINT ck_place_claims_visibility CHECK"
        " (visibility IN ('published', 'held', 'hidden', 'removed', 'withdrawn')),"
        " source_id bigint CONSTRAINT fk_place_claims_source_id REFERENCES sources (id),"
        " external_id text, content_hash text,"
        " language text NOT NULL DEFAULT 'und',"
        " created_at timestamptz NOT NULL DEFAULT app_now(),"
        " revision bigint NOT NULL DEFAULT 1,"
        " place_id bigint NOT NULL CONSTRAINT fk_place_claims_place_id REFERENCES places (id),"
        " brand_id bigint NOT NULL CONSTRAINT fk_place_claims_brand_id REFERENCES brands (id),"
        " decided_at timestamptz)"
    )
    for column in ("author_id", "place_id", "brand_id"):
        op.create_index(f"ix_place_claims_{column}", "place_claims", [column], if_not_exists=True)
    op.execute(
        "CREATE UNIQUE INDEX IF NOT EXISTS uq_place_claims_open"
        " ON place_claims (place_id, brand_id) WHERE decided_at IS NULL"
    )
    for table, column in (
        ("place_brands", "added_by_id"),
        ("place_brands", "ended_by_id"),
        ("places", "website_by_id"),
    ):
        op.execute(f"ALTER TABLE {table} ADD COLUMN IF NOT EXISTS {column} bigint")
        op.execute(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS fk_{table}_{column}")
        op.execute(
            f"ALTER TABLE {table} ADD CONSTRAINT fk_{table}_{column}"
            f" FOREIGN KEY ({column}) REFERENCES members (id) NOT VALID"
        )
        online.validate(table, f"fk_{table}_{column}")
        online.create_index(f"ix_{table}_{column}", table, [column])
    op.execute("ALTER TABLE places ADD COLUMN IF NOT EXISTS website_since timestamptz")
    # What was never edited stands since it came; of the rest it is not known.
    online.in_batches(
        "places",
        "UPDATE places SET website_since = created_at, website_by_id = author_id"
        " WHERE id > :after AND id <= :until AND website <> '' AND revision = 1"
        " AND website_since IS NULL AND (author_id IS NOT NULL OR source_id IS NOT NULL)",
    )


def downgrade() -> None:
    op.execute("ALTER TABLE places DROP COLUMN website_since, DROP COLUMN website_by_id")
    op.execute("ALTER TABLE place_brands DROP COLUMN added_by_id, DROP COLUMN ended_by_id")
    op.execute("DROP TABLE IF EXISTS place_claims")
