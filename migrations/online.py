"""What migrations do to tables in use: indexes made concurrently, rows changed in batches.

Each commits what the migration did before it and works outside of a transaction, so a migration
that was cut short has to be able to begin again: `if_not_exists`, `CREATE OR REPLACE` and such."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from alembic import op

# Of everything else: who waits for a lock keeps all others waiting behind.
LOCK_TIMEOUT = "4s"
STATEMENT_TIMEOUT = "10min"
BATCH = 10_000


@contextmanager
def _patiently() -> Iterator[None]:
    """Outside of a transaction, without limits of time: what is done here keeps nobody waiting."""
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = 0")
        op.execute("SET statement_timeout = 0")
        yield
        op.execute(f"SET lock_timeout = '{LOCK_TIMEOUT}'")
        op.execute(f"SET statement_timeout = '{STATEMENT_TIMEOUT}'")


def create_index(name: str, table: str, columns: list[Any], **options: Any) -> None:
    """As `op.create_index`, on a table that is written to meanwhile. What an attempt that was cut
    short left behind (an invalid index) goes first."""
    with _patiently():
        op.drop_index(name, table, if_exists=True, postgresql_concurrently=True)
        op.create_index(name, table, columns, postgresql_concurrently=True, **options)


def drop_index(name: str, table: str) -> None:
    with _patiently():
        op.drop_index(name, table, if_exists=True, postgresql_concurrently=True)


def in_batches(table: str, update: str) -> int:
    """Runs `update` for each `BATCH` rows of `table` in the order of their `id`, each in a
    transaction of its own, and returns how many that were. The statement says which rows by
    `id > :after AND id <= :until`; run twice it must change nothing more."""
    following = sa.text(
        f"SELECT max(id) FROM (SELECT id FROM {table} WHERE id > :after ORDER BY id"
        f" LIMIT {BATCH}) AS batch"
    )
    after, batches = -1, 0
    with _patiently():
        bind = op.get_bind()
        while (until := bind.scalar(following, {"after": after})) is not None:
            bind.execute(sa.text(update), {"after": after, "until": until})
            after, batches = until, batches + 1
    return batches


def validate(table: str, *constraints: str) -> None:
    """Looks whether the rows hold constraints that were added `NOT VALID`, beside reads and
    writes."""
    with _patiently():
        for name in constraints:
            op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}")
