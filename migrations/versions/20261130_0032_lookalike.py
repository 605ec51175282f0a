"""A case may be opened for a name that looks like another's, or is to be another,
and for who says that a place is theirs."""

from alembic import op
from migrations import online

revision = "0032"
down_revision = "0031"

REASONS = "'held', 'flagged', 'doubted', 'appealed'"


def recheck(condition: str) -> None:
    op.execute("ALTER TABLE cases DROP CONSTRAINT IF EXISTS ck_cases_reason")
    op.execute(f"ALTER TABLE cases ADD CONSTRAINT ck_cases_reason CHECK ({condition}) NOT VALID")
    online.validate("cases", "ck_cases_reason")


def upgrade() -> None:
    recheck(f"reason IN ({REASONS}, 'lookalike', 'renamed', 'claimed')")


def downgrade() -> None:
    op.execute(
        "UPDATE cases SET reason = 'held' WHERE reason IN ('lookalike', 'renamed', 'claimed')"
    )
    recheck(f"reason IN ({REASONS})")
