"""Databases of the tests: one is built by the migrations, all others are its copies."""

from __future__ import annotations

import os

import psycopg
import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from tests.factories.cities import BARCELONA, MADRID, ZARAGOZA, city
from ugc.config import ROOT, libpq_url, sqlalchemy_url

TEMPLATE = "tests_template"


RUN = os.environ.get("PYTEST_XDIST_TESTRUNUID") or str(os.getpid())


CITIES = [
    (MADRID, "Madrid", "ES", -3.70256, 40.4165, 3255944),
    (BARCELONA, "Barcelona", "ES", 2.15899, 41.38879, 1621537),
    (ZARAGOZA, "Zaragoza", "ES", -0.87734, 41.65606, 674317),
]


def _server() -> str:
    url = os.environ.get("DATABASE_URL")
    if not url:
        pytest.exit("DATABASE_URL is not set: run the tests with `make test`", returncode=2)
    return url


def make_database(name: str, server: str | None = None) -> str:
    """A new database with the schema and three cities, copied from one that the migrations build
    once a run on each server; returns its address."""
    base = sa.engine.make_url(sqlalchemy_url(server or _server()))
    maintenance = libpq_url(base.set(database="postgres").render_as_string(hide_password=False))
    with psycopg.connect(maintenance, autocommit=True) as connection:
        # Workers wait for the one that builds.
        connection.execute("SELECT pg_advisory_lock(1)")
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        built = connection.execute(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s",
            [TEMPLATE],
        ).fetchone()
        if built != (RUN,):
            connection.execute(f"DROP DATABASE IF EXISTS {TEMPLATE} WITH (FORCE)")
            connection.execute(f"CREATE DATABASE {TEMPLATE}")
            _build(base.set(database=TEMPLATE))
            connection.execute(f"COMMENT ON DATABASE {TEMPLATE} IS '{RUN}'")
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
    url = base.set(database=name).render_as_string(hide_password=False)
    # A copy is another generation; begun inside a test, it would be rolled back with it.
    with psycopg.connect(libpq_url(url)) as connection:
        connection.execute("SELECT renew_generation()")
    return url


def _build(url: sa.engine.URL) -> None:
    engine = sa.create_engine(url)
    config = Config(toml_file=ROOT / "pyproject.toml")
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()
        for each in CITIES:
            *named, population = each
            city(connection, *named, population=population)
        connection.commit()
    engine.dispose()
