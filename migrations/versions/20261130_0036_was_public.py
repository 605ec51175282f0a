"""Subjects remember whether they were ever public: only those have tombstones in the change feed.

A trigger keeps it, whatever writes the row, so that the release before may run beside this one."""

from alembic import op

from migrations import online

revision = "0036"
down_revision = "0035"

PUBLISHED = (
    "EXISTS (SELECT FROM moves m WHERE m.subject_id = {0} AND m.field = 'visibility'"
    " AND 'published' IN (m.old, m.new))"
)
# Held reports are on the map. A published review is public with its place alone.
PUBLIC_ONCE = (
    f"s.visible OR s.kind = 'report' OR ({PUBLISHED.format('s.id')} AND (s.kind <> 'review'"
    " OR EXISTS (SELECT FROM reviews r JOIN places p ON p.id = r.place_id WHERE r.id = s.id"
    f" AND (p.visibility = 'published' OR {PUBLISHED.format('p.id')}))))"
)


def upgrade() -> None:
    op.execute(
        "ALTER TABLE subjects ADD COLUMN IF NOT EXISTS was_public boolean NOT NULL DEFAULT false"
    )
    op.execute(
        """
        CREATE OR REPLACE FUNCTION mark_public() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN NEW.was_public := true; RETURN NEW; END $$
        """
    )
    op.execute(
        "CREATE OR REPLACE TRIGGER mark_public BEFORE INSERT OR UPDATE OF visible ON subjects"
        " FOR EACH ROW WHEN (NEW.visible AND NOT NEW.was_public) EXECUTE FUNCTION mark_public()"
    )
    online.in_batches(
        "subjects",
        "UPDATE subjects s SET was_public = true WHERE s.id > :after AND s.id <= :until"
        f" AND NOT s.was_public AND ({PUBLIC_ONCE})",
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER mark_public ON subjects")
    op.execute("DROP FUNCTION mark_public()")
    op.execute("ALTER TABLE subjects DROP COLUMN was_public")
