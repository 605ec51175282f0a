"""Files that belong to rows, by name. They lie in the folder `MEDIA_DIR`; an object store needs the
same four operations and nothing else of the application knows where files are.

A transaction cannot take a file back: code that stores one before its row is committed also sweeps
up what no row names (`older_than`)."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import secrets
import time
from collections.abc import Iterator
from pathlib import Path

from flask import current_app
from flask_babel import lazy_gettext

from ugc.core.errors import Unavailable

log = logging.getLogger(__name__)
NAME = re.compile(r"[a-z0-9]+(/[a-z0-9]+)*(\.[a-z0-9]+)?")


class Folder:
    """Names are lower-case letters, digits and slashes, with at most one ending."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def _path(self, name: str) -> Path:
        if not NAME.fullmatch(name):
            raise ValueError(f"not a name of a file: {name!r}")
        return self.root / name

    def put(self, name: str, content: bytes) -> None:
        """Stores whole or not at all, for this user's processes only; on disk when it returns.
        Raises Unavailable when there is no room."""
        path = self._path(name)
        part = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with open(part, "xb", opener=_private) as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
            folder = os.open(path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as error:
            with contextlib.suppress(OSError):
                part.unlink()
            log.error("storing %s: %s", name, error)
            full = lazy_gettext("Files cannot be stored right now. Try again in a few minutes.")
            raise Unavailable(full, code="storage_unavailable", retry_after=300) from error

    def read(self, name: str) -> bytes:
        """Raises FileNotFoundError."""
        return self._path(name).read_bytes()

    def delete(self, name: str) -> None:
        """Nothing happens when it is gone already."""
        self._path(name).unlink(missing_ok=True)

    def older_than(self, prefix: str, seconds: float) -> Iterator[str]:
        """Names under a folder that were stored more than `seconds` ago; also the remains of
        writes that a crash cut off, which it deletes."""
        limit = time.time() - seconds
        for path in self._path(prefix).rglob("*"):
            if path.is_dir() or path.stat().st_mtime > limit:
                continue
            if path.name.startswith("."):
                path.unlink(missing_ok=True)
            else:
                yield path.relative_to(self.root).as_posix()


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def store() -> Folder:
    return Folder(Path(current_app.config["MEDIA_DIR"]))
