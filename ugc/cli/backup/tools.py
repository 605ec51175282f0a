"""PostgreSQL's client programs: which ones, for which database, and what they say."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import click

FOLDERS = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
)


def tool(name: str, server: int = 0) -> str:
    """The path of `pg_dump` or `pg_restore`: the newest that is found, as an older one refuses a
    newer server. Raises ClickException when there is none, or none for the major version
    `server`."""
    paths = [shutil.which(name), *(str(Path(folder) / name) for folder in _folders())]
    found = {path: _major(path) for path in paths if path and os.access(path, os.X_OK)}
    if not found:
        raise click.ClickException(
            f"{name} is not installed: install PostgreSQL's client programs, such as the package"
            f" postgresql-client{f'-{server}' if server else ''}."
        )
    path, version = max(found.items(), key=lambda each: each[1])
    if version < server:
        raise click.ClickException(
            f"{name} is of PostgreSQL {version}, the server of {server}: install the package"
            f" postgresql-client-{server}."
        )
    return path


def _folders() -> list[str]:
    return [str(each) for pattern in FOLDERS for each in Path("/").glob(pattern[1:])]


def _major(path: str) -> int:
    """The major version that a program says it has; 0 when it says none."""
    said = subprocess.run([path, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"\b(\d+)(?:\.|\b)", said)
    return int(found[1]) if found else 0


def run(*arguments: str) -> None:
    """Runs a client program. Raises ClickException with the last that it said when it fails."""
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    if done.returncode:
        said = "\n".join(done.stderr.strip().splitlines()[-5:]) or "it said nothing"
        raise click.ClickException(f"{Path(arguments[0]).name} failed: {said}")
