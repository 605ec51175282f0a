"""The one long job: a file, batch by batch, each in a transaction of its own together with how far
it came."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
import itertools
import os
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from ugc.core.db import Session, exclusive, now, transaction
from ugc.imports import queries
from ugc.imports.actions import batches as batches_actions
from ugc.imports.actions import staging
from ugc.imports.rules import mapping as mapping_rules
from ugc.imports.rules.convert import Converter, Row
from ugc.imports.rules.formats import (
    SHOWN_MAX,
    Bad,
    BrokenFile,
    Compressed,
    Item,
    Record,
    opened,
    read,
    sniff,
)
from ugc.imports.rules.values import BadRow

BATCH_ROWS = 2_000
BATCH_BYTES = 8 << 20
HEADER = ["line", "reason", "row"]
SAMPLES = 10


class Refused(Exception):
    """The import cannot begin; the text says what to do."""


class Busy(Refused):
    """Another process imports from this source."""


@dataclass
class Summary:
    """`rows` were looked at in this call, of which `repeated` came again under the same id later in
    their batch. `earlier` is the run's finish when the file was imported before."""

    rows: int = 0
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    repeated: int = 0
    rejected: int = 0
    rejected_before: int = 0
    resumed_at: int = 0
    position: float = 0.0  # share of the file, 0 to 1
    begun_at: float = 0.0  # the position where this call's first batch was read
    seconds: float = 0.0
    finished: bool = False
    earlier: dt.datetime | None = None
    reasons: Counter[str] = field(default_factory=Counter)
    samples: list[tuple[int, str]] = field(default_factory=list)
    unknown: Counter[tuple[str, str]] = field(default_factory=Counter)

    @property
    def rate(self) -> float:
        """Rows per second of this call."""
        return self.rows / self.seconds if self.seconds else 0.0

    @property
    def seconds_left(self) -> float | None:
        """At the pace of this call, which began where an earlier one stopped; None without one."""
        done = self.position - self.begun_at
        return self.seconds * (1 - self.position) / done if done > 0 else None


class Rejects:
    """The reject file. Its lines are written before their batch commits, and what a batch that did
    not commit left is cut off when the import goes on."""

    def __init__(self, path: Path, lines_done: int) -> None:
        self.path = path
        self._file: io.TextIOWrapper | None = None
        self.kept = self._cut(lines_done)

    def _cut(self, lines_done: int) -> int:
        """Keeps the rows up to `lines_done`; returns how many."""
        if not self.path.exists():
            self._check_folder()
            return 0
        kept = 0
        part = self.path.with_name(self.path.name + ".part")
        try:
            with self.path.open(encoding="utf-8", newline="") as old:
                reader = csv.reader(old)
                if next(reader, HEADER) != HEADER:
                    raise Refused(
                        f"{self.path} is there and is no reject file; say another with --rejects."
                    )
                with part.open("w", encoding="utf-8", newline="") as new:
                    writer = csv.writer(new)
                    writer.writerow(HEADER)
                    for row in reader:
                        # The last row may be torn: the machine stopped while it was written.
                        if len(row) == 3 and row[0].isdigit() and int(row[0]) <= lines_done:
                            writer.writerow(row)
                            kept += 1
            if kept:
                part.replace(self.path)
            else:
                part.unlink()
                self.path.unlink()
        except OSError as error:
            raise Refused(self._cannot(error)) from None
        return kept

    def _check_folder(self) -> None:
        if not os.access(self.path.parent, os.W_OK):
            raise Refused(self._cannot(PermissionError("the folder cannot be written")))

    def _cannot(self, error: OSError) -> str:
        return f"The reject file {self.path} cannot be written ({error}); say where with --rejects."

    def write(self, rows: list[tuple[int, str, str]]) -> None:
        """Rows go as JSON, so that no spreadsheet takes one for a formula."""
        if not rows:
            return
        if self._file is None:
            try:
                self._file = self.path.open("a", encoding="utf-8", newline="")
            except OSError as error:
                raise Refused(self._cannot(error)) from None
            if self._file.tell() == 0:
                csv.writer(self._file).writerow(HEADER)
        csv.writer(self._file).writerows(rows)
        self._file.flush()
        os.fsync(self._file.fileno())

    def close(self) -> None:
        if self._file is not None:
            self._file.close()


def file_hash(path: Path, mapping: mapping_rules.Mapping) -> str:
    """Of the bytes and the mapping: another mapping makes another import of the same file."""
    with path.open("rb") as file:
        return f"{hashlib.file_digest(file, 'sha256').hexdigest()}-{mapping.fingerprint}"


