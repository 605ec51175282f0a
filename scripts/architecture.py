"""Draws the packages into docs/architecture.md, out of the import contracts and their docstrings.

    python scripts/architecture.py [--check]

With `--check` it changes nothing and ends with 1 where the page is not as it would be drawn."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "architecture.md"
BEGIN, END = "<!-- packages: scripts/architecture.py writes this -->", "<!-- packages end -->"


def layers() -> list[list[str]]:
    """The rows of the first import contract, the highest first, each with its packages."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contract = settings["tool"]["importlinter"]["contracts"][0]
    return [[name.strip() for name in row.split("|")] for row in contract["layers"]]


def purpose(package: str) -> str:
    """The first sentence of the docstring of a package or module."""
    path = ROOT / Path(*package.split("."))
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    said = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    first = re.split(r"(?<=[.!?])\s", " ".join(said.split()), maxsplit=1)[0]
    if not first:
        raise SystemExit(f"{file.relative_to(ROOT)}: say in its docstring what it is for")
    return first


def tables(package: str) -> list[str]:
    """The tables that the models of a package declare, by name."""
    path = ROOT / Path(*package.split("."))
    return sorted(
        name
        for file in (path.rglob("*.py") if path.is_dir() else ())
        for name in re.findall(r'^    __tablename__ = "(\w+)"', file.read_text("utf-8"), re.M)
    )


def drawn() -> str:
    """The part of the page between the two marks: a Mermaid drawing and a table."""
    rows = layers()
    names = [[package.removeprefix("ugc.") for package in row] for row in rows]
    boxes = [f'  l{n}["{" · ".join(row)}"]' for n, row in enumerate(names)]
    arrows = "  " + " --> ".join(f"l{n}" for n in range(len(names)))
    lines = ["```mermaid", "flowchart TB", *boxes, arrows, "```", ""]
    lines += ["| package | what it is for | tables |", "|---|---|---|"]
    for row in rows:
        for package in row:
            held = ", ".join(f"`{name}`" for name in tables(package))
            lines.append(f"| `{package}` | {purpose(package)} | {held} |")
    return "\n".join([BEGIN, *lines, END])


def page() -> str:
    """The whole page as it should be. Raises SystemExit where the marks are missing."""
    text = PAGE.read_text(encoding="utf-8")
    if BEGIN not in text or END not in text:
        raise SystemExit(f"{PAGE.relative_to(ROOT)}: the marks of the drawing are missing")
    before, rest = text.split(BEGIN, 1)
    return before + drawn() + rest.split(END, 1)[1]


def main() -> None:
    wanted = page()
    if "--check" in sys.argv:
        sys.exit(0 if PAGE.read_text(encoding="utf-8") == wanted else f"run {sys.argv[0]}")
    PAGE.write_text(wanted, encoding="utf-8")


if __name__ == "__main__":
    main()
