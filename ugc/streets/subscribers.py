"""What follows when a city was loaded: the addresses of what stands in it."""

from __future__ import annotations

from ugc.core import jobs
from ugc.core.db import Session
from ugc.streets.actions import addresses as addresses_actions


@jobs.task(
    addresses_actions.NOTE,
    cron="*/10 * * * *",
    priority=jobs.Priority.BULK,
    tells=jobs.operator_only,
)
def note_addresses(session: Session) -> None:
    """One batch, then the job again, until there is nothing left; cut short, the next run goes on
    from there."""
    if addresses_actions.note_batch(session):
        addresses_actions.begin(session)
