"""What a backup says of itself, and how a database is compared with that."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click
import psycopg
from psycopg import sql

FORMAT = 1
NAME = "manifest.json"
# Tables of the product; those that belong to an extension are not in a dump.
TABLES = """SELECT c.relname FROM pg_class c WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
  AND c.relnamespace = current_schema()::regnamespace AND NOT EXISTS (
    SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e') ORDER BY 1"""
# The sum of the rows' digests does not depend on their order.
SUMMED = (
    "SELECT count(*), coalesce(sum(hashtextextended(t::text, 0)::numeric), 0)::text FROM {} AS t"
)
LEDGERS = {"point_entries": "points", "point_totals": "points", "referral_rewards": "points"}


@dataclass
class File:
    """A file of the media folder: `changed` is its time of change in nanoseconds."""

    sha256: str
    size: int
    changed: int


@dataclass
class Manifest:
    """`tables` are {name: [rows, digest]}, `ledgers` sums of points, `dump` and `files` the names
    of two files beside the manifest, with the SHA-256 of each in `sums`."""

    made_at: str
    migration: str
    postgresql: int
    tables: dict[str, list[Any]]
    ledgers: dict[str, int]
    dump: str
    files: str
    sums: dict[str, str]
    photos: int
    bytes: int
    format: int = FORMAT

    def write(self, folder: Path) -> None:
        """The last that a backup writes: what came before it counts from here on."""
        store(folder / NAME, (json.dumps(asdict(self), indent=1) + "\n").encode())


def read(folder: Path) -> Manifest:
    """Raises ClickException for a folder that is no backup, or one of a later release."""
    try:
        found = json.loads((folder / NAME).read_text(encoding="utf-8"))
        if found["format"] != FORMAT:
            raise click.ClickException(
                f"{folder} was made by another release of Boca (format {found['format']}):"
                " restore it with that one."
            )
        return Manifest(**found)
    except FileNotFoundError:
        raise click.ClickException(
            f"{folder} is no finished backup: it has no {NAME}. `ugc backup` writes it last."
        ) from None
    except (ValueError, TypeError, KeyError):
        raise click.ClickException(f"{folder / NAME} is damaged: use another backup.") from None


def store(path: Path, content: bytes) -> None:
    """Writes whole or not at all; on disk when it returns."""
    part = path.with_name(f".{path.name}.part")
    with open(part, "wb", opener=private) as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    sync(path.parent)


def sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def counted(
    connection: psycopg.Connection[Any],
) -> tuple[dict[str, list[Any]], dict[str, int], str]:
    """({table: [rows, digest]}, sums of points, migration) as this transaction sees them."""
    connection.execute("SET LOCAL timezone = 'UTC'")
    connection.execute("SET LOCAL datestyle = 'ISO'")
    tables = {}
    for (name,) in connection.execute(TABLES).fetchall():
        found = connection.execute(sql.SQL(SUMMED).format(sql.Identifier(name))).fetchone()
        tables[str(name)] = list(found or ())
    ledgers = {}
    for table, column in LEDGERS.items():
        if table in tables:
            names = (sql.Identifier(column), sql.Identifier(table))
            total = sql.SQL("SELECT coalesce(sum({}), 0)::bigint FROM {}").format(*names)
            ledgers[f"{table}.{column}"] = int((connection.execute(total).fetchone() or (0,))[0])
    version = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return tables, ledgers, str((version or ("",))[0])


def differences(said: Manifest, connection: psycopg.Connection[Any]) -> Iterator[str]:
    """A line for each thing of the database that is not as the manifest says."""
    tables, ledgers, migration = counted(connection)
    for name in sorted(said.tables.keys() | tables.keys()):
        rows, summed = said.tables.get(name, [0, ""])
        there, is_now = tables.get(name, [0, ""])
        if rows != there:
            yield f"table {name}: {there:,} rows, {rows:,} in the manifest"
        elif summed != is_now:
            yield f"table {name}: the same number of rows, but other contents"
    for name, total in said.ledgers.items():
        if ledgers.get(name) != total:
            yield f"points of {name}: {ledgers.get(name, 0):,}, {total:,} in the manifest"
    if migration != said.migration:
        yield f"migration: {migration}, {said.migration} in the manifest"


def read_files(folder: Path, said: Manifest) -> dict[str, File]:
    """The photos by name. Raises ClickException when the list is damaged."""
    content = (folder / said.files).read_bytes() if (folder / said.files).exists() else b""
    if hashlib.sha256(content).hexdigest() != said.sums[said.files]:
        raise click.ClickException(f"{folder / said.files} is damaged: use another backup.")
    found = {}
    for line in content.decode().splitlines():
        sha256, size, changed, name = line.split("\t")
        found[name] = File(sha256, int(size), int(changed))
    return found


def files_text(files: dict[str, File]) -> bytes:
    lines = (f"{f.sha256}\t{f.size}\t{f.changed}\t{name}\n" for name, f in sorted(files.items()))
    return "".join(lines).encode()
