"""docs/retention.md against the constants and jobs that it names."""

import re
from importlib import import_module

import pytest

from ugc.config import ROOT

ROWS = [
    [cell.strip() for cell in line.strip("| ").split(" | ")]
    for line in (ROOT / "docs/retention.md").read_text(encoding="utf-8").splitlines()
    if line.startswith("| ") and not line.startswith("| what")
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_what_is_kept_ends_as_it_says(row: list[str]) -> None:
    _what, kept, constant, ended = row
    if constant:
        module, name = constant.strip("`").rsplit(".", 1)
        value = getattr(import_module(f"ugc.{module}"), name)
        assert re.search(rf"\b{value}\b", kept), value
    if ended.startswith("`"):
        jobs = (ROOT / "docs/jobs.md").read_text(encoding="utf-8")
        assert f"| {ended} |" in jobs


def test_every_job_that_deletes_what_is_old_has_its_rows() -> None:
    jobs = (ROOT / "docs/jobs.md").read_text(encoding="utf-8")
    deleting = set(re.findall(r"^\| `(\w+\.(?:forget\w*|sweep|keep_partitions))`", jobs, re.M))
    assert deleting <= {row[-1].strip("`") for row in ROWS}
