"""Runs migrations on DATABASE_URL: one at a time (advisory lock), never waiting long for a lock."""

import os
import time

import sqlalchemy as sa
from alembic import context

from ugc.config import sqlalchemy_url
from ugc.core.db import Base
from ugc.schema import load_models

load_models()

# Tables of PostGIS and procrastinate belong to their own scripts.
FOREIGN = ("spatial_ref_sys",)


def include_object(_object, name, type_, _reflected, _compare_to):
    return not (type_ == "table" and (name in FOREIGN or name.startswith("procrastinate_")))


def run(connection: sa.Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        include_object=include_object,
        compare_type=True,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        # Of the session, not of a transaction: a migration may commit in between to build an index
        # beside the running release. Asked again rather than waited for: that build waits for
        # whoever has a statement running, and would for who waits for it.
        while not connection.scalar(sa.text("SELECT pg_try_advisory_lock(728301)")):
            connection.rollback()
            time.sleep(0.2)
        connection.execute(sa.text("SET LOCAL lock_timeout = '4s'"))
        connection.execute(sa.text("SET LOCAL statement_timeout = '10min'"))
        context.run_migrations()
    connection.execute(sa.text("SELECT pg_advisory_unlock(728301)"))


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    engine = sa.create_engine(
        sqlalchemy_url(os.environ["DATABASE_URL"]), poolclass=sa.pool.NullPool
    )
    with engine.connect() as connection:
        run(connection)
