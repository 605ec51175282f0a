"""PostgreSQL's client programs and the server they talk to."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

FOLDERS = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
)


def tool(name: str, server: int = 0) -> str:
    """The path of `pg_dump` or `pg_restore`: the newest that is found, as an older one refuses a
    newer server. Raises ClickException when there is none, or none for the major version
    `server`."""
    paths = [shutil.which(name), *(str(Path(folder) / name) for folder in _folders())]
    found = {path: _major(path) for path in paths if path and os.access(path, os.X_OK)}
    if not found:
        raise click.ClickException(
            f"{name} is not installed: install PostgreSQL's client programs, such as the package"
            f" postgresql-client{f'-{server}' if server else ''}."
        )
    path, version = max(found.items(), key=lambda each: each[1])
    if version < server:
        raise click.ClickException(
            f"{name} is of PostgreSQL {version}, the server or the dump of {server}: install the"
            f" package postgresql-client-{server}."
        )
    return path


def _folders() -> list[str]:
    return [str(each) for pattern in FOLDERS for each in Path("/").glob(pattern[1:])]


def _major(path: str) -> int:
    """The major version that a program says it has; 0 when it says none."""
    said = subprocess.run([path, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"\b(\d+)(?:\.|\b)", said)
    return int(found[1]) if found else 0


def run(url: str, *arguments: str) -> None:
    """Runs a client program on the database, with the password in its environment, where lists of
    processes do not show it. Raises ClickException with the last that it said when it fails."""
    parts = conninfo_to_dict(url)
    password = parts.pop("password", None)
    environment = {**os.environ, **({"PGPASSWORD": str(password)} if password else {})}
    command = [*arguments, "--dbname", make_conninfo("", **parts)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        said = "\n".join(done.stderr.strip().splitlines()[-5:]) or "it said nothing"
        raise click.ClickException(f"{Path(arguments[0]).name} failed: {said}")


def renamed(url: str, database: str) -> str:
    """The address of another database of the same server."""
    return make_conninfo(url, dbname=database)


def name_of(url: str) -> str:
    with psycopg.connect(url) as connection:
        return connection.info.dbname


def major_of(connection: psycopg.Connection[tuple[object, ...]]) -> int:
    return connection.info.server_version // 10_000


def command(url: str, statement: str, *names: str) -> None:
    """Runs a statement about databases from another one of the same server. Raises ClickException
    when the role may not."""
    try:
        with psycopg.connect(renamed(url, "postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))  # type: ignore[arg-type]
    except psycopg.errors.InsufficientPrivilege as error:
        raise click.ClickException(
            f"{str(error).strip()}: the role of DATABASE_URL needs CREATEDB for this (ALTER ROLE …"
            " CREATEDB), and must own the database."
        ) from None


@contextmanager
def scratch(url: str, name: str) -> Iterator[str]:
    """The address of a new database of this name, dropped at the end."""
    command(url, "DROP DATABASE IF EXISTS {} WITH (FORCE)", name)
    command(url, "CREATE DATABASE {} TEMPLATE template0", name)
    try:
        yield renamed(url, name)
    finally:
        command(url, "DROP DATABASE IF EXISTS {} WITH (FORCE)", name)
