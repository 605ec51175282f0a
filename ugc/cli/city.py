"""`ugc city`: load, list and remove cities made of OpenStreetMap extracts (docs/cities.md)."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import sqlalchemy as sa
from flask import current_app
from rich.console import Console
from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from ugc.app import create_app
from ugc.core.db import transaction
from ugc.core.jobs import is_worked
from ugc.places import jobs as places_jobs
from ugc.streets import jobs as streets_jobs
from ugc.streets.actions.reading import NotAnExtract
from ugc.streets.models import BOCA, Step
from ugc.streets.queries import loads as streets_loads
from ugc.streets.rules.archives import NotAMap

STOPPED = 130
STEPS = {
    "read": "1 of 4: reading the file",
    "named": "2 of 4: naming the streets",
    "drawn": "3 of 4: drawing the map",
    places_jobs.STEP: "4 of 4: bringing the places",
}


@click.group("city")
def city_group() -> None:
    """Bring a city: streets, addresses and its map from one OpenStreetMap extract."""


@city_group.command("load")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--as", "code", help="What to call the city; else the name of the file.")
@click.option("--replace", is_flag=True, help="Take data that are older or do not say their age.")
@click.option("--beside", is_flag=True, help="Although it overlaps another city.")
def load_command(file: Path, code: str | None, replace: bool, beside: bool) -> None:
    """Load an extract, or a newer one of a city that is there.

    Stopped by whatever, the same command goes on after the last whole step, and what was shown
    stays until the new map is ready. Exit codes: 0 it is shown, 2 it could not begin, 1 it broke
    off."""
    with _told():
        try:
            with create_app().app_context(), _progress() as show:
                done = streets_jobs.load_city(
                    file, current_app.config["DATA_DIR"] / "cities",
                    code=code, replace=replace, beside=beside, on_progress=show,
                )  # fmt: skip
                brought = places_jobs.bring_places(done.code, show)
                with transaction() as session:
                    worked = is_worked(session)
        except NotAnExtract as error:
            click.echo(
                f"ugc: {file.name} is no extract of OpenStreetMap that can be used: {error}.",
                err=True,
            )
            sys.exit(2)
    if done.already:
        rest = "its places are there now" if brought else "nothing was done"
        click.echo(f"{done.code}: this file is loaded already; {rest}.")
    else:
        _tell_city(done)
    if brought:
        _tell_places(brought)
    if not worked and not done.already:
        click.echo(
            "  No worker is running: reports and places that stand in the city get their addresses"
            " as soon as `ugc worker` is.",
            err=True,
        )


def _tell_city(done: streets_jobs.Summary) -> None:
    if done.resumed:
        click.echo(f"{done.code}: went on after the step “{done.resumed}”.")
    counts = done.counts
    click.echo(
        f"{done.code}: {counts['streets']:,} streets, {counts.get('addresses', 0):,} addresses,"
        f" {counts['corners']:,} corners, {counts['tiles']:,} tiles"
        f" ({done.bytes / 1e6:.1f} MB) in {done.seconds:.0f} s."
    )
    if counts.get("broken"):
        click.echo(
            f"  {counts['broken']:,} things were left out: the file's edge cuts their shape."
        )


@city_group.command("map")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--as", "code", help="What to call the city; else the name of the file.")
@click.option("--replace", is_flag=True, help="Take data that are older or do not say their age.")
@click.option("--beside", is_flag=True, help="Although it overlaps another city.")
def map_command(file: Path, code: str | None, replace: bool, beside: bool) -> None:
    """Show an archive of your own (PMTiles, OpenMapTiles schema) as the map of a city.

    It has no streets, addresses and places to find. Exit codes: 0 it is shown, 2 it cannot be
    shown, 1 it broke off."""
    with _told():
        try:
            with create_app().app_context():
                done = streets_jobs.take_map(
                    file, current_app.config["DATA_DIR"] / "cities",
                    code=code, replace=replace, beside=beside,
                )  # fmt: skip
        except NotAMap as error:
            click.echo(f"ugc: {file.name} cannot be shown: {error}.", err=True)
            sys.exit(2)
    if done.already:
        click.echo(f"{done.code}: this archive is shown already; nothing was done.")
        return
    tiles = f"{done.counts['tiles']:,} tiles, " if done.counts["tiles"] else ""
    click.echo(f"{done.code}: the map is shown ({tiles}{done.bytes / 1e6:.1f} MB).")


@contextmanager
def _told() -> Iterator[None]:
    """Says what went wrong in a text, and ends with the exit code."""
    try:
        yield
    except streets_jobs.Refused as error:
        raise click.UsageError(str(error)) from None
    except OSError as error:
        click.echo(f"ugc: {error}. What is shown stayed; the same command goes on.", err=True)
        sys.exit(1)
    except KeyboardInterrupt:
        click.echo("Stopped. What is shown stayed; the same command goes on.", err=True)
        sys.exit(STOPPED)
    except (sa.exc.OperationalError, sa.exc.InterfaceError) as error:
        said = str(error.orig).strip().splitlines() or [type(error.orig).__name__]
        click.echo(
            f"ugc: the database did not answer ({said[0]}); what is shown stayed, and the same"
            " command goes on.",
            err=True,
        )
        sys.exit(1)


# What was done with places, in the order in which it is told.
DONE = {
    "new": "new", "changed": "changed", "joined": "known from members or imports",
    "renumbered": "found again under another number", "twins": "twice in the file",
    "back": "there again", "hidden": "hidden",
    "closed": "marked closed", "left": "left as they are",
}  # fmt: skip


def _tell_places(brought: places_jobs.Summary) -> None:
    said = [
        f"{brought.counts[name]:,} {words}"
        for name, words in DONE.items()
        if brought.counts.get(name)
    ]
    click.echo(f"  {brought.living:,} places" + (f": {', '.join(said)}." if said else "."))
    left_out = [
        f"{name.removeprefix('no_')} {count:,}"
        for name, count in sorted(brought.counts.items())
        if name.startswith("no_")
    ]
    if left_out:
        click.echo(
            f"  Values that are not what they should be were left out: {', '.join(left_out)}."
        )


@contextmanager
def _progress() -> Iterator[Callable[[streets_jobs.Progress], None]]:
    """A bar on a terminal, a line a step elsewhere."""
    console = Console(stderr=True)
    if not console.is_terminal:
        told: set[str] = set()

        def tell(progress: streets_jobs.Progress) -> None:
            if progress.step not in told:
                told.add(progress.step)
                click.echo(STEPS[progress.step], err=True)

        yield tell
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    with Bar(*columns, TimeRemainingColumn(), console=console, transient=True) as bar:
        task = bar.add_task("", total=None)

        def show(progress: streets_jobs.Progress) -> None:
            count = f", {progress.done:,}" if progress.done and not progress.total else ""
            bar.update(
                task, description=STEPS[progress.step] + count,
                completed=progress.done, total=progress.total or None,
            )  # fmt: skip

        yield show


@city_group.command("list")
def list_command() -> None:
    """List the cities that are loaded, and those whose loading was cut short."""
    with create_app().app_context(), transaction() as session:
        folder = current_app.config["DATA_DIR"] / "cities"
        for load in streets_loads.loads(session):
            age = f"{load.data_at:%Y-%m-%d}" if load.data_at else "unknown"
            counts = " ".join(f"{name}={count:,}" for name, count in sorted(load.counts.items()))
            step = load.step
            if step == Step.SHOWN and not streets_jobs.has_archive(load, folder):
                step = "no map: load its file again"
            elif load.schema != BOCA:
                step = f"{load.step}, a map alone"
            where = "-".join(filter(None, (load.country, load.region))) or "?"
            spoken = ",".join(load.languages) or "?"
            click.echo(
                f"{load.code}\t{step}\tdata of {age}\t{load.file_name}\t{where} {spoken}\t{counts}"
            )


@city_group.command("remove")
@click.argument("code")
@click.confirmation_option(prompt="Remove the streets, the places and the map of this city?")
def remove_command(code: str) -> None:
    """Remove a city with the addresses that it gave to reports and places, and those of its places
    on which no person left anything."""
    try:
        with create_app().app_context():
            places_jobs.leave_places(code)
            found = streets_jobs.remove_city(code, current_app.config["DATA_DIR"] / "cities")
    except streets_jobs.Refused as error:
        raise click.UsageError(str(error)) from None
    if not found:
        raise click.UsageError(f"There is no city {code}; `ugc city list` says which there are.")
    click.echo(f"{code}: removed.")
