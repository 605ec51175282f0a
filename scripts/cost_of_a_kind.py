"""Count what a kind of contributed content costs: `scripts/cost_of_a_kind.py [NAME…]`.

Without a name it lists every declared kind. Two figures stand for each kind:

files    the files outside the folder of its capability that name it: `ugc/**/*.py` and `*.sql`,
         scripts of `frontend/` and `static/js/`, and `pyproject.toml`. A Python file names a kind
         when it imports the capability, uses an identifier with the kind, its table or its class
         among its words (`import_reviews`, `ReviewFoundHelpful`), or holds one of the three as
         words of a string. Comments, docstrings and sentences for people (gettext) do not count,
         nor do files whose word is another thing (`OTHER_MEANINGS`). Other files name a kind when
         an SQL statement or a quoted string holds one of the three.
lines    the lines of life cycle inside the folder: the declaration, the functions that it names,
         and each function that calls a verb of `ugc/content`, decides by moderation whether
         content waits, logs a move, or assigns a visibility. Blank lines, comments and docstrings
         do not count. A function that names another kind of the same folder counts for that.

Tests, templates, catalogues, docs, CHANGELOG, migrations, benchmarks and generated files are not
counted."""

from __future__ import annotations

import ast
import io
import re
import sys
import tokenize
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).parent.parent
TEXTS = {"gettext", "lazy_gettext", "ngettext", "lazy_ngettext", "pgettext", "lazy_pgettext", "_"}
VERBS = {"submit", "editing", "withdraw", "set_visibility", "erase", "declare", "replace_text"}
HOLDS = {
    "must_be_held",
    "open_first_case",
    "open_case",
    "close_case",
    "lock_case",
    "content_changed",
    "forget_texts",
    "log_transition",
}
PLAIN = ("frontend/**/*.ts", "frontend/**/*.js", "static/js/**/*.js", "ugc/**/*.sql")
# Files whose word is another thing of the same name, with what it is.
OTHER_MEANINGS: dict[str, dict[str, str]] = {
    "comment": {
        "ugc/cli/backup/restoring.py": "COMMENT ON DATABASE",
        "ugc/places/pages/opening.py": "the comment of opening hours",
        "ugc/places/rules/hours.py": "the comment of opening hours",
        "ugc/places/rules/written.py": "the comment of opening hours",
    },
}
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Kind:
    """A kind as the script looks for it. `folder` is its capability's, `ugc/reviews`."""

    name: str
    table: str
    row: str
    folder: str

    def words(self) -> tuple[tuple[str, ...], ...]:
        """The kind, its table and its class as sequences of words."""
        return tuple({_split(word) for word in (self.name, self.table, self.row)})


@dataclass(frozen=True)
class Cost:
    """What one kind costs: the files that name it (paths from the root) and the lines of each
    part of its life cycle, by `path:name`."""

    files: tuple[str, ...]
    parts: dict[str, int]

    @property
    def lines(self) -> int:
        return sum(self.parts.values())


def _split(name: str) -> tuple[str, ...]:
    return tuple(re.findall(r"[a-z]+|[0-9]+", re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower()))


def declared() -> list[Kind]:
    """Every kind that a capability of the product declares, by name."""
    sys.path.insert(0, str(ROOT))
    list(import_module("ugc.app").surfaces())  # makes the kinds known
    content = import_module("ugc.content.actions")

    return [
        Kind(
            kind.name,
            kind.table.__tablename__,
            kind.table.__name__,
            "/".join(kind.table.__module__.split(".")[:2]),
        )
        for kind in content.kinds()
    ]


def _docstrings(tree: ast.AST) -> set[int]:
    """The ids of nodes that are docstrings or other strings that stand alone."""
    return {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}


def _sentences(tree: ast.AST) -> set[int]:
    """The ids of strings that people read."""
    found: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _called(node) in TEXTS:
            found |= {id(inner) for inner in ast.walk(node)}
    return found


def _called(node: ast.Call) -> str:
    return getattr(node.func, "attr", getattr(node.func, "id", ""))


def _identifiers(node: ast.AST) -> Iterator[str]:
    for name in ("id", "attr", "arg", "name", "asname"):
        value = getattr(node, name, None)
        if isinstance(value, str):
            yield value


@dataclass(frozen=True)
class Said:
    """What a file names: the modules it imports, and identifiers and strings as words."""

    modules: frozenset[str]
    words: frozenset[tuple[str, ...]]

    def names(self, kind: Kind) -> bool:
        """Whether it names the kind."""
        package = kind.folder.replace("/", ".")
        if any(f"{module}.".startswith(f"{package}.") for module in self.modules):
            return True
        wanted = kind.words()
        return any(_within(word, said) for said in self.words for word in wanted)


def _within(word: tuple[str, ...], said: tuple[str, ...]) -> bool:
    return any(said[at : at + len(word)] == word for at in range(len(said) - len(word) + 1))


def python_says(source: str) -> Said:
    """What a Python file names."""
    tree = ast.parse(source)
    apart = _docstrings(tree) | _sentences(tree)
    modules, words = set(), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            modules |= {f"{node.module}", *(f"{node.module}.{name.name}" for name in node.names)}
        if isinstance(node, ast.Constant):
            if isinstance(node.value, str) and id(node) not in apart:
                words.add(_split(node.value))
        else:
            words |= {_split(name) for name in _identifiers(node)}
    return Said(frozenset(modules), frozenset(words))


