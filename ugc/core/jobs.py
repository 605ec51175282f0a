"""Background work through procrastinate. A job is enqueued with the session's own connection, so
it exists if and only if the transaction commits. Every job runs in one transaction of its own,
may run twice (so it is idempotent), backs off, and ends in the dead list (`ugc jobs dead`)."""

from __future__ import annotations

import asyncio
import functools
import logging
import signal
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, LiteralString

import procrastinate
import psycopg
import sqlalchemy as sa
from flask import Flask
from procrastinate.jobs import Job
from procrastinate.manager import JobManager
from procrastinate.tasks import configure_task

from ugc.config import libpq_url
from ugc.core.db import Session, transaction

log = logging.getLogger(__name__)

MAX_ATTEMPTS = 8
AGAIN_S = 1.0  # between a worker that lost the database and the next one
# Waits of 2, 4, 8 … 256 seconds between attempts.
BACK_OFF = procrastinate.RetryStrategy(max_attempts=MAX_ATTEMPTS, exponential_wait=2)

queue = procrastinate.App(connector=procrastinate.PsycopgConnector())
_app: Flask | None = None
_runners: dict[str, Callable[..., None]] = {}
_on_failure: dict[str, Callable[..., None]] = {}


def task(
    name: str,
    *,
    cron: str | None = None,
    retry: procrastinate.BaseRetryStrategy = BACK_OFF,
    queue_name: str = "default",
    on_failure: Callable[..., None] | None = None,
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Registers `run(session, **arguments)` as the job `name`, in a transaction of its own.

    With `cron` (five fields, UTC) it also runs on that schedule, once per period. When it failed
    for good, `on_failure(session, **arguments)` runs in another transaction: a job about a thing of
    a person tells them there."""

    def register(run: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(run)
        def in_transaction(context: procrastinate.JobContext, **arguments: Any) -> None:
            if _app is None:
                raise RuntimeError("jobs.init_app() was not called")
            arguments.pop("timestamp", None)
            try:
                with _app.app_context(), transaction() as session:
                    run(session, **arguments)
            except Exception as error:
                if retry.get_retry_decision(exception=error, job=context.job) is None:
                    with _app.app_context(), transaction() as session:
                        _failed(session, name, arguments)
                raise

        # functools.wraps would show procrastinate the session argument.
        del in_transaction.__wrapped__  # type: ignore[attr-defined]
        registered = queue.task(name=name, retry=retry, queue=queue_name, pass_context=True)(
            in_transaction
        )
        if cron is not None:
            queue.periodic(cron=cron)(registered)  # type: ignore[arg-type]
        _runners[name] = run
        if on_failure is not None:
            _on_failure[name] = on_failure
        return run

    return register


def _failed(session: Session, name: str, arguments: dict[str, Any]) -> None:
    """The job `name` will not be tried again."""
    log.error("job failed for good: %s", name)
    if name in _on_failure:
        _on_failure[name](session, **arguments)


def defer(
    session: Session,
    name: str,
    *,
    in_seconds: int | None = None,
    unique: str | None = None,
    in_order: str | None = None,
    **arguments: Any,
) -> None:
    """Enqueues the job in the session's transaction. `arguments` are ids and codes, never free
    text. With `unique`, a job with the same text that still waits is not enqueued again; with
    `in_order`, jobs with the same text run one after the other, the oldest first."""
    options: dict[str, Any] = {}
    if in_seconds:
        options["schedule_in"] = {"seconds": in_seconds}
    if in_order is not None:
        options["lock"] = in_order
    if unique is not None:
        waiting = session.scalar(
            sa.text(
                "SELECT 1 FROM procrastinate_jobs"
                " WHERE queueing_lock = :lock AND status = 'todo' LIMIT 1"
            ),
            {"lock": unique},
        )
        if waiting:
            return
        options["queueing_lock"] = unique
    _enqueue(session, [_job(name, arguments, **options)])


@dataclass(frozen=True)
class Waiting:
    """A job to be enqueued; `in_order` as in `defer`."""

    name: str
    arguments: dict[str, Any]
    in_order: str | None = None


def defer_all(session: Session, waiting: Iterable[Waiting]) -> None:
    """As `defer`, of many in the given order, in one statement."""
    found = [_job(each.name, each.arguments, lock=each.in_order) for each in waiting]
    if found:
        _enqueue(session, found)


def _job(name: str, arguments: dict[str, Any], **options: Any) -> Job:
    options["queue"] = queue.tasks[name].queue
    return configure_task(name=name, job_manager=_deferring, **options).make_new_job(**arguments)


def _enqueue(session: Session, found: list[Job]) -> None:
    connection = session.connection().connection.driver_connection
    try:
        _deferring.batch_defer_jobs(found, connection=connection)
    except procrastinate.exceptions.ConnectorException as error:
        # A database that went away is said as everywhere else.
        if isinstance(error.__cause__, psycopg.OperationalError):
            raise error.__cause__ from None
        raise


# The jobs' rows go through the session's connection; this connector never opens one itself.
_deferring = JobManager(procrastinate.SyncPsycopgConnector())


def run_waiting(session: Session, limit: int = 1000) -> int:
    """Runs every due job in the given session, without committing; for tests and `ugc demo`.

    Returns how many ran. A job that raises, raises here."""
    ran = 0
    while ran < limit:
        row = session.execute(
            sa.text(
                "SELECT id, task_name, args FROM procrastinate_jobs WHERE status = 'todo'"
                " AND (scheduled_at IS NULL OR scheduled_at <= now()) ORDER BY id LIMIT 1"
                " FOR UPDATE SKIP LOCKED"
            )
        ).first()
        if row is None:
            return ran
        arguments = dict(row.args)
        arguments.pop("timestamp", None)
        _runners[row.task_name](session, **arguments)
        session.flush()
        session.execute(sa.text("DELETE FROM procrastinate_jobs WHERE id = :id"), {"id": row.id})
        ran += 1
    raise RuntimeError(f"more than {limit} jobs: one enqueues itself for ever")


def run_worker(app: Flask, concurrency: int = 2) -> None:
    """Works until SIGINT or SIGTERM. Listens for new jobs and polls each second, because a
    LISTEN does not come back after the database was away."""
    asyncio.run(_work(libpq_url(str(app.config["SQLALCHEMY_DATABASE_URI"])), concurrency))


class _Connector(procrastinate.PsycopgConnector):
    """Says when a statement did not arrive. A job whose end could not be written would stay with
    its worker for as long as that one lives: then another takes over, and it is rescued."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.lost = asyncio.Event()

    async def execute_query_async(self, query: LiteralString, **arguments: Any) -> None:
        try:
            await super().execute_query_async(query, **arguments)
        except procrastinate.exceptions.ConnectorException:
            self.lost.set()
            raise


async def _work(url: str, concurrency: int) -> None:
    """One worker after the other: procrastinate's stops when the database goes away, as if it had
    been told to. Raises ConnectorException when the database cannot be reached at first."""
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told.set)
    stopping = asyncio.create_task(told.wait())
    worked = False
    while not told.is_set():
        connector = _Connector(
            conninfo=url, kwargs={"options": "-c timezone=UTC"}, min_size=1,
            max_size=concurrency + 2,
        )  # fmt: skip
        losing = asyncio.create_task(connector.lost.wait())
        try:
            with queue.replace_connector(connector):
                async with queue.open_async():
                    worked = True
                    working = asyncio.create_task(
                        queue.run_worker_async(
                            concurrency=concurrency,
                            fetch_job_polling_interval=1.0,
                            delete_jobs="successful",
                            install_signal_handlers=False,
                        )
                    )
                    await asyncio.wait(
                        {working, stopping, losing}, return_when=asyncio.FIRST_COMPLETED
                    )
                    # Cancelled, it finishes the jobs that run.
                    working.cancel()
                    with suppress(asyncio.CancelledError):
                        await working
        except (procrastinate.exceptions.ConnectorException, psycopg.Error) as error:
            if not worked:
                raise
            log.warning("the database is away: %s", type(error).__name__)
        finally:
            losing.cancel()
        with suppress(TimeoutError):
            await asyncio.wait_for(told.wait(), AGAIN_S)


