"""The last step of a city: the named things of its extract become places, batch by batch, each in a
transaction of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import orjson
import sqlalchemy as sa

from ugc.core.db import Session, exclusive, transaction
from ugc.places.actions import objects as objects_actions
from ugc.places.queries import objects as objects_queries
from ugc.places.rules import objects as objects_rules
from ugc.streets.actions import loading as streets_loading
from ugc.streets.jobs import PATIENTLY, THINGS, Busy, Progress
from ugc.streets.models import Extract
from ugc.streets.queries import loads as streets_loads

BATCH = 300
STEP = "placed"
DONE = "places"  # the count of a load whose things all are places
_PREFIX = "places_"


@dataclass(frozen=True)
class Summary:
    """`living` things of the city are places. `counts` tells what was done for this file, over all
    calls: new, changed, joined, renumbered, back, hidden, closed, left, and values that were left
    out (no_phone and such)."""

    living: int
    counts: dict[str, int]


def bring_places(
    code: str, on_progress: Callable[[Progress], None] = lambda _progress: None
) -> Summary | None:
    """Brings places in step with a city that is shown, or goes on where an earlier call stopped;
    None when all is done, or there is no such city. Raises Busy, and whatever the database raises:
    then the same call goes on."""
    with _alone(code):
        with transaction() as session:
            session.execute(sa.text(PATIENTLY))
            load = streets_loads.shown_load(session, code)
            if load is None or DONE in load.counts:
                return None
            on_progress(Progress(STEP, 0, 0))
            objects_actions.count_rows(session)
            city, total = _city(session, load), load.counts.get(THINGS, 0)
        done, after = 0, 0
        while True:
            with transaction() as session:
                things = objects_queries.things(session, city.extract_id, after, BATCH)
                if things:
                    _note(session, city, objects_actions.write_batch(session, city, things))
            if not things:
                break
            done, after = done + len(things), things[-1].id
            on_progress(Progress(STEP, done, total))
        _end(city, leaves=False)
        with transaction() as session:
            living = objects_queries.living(session, code)
            streets_loading.count(session, city.extract_id, {DONE: living})
            return Summary(living, counts_of(streets_loads.shown_load(session, code)))


def leave_places(code: str) -> None:
    """Takes away the places of a city that is going to be removed on which no person left anything,
    and leaves the others. Raises Busy. Cut short, the same call goes on; loading the city again
    brings them back."""
    with _alone(code):
        with transaction() as session:
            load = streets_loads.shown_load(session, code)
            if load is None:
                return
            streets_loading.uncount(session, load.id, DONE)
            city = _city(session, load, compares=False)
        _end(city, leaves=True)


def counts_of(load: Extract | None) -> dict[str, int]:
    """What was done with the things of a load, by name."""
    counts = load.counts if load is not None else {}
    return {
        name.removeprefix(_PREFIX): count
        for name, count in counts.items()
        if name.startswith(_PREFIX)
    }


@contextmanager
def _alone(code: str) -> Iterator[None]:
    with exclusive(f"city:{code}") as alone:
        if not alone:
            raise Busy(f"Another process is loading {code}; wait for its end.")
        yield


def _city(session: Session, load: Extract, *, compares: bool = True) -> objects_actions.City:
    families = orjson.dumps(objects_rules.FAMILY_OF).decode()
    return objects_actions.City(
        extract_id=load.id,
        code=load.code,
        country=load.country,
        at=load.data_at,
        source_id=objects_actions.source_id(session),
        same=objects_queries.same_as_before(session, load.id, families)
        if compares
        else objects_queries.NOTHING,
    )


def _end(city: objects_actions.City, *, leaves: bool) -> None:
    with transaction() as session:
        objects_actions.count_rows(session)
        objects_actions.adopt(session, city.code, leaves=leaves)
    while True:
        with transaction() as session:
            ended = objects_actions.end_batch(session, city, BATCH, leaves=leaves)
            _note(session, city, ended)
        if not ended:
            return


def _note(session: Session, city: objects_actions.City, counts: Mapping[str, int]) -> None:
    more = {f"{_PREFIX}{name}": count for name, count in counts.items() if count}
    if more:
        streets_loading.count(session, city.extract_id, more)
