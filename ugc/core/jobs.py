"""Background work through procrastinate. A job is enqueued with the session's own connection, so
it exists if and only if the transaction commits. Every job runs in one transaction of its own,
may run twice (so it is idempotent), backs off, and ends in the list of failed jobs (`ugc jobs`).

Each task declares its priority and how people learn of its failure; `docs/jobs.md` lists both, and
decisions/0027 has the reasons."""

from __future__ import annotations

import asyncio
import enum
import functools
import logging
import signal
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
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
from ugc.core import tracing
from ugc.core.db import Session, transaction

log = logging.getLogger(__name__)

MAX_ATTEMPTS = 8
SET_S = 30.0  # seconds that a clock is set by, rather than corrected
AGAIN_S = 1.0  # between a worker that lost the database and the next one
# Waits of 2, 4, 8 … 256 seconds between attempts.
BACK_OFF = procrastinate.RetryStrategy(max_attempts=MAX_ATTEMPTS, exponential_wait=2)
# For what depends on a server of others, such as that of mail: 2 seconds to 4.5 hours, 9 hours in
# all.
OUTLAST = procrastinate.RetryStrategy(max_attempts=14, exponential_wait=2)
REQUEST = "_request"  # the argument that holds the id of the request which enqueued the job


class Priority(enum.IntEnum):
    """Which of the due jobs runs first. Jobs enqueued by older releases have 0, which is why
    `FOLLOW` has: jobs of one `in_order` keep their order only within one priority."""

    PERSON = 20  # a person waits for it, and it takes moments: a link by mail
    PREPARE = 10  # a person waits for it, and it computes for seconds: a photo
    FOLLOW = 0  # follows from what happened, in moments: points, notifications, ends
    SEND = -10  # goes to a server of others, which may be slow: news by mail or push
    BULK = -20  # reads or writes much: digests, recounts, forgetting

    @property
    def queue(self) -> str:
        """One thread of each worker runs short jobs only, so that long ones never hold them all."""
        return SHORT if self in (Priority.PERSON, Priority.FOLLOW) else LONG


SHORT, LONG = "default", "long"
Tells = Callable[..., None]


def operator_only(_session: Session, **_arguments: Any) -> None:
    """For jobs that name no person, or that the operator can run again without a loss: the log and
    `ugc jobs` show the failure, and /readyz says `failed_jobs`."""


@dataclass(frozen=True)
class Registered:
    """A task: `tells(session, **arguments)` tells the people of a failure for good."""

    run: Callable[..., None]
    priority: Priority
    tells: Tells


queue = procrastinate.App(connector=procrastinate.PsycopgConnector())
registry: dict[str, Registered] = {}
_app: Flask | None = None


