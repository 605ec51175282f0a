"""One account has an address confirmed; others may have typed it. Addresses have one spelling; of
two that become equal the older account keeps it, and the other is told in the inbox and can set
another one. Tables for changes of address and for the limit of mails by recipient."""

import unicodedata

import sqlalchemy as sa
from alembic import op
from email_validator import EmailNotValidError, validate_email
from migrations import online
from sqlalchemy.dialects import postgresql

revision = "0030"
down_revision = "0029"

APP_NOW = sa.text("app_now()")


def upgrade() -> None:
    op.create_table(
        "mail_changes",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("old_email", postgresql.CITEXT()),
        sa.Column("new_email", postgresql.CITEXT(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=APP_NOW, nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("old_confirmed_at", sa.DateTime(timezone=True)),
        sa.Column("new_confirmed_at", sa.DateTime(timezone=True)),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name="fk_mail_changes_member_id"),
        sa.PrimaryKeyConstraint("id", name="pk_mail_changes"),
        if_not_exists=True,
    )
    op.create_index("ix_mail_changes_member_id", "mail_changes", ["member_id"], if_not_exists=True)
    op.create_table(
        "requested_mails",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=APP_NOW, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_requested_mails"),
        if_not_exists=True,
    )
    op.create_index(
        "ix_requested_mails_who_purpose_at",
        "requested_mails",
        ["who", "purpose", "at"],
        if_not_exists=True,
    )
    online.create_index("ix_members_email", "members", ["email"])
    online.create_index(
        "uq_members_email_confirmed",
        "members",
        ["email"],
        unique=True,
        postgresql_where=sa.text("email_confirmed_at IS NOT NULL"),
    )
    op.execute("ALTER TABLE members DROP CONSTRAINT IF EXISTS uq_members_email")
    spell_addresses(op.get_bind())


def spelling(text: str) -> str:
    """The address as the site spells it; what is none stays."""
    try:
        parts = validate_email(text.strip(), check_deliverability=False)
    except EmailNotValidError:
        return text
    local = unicodedata.normalize("NFC", parts.local_part)
    return f"{''.join(c if c.isascii() else c.lower() for c in local)}@{parts.domain}"


def spell_addresses(bind: sa.Connection) -> None:
    """Only addresses with something beside ASCII, or in punycode, have several spellings."""
    odd = bind.execute(
        sa.text(
            "SELECT id, email::text AS email FROM members"
            " WHERE octet_length(email::text) <> char_length(email::text)"
            " OR email::text ILIKE '%xn--%' ORDER BY id"
        )
    ).all()
    groups: dict[str, list[tuple[int, str]]] = {}
    for row in odd:
        spelled = spelling(row.email)
        groups.setdefault(spelled.lower(), []).append((row.id, spelled))
    for spelled, rows in groups.items():
        same = [member_id for member_id, _ in rows]
        demoted = bind.execute(
            sa.text(
                "UPDATE members SET email_confirmed_at = NULL WHERE email_confirmed_at IS NOT NULL"
                " AND (id = ANY(:same) OR email = :email) AND id <> (SELECT id FROM members"
                " WHERE email_confirmed_at IS NOT NULL AND (id = ANY(:same) OR email = :email)"
                " ORDER BY joined_at, id LIMIT 1) RETURNING id"
            ),
            {"same": same, "email": spelled},
        ).scalars()
        for member_id in demoted.all():
            bind.execute(
                sa.text(
                    "INSERT INTO notifications (member_id, kind, cause, facts)"
                    " VALUES (:member, 'address_taken', 'address_taken', CAST(:facts AS jsonb))"
                    " ON CONFLICT DO NOTHING"
                ),
                {"member": member_id, "facts": '{"url": "/settings#mail"}'},
            )
        for member_id, own in rows:
            bind.execute(
                sa.text("UPDATE members SET email = :email WHERE id = :member"),
                {"email": own, "member": member_id},
            )


def downgrade() -> None:
    """Of accounts that share an address only one keeps it: the confirmed one, else the oldest."""
    op.execute(
        "UPDATE members m SET email = NULL WHERE email IS NOT NULL AND EXISTS (SELECT FROM"
        " members o WHERE o.email = m.email AND o.id <> m.id AND"
        " (o.email_confirmed_at IS NULL, o.id) < (m.email_confirmed_at IS NULL, m.id))"
    )
    op.create_unique_constraint("uq_members_email", "members", ["email"])
    online.drop_index("uq_members_email_confirmed", "members")
    online.drop_index("ix_members_email", "members")
    op.drop_table("requested_mails")
    op.drop_table("mail_changes")
