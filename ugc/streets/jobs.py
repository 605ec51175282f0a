"""The one long job: a file becomes a city, step by step, each in a transaction of its own together
with how far it came. An operator's own archive of tiles is a city in one step."""

from __future__ import annotations

import datetime as dt
import hashlib
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa

from ugc.core.db import Session, exclusive, transaction
from ugc.streets.actions import addresses as addresses_actions
from ugc.streets.actions import archives as archives_actions
from ugc.streets.actions import drawing as drawing_actions
from ugc.streets.actions import loading, reading
from ugc.streets.actions import naming as naming_actions
from ugc.streets.models import Extract, Step
from ugc.streets.queries import loads
from ugc.streets.rules import tiling
from ugc.streets.rules.archives import OPENMAPTILES, Archive
from ugc.streets.rules.boxes import Box, code_of

# Measured: rows and tiles of an extract take so many times its size on disk, for some minutes.
ROOM = 14
LARGE_BYTES = 32 << 20  # of a file from which positions of nodes are kept on disk
UNUSED_S = 86_400
OF_A_LOAD = ("roads", "addresses", "localities", "streets", "corners", "extract_places")
THINGS = "extract_places"  # the count; loads of before they were read have none
PATIENTLY = "SET LOCAL statement_timeout = 0"


class Refused(Exception):
    """The load cannot begin; the text says what to do."""


class Busy(Refused):
    """Another process loads this city."""


@dataclass
class Summary:
    """What a call did. `already` is true when this very file was shown before; `resumed` names the
    step after which it went on."""

    code: str
    already: bool = False
    resumed: str | None = None
    counts: dict[str, int] = field(default_factory=dict)
    bytes: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class Progress:
    """`step` as read, named or drawn; `done` of `total` (0: not known) of what it counts."""

    step: str
    done: int
    total: int


def load_city(
    file: Path,
    folder: Path,
    *,
    code: str | None = None,
    replace: bool = False,
    beside: bool = False,
    on_progress: Callable[[Progress], None] = lambda _progress: None,
) -> Summary:
    """Loads an extract, or goes on where an earlier call stopped; returns what it did. `folder`
    takes the archive of tiles. `replace` takes a file that is older than the shown one or does not
    say its age; `beside` one that overlaps another city.

    Raises Refused (Busy while another process loads the city), NotAnExtract, OSError, and whatever
    the database raises: what is shown stays, and the same call goes on."""
    code = _code(file, code)
    with exclusive(f"city:{code}") as alone:
        if not alone:
            raise Busy(f"Another process is loading {code}; wait for its end.")
        return _Load(file, folder, code, on_progress).run(replace=replace, beside=beside)


def take_map(
    file: Path,
    folder: Path,
    *,
    code: str | None = None,
    replace: bool = False,
    beside: bool = False,
) -> Summary:
    """Shows an operator's own archive of tiles as the map of a city without streets, addresses and
    places; returns what it did. The options are those of `load_city`; `replace` also takes it
    instead of an extract, whose streets go.

    Raises Refused, NotAMap, OSError: what is shown stays."""
    code = _code(file, code)
    with exclusive(f"city:{code}") as alone:
        if not alone:
            raise Busy(f"Another process is loading {code}; wait for its end.")
        return _take_map(file, folder, code, replace=replace, beside=beside)


def _code(file: Path, code: str | None) -> str:
    code = code_of(Path(code) if code else file)
    if not code:
        raise Refused(f"The name of {file.name} has no letters: say what to call it with --as.")
    return code