def init_app(app: Flask) -> None:
    global _app
    _app = app


@task("core.rescue_stalled", cron="*/2 * * * *")
def rescue_stalled(session: Session) -> None:
    """Jobs whose worker died go back to the queue; a job that kills its worker again and again
    ends as failed. 30 s is three heartbeats: below one, living workers look dead."""
    ended = session.execute(
        sa.text(
            "WITH dead AS (SELECT j.id, j.attempts FROM procrastinate_jobs j"
            " LEFT JOIN procrastinate_workers w ON w.id = j.worker_id"
            " WHERE j.status = 'doing' AND (w.id IS NULL"
            " OR w.last_heartbeat < now() - interval '30 seconds') FOR UPDATE OF j SKIP LOCKED)"
            " UPDATE procrastinate_jobs SET status = CASE WHEN dead.attempts >= :cap"
            " THEN 'failed' ELSE 'todo' END::procrastinate_job_status, worker_id = NULL,"
            " attempts = procrastinate_jobs.attempts + 1"
            " FROM dead WHERE procrastinate_jobs.id = dead.id RETURNING task_name, args, status"
        ),
        {"cap": MAX_ATTEMPTS},
    ).all()
    for job in ended:
        if job.status == "failed":
            _failed(session, job.task_name, dict(job.args))


def dead_jobs(session: Session, limit: int = 100) -> list[dict[str, Any]]:
    """The dead list: jobs that failed for good, newest first."""
    rows = session.execute(
        sa.text(
            "SELECT id, task_name, args, attempts FROM procrastinate_jobs"
            " WHERE status = 'failed' ORDER BY id DESC LIMIT :limit"
        ),
        {"limit": limit},
    )
    return [dict(row._mapping) for row in rows]
