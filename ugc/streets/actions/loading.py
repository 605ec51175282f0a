"""The life of a load: begun, advanced step by step, shown, removed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path

import sqlalchemy as sa

from ugc.core.db import Session
from ugc.geography.regions import languages_of
from ugc.streets.models import Extract, Step
from ugc.streets.queries import loads
from ugc.streets.rules.archives import OPENMAPTILES, Archive
from ugc.streets.rules.boxes import Box, home_zoom


def begin(
    session: Session,
    code: str,
    file: Path,
    sha256: str,
    box: Box,
    data_at: dt.datetime | None,
) -> Extract:
    """The load of this file that was begun before, or a new one. A load of another file of the same
    city that was never shown is thrown away."""
    begun = loads.begun_load(session, code)
    if begun is not None and begun.sha256 == sha256:
        return begun
    if begun is not None:
        remove(session, begun.id)
    west, south, east, north = box
    load = Extract(
        code=code, file_name=file.name, sha256=sha256, data_at=data_at,
        west=west, south=south, east=east, north=north, step=Step.BEGUN, counts={},
    )  # fmt: skip
    session.add(load)
    session.flush()
    return load


def advance(session: Session, extract_id: int, step: Step, **counts: int) -> None:
    """Notes that a step was done, with what it counted, in the transaction that did it."""
    load = session.get_one(Extract, extract_id, with_for_update={"key_share": True})
    load.step = step
    load.counts = {**load.counts, **counts}


def count(session: Session, extract_id: int, more: Mapping[str, int]) -> None:
    """Adds to what a load counts, in the transaction that did it."""
    load = session.get_one(
        Extract, extract_id, with_for_update={"key_share": True}, populate_existing=True
    )
    added = {name: load.counts.get(name, 0) + number for name, number in more.items()}
    load.counts = {**load.counts, **added}


def uncount(session: Session, extract_id: int, name: str) -> None:
    load = session.get_one(
        Extract, extract_id, with_for_update={"key_share": True}, populate_existing=True
    )
    load.counts = {key: number for key, number in load.counts.items() if key != name}


# What a newer file of a city takes over from the one before.
KEPT = ("home_lon", "home_lat", "home_zoom", "begun_at")


def settle(session: Session, load: Extract) -> None:
    """Says where a map of the city begins, its country and region, and what is spoken there."""
    box = (load.west, load.south, load.east, load.north)
    load.home_lon, load.home_lat = (round(each, 5) for each in loads.middle(session, load))
    load.home_zoom = home_zoom(box)
    region = loads.region_at(session, load.home_lon, load.home_lat)
    load.country = region.country if region else None
    load.region = (region.subdivision or None) if region else None
    load.languages = languages_of(load.country)


def show_map(
    session: Session, load: Extract, archive: str, found: Archive, *, has_sea: bool
) -> str | None:
    """Shows an operator's own archive instead of the load before; returns the archive that nothing
    names any more. It has no streets, so no address is looked up in it."""
    load.schema, load.archive, load.credit = OPENMAPTILES, archive, found.credit or None
    load.counts = {"tiles": found.tiles, "sea": int(has_sea)}
    load.addressed_at = sa.func.now()
    session.flush()
    return show(session, load.id)


def show(session: Session, extract_id: int) -> str | None:
    """Shows a load instead of the one before; returns the archive that nothing names any more."""
    load = session.get_one(Extract, extract_id, with_for_update={"key_share": True})
    before = loads.shown_load(session, load.code)
    old = None
    settle(session, load)
    if before is not None and before.id != load.id:
        old = before.archive
        for name in KEPT:
            setattr(load, name, getattr(before, name))
        remove(session, before.id)
    load.step = Step.SHOWN
    load.shown_at = sa.func.now()
    session.flush()
    return old if old != load.archive else None


def remove(session: Session, extract_id: int) -> None:
    """Deletes a load with all its rows."""
    drop_drawing(session, extract_id)
    session.execute(sa.delete(Extract).where(Extract.id == extract_id))


def drop_drawing(session: Session, extract_id: int) -> None:
    """Deletes what a load needs only while it is made."""
    for name in ("raw", "drawing", "nodes"):
        session.execute(sa.text(f"DROP TABLE IF EXISTS {loads.staged(name, extract_id)}"))
