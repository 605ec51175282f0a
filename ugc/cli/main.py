"""The `ugc` command: what an operator does beside the web server."""

from __future__ import annotations

import csv
import gzip
import json
import os
import sys
import threading
from typing import Any

import click
import psycopg
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from flask import Flask

from ugc import config, demo
from ugc.app import create_app
from ugc.brandapi.schemas.description import specification
from ugc.cli import city, importing, members, roles, upkeep
from ugc.cli.backup.making import backup
from ugc.cli.backup.restoring import restore
from ugc.config import ROOT, ConfigError
from ugc.core import generation, jobs, push
from ugc.core.db import Session, transaction
from ugc.front.sockets import allow_open_files
from ugc.geography import gazetteer
from ugc.livemap import actions as livemap_actions
from ugc.livemap import jobs as livemap_jobs
from ugc.referrals import jobs as referrals_jobs
from ugc.referrals.actions import counts as referrals_counts
from ugc.reputation import actions as reputation_actions
from ugc.stream import server as stream_server
from ugc.version import VERSION


@click.group()
@click.version_option(VERSION, message="Boca %(version)s")
def cli() -> None:
    """Boca: a community puts what it knows on the map."""


for command_of_members in members.COMMANDS:
    cli.add_command(command_of_members)

cli.add_command(roles.role_group)
cli.add_command(city.city_group)
cli.add_command(importing.import_command)
cli.add_command(backup)
cli.add_command(restore)
for command_of_upkeep in upkeep.COMMANDS:
    cli.add_command(command_of_upkeep)


def main() -> None:
    try:
        cli(prog_name="ugc", standalone_mode=True)
    except ConfigError as error:
        click.echo(f"ugc: {error}", err=True)
        sys.exit(2)
    except (sa.exc.OperationalError, psycopg.OperationalError) as error:
        reason = str(getattr(error, "orig", error)).strip().splitlines() or ["no reason given"]
        click.echo(f"ugc: the database says: {reason[0].strip()} (check DATABASE_URL)", err=True)
        sys.exit(1)


@cli.command()
@click.option("--demo", "with_demo", is_flag=True, help="Then what `ugc demo --if-empty` does.")
def migrate(with_demo: bool) -> None:
    """Bring the database to this release, and load the bundled cities."""
    app = create_app()
    if with_demo:
        _refuse_demo_in_production(app)
    command.upgrade(Config(toml_file=ROOT / "pyproject.toml"), "head")
    with app.app_context(), transaction() as session:
        added = load_cities(session)
    if added:
        click.echo(f"cities: {added}", err=True)
    if with_demo:
        with app.app_context(), transaction() as session:
            _fill_demo(session)
            _tell_sign_ins(session)


