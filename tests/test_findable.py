"""What a newcomer looks for is found by the names of functions and classes."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache

from ugc.config import ROOT


@cache
def definitions() -> set[str]:
    """Every public function and class of the package, by its dotted name."""
    return {
        name
        for path in (ROOT / "ugc").rglob("*.py")
        for name in of_file(path.relative_to(ROOT).with_suffix("").parts, path.read_text("utf-8"))
    }


def of_file(parts: tuple[str, ...], text: str) -> Iterator[str]:
    module = ".".join(part for part in parts if part != "__init__")
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield f"{module}.{node.name}"


def test_the_life_of_a_report_names_what_is_there() -> None:
    text = (ROOT / "docs/life-of-a-report.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(\w+)\(\)`", text))
    assert len(named) > 10
    assert named - {name.rsplit(".", 1)[1] for name in definitions()} == set()
