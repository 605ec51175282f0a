"""Loading a city: seconds and memory of `ugc city load` over a real extract, and over many of them
side by side in one synthetic file.

    make bench BENCH=city

The extracts are those of BENCH_EXTRACTS (a folder), else of ../shared/data/osm. BENCH_COPIES says
how often they stand in the synthetic file (0: without it)."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import osmium

from benchmarks import common
from ugc.config import ROOT
from ugc.streets.actions.reading import header_of

FOLDER = Path(os.environ.get("BENCH_EXTRACTS") or ROOT.parent / "shared" / "data" / "osm")
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
COPIES = int(os.environ.get("BENCH_COPIES", "20"))
WHOLE = "andorra-2025"
CELL, COLUMNS, CORNER = (0.5, 0.3), 10, (0.0, 36.0)  # degrees: of a copy, and where the first is
PARTS = ("andorra-2025", "liechtenstein", "melilla", "monaco")
STEP = 1 << 36  # between the ids of two copies
POLL_S = 0.05
CODE = "bench"  # what the city is called


class Memory:
    """The most that a process and its parts took, in MB."""

    def __init__(self) -> None:
        self.anonymous = self.resident = 0.0

    def look(self, pid: int) -> None:
        try:
            text = Path(f"/proc/{pid}/status").read_text()
        except OSError:
            return
        found = dict(re.findall(r"(RssAnon|VmHWM):\s+(\d+) kB", text))
        self.anonymous = max(self.anonymous, int(found.get("RssAnon", 0)) / 1024)
        self.resident = max(self.resident, int(found.get("VmHWM", 0)) / 1024)


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-c", "from ugc.cli.main import main; main()", "city", *arguments]


def start(environment: dict[str, str]) -> float:
    """Seconds of a command that does nothing: what starting the program takes."""
    began = time.monotonic()
    subprocess.run(
        command("list"), env=environment, cwd=ROOT, check=True, stdout=subprocess.DEVNULL
    )
    return time.monotonic() - began


def load(file: Path, environment: dict[str, str]) -> tuple[float, Memory, str]:
    """(seconds, memory, what it said) of loading a city that is not there."""
    # A city that is loaded already would be left as it is.
    listed = subprocess.run(
        command("list"), env=environment, cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    if listed.startswith(f"{CODE}\t"):
        subprocess.run(
            command("remove", "--yes", CODE), env=environment, cwd=ROOT, check=True,
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
    began = time.monotonic()
    memory = Memory()
    with subprocess.Popen(
        command("load", str(file), "--as", CODE), env=environment, cwd=ROOT,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        while process.poll() is None:
            memory.look(process.pid)
            time.sleep(POLL_S)
        said, failed = process.communicate()
    if process.returncode:
        sys.exit(f"✗ {file.name}: {failed.strip()}")
    return time.monotonic() - began, memory, said.strip().splitlines()[0]


def synthetic(parts: list[Path], copies: int, out: Path) -> None:
    """The extracts side by side, `copies` times, each moved to a cell and with ids of its own."""
    rows = -(-copies * len(parts) // COLUMNS)
    west, south = CORNER
    box = osmium.osm.Box(
        osmium.osm.Location(west, south),
        osmium.osm.Location(west + CELL[0] * COLUMNS, south + CELL[1] * rows),
    )
    header = osmium.io.Header()
    header.add_box(box)
    header.set("osmosis_replication_timestamp", "2026-01-01T00:00:00Z")
    with osmium.SimpleWriter(str(out), header=header, overwrite=True) as writer:
        for kind in ("n", "w", "r"):
            for cell in range(copies * len(parts)):
                part = parts[cell % len(parts)]
                low = header_of(part).box[:2]
                aside = west + CELL[0] * (cell % COLUMNS) - low[0]
                up = south + CELL[1] * (cell // COLUMNS) - low[1]
                for each in osmium.FileProcessor(str(part)):
                    if each.type_str() == kind:
                        _write(writer, each, (cell + 1) * STEP, aside, up)


def _write(writer: Any, each: Any, base: int, aside: float, up: float) -> None:
    if each.is_node():
        location = (each.location.lon + aside, each.location.lat + up)
        writer.add_node(each.replace(id=base + each.id, location=location))
    elif each.is_way():
        writer.add_way(each.replace(id=base + each.id, nodes=[base + n.ref for n in each.nodes]))
    else:
        members = [(m.type, base + m.ref, m.role) for m in each.members]
        writer.add_relation(each.replace(id=base + each.id, members=members))


def main() -> None:
    files = sorted(FOLDER.glob("*.osm.pbf")) if FOLDER.is_dir() else []
    whole = [file for file in files if file.name.startswith(WHOLE)]
    if not whole:
        sys.exit(f"✗ no extract in {FOLDER}: set BENCH_EXTRACTS to a folder with {WHOLE}….osm.pbf")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = {**os.environ, **common.settings(common.database("bench_city"))}
        environment["DATA_DIR"] = name
        figures, starts = [], []
        for _ in range(ROUNDS):
            starts.append(start(environment))
            figures.append(load(whole[0], environment))
        seconds = sorted(figure[0] for figure in figures)
        print(f"{whole[0].name}: {figures[0][2]}")
        print(
            f"  whole {seconds[len(seconds) // 2]:.1f} s ({seconds[0]:.1f} to {seconds[-1]:.1f}),"
            f" of which the program's start takes {sorted(starts)[len(starts) // 2]:.1f} s;"
            f" {max(figure[1].anonymous for figure in figures):.0f} MB anonymous at most"
        )
        if not COPIES:
            return
        parts = [file for file in files if file.name.startswith(PARTS)]
        large = folder / "synthetic.osm.pbf"
        synthetic(parts, COPIES, large)
        size = large.stat().st_size / 1e6
        took, memory, said = load(large, environment)
        print(f"{len(parts)} extracts {COPIES} times, {size:.0f} MB: {said}")
        print(
            f"  whole {took:.0f} s, {memory.anonymous:.0f} MB anonymous and"
            f" {memory.resident:.0f} MB resident at most"
        )


if __name__ == "__main__":
    main()
