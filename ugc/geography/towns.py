"""What readers of other languages call towns (`town_names.tsv`, of which the basemap is made)."""

from __future__ import annotations

import functools
from pathlib import Path


@functools.lru_cache(maxsize=1)
def _names() -> dict[tuple[str, str], dict[str, str]]:
    lines = Path(__file__).with_name("town_names.tsv").read_text("utf-8").splitlines()
    rows = [line.split("\t") for line in lines if line and not line.startswith("#")]
    _country, _name, *languages = rows[0]
    return {(row[0], row[1]): dict(zip(languages, row[2:], strict=True)) for row in rows[1:]}


def town_name(name: str, country: str | None, language: str) -> str:
    """The name of a town of an ISO 3166 country in a language: as GeoNames has it where no other is
    known."""
    found = _names().get((country or "", name), {}).get(language, "-")
    return name if found == "-" else found
