"""`ugc restore DIR` and `ugc restore --check DIR`."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import psycopg
from alembic import command as alembic
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError

from ugc import config
from ugc.accounts.actions import erasing as accounts_erasing
from ugc.app import create_app
from ugc.cli.backup import manifest
from ugc.cli.backup.making import ERASED, MEDIA, copy, locked
from ugc.cli.backup.manifest import Manifest
from ugc.cli.backup.tools import command, major_of, name_of, run, scratch, tool
from ugc.core import erasures, generation
from ugc.core.db import db, transaction

DIFFERS = 3
OTHERS = """SELECT DISTINCT coalesce(nullif(application_name, ''), backend_type)
  FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
  AND backend_type = 'client backend'"""


@click.command("restore")
@click.argument("folder", metavar="DIR", type=click.Path(exists=True, path_type=Path))
@click.option("--check", is_flag=True, help="Restore into a database that is dropped afterwards.")
@click.option("--replace", is_flag=True, help="Set the present database aside under another name.")
def restore(folder: Path, check: bool, replace: bool) -> None:
    """Restore the database and the photos of the backup in DIR.

    With --check nothing is changed: it is restored into a database of its own, and compared with
    what the backup says of itself. Exit codes: 0 all is well, 3 it differs, 1 it could not be
    done."""
    settings = config.load()
    said = manifest.read(folder)
    with locked(folder):
        if check:
            found = list(checked(settings, folder, said))
            for line in found:
                click.echo(line)
            if found:
                click.echo(f"{folder} differs from its manifest in {len(found)} things.", err=True)
                sys.exit(DIFFERS)
            click.echo(
                f"{folder} of {said.made_at} is whole: {len(said.tables)} tables and"
                f" {said.photos:,} files of photos are as they were."
            )
            return
        _restore(settings, folder, said, replace=replace)


def checked(settings: dict[str, Any], folder: Path, said: Manifest) -> Iterator[str]:
    """A line for each thing that is not as the manifest says."""
    yield from _photos_differ(folder, said)
    if not _is_whole(folder, said):
        yield f"{said.dump} is damaged or missing: the database cannot be restored"
        return
    url = _url(settings)
    with scratch(url, f"{name_of(url)}_check") as place:
        _load(place, folder, said)
        with psycopg.connect(place) as connection:
            yield from manifest.differences(said, connection)
            yield from _photos_missing(connection, manifest.read_files(folder, said))


def _photos_differ(folder: Path, said: Manifest) -> Iterator[str]:
    for name, file in manifest.read_files(folder, said).items():
        path = folder / MEDIA / name
        if not path.is_file():
            yield f"photo {name}: missing"
        elif path.stat().st_size != file.size or manifest.digest(path) != file.sha256:
            yield f"photo {name}: damaged"


def _photos_missing(connection: psycopg.Connection[Any], files: Any) -> Iterator[str]:
    """Photos that rows name and no file of the backup holds."""
    rows = connection.execute(
        "SELECT key, jsonb_object_keys(variants) FROM photos WHERE state = 'ready'"
    )
    for key, variant in rows:
        name = f"photos/{key[:2]}/{key}/{variant}.webp"
        if name not in files:
            yield f"photo {name}: a row names it, and the backup has no such file"


def _is_whole(folder: Path, said: Manifest) -> bool:
    dump = folder / said.dump
    return dump.is_file() and manifest.digest(dump) == said.sums[said.dump]


def _url(settings: dict[str, Any]) -> str:
    return config.libpq_url(str(settings["SQLALCHEMY_DATABASE_URI"]))


def _load(url: str, folder: Path, said: Manifest) -> None:
    """Into an empty database, whole or not at all."""
    with psycopg.connect(url) as connection:
        server = major_of(connection)
    if server < said.postgresql:
        raise click.ClickException(
            f"The backup is of PostgreSQL {said.postgresql}, the server of {server}: restore it"
            f" into {said.postgresql} or later."
        )
    program = tool("pg_restore", max(server, said.postgresql))
    how = ("--exit-on-error", "--single-transaction", "--no-owner", "--no-acl", "--no-comments")
    run(url, program, *how, str(folder / said.dump))


def _restore(settings: dict[str, Any], folder: Path, said: Manifest, *, replace: bool) -> None:
    url = _url(settings)
    script = ScriptDirectory.from_config(_alembic())
    try:
        script.get_revision(said.migration)
    except CommandError:
        raise click.ClickException(
            f"The backup is of migration {said.migration}, which this release does not know:"
            " restore it with the release that made it, or a later one."
        ) from None
    if not _is_whole(folder, said):
        raise click.ClickException(f"{folder / said.dump} is damaged or missing.")
    damaged = list(_photos_differ(folder, said))
    if damaged:
        raise click.ClickException("\n".join([*damaged[:10], "Use another backup."]))
    is_empty = _looked_at(url, replace=replace)
    if is_empty:
        _load(url, folder, said)
    else:
        aside = _swapped(url, folder, said)
        click.echo(f"The database before is {aside} now; drop it when all is well.")
    with psycopg.connect(url) as connection:
        found = list(manifest.differences(said, connection))
    _photos_back(Path(settings["MEDIA_DIR"]), folder, said)
    again = _made_present(folder)
    for line in found:
        click.echo(line)
    click.echo(
        f"Restored the backup of {said.made_at}: {len(said.tables)} tables, {said.photos:,} files"
        f" of photos; {again} members who were erased since are erased again."
    )
    if found:
        sys.exit(DIFFERS)


def _looked_at(url: str, *, replace: bool) -> bool:
    """Whether the database is empty. Raises ClickException when it is in use, or holds something
    and may not be replaced."""
    with psycopg.connect(url) as connection:
        others = [str(row[0]) for row in connection.execute(OTHERS)]
        is_empty = not connection.execute(manifest.TABLES).fetchall()
    if others:
        raise click.ClickException(
            f"The database is in use ({', '.join(sorted(others))}): stop ugc serve, ugc worker and"
            " ugc live first."
        )
    if not is_empty and not replace:
        raise click.ClickException(
            "The database of DATABASE_URL is not empty. Name an empty one, or say --replace: then"
            " it is kept under another name."
        )
    return is_empty


def _swapped(url: str, folder: Path, said: Manifest) -> str:
    """Restores beside the present database, then lets the two change names; the new name of the
    present one."""
    name = name_of(url)
    aside = f"{name}_before_{dt.datetime.now(dt.UTC):%Y%m%d%H%M%S}"
    new = f"{name}_restoring"
    with scratch(url, new) as place:
        _load(place, folder, said)
        command(url, "ALTER DATABASE {} RENAME TO {}", name, aside)
        try:
            command(url, "ALTER DATABASE {} RENAME TO {}", new, name)
        except BaseException:
            command(url, "ALTER DATABASE {} RENAME TO {}", aside, name)
            raise
    return aside


def _photos_back(media: Path, folder: Path, said: Manifest) -> None:
    """Those that are missing or other; what came since the backup stays, and no row names it."""
    for name, file in manifest.read_files(folder, said).items():
        path = media / name
        if not path.is_file() or manifest.digest(path) != file.sha256:
            copy(folder / MEDIA / name, path)


def _made_present(folder: Path) -> int:
    """Brings the restored database to this release and this server, and erases who was erased
    since; returns how many those were."""
    app = create_app()
    alembic.upgrade(_alembic(), "head")
    with app.app_context():
        generation.current(db.session())
        db.session.rollback()
        generation.forget()
        erasures.append(erasures.path(), erasures.read(folder / ERASED))
        with transaction() as session:
            again = accounts_erasing.erase_again(session, erasures.read(erasures.path()))
        db.session.remove()
        db.engine.dispose()
    return again


def _alembic() -> Config:
    return Config(toml_file=config.ROOT / "pyproject.toml")