def shown(data: object) -> str:
    try:
        text = orjson.dumps(data).decode()
    except (TypeError, ValueError):  # lone surrogates, numbers beyond 64 bits
        text = ascii(data)
    return text if len(text) <= SHOWN_MAX else text[:SHOWN_MAX] + "…"


def kind_of(reason: str) -> str:
    """The reason without what is the row's own, so that equal ones can be counted."""
    short = re.sub("“[^”]*”", "“…”", reason).split(":")[0]
    return re.sub(r"\b\d+ (characters|fields)\b", r"… \1", short)


def batches(items: Iterator[Item], limit: int | None) -> Iterator[tuple[list[Item], bool]]:
    """Lists of up to BATCH_ROWS records and about BATCH_BYTES, and whether the file ends with it. A
    file that breaks off gives what came before first."""
    batch: list[Item] = []
    size = taken = 0
    while True:
        try:
            item = next(items)
        except StopIteration:
            yield batch, True
            return
        except BrokenFile:
            if batch:
                yield batch, False
            raise
        batch.append(item)
        taken += 1
        size += item.size
        last = limit is not None and taken >= limit
        if last or len(batch) >= BATCH_ROWS or size >= BATCH_BYTES:
            yield batch, False
            batch, size = [], 0
        if last:
            return


class _DryRun(Exception):
    pass


def import_file(
    path: Path,
    mapping: mapping_rules.Mapping,
    kind: str,
    *,
    rejects_path: Path | None = None,
    again: bool = False,
    dry_run: bool = False,
    limit: int | None = None,
    on_progress: Callable[[Summary], None] = lambda _summary: None,
) -> Summary:
    """Imports the file, or goes on where an earlier call stopped; returns what it did.

    Raises Refused (Busy when the source is being imported by another process), BrokenFile, and
    whatever the database raises: then the batches before are in, and the same call goes on."""
    if kind not in mapping.kinds:
        names = ", ".join(mapping.kinds)
        raise Refused(f"This mapping says nothing about {kind}, only about {names}.")
    with exclusive(f"import:{mapping.source.code}:{kind}") as alone:
        if not alone:
            raise Busy(
                f"Another process is importing {kind} of {mapping.source.code}; wait for its end."
            )
        job = _Job(path, mapping, kind, dry_run=dry_run, on_progress=on_progress)
        return job.run(rejects_path or path.with_name(path.name + ".rejects.csv"), again, limit)


