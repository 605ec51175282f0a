"""Prints figures of the code that a reviewer can compare: `python scripts/measure_house.py`.

Functions, docstrings and types are those of `ugc/`; vague words those of `ugc/` and `docs/`."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VAGUE = re.compile(r"\b(?:nobody|somebody|everybody|whoever|whom|anew)\b", re.IGNORECASE)
LONG = 60  # lines of a function


def functions() -> Iterator[tuple[ast.FunctionDef, bool]]:
    """Every function of the package, and whether it is public and not nested."""
    for path in (ROOT / "ugc").rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        top = {id(node) for node in tree.body}
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                yield node, id(node) in top and not node.name.startswith("_")


def ruff(rule: str) -> int:
    """How many findings of a rule the package has."""
    command = [sys.executable, "-m", "ruff", "check", "ugc", "--select", rule, "--isolated"]
    found = subprocess.run(
        [*command, "--output-format", "concise"], cwd=ROOT, capture_output=True, text=True
    )
    return sum(rule in line for line in found.stdout.splitlines())


def lines(*folders: str, ending: str = "*.py") -> int:
    return sum(
        path.read_text(encoding="utf-8").count("\n")
        for folder in folders
        for path in (ROOT / folder).rglob(ending)
    )


def main() -> None:
    every = list(functions())
    public = [node for node, is_public in every if is_public]
    long = [node for node, _ in every if (node.end_lineno or 0) - node.lineno + 1 > LONG]
    texts = [
        path.read_text(encoding="utf-8")
        for folder, ending in (("ugc", "*.py"), ("docs", "*.md"))
        for path in (ROOT / folder).rglob(ending)
    ]
    vague = sum(len(VAGUE.findall(text)) for text in texts)
    total = sum(text.count("\n") for text in texts)
    said = sum(ast.get_docstring(node) is not None for node in public)
    typed = sum(node.returns is not None for node, _ in every)
    print(f"imports inside functions (ruff PLC0415)   {ruff('PLC0415')}")
    print(f"functions over {LONG} lines                  {len(long)}")
    print(f"functions with complexity over 10 (C901)  {ruff('C901')}")
    print(f"return types annotated                    {typed / len(every):.0%}")
    print(f"docstrings of public functions            {said / len(public):.0%}")
    print(f"vague words per 10,000 lines              {vague / total * 10_000:.1f}")
    print(f"lines of code in __init__ files           {code_in_packages()}")
    print(f"test : code                               {lines('tests') / lines('ugc'):.2f}")


def code_in_packages() -> int:
    """Lines of statements in package files, without docstrings."""
    return sum(
        (node.end_lineno or node.lineno) - node.lineno + 1
        for path in (ROOT / "ugc").rglob("__init__.py")
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if not isinstance(node, ast.Expr)
    )


if __name__ == "__main__":
    main()
