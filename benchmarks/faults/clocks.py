"""Clocks that jump: libfaketime shows a process another time of day than the machine's, while the
clock that only runs forward (CLOCK_MONOTONIC) stays, as when an operator sets a machine's clock."""

from __future__ import annotations

from pathlib import Path

from benchmarks.faults.disks import Missing

HOURS = 2
NEEDS = "libfaketime shifts the clock; type this once: sudo apt-get install -y faketime"


class Clock:
    """The clock of the processes that are started with `environment`."""

    def __init__(self, file: Path) -> None:
        """Raises Missing without libfaketime."""
        found = sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
        if not found:
            raise Missing(NEEDS)
        self.file = file
        self.back()
        self.environment = {
            "LD_PRELOAD": str(found[0]),
            "FAKETIME_TIMESTAMP_FILE": str(file),
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }

    def forward(self) -> None:
        self._set(f"+{HOURS}h")

    def back(self) -> None:
        self._set("+0")

    def _set(self, offset: str) -> None:
        part = self.file.with_suffix(".part")
        part.write_text(offset + "\n", encoding="ascii")
        part.replace(self.file)
