"""`ugc import`: files of open data become reports, places and reviews."""

from __future__ import annotations

import datetime as dt
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import sqlalchemy as sa
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from ugc.app import create_app
from ugc.imports import jobs as imports_jobs
from ugc.imports import schemas as imports_schemas
from ugc.imports.rules.formats import BrokenFile
from ugc.imports.rules.mapping import KINDS as IMPORT_KINDS

WITH_REJECTS, STOPPED = 3, 130


@click.command("import")
@click.argument("kind", type=click.Choice(IMPORT_KINDS))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--mapping", required=True, help="Name of a shipped mapping, or a TOML file.")
@click.option(
    "--rejects",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where rows go that cannot be taken; FILE.rejects.csv when not said.",
)
@click.option("--limit", type=click.IntRange(min=1), help="Stop after so many rows.")
@click.option("--dry-run", is_flag=True, help="Check everything, write nothing.")
@click.option("--again", is_flag=True, help="Go through a file that was imported before.")
def import_command(
    kind: str,
    file: Path,
    mapping: str,
    rejects: Path | None,
    limit: int | None,
    dry_run: bool,
    again: bool,
) -> None:
    """Import a file of open data (docs/imports.md).

    Stopped by whatever, the same command goes on where it was. Exit codes: 0 all went in, 3 some
    rows were rejected, 2 it could not begin, 1 it broke off."""
    try:
        loaded = imports_schemas.load_mapping(mapping)
    except imports_schemas.BadMapping as error:
        raise click.UsageError(str(error)) from None
    rejects = rejects or file.with_name(file.name + ".rejects.csv")
    done = imports_jobs.Summary()
    try:
        with create_app().app_context(), _progress() as show:

            def on_progress(summary: imports_jobs.Summary) -> None:
                nonlocal done
                done = summary
                show(summary)

            done = imports_jobs.import_file(
                file, loaded, kind, rejects_path=rejects, again=again, dry_run=dry_run,
                limit=limit, on_progress=on_progress,
            )  # fmt: skip
    except imports_jobs.Refused as error:
        raise click.UsageError(str(error)) from None
    except KeyboardInterrupt:
        click.echo(f"Stopped after {done.rows:,} rows; the same command goes on there.", err=True)
        sys.exit(STOPPED)
    except BrokenFile as error:
        click.echo(f"ugc: {file.name}: {error}", err=True)
        if done.rows:
            verb = "checked" if dry_run else "read"
            click.echo(f"{done.rows:,} rows before that were {verb}: {_counts(done)}.", err=True)
        if done.rejected and not dry_run:
            click.echo(f"  rejected rows: {rejects}", err=True)
        sys.exit(1)
    except (sa.exc.OperationalError, sa.exc.InterfaceError) as error:
        said = str(error.orig).strip().splitlines() or [type(error.orig).__name__]
        click.echo(
            f"ugc: the database did not answer after {done.rows:,} rows ({said[0]});"
            " the same command goes on there.",
            err=True,
        )
        sys.exit(1)
    _tell(done, f"{loaded.source.code} {kind}", rejects, dry_run)
    if done.rejected and done.earlier is None:
        sys.exit(WITH_REJECTS)


@contextmanager
def _progress() -> Iterator[Callable[[imports_jobs.Summary], None]]:
    """A bar on a terminal; elsewhere a line every five seconds."""
    console = Console(stderr=True)
    if not console.is_terminal:
        last = time.monotonic()

        def line(summary: imports_jobs.Summary) -> None:
            nonlocal last
            if time.monotonic() - last >= 5:
                last = time.monotonic()
                click.echo(f"{summary.position:.0%} {_rate(summary)}{_left(summary)}", err=True)

        yield line
        return
    columns = (BarColumn(), TaskProgressColumn(), TextColumn("{task.description}"))
    with Progress(*columns, TimeRemainingColumn(), console=console, transient=True) as bar:
        task = bar.add_task("", total=1.0)
        yield lambda summary: bar.update(
            task, completed=summary.position, description=_rate(summary)
        )


def _rate(summary: imports_jobs.Summary) -> str:
    return f"{summary.rows:,} rows, {summary.rate:,.0f} rows/s, {summary.rejected:,} rejected"


def _left(summary: imports_jobs.Summary) -> str:
    left = summary.seconds_left
    return "" if left is None else f", {dt.timedelta(seconds=round(left))} left"


def _counts(done: imports_jobs.Summary) -> str:
    return (
        f"{done.added:,} added, {done.changed:,} changed, {done.unchanged:,} unchanged,"
        f" {done.repeated:,} repeated, {done.rejected:,} rejected"
    )


def _tell(done: imports_jobs.Summary, what: str, rejects: Path, dry_run: bool) -> None:
    """What was done, for a person to read."""
    if done.earlier is not None:
        click.echo(
            f"{what}: this file was imported with this mapping on {done.earlier:%Y-%m-%d %H:%M} UTC"
            f" ({done.added:,} added, {done.changed:,} changed, {done.rejected:,} rejected)."
            " Nothing was done; --again goes through it again."
        )
        return
    if done.resumed_at:
        click.echo(f"{what}: went on after line {done.resumed_at:,}.")
    click.echo(
        f"{what}: {done.rows:,} rows in {done.seconds:.1f} s ({done.rate:,.0f} rows/s):"
        f" {_counts(done)}."
        + (" Dry run: nothing was written." if dry_run else "")
        + ("" if done.finished else " There is more in the file; the same command goes on.")
    )
    for (name, value), count in done.unknown.most_common(10):
        click.echo(f"  {name} not understood: “{value}” ({count:,})")
    for reason, count in done.reasons.most_common(10):
        click.echo(f"  rejected: {reason} ({count:,})")
    if done.rows and done.rejected == done.rows:
        click.echo("  No row could be taken: is it the right mapping, and the right kind?")
    if done.rejected and dry_run:
        for line, reason in done.samples:
            click.echo(f"  line {line}: {reason}")
    elif done.rejected:
        click.echo(f"  rejected rows: {rejects}")
