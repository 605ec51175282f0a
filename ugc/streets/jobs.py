"""The one long job: a file becomes a city, step by step, each in a transaction of its own together
with how far it came."""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa

from ugc.core.db import Session, exclusive, transaction
from ugc.streets import actions, queries
from ugc.streets.actions import addresses, drawing, naming, reading
from ugc.streets.models import Extract, Step
from ugc.streets.rules import Box, code_of, tiling

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
    code = code or code_of(file)
    if not code:
        raise Refused(f"The name of {file.name} has no letters: say what to call it with --as.")
    with exclusive(f"city:{code}") as alone:
        if not alone:
            raise Busy(f"Another process is loading {code}; wait for its end.")
        return _Load(file, folder, code, on_progress).run(replace=replace, beside=beside)


class _Load:
    def __init__(
        self, file: Path, folder: Path, code: str, on_progress: Callable[[Progress], None]
    ) -> None:
        self.file, self.folder, self.code = file, folder, code
        self.on_progress = on_progress
        self.summary = Summary(code)

    def run(self, *, replace: bool, beside: bool) -> Summary:
        started = time.monotonic()
        with self.file.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        with transaction() as session:
            shown = queries.shown_load(session, self.code)
            is_same = shown is not None and shown.sha256 == sha256
            if shown is not None and is_same and is_whole(shown, self.folder):
                self.summary.already = True
                self.summary.counts = dict(shown.counts)
                return self.summary
        header = reading.header_of(self.file)
        with transaction() as session:
            self._check(session, header, replace=replace or is_same, beside=beside)
            load = actions.begin(session, self.code, self.file, sha256, header.box, header.data_at)
            extract_id, step = load.id, Step(load.step)
            if step == Step.READ and not queries.staged_is_there(session, "nodes", load.id):
                step = Step.BEGUN
            if step == Step.NAMED and not queries.staged_is_there(session, "raw", load.id):
                step = Step.BEGUN
        self.summary.resumed = None if step == Step.BEGUN else str(step)
        if step == Step.BEGUN:
            self._room()
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
        shown = queries.shown_load(session, self.code)
        if shown is not None and not replace:
            _check_age(shown, header)
        if tiling.count(header.box) > tiling.MOST_TILES:
            raise Refused(
                f"{self.file.name} covers {wording_of(header.box)}: too much for one map. Cut one"
                " region out of it (docs/cities.md says how), and load one after the other."
            )
        others = queries.overlapping(session, self.code, header.box)
        if others and not beside:
            names = ", ".join(other.code for other in others)
            raise Refused(
                f"{self.file.name} overlaps {names}: each street would be there twice. Remove it"
                f" first (ugc city remove {others[0].code}), call this file a newer one of it"
                f" (--as {others[0].code}), or say --beside when only their edges overlap."
            )

    def _room(self) -> None:
        wanted = self.file.stat().st_size * ROOM
        self.folder.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(self.folder).free
        if free < wanted:
            raise Refused(
                f"There is no room: loading {self.file.name} takes about {wanted >> 20:,} MB in"
                f" {self.folder} and in the database, and {free >> 20:,} MB are free."
            )

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
                actions.advance(session, extract_id, Step.READ, **{THINGS: 0, **counts})
        finally:
            nodes.unlink(missing_ok=True)

    def _name(self, extract_id: int) -> None:
        self.on_progress(Progress("named", 0, 0))
        with transaction() as session:
            session.execute(sa.text(PATIENTLY))
            counts = naming.name_streets(session, extract_id)
            actions.advance(session, extract_id, Step.NAMED, **counts)

    def _draw(self, extract_id: int, box: Box) -> None:
        self.on_progress(Progress("drawn", 0, 0))
        with transaction() as session:
            session.execute(sa.text(PATIENTLY))
            drawing.prepare(session, extract_id, box)
            archive, tiles = drawing.draw(
                session, extract_id, box, self.folder, self.code,
                lambda done, total: self.on_progress(Progress("drawn", done, total)),
            )  # fmt: skip
            load = session.get_one(Extract, extract_id)
            load.archive = archive
            actions.advance(session, extract_id, Step.DRAWN, tiles=tiles)
            actions.drop_drawing(session, extract_id)
        self.summary.bytes = (self.folder / archive).stat().st_size

    def _show(self, extract_id: int) -> None:
        with transaction() as session:
            session.execute(sa.text(PATIENTLY))
            old = actions.show(session, extract_id)
            addresses.begin(session)
            self.summary.counts = dict(session.get_one(Extract, extract_id).counts)
        if old is not None and (self.folder / old).exists():
            (self.folder / old).touch()  # from now on it is of no use but to open pages
        sweep(self.folder)


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
            found = [queries.shown_load(session, code), queries.begun_load(session, code)]
            for load in found:
                if load is not None:
                    addresses.forget(session, load.id)
                    actions.remove(session, load.id)
        for load in found:
            if load is not None and load.archive is not None:
                (folder / load.archive).unlink(missing_ok=True)
        return any(found)


def sweep(folder: Path) -> None:
    """Deletes files that no load names, a day after they were last of use: archives of earlier
    loads, which open pages may still read, and what killed calls left behind."""
    with transaction() as session:
        named = queries.archives(session)
    before = time.time() - UNUSED_S
    for file in folder.iterdir():
        if file.name not in named and file.stat().st_mtime < before:
            file.unlink(missing_ok=True)


def wording_of(box: Box) -> str:
    """A box for people who run the site."""
    west, south, east, north = box
    return f"{west:.1f} to {east:.1f} degrees east and {south:.1f} to {north:.1f} degrees north"


def _check_age(shown: Extract, header: reading.Header) -> None:
    if header.data_at is None:
        raise Refused(
            f"{shown.code} is loaded, and this file does not say how old its data are: add"
            " --replace to take it all the same."
        )
    if shown.data_at is not None and header.data_at <= shown.data_at:
        raise Refused(
            f"{shown.code} is loaded with data of {shown.data_at:%Y-%m-%d}; those of this file are"
            f" of {header.data_at:%Y-%m-%d}. Add --replace to take them all the same."
        )
