"""`ugc health`, and `ugc jobs`: what waits, what failed for good, and running it again."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

import click

from ugc import config
from ugc.app import create_app
from ugc.core import health, jobs
from ugc.core.db import transaction

EXIT_CODES = {health.State.OK: 0, health.State.DEGRADED: 1, health.State.FAILED: 2}


@click.command("health")
@click.option("--part", "only", multiple=True, help="Only this part; may be given several times.")
def health_command(only: tuple[str, ...]) -> None:
    """Say how database, migrations, worker, jobs, mail, disk and Redis are.

    Exit codes, as monitors expect them: 0 all is well, 1 something is degraded, 2 pages cannot be
    answered."""
    report = health.Health(config.load()).report()
    names = {part.name for part in report.parts} | health.IN_DATABASE.keys()
    if unknown := sorted(set(only) - names):
        raise click.UsageError(f"There is no part {unknown[0]}, but {', '.join(sorted(names))}.")
    parts = tuple(part for part in report.parts if not only or part.name in only)
    if only and report.named(health.State.FAILED) == ["database"]:
        # Then it is not known how the parts are that it holds.
        parts = tuple(part for part in report.parts if part.name in {*only, "database"})
    for part in parts:
        click.echo(f"{part.name}: {part.state}, {part.detail}")
    sys.exit(EXIT_CODES[health.Report(parts).state])


def _listed() -> None:
    with create_app().app_context(), transaction() as session:
        failed = jobs.failed_jobs(session)
        waiting = jobs.waiting_jobs(session)
    for job in failed:
        at = f"{job['failed_at']:%Y-%m-%d %H:%M} UTC" if job["failed_at"] else "-"
        facts = json.dumps(job["args"], ensure_ascii=False)
        click.echo(f"{job['id']}\t{job['task_name']}\t{at}\t{job['attempts']} attempts\t{facts}")
    click.echo(f"{len(failed)} jobs failed for good.", err=True)
    for job in waiting:
        click.echo(
            f"{job['task_name']}: {job['due']} due, {job['running']} running,"
            f" {job['later']} later (priority {job['priority']})",
            err=True,
        )


@click.group("jobs", invoke_without_command=True)
@click.pass_context
def jobs_group(context: click.Context) -> None:
    """List the jobs that failed for good, and what waits; retry or drop failed ones."""
    if context.invoked_subcommand is None:
        _listed()


def _chosen(ids: Sequence[int], every: bool) -> Sequence[int] | None:
    if bool(ids) == every:
        raise click.UsageError("Name the jobs by their numbers, or --all of them.")
    return None if every else ids


@jobs_group.command("retry")
@click.argument("ids", nargs=-1, type=int)
@click.option("--all", "every", is_flag=True, help="Every job that failed for good.")
def retry(ids: tuple[int, ...], every: bool) -> None:
    """Put failed jobs back into the queue, with all their attempts."""
    chosen = _chosen(ids, every)
    with create_app().app_context(), transaction() as session:
        done = jobs.retry_failed(session, chosen)
    _tell("wait again", ids, done)


@jobs_group.command("drop")
@click.argument("ids", nargs=-1, type=int)
@click.option("--all", "every", is_flag=True, help="Every job that failed for good.")
def drop(ids: tuple[int, ...], every: bool) -> None:
    """Delete failed jobs that are not wanted any more."""
    chosen = _chosen(ids, every)
    with create_app().app_context(), transaction() as session:
        done = jobs.drop_failed(session, chosen)
    _tell("were deleted", ids, done)


def _tell(what: str, asked: Sequence[int], done: Sequence[int]) -> None:
    click.echo(f"{len(done)} jobs {what}.")
    if missing := sorted(set(asked) - set(done)):
        raise click.ClickException(f"No failed job has the number {', '.join(map(str, missing))}.")


@click.command("dead-jobs", hidden=True)
def dead_jobs() -> None:
    """List the jobs that failed for good (the name of `ugc jobs` in older releases)."""
    _listed()


COMMANDS = [health_command, jobs_group, dead_jobs]
