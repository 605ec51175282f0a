"""Databases that migrations bring from one revision to another."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from tests.databases import _server
from ugc.config import ROOT, libpq_url, sqlalchemy_url

CONFIG = ROOT / "pyproject.toml"


@contextmanager
def empty_database(name: str) -> Iterator[sa.Engine]:
    base = sa.engine.make_url(sqlalchemy_url(_server()))
    maintenance = libpq_url(base.set(database="postgres").render_as_string(hide_password=False))
    with psycopg.connect(maintenance, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {name}")
    engine = sa.create_engine(base.set(database=name))
    try:
        yield engine
    finally:
        engine.dispose()
        with psycopg.connect(maintenance, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def migrate(engine: sa.Engine, revision: str) -> None:
    config = Config(toml_file=CONFIG)
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
