"""The `ugc` command: what an operator does beside the web server."""

from __future__ import annotations

import csv
import gzip
import json
import os
import sys
from typing import Any

import click
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from ugc import demo
from ugc.app import create_app
from ugc.config import ROOT, ConfigError
from ugc.core import gazetteer, jobs
from ugc.core.db import Session, transaction


@click.group()
def cli() -> None:
    """Boca: a community puts what it knows on the map."""


def main() -> None:
    try:
        cli(standalone_mode=True)
    except ConfigError as error:
        click.echo(f"ugc: {error}", err=True)
        sys.exit(2)


@cli.command()
def migrate() -> None:
    """Bring the database to this release, and load the bundled cities."""
    command.upgrade(Config(str(ROOT / "alembic.ini")), "head")
    app = create_app()
    with app.app_context(), transaction() as session:
        added = load_cities(session)
    if added:
        click.echo(f"cities: {added}")


def load_cities(session: Session, minimum: int = 1000) -> int:
    """Loads `cities.tsv.gz` of the front-end build when the table is empty; returns how many."""
    if session.scalar(sa.select(sa.exists().where(gazetteer.City.id.is_not(None)))):
        return 0
    build = ROOT / "static" / "build"
    manifest: dict[str, Any] = json.loads((build / "manifest.json").read_text(encoding="utf-8"))
    with gzip.open(build / manifest["cities.tsv.gz"], "rt", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
    values = [
        {
            "id": int(r["geoname_id"]),
            "name": r["name"],
            "country": r["country"],
            "admin": r["admin"],
            "population": int(r["population"]),
            "lon": float(r["lon"]),
            "lat": float(r["lat"]),
        }
        for r in rows
        if int(r["population"]) >= minimum
    ]
    session.execute(
        sa.text(
            "INSERT INTO cities (id, name, name_key, country, admin, population, geom)"
            " VALUES (:id, :name, name_key(:name), :country, :admin, :population,"
            " ST_SetSRID(ST_MakePoint(:lon, :lat), 4326)) ON CONFLICT DO NOTHING"
        ),
        values,
    )
    return len(values)


@cli.command()
@click.option("--port", default=lambda: int(os.environ.get("PORT", "8000")), type=int)
@click.option("--host", default="127.0.0.1")
@click.option("--workers", default=2, type=int)
def serve(port: int, host: str, workers: int) -> None:
    """Start the web server (docs/decisions/0002-web-server.md has the figures)."""
    # Replaces this process, so that signals reach the server itself.
    os.execv(
        sys.executable,
        [
            sys.executable, "-m", "granian", "--interface", "wsgi", "--host", host,
            "--port", str(port), "--workers", str(workers), "--blocking-threads", "2",
            "--static-path-route", "/static/build", "--static-path-mount",
            str(ROOT / "static" / "build"), "--static-path-expires", "31536000",
            "--no-ws", "--working-dir", str(ROOT), "wsgi:app",
        ],
    )  # fmt: skip


@cli.command()
@click.option("--concurrency", default=2, type=int)
def worker(concurrency: int) -> None:
    """Run the background jobs until stopped."""
    jobs.run_worker(create_app(), concurrency)


@cli.command("dead-jobs")
def dead_jobs() -> None:
    """List the jobs that failed for good."""
    with create_app().app_context(), transaction() as session:
        for job in jobs.dead_jobs(session):
            click.echo(f"{job['id']}\t{job['task_name']}\t{job['attempts']}\t{job['args']}")


@cli.command("make-moderator")
@click.argument("handle")
@click.option("--administrator", is_flag=True)
def make_moderator(handle: str, administrator: bool) -> None:
    """Give a member the moderators' (or administrators') role."""
    role = "administrator" if administrator else "moderator"
    with create_app().app_context(), transaction() as session:
        changed = session.execute(
            sa.text("UPDATE members SET role = :role WHERE handle = :handle RETURNING id"),
            {"role": role, "handle": handle},
        ).first()
    if changed is None:
        raise click.ClickException(f"There is no member called {handle}.")
    click.echo(f"{handle} is {role} now.")


@cli.command("demo")
@click.option("--if-empty", is_flag=True, help="Do nothing when there are members.")
@click.option("--sign-ins", is_flag=True, help="Only print the demo accounts.")
def demo_world(if_empty: bool, sign_ins: bool) -> None:
    """Fill an empty community with a labelled demo world; never in production."""
    app = create_app()
    if app.config["ENV_NAME"] == "production":
        raise click.ClickException("The demo world has a public password: not in production.")
    with app.app_context(), transaction() as session:
        if sign_ins:
            if session.scalar(sa.text("SELECT EXISTS (SELECT FROM members WHERE is_demo)")):
                click.echo(demo.sign_ins())
            return
        if demo.is_empty(session):
            click.echo(f"demo world: {demo.fill(session)} reports")
        elif not if_empty:
            raise click.ClickException("There are members already; the demo world needs none.")
