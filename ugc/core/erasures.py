"""The file of erasures, outside of the database: who was erased stays erased after a restore.

One JSON line each: `{"member": public id, "with_content": bool}`. The public id of an erased member
is anonymous. Lines are only added, and one that stands twice means the same."""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path

import sqlalchemy as sa
from flask import current_app
from sqlalchemy import orm

from ugc.core.db import Session

log = logging.getLogger(__name__)
_KEY = "erasures"


def path() -> Path:
    return Path(current_app.config["ERASED_FILE"])


def note(session: Session, public_id: str, with_content: bool) -> None:
    """Appends to the file as soon as the transaction commits. A file that cannot be written then
    is logged, and left to the job `accounts.note_erasure`."""
    session.info.setdefault(_KEY, []).append((path(), public_id, with_content))


@sa.event.listens_for(orm.Session, "after_commit")
def _write(session: orm.Session) -> None:
    if session.in_nested_transaction():
        return
    for file, public_id, with_content in session.info.pop(_KEY, ()):
        try:
            append(file, {public_id: with_content})
        except OSError as error:
            log.error("the file of erasures cannot be written: %s", error)


@sa.event.listens_for(orm.Session, "after_rollback")
def _drop(session: orm.Session) -> None:
    session.info.pop(_KEY, None)


def append(file: Path, erased: dict[str, bool]) -> None:
    """Adds those that are not in the file; on disk when it returns. Raises OSError."""
    new = {each: choice for each, choice in erased.items() if each not in read(file)}
    if not new:
        return
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    lines = [json.dumps({"member": each, "with_content": new[each]}) + "\n" for each in new]
    descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        # After a line that a crash cut off, the first would be part of it.
        os.write(descriptor, ("\n" + "".join(lines)).encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read(file: Path) -> dict[str, bool]:
    """{public id: whether the content goes too}; lines that are none are left out."""
    if not file.exists():
        return {}
    found: dict[str, bool] = {}
    for line in file.read_text(encoding="utf-8").splitlines():
        try:
            entry = json.loads(line)
            found[str(entry["member"])] = bool(entry["with_content"])
        except (ValueError, KeyError, TypeError):
            if line.strip():
                log.warning("the file of erasures has a line that is none")
    return found
