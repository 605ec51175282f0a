"""The table of faults: each is done to a whole site of its own while clients post to it, retrying
with the same key until they are answered. `FAULTS="mail disk"` in the environment, or arguments,
choose those whose group or name holds one of these words.

Lost and doubled are counted in the database afterwards. A fault that cannot be made here is skipped
with a sentence."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks import common
from benchmarks.faults import kinds
from benchmarks.faults.clocks import Clock
from benchmarks.faults.disks import Missing, small_disk
from benchmarks.faults.kinds import Fault, Ground
from benchmarks.faults.load import Row, outstanding
from benchmarks.faults.smtp import MailServer
from tests.databases import make_database
from tests.faults.site import Cluster, whole_site

HEAD = (
    "fault", "acknowledged", "lost / doubled", "retries", "longest gap", "health meanwhile", "notes"
)  # fmt: skip
REST_S = 240  # two rounds of the rescue of jobs whose worker died, and what they wait for


@contextlib.contextmanager
def ground(group: str, root: Path) -> Iterator[Ground]:
    """A whole site for the faults of this group. Raises Missing."""
    folder = root / group
    folder.mkdir(parents=True)
    mail = MailServer()
    with contextlib.ExitStack() as stack:
        clock = Clock(folder / "clock") if group == "clock" else None
        shifted = clock.environment if clock else {}
        settings = {**shifted, "MAIL_URL": mail.url} if group == "mail" else dict(shifted)
        disks = {}
        if group == "files":
            for name, megabytes in (("media", 24), ("mail", 2)):
                disks[name] = stack.enter_context(small_disk(folder / "data" / name, megabytes))
        at = folder / "cluster"
        if group == "disk":
            disks["database"] = stack.enter_context(small_disk(at, 400))
        # The database's own clock stays where that of the site alone jumps.
        base = Clock(folder / "clock of the database") if group == "clock" else None
        cluster = Cluster(at, more=base.environment if base else {})
        stack.callback(cluster.run, "down")
        cluster.start()
        database = make_database("faults", cluster.url)
        app = common.application(database)
        site = stack.enter_context(whole_site(app, database, folder / "data", **settings))
        stack.callback(mail.close)
        yield Ground(site, cluster, disks, mail, [each for each in (clock, base) if each])


def run(group: str, faults: list[Fault], root: Path) -> list[Row]:
    rows = []
    try:
        with ground(group, root) as made:
            for fault in faults:
                row = Row(fault.name)
                began = time.monotonic()
                fault.do(made, row)
                row.notes.append(f"{time.monotonic() - began:.0f} s in all")
                rows.append(row)
                say(row)
            left = outstanding(made.site, REST_S)
            failed = made.site.sql(kinds.FAILED)
            twice = made.site.sql(kinds.CREDITED_TWICE)[0][0]
            told = ", ".join(f"{name} x {count}" for name, count in failed) or "none"
            print(
                f"  after group {group}: jobs left {left}, failed for good: {told};"
                f" reports credited twice: {twice}",
                flush=True,
            )
    except Missing as missing:
        print(f"  group {group} skipped: {missing}", flush=True)
    return rows


def _quiet(log: Path) -> None:
    """What the site's processes say goes to `log`; what this one says stays."""
    sys.stderr = os.fdopen(os.dup(2), "w")
    os.dup2(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), 2)


def say(row: Row) -> None:
    print("| " + " | ".join(row.cells()) + " |", flush=True)


def main(words: list[str]) -> None:
    chosen = [
        fault
        for fault in kinds.FAULTS
        if not words or any(word in f"{fault.group} {fault.name}" for word in words)
    ]
    root = Path(os.environ["BOCA_VAR"]) / "faults"
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    _quiet(root / "log")
    began = time.monotonic()
    print("| " + " | ".join(HEAD) + " |\n|" + "---|" * len(HEAD), flush=True)
    rows = []
    for group in dict.fromkeys(fault.group for fault in chosen):
        rows += run(group, [fault for fault in chosen if fault.group == group], root)
    lost, doubled = sum(row.lost for row in rows), sum(row.doubled for row in rows)
    print(
        f"{len(rows)} faults, {sum(row.acknowledged for row in rows)} acknowledged, {lost} lost,"
        f" {doubled} doubled, in {(time.monotonic() - began) / 60:.1f} minutes"
    )
    if lost or doubled:
        sys.exit(1)


if __name__ == "__main__":
    main(sys.argv[1:] or os.environ.get("FAULTS", "").split())