def _sha256(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _take_map(file: Path, folder: Path, code: str, *, replace: bool, beside: bool) -> Summary:
    started = time.monotonic()
    summary, sha256 = Summary(code), _sha256(file)
    with transaction() as session:
        shown = loads.shown_load(session, code)
        is_same = shown is not None and shown.sha256 == sha256
        if shown is not None and is_same and has_archive(shown, folder):
            summary.already = True
            return summary
    found, has_sea = archives_actions.archive_of(file)
    with transaction() as session:
        _check_map(session, code, file, found, replace=replace or is_same, beside=beside)
    _room(file, folder, file.stat().st_size)
    archive = archives_actions.copy(file, folder, code, sha256)
    with transaction() as session:
        session.execute(sa.text(PATIENTLY))
        load = loading.begin(session, code, file, sha256, found.box, found.data_at)
        old = loading.show_map(session, load, archive, found, has_sea=has_sea)
        addresses_actions.begin(session)
        summary.counts = dict(load.counts)
    _let_go(folder, old)
    summary.bytes = (folder / archive).stat().st_size
    summary.seconds = time.monotonic() - started
    return summary


def _check_map(
    session: Session, code: str, file: Path, found: Archive, *, replace: bool, beside: bool
) -> None:
    shown = loads.shown_load(session, code)
    if shown is not None and not replace:
        if shown.schema != OPENMAPTILES:
            raise Refused(
                f"{code} is loaded from an extract: a map alone would take its streets and"
                " addresses away. Call this one something else with --as, or add --replace."
            )
        _check_age(shown, found.data_at)
    _check_overlap(session, code, file, found.box, beside=beside)


class _Load:
    def __init__(
        self, file: Path, folder: Path, code: str, on_progress: Callable[[Progress], None]
    ) -> None:
        self.file, self.folder, self.code = file, folder, code
        self.on_progress = on_progress
        self.summary = Summary(code)

    def run(self, *, replace: bool, beside: bool) -> Summary:
        started = time.monotonic()
        sha256 = _sha256(self.file)
        with transaction() as session:
            shown = loads.shown_load(session, self.code)
            is_same = shown is not None and shown.sha256 == sha256
            if shown is not None and is_same and is_whole(shown, self.folder):
                self.summary.already = True
                self.summary.counts = dict(shown.counts)
                return self.summary
        header = reading.header_of(self.file)
        with transaction() as session:
            self._check(session, header, replace=replace or is_same, beside=beside)
            load = loading.begin(session, self.code, self.file, sha256, header.box, header.data_at)
            extract_id, step = load.id, Step(load.step)
            if step == Step.READ and not loads.staged_is_there(session, "nodes", load.id):
                step = Step.BEGUN
            if step == Step.NAMED and not loads.staged_is_there(session, "raw", load.id):
                step = Step.BEGUN
        self.summary.resumed = None if step == Step.BEGUN else str(step)
        if step == Step.BEGUN:
            _room(self.file, self.folder, self.file.stat().st_size * ROOM)
            self._read(extract_id)
            step = Step.READ
        if step == Step.READ:
            self._name(extract_id)
            step = Step.NAMED
        if step == Step.NAMED:
            self._draw(extract_id, header.box)
        self._show(extract_id)
        self.summary.seconds = time.monotonic() - started
        return self.summary

    def _check(
        self, session: Session, header: reading.Header, *, replace: bool, beside: bool
    ) -> None:
        shown = loads.shown_load(session, self.code)
        if shown is not None and not replace:
            _check_age(shown, header.data_at)
        if tiling.count(header.box) > tiling.MOST_TILES:
            raise Refused(
                f"{self.file.name} covers {wording_of(header.box)}: too much for one map. Cut one"
                " region out of it (docs/cities.md says how), and load one after the other."
            )
        _check_overlap(session, self.code, self.file, header.box, beside=beside)

    def _read(self, extract_id: int) -> None:
        nodes = self.folder / f"{self.code}.nodes"
        is_large = self.file.stat().st_size > LARGE_BYTES
        try:
            with transaction() as session:
                session.execute(sa.text(PATIENTLY))
                for model in OF_A_LOAD:
                    session.execute(
                        sa.text(f"DELETE FROM {model} WHERE extract_id = :id"), {"id": extract_id}
                    )
                counts = reading.read(
                    session, extract_id, self.file, nodes if is_large else None,
                    lambda seen: self.on_progress(Progress("read", seen, 0)),
                )  # fmt: skip
                loading.advance(session, extract_id, Step.READ, **{THINGS: 0, **counts})
        finally:
            nodes.unlink(missing_ok=True)

    def _name(self, extract_id: int) -> None:
        self.on_progress(Progress("named", 0, 0))
        with transaction() as session:
            session.execute(sa.text(PATIENTLY))
            counts = naming_actions.name_streets(session, extract_id)
            loading.advance(session, extract_id, Step.NAMED, **counts)

    def _draw(self, extract_id: int, box: Box) -> None:
        self.on_progress(Progress("drawn", 0, 0))
        with transaction() as session:
            session.execute(sa.text(PATIENTLY))
            drawing_actions.prepare(session, extract_id, box)
            archive, tiles = drawing_actions.draw(
                session, extract_id, box, self.folder, self.code,
                lambda done, total: self.on_progress(Progress("drawn", done, total)),
            )  # fmt: skip
            load = session.get_one(Extract, extract_id)
            load.archive = archive
            loading.advance(session, extract_id, Step.DRAWN, tiles=tiles)
            loading.drop_drawing(session, extract_id)
        self.summary.bytes = (self.folder / archive).stat().st_size

    def _show(self, extract_id: int) -> None:
        with transaction() as session:
            session.execute(sa.text(PATIENTLY))
            old = loading.show(session, extract_id)
            addresses_actions.begin(session)
            self.summary.counts = dict(session.get_one(Extract, extract_id).counts)
        _let_go(self.folder, old)


def _room(file: Path, folder: Path, wanted: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free
    if free < wanted:
        raise Refused(
            f"There is no room: loading {file.name} takes about {wanted >> 20:,} MB in {folder}"
            f" and in the database, and {free >> 20:,} MB are free."
        )


def _let_go(folder: Path, old: str | None) -> None:
    """Keeps an archive that nothing names any more for the pages that are open, and deletes what
    was let go a day ago."""
    if old is not None and (folder / old).exists():
        (folder / old).touch()
    sweep(folder)


def is_whole(load: Extract, folder: Path) -> bool:
    """Whether nothing of a load is missing that its file could give."""
    return THINGS in load.counts and has_archive(load, folder)


def has_archive(load: Extract, folder: Path) -> bool:
    """Whether the tiles of a load are there; a restored database knows of files that are not."""
    return load.archive is not None and (folder / load.archive).is_file()


def remove_city(code: str, folder: Path) -> bool:
    """Removes a city with its archive; returns whether it was there. Raises Busy."""
    with exclusive(f"city:{code}") as alone:
        if not alone:
            raise Busy(f"Another process is loading {code}; wait for its end.")
        with transaction() as session:
            session.execute(sa.text(PATIENTLY))
            found = [loads.shown_load(session, code), loads.begun_load(session, code)]
            for load in found:
                if load is not None:
                    addresses_actions.forget(session, load.id)
                    loading.remove(session, load.id)
        for load in found:
            if load is not None and load.archive is not None:
                (folder / load.archive).unlink(missing_ok=True)
        return any(found)


def sweep(folder: Path) -> None:
    """Deletes files that no load names, a day after they were last of use: archives of earlier
    loads, which open pages may still read, and what killed calls left behind."""
    with transaction() as session:
        named = loads.archives(session)
    before = time.time() - UNUSED_S
    for file in folder.iterdir():
        if file.name not in named and file.stat().st_mtime < before:
            file.unlink(missing_ok=True)


def wording_of(box: Box) -> str:
    """A box for people who run the site."""
    west, south, east, north = box
    return f"{west:.1f} to {east:.1f} degrees east and {south:.1f} to {north:.1f} degrees north"


def _check_overlap(session: Session, code: str, file: Path, box: Box, *, beside: bool) -> None:
    others = loads.overlapping(session, code, box)
    if others and not beside:
        names = ", ".join(other.code for other in others)
        raise Refused(
            f"{file.name} overlaps {names}: each street would be there twice. Remove it first"
            f" (ugc city remove {others[0].code}), call this file a newer one of it (--as"
            f" {others[0].code}), or say --beside when only their edges overlap."
        )


def _check_age(shown: Extract, data_at: dt.datetime | None) -> None:
    if data_at is None:
        raise Refused(
            f"{shown.code} is loaded, and this file does not say how old its data are: add"
            " --replace to take it all the same."
        )
    if shown.data_at is not None and data_at <= shown.data_at:
        raise Refused(
            f"{shown.code} is loaded with data of {shown.data_at:%Y-%m-%d}; those of this file are"
            f" of {data_at:%Y-%m-%d}. Add --replace to take them all the same."
        )