def task(
    name: str,
    *,
    priority: Priority,
    tells: Tells,
    cron: str | None = None,
    retry: procrastinate.BaseRetryStrategy = BACK_OFF,
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Registers `run(session, **arguments)` as the job `name`, in a transaction of its own.

    With `cron` (five fields, UTC) it also runs on that schedule, once per period. When it failed
    for good, `tells(session, **arguments)` runs in another transaction: a job about a thing of a
    person tells them there, others declare `operator_only`."""

    def register(run: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(run)
        def in_transaction(context: procrastinate.JobContext, **arguments: Any) -> None:
            if _app is None:
                raise RuntimeError("jobs.init_app() was not called")
            arguments.pop("timestamp", None)
            with tracing.following(arguments.pop(REQUEST, None)):
                try:
                    with _app.app_context(), transaction() as session:
                        run(session, **arguments)
                except Exception as error:
                    if retry.get_retry_decision(exception=error, job=context.job) is None:
                        with _app.app_context(), transaction() as session:
                            _failed(session, context.job.id, name, arguments)
                    raise

        # functools.wraps would show procrastinate the session argument.
        del in_transaction.__wrapped__  # type: ignore[attr-defined]
        registered = queue.task(
            name=name, retry=retry, queue=priority.queue, priority=int(priority), pass_context=True
        )(in_transaction)
        if cron is not None:
            queue.periodic(cron=cron)(registered)  # type: ignore[arg-type]
        registry[name] = Registered(run, priority, tells)
        return run

    return register


def _failed(session: Session, job_id: int | None, name: str, arguments: dict[str, Any]) -> None:
    """Tells operator and people that a job will not be tried again. A failure of the telling itself
    is logged and undone by itself."""
    log.error("job failed for good: %s, `ugc jobs` lists it as %s", name, job_id)
    if name not in registry:
        return
    try:
        with session.begin_nested():
            registry[name].tells(session, **arguments)
    except Exception:
        log.exception("the failure of job %s (%s) could not be told", job_id, name)


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
    priority = registry[name].priority
    options |= {"queue": priority.queue, "priority": int(priority)}
    if (request_id := tracing.current()) is not None:
        arguments = {**arguments, REQUEST: request_id}
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
        with tracing.following(arguments.pop(REQUEST, None)):
            registry[row.task_name].run(session, **arguments)
            session.flush()
        session.execute(sa.text("DELETE FROM procrastinate_jobs WHERE id = :id"), {"id": row.id})
        ran += 1
    raise RuntimeError(f"more than {limit} jobs: one enqueues itself for ever")


def run_worker(app: Flask, concurrency: int = 2) -> None:
    """Works until SIGINT or SIGTERM: `concurrency` threads for all jobs, and one more for short
    ones only. Listens for new jobs and polls each second, because a LISTEN does not come back after
    the database was away."""
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


async def _clock_set() -> None:
    """Returns when the clock of the day was set by more than SET_S. Schedules and waits are counted
    by it: forward, each run that was left out would be made up for; back, none would come until the
    clock is there again."""
    ahead = time.time() - time.monotonic()
    while True:
        await asyncio.sleep(1)
        before, ahead = ahead, time.time() - time.monotonic()
        if abs(ahead - before) > SET_S:
            log.warning("the clock was set by %+.0f s: schedules begin again", ahead - before)
            return


async def _work(url: str, concurrency: int) -> None:
    """One worker after the other: procrastinate's stops when the database goes away, as if it had
    been told to, and its schedules do not follow a clock that is set. Raises ConnectorException if
    the database cannot be reached at first."""
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    # The threads of jobs; asyncio's own number of threads follows the machine's cores.
    loop.set_default_executor(ThreadPoolExecutor(concurrency + 2))
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told.set)
    stopping = asyncio.create_task(told.wait())
    worked = False
    while not told.is_set():
        connector = _Connector(
            conninfo=url, kwargs={"options": "-c timezone=UTC"}, min_size=1,
            max_size=concurrency + 5,
        )  # fmt: skip
        losing = asyncio.create_task(connector.lost.wait())
        setting = asyncio.create_task(_clock_set())
        try:
            with queue.replace_connector(connector):
                async with queue.open_async():
                    worked = True
                    lanes = {_lane(concurrency, None), _lane(1, [SHORT])}
                    await asyncio.wait(
                        {*lanes, stopping, losing, setting}, return_when=asyncio.FIRST_COMPLETED
                    )
                    # Cancelled, they finish the jobs that run.
                    for lane in lanes:
                        lane.cancel()
                    for ended in await asyncio.gather(*lanes, return_exceptions=True):
                        if isinstance(ended, Exception):
                            raise ended
        except (procrastinate.exceptions.ConnectorException, psycopg.Error) as error:
            if not worked:
                raise
            log.warning("the database is away: %s", type(error).__name__)
        finally:
            losing.cancel()
            setting.cancel()
        with suppress(TimeoutError):
            await asyncio.wait_for(told.wait(), AGAIN_S)


def _lane(threads: int, queues: list[str] | None) -> asyncio.Task[None]:
    return asyncio.create_task(
        queue.run_worker_async(
            queues=queues,  # type: ignore[arg-type]  # None is all
            concurrency=threads,
            fetch_job_polling_interval=1.0,
            delete_jobs="successful",
            install_signal_handlers=False,
        )
    )


def init_app(app: Flask) -> None:
    global _app
    _app = app


# The heartbeats that a living worker has, by the clock as it is now.
_LATELY = "clock_timestamp() - interval '30 seconds' AND clock_timestamp() + interval '5 seconds'"


@task("core.rescue_stalled", cron="*/2 * * * *", priority=Priority.PERSON, tells=operator_only)
def rescue_stalled(session: Session) -> None:
    """Jobs whose worker died go back to the queue; a job that kills its worker again and again
    ends as failed. 30 s is three heartbeats: below one, living workers look dead.

    A clock that is set makes living workers look dead, and dead ones alive: none is judged until
    one of them has told its heartbeat by the new time. A job that waits longer than its attempts
    ask for was put off by a wrong clock, and is due."""
    ended = session.execute(
        sa.text(
            "WITH dead AS (SELECT j.id, j.attempts FROM procrastinate_jobs j"
            " LEFT JOIN procrastinate_workers w ON w.id = j.worker_id"
            " WHERE j.status = 'doing' AND (w.id IS NULL"
            " OR EXISTS (SELECT FROM procrastinate_workers a WHERE a.last_heartbeat"
            f" BETWEEN {_LATELY}) AND w.last_heartbeat NOT BETWEEN {_LATELY})"
            " FOR UPDATE OF j SKIP LOCKED)"
            " UPDATE procrastinate_jobs SET status = CASE WHEN dead.attempts >= :cap"
            " THEN 'failed' ELSE 'todo' END::procrastinate_job_status, worker_id = NULL,"
            " attempts = procrastinate_jobs.attempts + 1"
            " FROM dead WHERE procrastinate_jobs.id = dead.id"
            " RETURNING procrastinate_jobs.id, task_name, args, status"
        ),
        {"cap": MAX_ATTEMPTS},
    ).all()
    for job in ended:
        if job.status == "failed":
            arguments = {k: v for k, v in job.args.items() if k != "timestamp"}
            with tracing.following(arguments.pop(REQUEST, None)):
                _failed(session, job.id, job.task_name, arguments)
    session.execute(
        sa.text(
            "UPDATE procrastinate_jobs SET scheduled_at = now() WHERE status = 'todo'"
            " AND attempts > 0 AND scheduled_at > now() + interval '1 minute'"
            " + interval '1 second' * power(2, least(attempts, 20))"
        )
    )


def failed_jobs(session: Session, limit: int = 100) -> list[dict[str, Any]]:
    """Jobs that failed for good, newest first: id, task_name, args, attempts, failed_at (None when
    its event is gone)."""
    rows = session.execute(
        sa.text(
            "SELECT id, task_name, args, attempts, (SELECT max(at) FROM procrastinate_events e"
            " WHERE e.job_id = j.id AND e.type = 'failed') AS failed_at"
            " FROM procrastinate_jobs j WHERE status = 'failed' ORDER BY id DESC LIMIT :limit"
        ),
        {"limit": limit},
    )
    return [dict(row._mapping) for row in rows]


def is_worked(session: Session) -> bool:
    """Whether a worker told its heartbeat lately."""
    found = session.scalar(
        sa.text(
            "SELECT EXISTS (SELECT FROM procrastinate_workers"
            f" WHERE last_heartbeat BETWEEN {_LATELY})"
        )
    )
    return bool(found)


def waiting_jobs(session: Session) -> list[dict[str, Any]]:
    """Jobs that are due or run, counted: priority, task_name, due, running, later."""
    rows = session.execute(
        sa.text(
            "SELECT priority, task_name, count(*) FILTER (WHERE status = 'todo'"
            " AND COALESCE(scheduled_at, now()) <= now()) AS due,"
            " count(*) FILTER (WHERE status = 'doing') AS running,"
            " count(*) FILTER (WHERE status = 'todo' AND scheduled_at > now()) AS later"
            " FROM procrastinate_jobs WHERE status IN ('todo', 'doing')"
            " GROUP BY priority, task_name ORDER BY priority DESC, task_name"
        )
    )
    return [dict(row._mapping) for row in rows]


_CHOSEN = "status = 'failed' AND (CAST(:ids AS bigint[]) IS NULL OR id = ANY(:ids))"


def retry_failed(session: Session, ids: Sequence[int] | None) -> list[int]:
    """Puts failed jobs (all of them when None) back into the queue with all their attempts, under
    the priority that their task has now; returns the ids of those that were failed."""
    rows = session.execute(
        sa.text(
            "UPDATE procrastinate_jobs SET status = 'todo', attempts = 0, worker_id = NULL,"
            f" scheduled_at = NULL WHERE {_CHOSEN} RETURNING id, task_name"
        ),
        {"ids": None if ids is None else list(ids)},
    ).all()
    for row in rows:
        if row.task_name in registry:
            priority = registry[row.task_name].priority
            session.execute(
                sa.text(
                    "UPDATE procrastinate_jobs SET priority = :priority, queue_name = :queue"
                    " WHERE id = :id"
                ),
                {"priority": int(priority), "queue": priority.queue, "id": row.id},
            )
    return sorted(row.id for row in rows)


def drop_failed(session: Session, ids: Sequence[int] | None) -> list[int]:
    """Deletes failed jobs (all of them when None) that are not wanted any more; returns the ids of
    those that were failed."""
    chosen = {"ids": None if ids is None else list(ids)}
    # What runs on a schedule remembers the last job of it.
    session.execute(
        sa.text(
            "UPDATE procrastinate_periodic_defers SET job_id = NULL WHERE job_id IN"
            f" (SELECT id FROM procrastinate_jobs WHERE {_CHOSEN})"
        ),
        chosen,
    )
    found = sa.text(f"DELETE FROM procrastinate_jobs WHERE {_CHOSEN} RETURNING id")
    return sorted(session.scalars(found, chosen))
