"""A disk of a few megabytes that a fault fills."""

from __future__ import annotations

import contextlib
import errno
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path


class Missing(Exception):
    """A fault cannot be made here; the text says why and what to do."""


class SmallDisk:
    """A memory file system of its own at `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / ".ballast"

    def fill(self) -> None:
        """To the last byte."""
        with self._ballast.open("ab", buffering=0) as file:
            for size in (1 << 20, 1 << 12, 1):
                with contextlib.suppress(OSError):
                    while True:
                        file.write(b"\0" * size)

    def keep_full(self, seconds: float) -> None:
        """Fills what is given back meanwhile, too."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.fill()
            time.sleep(0.2)

    def make_room(self) -> None:
        self._ballast.unlink()


@contextlib.contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[SmallDisk]:
    """Raises Missing where the user may not mount one."""
    folder.mkdir(parents=True)
    try:
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0755", "boca-fault", folder],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        said = done.stderr.strip()
    except FileNotFoundError:
        said = os.strerror(errno.ENOENT)
    if said:
        raise Missing(f"a small disk must be mounted, which needs root ({said})")
    try:
        yield SmallDisk(folder)
    finally:
        _unmount(folder)


def _unmount(folder: Path) -> None:
    """Servers that were killed may hold files for a moment."""
    for _ in range(50):
        if not subprocess.run(["umount", folder], capture_output=True, check=False).returncode:
            return
        time.sleep(0.1)
    subprocess.run(["umount", "--lazy", folder], check=True)
