"""Addresses of what stands on the map: columns for lists, and the statements that fill them."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from ugc.core.db import Session
from ugc.streets.models import Extract, Step, SubjectAddress
from ugc.streets.rules.wording import Address

PARTS = ("street", "number", "corner", "before", "after", "quarter", "town")

# Tables whose rows are subjects with a public point `geom`, and which of their rows have an address
# (SQL over `t`). Their triggers call the SQL function `note_address`.
_located: dict[str, str] = {}

# Rows are locked against being moved meanwhile: else an address of where it was would be written
# over that of where it is.
_NOTE_BOX = """
SELECT id, note_address(id, geom) AS is_new FROM (
  SELECT t.id, t.geom FROM {table} AS t
  WHERE t.id > :after AND t.id <= :until AND ({public})
    AND t.geom && ST_MakeEnvelope(:west, :south, :east, :north, 4326)
  ORDER BY t.id FOR SHARE) AS there
"""
_IN_BOX = """SELECT t.id FROM {table} AS t WHERE t.id > :after AND ({public})
  AND t.geom && ST_MakeEnvelope(:west, :south, :east, :north, 4326)"""
_NOTE_AGAIN = """
SELECT id, note_address(id, geom) AS is_new FROM (
  SELECT t.id, CASE WHEN {public} THEN t.geom END AS geom FROM {table} AS t
  WHERE t.id = ANY(:ids) ORDER BY t.id FOR SHARE) AS there
"""


def register(table: str, public: str = "true") -> None:
    """A capability says that rows of its table have addresses: `geom` where `public` (SQL over
    `t`) holds."""
    _located[table] = public


def located() -> dict[str, str]:
    """The tables that have addresses, and which of their rows."""
    return dict(_located)


@lru_cache
def columns() -> tuple[Any, ...]:
    """What `address_of` reads of a row that is joined with `SubjectAddress`."""
    return tuple(getattr(SubjectAddress, part).label(f"at_{part}") for part in PARTS)


def address_of(row: Any) -> Address | None:
    """The address in a row with `columns()`; None when it has none."""
    if row.at_street is None:
        return None
    return Address(**{part: getattr(row, f"at_{part}") for part in PARTS})


def unfinished(session: Session) -> Extract | None:
    """The load, locked, that was shown and whose subjects do not all have their address from it;
    None too when another job fills it."""
    query = sa.select(Extract).where(Extract.step == Step.SHOWN, Extract.addressed_at.is_(None))
    return session.scalar(
        query.order_by(Extract.id).limit(1).with_for_update(skip_locked=True, key_share=True)
    )


def note_in_box(session: Session, load: Extract, most: int) -> tuple[int | None, list[int]]:
    """Notes the addresses of the next subjects in the load's box: (the last one's id, None when
    there was none, and the ids of those whose address changed)."""
    box = {
        "west": load.west, "south": load.south, "east": load.east, "north": load.north,
        "after": load.addressed_id,
    }  # fmt: skip
    every = " UNION ALL ".join(
        _IN_BOX.format(table=table, public=public) for table, public in _located.items()
    )
    until = session.scalar(
        sa.text(f"SELECT max(id) FROM ({every} ORDER BY id LIMIT :most) AS following"),
        {**box, "most": most},
    )
    if until is None:
        return None, []
    changed = []
    for table, public in _located.items():
        statement = sa.text(_NOTE_BOX.format(table=table, public=public))
        rows = session.execute(statement, {**box, "until": until})
        changed += [row.id for row in rows if row.is_new]
    return until, changed


def note_stale(session: Session, most: int) -> tuple[int, list[int]]:
    """Notes again addresses that loads said which are not shown any more: (how many, and the ids
    of those whose address changed)."""
    shown = sa.select(Extract.id).where(Extract.step == Step.SHOWN)
    stale = sa.select(SubjectAddress.subject_id).where(SubjectAddress.extract_id.not_in(shown))
    ids = list(session.scalars(stale.order_by(SubjectAddress.subject_id).limit(most)))
    changed = []
    for table, public in _located.items() if ids else ():
        rows = session.execute(
            sa.text(_NOTE_AGAIN.format(table=table, public=public)), {"ids": ids}
        )
        changed += [row.id for row in rows if row.is_new]
    # Of what has no row with a point any more.
    left = sa.and_(SubjectAddress.subject_id.in_(ids), SubjectAddress.extract_id.not_in(shown))
    session.execute(sa.delete(SubjectAddress).where(left))
    return len(ids), changed
