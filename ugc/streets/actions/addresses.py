"""Filling the addresses of what stood on the map before a city was loaded, and emptying them."""

from __future__ import annotations

import sqlalchemy as sa

from ugc.core import jobs, subjects
from ugc.core.db import Session
from ugc.streets.models import Extract, SubjectAddress
from ugc.streets.queries import addresses as addresses_queries

NOTE = "streets.note_addresses"  # the job
BATCH = 200  # subjects of one transaction, which are locked for some tenths of a second


def begin(session: Session) -> None:
    """Has the job fill the addresses of loads that are shown; in the transaction that shows one."""
    jobs.defer(session, NOTE, unique=NOTE)


def note_batch(session: Session) -> bool:
    """Notes the addresses of the next subjects; returns whether there may be more. Subjects whose
    address changed move in the change feed."""
    load = addresses_queries.unfinished(session)
    if load is not None:
        until, changed = addresses_queries.note_in_box(session, load, BATCH)
        if until is None:
            load.addressed_at = sa.func.now()
        else:
            load.addressed_id = until
        _tell(session, changed)
        return True
    count, changed = addresses_queries.note_stale(session, BATCH)
    _tell(session, changed)
    return count > 0


def forget(session: Session, extract_id: int) -> None:
    """Empties the addresses that the loads of this city said. The job goes again over the cities
    that overlap it."""
    load = session.get_one(Extract, extract_id)
    is_of_it = SubjectAddress.extract_code == load.code
    subjects.touch_all(session, sa.select(SubjectAddress.subject_id).where(is_of_it))
    session.execute(sa.delete(SubjectAddress).where(is_of_it))
    overlaps = sa.and_(
        Extract.id != extract_id, Extract.west < load.east, Extract.east > load.west,
        Extract.south < load.north, Extract.north > load.south,
    )  # fmt: skip
    session.execute(sa.update(Extract).where(overlaps).values(addressed_id=0, addressed_at=None))
    begin(session)


def _tell(session: Session, changed: list[int]) -> None:
    if changed:
        subjects.touch_all(session, sorted(changed))
