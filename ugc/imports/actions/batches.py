"""Writes of imports: a batch goes by COPY into a temporary table and from there, set by set, into
subjects, content and moves. Nothing here commits."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from ugc.core import sources
from ugc.core.db import Session, app_now
from ugc.core.sources import ImportRun
from ugc.imports import queries
from ugc.imports.actions import places, reports, reviews
from ugc.imports.actions.staging import Counts
from ugc.imports.queries import RunRow
from ugc.imports.rules import mapping as mapping_rules
from ugc.imports.rules.convert import Row


class Overtaken(Exception):
    """Another process moved this run on; nothing of the batch may stay."""


def begin_run(
    session: Session, source: mapping_rules.Source, kind: str, file_hash: str, *, again: bool
) -> RunRow:
    """The run of this file: new, where it stopped, or finished; with `again`, a finished one from
    its beginning. The source's own row says what the mapping says."""
    said = {
        "name": source.name,
        "attribution": source.attribution,
        "licence": source.licence,
        "url": source.url,
    }
    source_id = sources.put(session, source.code, **said)
    session.execute(
        insert(ImportRun)
        .values(source_id=source_id, kind=kind, file_hash=file_hash)
        .on_conflict_do_nothing()
    )
    if again:
        session.execute(
            sa.update(ImportRun)
            .where(
                ImportRun.source_id == source_id,
                ImportRun.kind == kind,
                ImportRun.file_hash == file_hash,
                ImportRun.finished_at.is_not(None),
            )
            .values(
                lines_done=0, rows_added=0, rows_changed=0, rows_rejected=0,
                started_at=app_now(), finished_at=None,
            )
        )  # fmt: skip
    run = queries.run_of(session, source.code, kind, file_hash)
    assert run is not None
    return run


def advance_run(
    session: Session, run_id: int, *, before: int, after: int, added: int, changed: int, bad: int
) -> None:
    """Notes how far the run came, in the transaction of the rows. Raises Overtaken when it is not
    where this process left it."""
    moved = session.execute(
        sa.update(ImportRun)
        .where(ImportRun.id == run_id, ImportRun.lines_done == before)
        .values(
            lines_done=after,
            rows_added=ImportRun.rows_added + added,
            rows_changed=ImportRun.rows_changed + changed,
            rows_rejected=ImportRun.rows_rejected + bad,
        )
        .returning(ImportRun.id)
    ).first()
    if moved is None:
        raise Overtaken()


def finish_run(session: Session, run_id: int) -> None:
    session.execute(
        sa.update(ImportRun).where(ImportRun.id == run_id).values(finished_at=app_now())
    )


def write_batch(
    session: Session,
    kind: str,
    source_id: int,
    mapping: mapping_rules.KindMapping,
    source: mapping_rules.Source,
    rows: Sequence[tuple[int, Row]],
) -> Counts:
    """Adds what is new, updates what changed, leaves the rest: by (source, external id) and the
    hash of what the source says. `rows` are (line, row), no external id twice."""
    if not rows:
        return Counts()
    if kind == mapping_rules.REPORTS:
        return reports.write(session, source_id, rows)  # type: ignore[arg-type]
    if kind == mapping_rules.PLACES:
        return places.write(session, source_id, rows)  # type: ignore[arg-type]
    place_source = source_id
    if mapping.place_source:
        place_source = queries.source_id(session, mapping.place_source) or 0
    return reviews.write(session, source_id, place_source, source, rows)  # type: ignore[arg-type]
