"""Tables and their owners: SQL writes tables of its capability, and reads its own or lower ones.

A table belongs to the capability whose models declare it. Statements are looked for in strings
of SQL and in calls of SQLAlchemy with models. The exceptions are named, and may only go."""

from __future__ import annotations

import ast
import re
import tomllib
from functools import cache
from pathlib import Path

from ugc.config import ROOT

PACKAGE = ROOT / "ugc"
INSERTED = re.compile(r"(?i)\bINSERT INTO\s+(\w*)")
WRITTEN = re.compile(r"\b(?:INSERT INTO|UPDATE|DELETE FROM|TRUNCATE)\s+(?:ONLY\s+)?([a-z_]+)\b")
READ = re.compile(r"\b(?:FROM|JOIN)\s+(?:ONLY\s+)?([a-z_]+)\b")
VERBS = frozenset({"insert", "update", "delete"})


def capability(path: Path) -> str:
    """The package of a file of `ugc/`, or the name of a module on its own."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@cache
def owners() -> dict[str, str]:
    """Capability by table."""
    return {
        name: capability(path)
        for path in PACKAGE.rglob("*.py")
        for name in re.findall(
            r'^    __tablename__ = "(\w+)"', path.read_text("utf-8"), re.MULTILINE
        )
    }


@cache
def models() -> dict[str, str]:
    """Capability by the name of a model."""
    return {
        node.name: capability(path)
        for path in PACKAGE.rglob("*.py")
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.ClassDef) and "__tablename__" in ast.unparse(node)
    }


@cache
def rank() -> dict[str, int]:
    """How high a capability stands: by the rows of the import contract."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    rows = settings["tool"]["importlinter"]["contracts"][0]["layers"]
    return {
        name.strip().removeprefix("ugc."): len(rows) - number
        for number, row in enumerate(rows)
        for name in row.split("|")
    }


def texts(tree: ast.AST) -> list[str]:
    """The strings of a module, with those of f-strings."""
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]


def written_models(tree: ast.AST) -> set[str]:
    """Models that a module gives to insert(), update() or delete()."""
    return {
        call.args[0].id
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        and call.args
        and isinstance(call.args[0], ast.Name)
        and (getattr(call.func, "attr", None) or getattr(call.func, "id", None)) in VERBS
    }


def crossings() -> tuple[set[tuple[str, str]], set[tuple[str, str]]]:
    """(writes of tables of others, reads of higher tables): pairs of capability and table."""
    writes, reads = set(), set()
    for path in PACKAGE.rglob("*.py"):
        here = capability(path)
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for text in texts(tree):
            for table in WRITTEN.findall(text):
                if owners().get(table, here) != here:
                    writes.add((here, table))
            for table in READ.findall(text):
                owner = owners().get(table, here)
                if owner != here and rank().get(owner, 0) >= rank().get(here, 99):
                    reads.add((here, table))
        for model in written_models(tree):
            if models().get(model, here) != here:
                writes.add((here, model))
    return writes, reads


# Bulk: imports write batches of thousands of rows with the tables' own statements in mind.
BULK = {
    ("imports", "members"), ("imports", "used_handles"), ("imports", "places"),
    ("imports", "place_facts"), ("imports", "reports"), ("imports", "reviews"),
    ("imports", "versions"),
    ("demo_spread", "CascadeReach"),
}  # fmt: skip
# Tables of the core: bulk writers of the rows above, of places of extracts, and of cities.
SHARED_WRITES = {
    ("imports", "subjects"), ("imports", "transitions"), ("imports", "ImportRun"),
    ("places", "subjects"), ("places", "transitions"), ("cli", "cities"),
}  # fmt: skip


# What may stand in an INSERT of the tests beside the factories: a row that is restored as it was.
RESTORED = {("core/test_generation.py", "database_generation")}


def test_tests_make_rows_by_factories() -> None:
    """So that a column is added in one place. Benchmarks have bulk makers of their own."""
    raw = set()
    for path in (ROOT / "tests").rglob("*.py"):
        name = str(path.relative_to(ROOT / "tests"))
        for text in texts(ast.parse(path.read_text(encoding="utf-8"))):
            for table in INSERTED.findall(text):
                if not name.startswith("factories/") and (table in owners() or not table):
                    raw.add((name, table))
    assert raw == RESTORED


def test_every_table_has_an_owner() -> None:
    assert len(owners()) > 80
    assert len(models()) >= len(owners())


def test_sql_writes_its_own_tables_and_reads_no_higher_ones() -> None:
    writes, reads = crossings()
    assert writes == BULK | SHARED_WRITES
    assert reads == set()