class _Job:
    def __init__(
        self,
        path: Path,
        mapping: mapping_rules.Mapping,
        kind: str,
        *,
        dry_run: bool,
        on_progress: Callable[[Summary], None],
    ) -> None:
        self.path, self.kind, self.dry_run = path, kind, dry_run
        self.source, self.how = mapping.source, mapping.kinds[kind]
        self.hash = file_hash(path, mapping)
        self.converter = Converter(kind, self.how)
        self.summary = Summary(unknown=self.converter.unknown)
        self.on_progress = on_progress
        self.lines_done = 0
        self.started = 0.0
        self.rejects: Rejects | None = None

    def begin(self, session: Session, again: bool) -> queries.RunRow:
        if self.how.position is not None and not queries.knows_crs(session, self.how.position.crs):
            raise Refused(
                f"The database does not know the coordinate system EPSG:{self.how.position.crs}."
            )
        if self.kind == mapping_rules.REVIEWS:
            places_of = self.how.place_source or self.source.code
            if not queries.has_places(session, places_of):
                raise Refused(
                    f"There are no places of {places_of} to review yet:"
                    " import them first (ugc import places …)."
                )
        return batches_actions.begin_run(session, self.source, self.kind, self.hash, again=again)

    def run(self, rejects_path: Path, again: bool, limit: int | None) -> Summary:
        summary = self.summary
        run_id = 0
        if not self.dry_run:
            with transaction() as session:
                run = self.begin(session, again)
            if run.finished_at is not None:
                summary.finished, summary.earlier = True, run.finished_at
                summary.added, summary.changed = run.added, run.changed
                summary.rejected = run.rejected
                return summary
            run_id, self.lines_done = run.id, run.lines_done
            summary.resumed_at, summary.rejected_before = run.lines_done, run.rejected
            self.rejects = Rejects(rejects_path, run.lines_done)
        self.started = time.monotonic()
        try:
            with opened(self.path) as source:
                for batch, ends in batches(self.items(source), limit):
                    self.write(batch, run_id, ends)
                    summary.finished = ends
                    summary.position = 1.0 if ends else source.share
                    summary.seconds = time.monotonic() - self.started
                    self.on_progress(summary)
        finally:
            if self.rejects is not None:
                self.rejects.close()
        return summary

    def items(self, source: Compressed) -> Iterator[Item]:
        """What is still to do of the file."""
        form = sniff(source.stream, self.how.formats)
        found = read(
            source.stream,
            form,
            encoding=self.how.encoding,
            delimiter=self.how.delimiter,
            items=self.how.items,
            check_header=self.check_header,
        )
        skip = self.lines_done
        rest = itertools.dropwhile(lambda item: item.end <= skip, found)
        for item in rest:
            # What an earlier call did is passed over quickly: the pace is measured from here.
            self.started, self.summary.begun_at = time.monotonic(), source.share
            yield item
            yield from rest

    def check_header(self, names: object) -> None:
        assert isinstance(names, list)
        for group in self.how.columns():
            if not any(name in names for name in group):
                raise BrokenFile(
                    f"the mapping wants a column {' or '.join(group)}, and the file has"
                    f" {', '.join(names)[:500]}. Is it the right mapping, and the right delimiter?"
                )

    def write(self, batch: list[Item], run_id: int, ends: bool) -> None:
        """One batch, one transaction."""
        with suppress(_DryRun), transaction() as session:
            if self.dry_run:
                # A run of its own each time, which goes away with the batch.
                run = batches_actions.begin_run(session, self.source, self.kind, "", again=False)
                source_id = run.source_id
            else:
                found = queries.source_id(session, self.source.code)
                assert found is not None
                source_id = found
            rows, bad = self.convert(session, batch)
            latest = {row.external_id: (line, row) for line, row in rows}
            counts = batches_actions.write_batch(
                session, self.kind, source_id, self.how, self.source, list(latest.values())
            )
            by_line = {item.line: item for item in batch}
            bad += [(n, reason, _raw(by_line[n])) for n, reason in counts.refused]
            bad.sort(key=lambda one: one[0])
            if self.dry_run:
                self.count(len(batch), len(rows) - len(latest), counts, bad)
                raise _DryRun()
            if batch:
                assert self.rejects is not None
                self.rejects.write(bad)
                batches_actions.advance_run(
                    session, run_id, before=self.lines_done, after=batch[-1].end,
                    added=counts.added, changed=counts.changed, bad=len(bad),
                )  # fmt: skip
            if ends:
                batches_actions.finish_run(session, run_id)
        if not self.dry_run:
            if batch:
                self.lines_done = batch[-1].end
            self.count(len(batch), len(rows) - len(latest), counts, bad)

    def count(
        self, total: int, repeated: int, counts: staging.Counts, bad: list[tuple[int, str, str]]
    ) -> None:
        summary = self.summary
        summary.rows += total
        summary.repeated += repeated
        summary.added += counts.added
        summary.changed += counts.changed
        summary.rejected += len(bad)
        summary.unchanged += total - repeated - counts.added - counts.changed - len(bad)
        for line, reason, _ in bad:
            summary.reasons[kind_of(reason)] += 1
            if len(summary.samples) < SAMPLES:
                summary.samples.append((line, reason))

    def convert(
        self, session: Session, batch: list[Item]
    ) -> tuple[list[tuple[int, Row]], list[tuple[int, str, str]]]:
        """(line, row) of what can be taken and (line, reason, record) of what cannot."""
        moment = now(session)
        bad: list[tuple[int, str, str]] = []
        placed: list[tuple[Record, tuple[float, float]]] = []
        for item in batch:
            if isinstance(item, Bad):
                bad.append((item.line, item.reason, _raw(item)))
                continue
            try:
                placed.append((item, self.converter.position(item.data)))
            except BadRow as error:
                bad.append((item.line, str(error), _raw(item)))
        where = self.how.position
        degrees: list[tuple[float, float] | None] = [position for _, position in placed]
        if where is not None and where.crs != 4326:
            degrees = queries.to_degrees(session, where.crs, [p for _, p in placed])
        rows: list[tuple[int, Row]] = []
        for (item, _), position in zip(placed, degrees, strict=True):
            try:
                if position is None:
                    raise BadRow("the coordinates are outside of their coordinate system")
                rows.append((item.line, self.converter.row(item.data, position, moment)))
            except BadRow as error:
                bad.append((item.line, str(error), _raw(item)))
        return rows, bad


def _raw(item: Item) -> str:
    return shown(item.data if isinstance(item, Record) else item.raw)
