"""A member's language is any that the site has a catalogue of.

Revision ID: 0060
Revises: 0059
"""

from alembic import op

revision = "0060"
down_revision = "0059"
branch_labels = None
depends_on = None

NAME = "ck_members_language"


def _hold(condition: str) -> None:
    op.execute(
        f"ALTER TABLE members DROP CONSTRAINT IF EXISTS {NAME},"
        f" ADD CONSTRAINT {NAME} CHECK ({condition}) NOT VALID"
    )
    op.execute(f"ALTER TABLE members VALIDATE CONSTRAINT {NAME}")


def upgrade() -> None:
    _hold("language ~ '^[a-z]{2,3}$'")


def downgrade() -> None:
    op.execute("UPDATE members SET language = 'en' WHERE language NOT IN ('es', 'en')")
    _hold("language IN ('es', 'en')")
