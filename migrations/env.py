"""Runs migrations on DATABASE_URL: one at a time (advisory lock), never waiting long for a lock."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import sqlalchemy as sa
from alembic import context

from migrations import online
from ugc.config import sqlalchemy_url
from ugc.core.db import Base
from ugc.schema import load_models

load_models()

# Tables of PostGIS and procrastinate belong to their own scripts.
FOREIGN = ("spatial_ref_sys",)


def include_object(_object, name, type_, _reflected, _compare_to):
    # Partitions of `visits` come and go by a job.
    return not (
        type_ == "table" and (name in FOREIGN or name.startswith(("procrastinate_", "visits_")))
    )


@contextmanager
def one_at_a_time(engine: sa.Engine) -> Iterator[None]:
    """Holds a lock of the server on a connection of its own. Who waits for it asks again and again:
    one that waits inside a statement would keep an index from ever being made concurrently."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as guard:
        while not guard.scalar(sa.text("SELECT pg_try_advisory_lock(728301)")):
            time.sleep(0.5)
        try:
            yield
        finally:
            # When the server went away, so did the lock.
            with suppress(sa.exc.DBAPIError):
                guard.execute(sa.text("SELECT pg_advisory_unlock(728301)"))


def run(connection: sa.Connection) -> None:
    with one_at_a_time(connection.engine):
        # For the whole connection: each migration is a transaction of its own, or several.
        connection.execute(sa.text(f"SET lock_timeout = '{online.LOCK_TIMEOUT}'"))
        connection.execute(sa.text(f"SET statement_timeout = '{online.STATEMENT_TIMEOUT}'"))
        connection.commit()
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            include_object=include_object,
            compare_type=True,
            transaction_per_migration=True,
        )
        with context.begin_transaction():
            context.run_migrations()
        connection.execute(sa.text("RESET lock_timeout"))
        connection.execute(sa.text("RESET statement_timeout"))
        connection.commit()


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    engine = sa.create_engine(
        sqlalchemy_url(os.environ["DATABASE_URL"]), poolclass=sa.pool.NullPool
    )
    with engine.connect() as connection:
        run(connection)