def load_cities(session: Session, minimum: int = 1000) -> int:
    """Loads `cities.tsv.gz` of the front-end build when the table is empty; returns how many."""
    if session.scalar(sa.select(sa.exists().where(gazetteer.City.id.is_not(None)))):
        return 0
    build = ROOT / "static" / "build"
    manifest: dict[str, Any] = json.loads((build / "manifest.json").read_text(encoding="utf-8"))
    with gzip.open(build / manifest["cities.tsv.gz"], "rt", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
    values = [
        (
            int(r["geoname_id"]),
            r["name"],
            r["country"],
            r["admin"],
            int(r["population"]),
            float(r["lon"]),
            float(r["lat"]),
        )
        for r in rows
        # Parts of a town (PPLX) are left out: a report in Madrid says Madrid.
        if int(r["population"]) >= minimum and r["feature"] != "PPLX"
    ]
    # COPY, because a hundred thousand INSERTs take a third of the first start.
    session.execute(
        sa.text(
            "CREATE TEMPORARY TABLE new_cities (id bigint, name text, country text, admin text,"
            " population bigint, lon float8, lat float8) ON COMMIT DROP"
        )
    )
    driver: Any = session.connection().connection.driver_connection
    with driver.cursor() as cursor, cursor.copy("COPY new_cities FROM STDIN") as copy:
        for row in values:
            copy.write_row(row)
    session.execute(
        sa.text(
            "INSERT INTO cities (id, name, name_key, country, admin, population, geom)"
            " SELECT id, name, name_key(name), country, admin, population,"
            " ST_SetSRID(ST_MakePoint(lon, lat), 4326) FROM new_cities ON CONFLICT DO NOTHING"
        )
    )
    return len(values)


@cli.command()
@click.option("--port", default=lambda: int(os.environ.get("PORT", "8000")), type=int)
@click.option("--host", default="127.0.0.1")
@click.option("--workers", default=2, type=click.IntRange(min=1))
def serve(port: int, host: str, workers: int) -> None:
    """Start the web server (docs/decisions/0002-web-server.md has the figures)."""
    # Says what is wrong once, where the server's processes would say it for ever.
    hops = config.load()["PROXY_HOPS"]
    # Replaces this process, so that signals reach the server itself.
    os.chdir(ROOT)
    os.execv(
        sys.executable,
        [sys.executable, "-m", "ugc.front", host, str(port), str(workers), str(hops), "asgi:build"],
    )


@cli.command("live")
@click.option("--port", default=lambda: live_port(), type=int)
@click.option("--host", default="127.0.0.1")
def live_map(port: int, host: str) -> None:
    """Start the live map's streams; one process feeds thousands (docs/operations.md)."""
    allow_open_files()  # each stream is one
    try:
        stream_server.serve(host, port)
    except OSError as error:
        raise click.ClickException(f"port {port}: {error.strerror}") from None


def live_port() -> int:
    """LIVE_PORT, or the one after PORT."""
    return int(os.environ.get("LIVE_PORT") or int(os.environ.get("PORT", "8000")) + 1)


@cli.command()
@click.option("--concurrency", default=2, type=int)
def worker(concurrency: int) -> None:
    """Run the background jobs, and keep the map's cells and all members' reach, until stopped."""
    app = create_app()
    stop = threading.Event()
    folding = [
        threading.Thread(target=keep_folding, args=(app, stop), daemon=True)
        for keep_folding in (livemap_jobs.keep_folding, referrals_jobs.keep_folding)
    ]
    for thread in folding:
        thread.start()
    jobs.run_worker(app, concurrency)
    stop.set()
    for thread in folding:
        thread.join(10)


@cli.command("recount-points")
def recount_points() -> None:
    """Aggregate all points from the ledger again; says whose total was wrong."""
    with create_app().app_context(), transaction() as session:
        wrong = reputation_actions.recount_all(session)
    for handle, before, after in wrong:
        click.echo(f"{handle}\t{before}\t{after}")
    click.echo(f"{len(wrong)} totals were wrong.")


@cli.command("recount-map")
def recount_map() -> None:
    """Count the map's cells again from the reports and places; says how many were wrong."""
    with create_app().app_context(), transaction() as session:
        wrong = livemap_actions.rebuild(session)
    click.echo(f"{wrong} cells were wrong.")


@cli.command("recount-reach")
def recount_reach() -> None:
    """Count all contacts of three degrees again; says how many members' were wrong."""
    with create_app().app_context(), transaction() as session:
        wrong = referrals_counts.recount(session)
    click.echo(f"The reach of {len(wrong)} members was wrong.")


@cli.command("begin-generation")
def begin_generation() -> None:
    """Begin a generation of the database, after a stopped server's files were put back.

    After any other restore it begins by itself (docs/decisions/0025-generations.md)."""
    with create_app().app_context():
        with transaction() as session:
            session.execute(sa.update(generation.Generation).values(mark=""))
            generation.renew(session)
        generation.forget()
    click.echo("A generation has begun: every program that follows the API begins again.")


@cli.command("vapid-key")
def vapid_key() -> None:
    """Print a new private key for web pushes (the setting VAPID_PRIVATE_KEY)."""
    click.echo(push.new_key())


@cli.command("openapi")
def openapi() -> None:
    """Print the OpenAPI description of the API (docs/openapi.json is a copy)."""
    click.echo(json.dumps(specification(), indent=1, ensure_ascii=False))


def _fill_demo(session: Session) -> bool:
    """Fills an empty community, or brings new reports to a demo world that grew old; False for a
    community of other members, which is left alone."""
    if demo.is_empty(session):
        click.echo(f"demo world: {demo.fill(session)} reports", err=True)
        return True
    people = demo.demo_people(session)
    if people and (posted := demo.refresh(session, people)):
        click.echo(f"demo world: {posted} new reports", err=True)
    return bool(people)


@cli.command("demo")
@click.option("--if-empty", is_flag=True, help="Leave a community of other members alone.")
@click.option("--sign-ins", is_flag=True, help="Only print the demo accounts.")
def demo_world(if_empty: bool, sign_ins: bool) -> None:
    """Fill an empty community with a labelled demo world; never in production.

    Where it is there already, new reports take the place of those that ended."""
    app = create_app()
    _refuse_demo_in_production(app)
    with app.app_context(), transaction() as session:
        if sign_ins:
            _tell_sign_ins(session)
            return
        if not _fill_demo(session) and not if_empty:
            raise click.ClickException("There are members already; the demo world needs none.")


def _refuse_demo_in_production(app: Flask) -> None:
    if app.config["ENV_NAME"] == "production":
        raise click.ClickException("The demo world has a public password: not in production.")


def _tell_sign_ins(session: Session) -> None:
    made = "SELECT EXISTS (SELECT FROM members WHERE is_demo AND source_id IS NULL)"
    if session.scalar(sa.text(made)):
        click.echo(demo.sign_ins())