def plain_says(source: str, *, is_sql: bool) -> Said:
    """What a file in another language names: an SQL file whole, others in quoted strings."""
    if is_sql:
        texts = [re.sub(r"--.*", "", source)]
    else:
        texts = [text for _mark, text in re.findall(r"""(["'`])((?:(?!\1).)*)\1""", source)]
    return Said(frozenset(), frozenset(map(_split, texts)))


@cache
def _files(root: Path) -> dict[str, Said]:
    """What each file that may name a kind says, by its path from the root."""
    found = {}
    for path in sorted(root.glob("ugc/**/*.py")):
        found[path.relative_to(root).as_posix()] = python_says(path.read_text())
    for pattern in PLAIN:
        for path in sorted(root.glob(pattern)):
            if "node_modules" not in path.parts:
                said = plain_says(path.read_text(), is_sql=path.suffix == ".sql")
                found[path.relative_to(root).as_posix()] = said
    return found


def naming(kind: Kind, root: Path = ROOT) -> tuple[str, ...]:
    """The files outside the capability's folder that name the kind."""
    found = [
        where
        for where, said in _files(root).items()
        if not where.startswith(f"{kind.folder}/")
        and where not in OTHER_MEANINGS.get(kind.name, {})
        and said.names(kind)
    ]
    settings = root / "pyproject.toml"
    if settings.exists() and kind.folder.replace("/", ".") in settings.read_text():
        found.append("pyproject.toml")
    return tuple(found)


def _code_lines(source: str, tree: ast.AST) -> set[int]:
    """The numbers of the lines with code: no blank line, comment or docstring."""
    silent = {
        tokenize.COMMENT,
        tokenize.NL,
        tokenize.NEWLINE,
        tokenize.INDENT,
        tokenize.DEDENT,
        tokenize.ENDMARKER,
    }
    found: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in silent:
            found |= set(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            found -= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return found


def _touches_life(node: ast.AST, aliases: set[str]) -> bool:
    """Whether a statement calls a verb or writes a visibility."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.Call):
            name, owner = _called(inner), getattr(inner.func, "value", None)
            if name in HOLDS:
                return True
            if name in VERBS and isinstance(owner, ast.Name) and owner.id in aliases:
                return True
        targets = getattr(inner, "targets", [])
        if any(isinstance(t, ast.Attribute) and t.attr == "visibility" for t in targets):
            return True
    return False


def _content_aliases(tree: ast.AST) -> set[str]:
    return {
        name.asname or name.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and f"{node.module}".startswith("ugc.content")
        for name in node.names
    }


def _names_in(node: ast.AST) -> set[str]:
    return {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}


def _declares(node: ast.stmt) -> bool:
    return any(
        isinstance(inner, ast.Call) and _called(inner) in {"ContentKind", "register"}
        for inner in ast.walk(node)
    )


def life_cycle(kind: Kind, others: Iterable[Kind] = (), root: Path = ROOT) -> dict[str, int]:
    """Lines of each part of the kind's life cycle in its folder, by `path:name`. `others` are the
    kinds whose functions do not count."""
    parts: dict[str, int] = {}
    strangers = {other.row for other in others if other.folder == kind.folder} - {kind.row}
    for path in sorted((root / kind.folder).rglob("*.py")):
        source = path.read_text()
        tree = ast.parse(source)
        lines, aliases = _code_lines(source, tree), _content_aliases(tree)
        declarations = [
            node
            for node in tree.body
            if not isinstance(node, Function | ast.ClassDef) and _declares(node)
        ]
        mine = [node for node in declarations if kind.row in _names_in(node)]
        theirs = [node for node in declarations if node not in mine]
        foreign = strangers | {
            target.id
            for node in theirs
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        named = set().union(*map(_names_in, mine)) if mine else set()
        for node in tree.body:
            if isinstance(node, Function):
                names = _names_in(node)
                is_other = bool(names & foreign) and kind.row not in names
                counts = node.name in named or (_touches_life(node, aliases) and not is_other)
                label = node.name
            else:
                counts, label = node in mine, "declaration"
            if counts:
                span = set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
                key = f"{path.relative_to(root).as_posix()}:{label}"
                parts[key] = parts.get(key, 0) + len(span & lines)
    return parts


def cost(kind: Kind, others: Iterable[Kind] = (), root: Path = ROOT) -> Cost:
    """What the kind costs."""
    return Cost(naming(kind, root), life_cycle(kind, others, root))


def main(names: list[str]) -> int:
    kinds = declared()
    unknown = set(names) - {kind.name for kind in kinds}
    if unknown:
        print(f"No such kind: {', '.join(sorted(unknown))}.")
        print(f"Declared: {', '.join(kind.name for kind in kinds)}.")
        return 2
    for kind in kinds:
        if names and kind.name not in names:
            continue
        spent = cost(kind, kinds)
        print(f"{kind.name:22} {len(spent.files):3} files {spent.lines:4} lines  {kind.folder}")
        if names:
            for where in spent.files:
                print(f"    {where}")
            for part, lines in spent.parts.items():
                print(f"    {lines:4} {part}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
