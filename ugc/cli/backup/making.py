"""`ugc backup DIR`."""

from __future__ import annotations

import datetime as dt
import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import psycopg

from ugc import config
from ugc.cli.backup import manifest
from ugc.cli.backup.manifest import File, Manifest
from ugc.cli.backup.tools import major_of, run, tool

MARK = ".boca-backup"
MEDIA = "media"
ERASED = "erased"


@click.command("backup")
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--all", "copy_all", is_flag=True, help="Copy every photo again, also unchanged ones."
)
def backup(folder: Path, copy_all: bool) -> None:
    """Back up the database and the photos into DIR.

    Done again into the same DIR, photos that did not change are not copied again. The backup before
    stays whole until this one is."""
    settings = config.load()
    with locked(folder):
        said = make(settings, folder, copy_all=copy_all)
    rows = sum(each[0] for each in said.tables.values())
    click.echo(
        f"{folder}: {rows:,} rows of {len(said.tables)} tables, {said.photos:,} files of photos"
        f" ({said.bytes:,} bytes), migration {said.migration}."
    )


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Makes the folder, for one backup or restore at a time. Raises ClickException when it holds
    other things, or is in use."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    mark = folder / MARK
    if not mark.exists() and any(folder.iterdir()):
        raise click.ClickException(f"{folder} holds other things: choose an empty folder.")
    with open(mark, "a", opener=manifest.private) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise click.ClickException(f"{folder} is in use by another backup.") from None
        yield


def make(settings: dict[str, Any], folder: Path, *, copy_all: bool = False) -> Manifest:
    """Photos first and again after the dump: those of every row are there, whether they came or
    went meanwhile."""
    media = Path(settings["MEDIA_DIR"])
    before = {} if copy_all else _before(folder)
    now = dt.datetime.now(dt.UTC)
    files = copied(media, folder / MEDIA, before)
    dump = f"database-{now:%Y%m%dT%H%M%S%f}.dump"
    url = config.libpq_url(str(settings["SQLALCHEMY_DATABASE_URI"]))
    tables, ledgers, migration, server = dumped(url, folder / dump)
    files |= copied(media, folder / MEDIA, files)
    listed = f"photos-{now:%Y%m%dT%H%M%S%f}.tsv"
    manifest.store(folder / listed, manifest.files_text(files))
    erased = Path(settings["ERASED_FILE"])
    if erased.exists():
        manifest.store(folder / ERASED, erased.read_bytes())
    said = Manifest(
        made_at=now.isoformat(timespec="seconds"),
        migration=migration,
        postgresql=server,
        tables=tables,
        ledgers=ledgers,
        dump=dump,
        files=listed,
        sums={name: manifest.digest(folder / name) for name in (dump, listed)},
        photos=len(files),
        bytes=sum(each.size for each in files.values()),
    )
    said.write(folder)
    _tidy(folder, said, files)
    return said


def _before(folder: Path) -> dict[str, File]:
    """The photos of the backup before; none without one that can be read."""
    try:
        return manifest.read_files(folder, manifest.read(folder))
    except click.ClickException:
        return {}


def dumped(url: str, file: Path) -> tuple[dict[str, list[Any]], dict[str, int], str, int]:
    """Dumps the database, and counts it in the dump's own snapshot."""
    part = file.with_name(f".{file.name}.part")
    with psycopg.connect(url) as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        server = major_of(connection)
        program = tool("pg_dump", server)
        snapshot = str((connection.execute("SELECT pg_export_snapshot()").fetchone() or ("",))[0])
        os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
        run(url, program, "--format=custom", f"--snapshot={snapshot}", f"--file={part}")
        counts = manifest.counted(connection)
    descriptor = os.open(part, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)
    part.replace(file)
    return *counts, server


def copied(media: Path, to: Path, before: dict[str, File]) -> dict[str, File]:
    """Copies what is new or changed of the photos, and names all that are there."""
    found: dict[str, File] = {}
    for path in sorted(media.rglob("*")):
        if path.name.startswith(".") or not path.is_file():
            continue
        name = path.relative_to(media).as_posix()
        try:
            found[name] = copy(path, to / name, before.get(name))
        except FileNotFoundError:
            continue  # deleted since it was listed
    return found


def copy(path: Path, to: Path, before: File | None = None) -> File:
    """Copies a file with its time of change, unless the copy of `before` is of the same size and
    time."""
    stat = path.stat()
    is_same = before is not None and (before.size, before.changed) == (
        stat.st_size,
        stat.st_mtime_ns,
    )
    if before is not None and is_same and to.exists() and to.stat().st_size == before.size:
        return before
    content = path.read_bytes()
    to.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    manifest.store(to, content)
    os.utime(to, ns=(stat.st_mtime_ns, stat.st_mtime_ns))
    return File(hashlib.sha256(content).hexdigest(), len(content), stat.st_mtime_ns)


def _tidy(folder: Path, said: Manifest, files: dict[str, File]) -> None:
    """Deletes what belonged to the backup before, and the remains of those that were cut short."""
    kept = {said.dump, said.files, manifest.NAME, MARK, ERASED}
    for path in folder.iterdir():
        if path.is_file() and path.name not in kept:
            path.unlink()
    for path in (folder / MEDIA).rglob("*"):
        if path.is_file() and path.relative_to(folder / MEDIA).as_posix() not in files:
            path.unlink()
