"""Rules of the house that a machine can watch."""

import ast
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from ugc import config
from ugc.core import access
from ugc.version import VERSION

PACKAGE = config.ROOT / "ugc"
ALLOWED_FILES = {
    "__init__.py", "models.py", "rules.py", "queries.py", "actions.py", "schemas.py", "pages.py",
    "api.py", "subscribers.py", "jobs.py",
}  # fmt: skip


def test_every_endpoint_states_who_may_call_it(app: Flask) -> None:
    unmarked = [name for name, view in app.view_functions.items() if not hasattr(view, "access")]
    assert unmarked == []


def test_an_unmarked_endpoint_refuses_everybody() -> None:
    with pytest.raises(access.Forbidden):
        access.check(None, access.ANONYMOUS)


def test_only_the_core_commits() -> None:
    commits = [
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        if re.search(r"\.commit\(\)", path.read_text(encoding="utf-8"))
    ]
    assert commits == ["core/db.py"]


def test_capabilities_hold_only_the_known_files() -> None:
    no_capability = {"core", "cli", "drawing", "front", "geography", "search", "stream"}
    folders = [p for p in PACKAGE.iterdir() if p.is_dir() and p.name not in no_capability]
    strange = [
        str(file.relative_to(PACKAGE))
        for folder in folders
        for file in folder.glob("*.py")
        if file.name not in ALLOWED_FILES
    ]
    assert strange == []


def test_no_file_is_past_500_lines() -> None:
    long = [p.name for p in PACKAGE.rglob("*.py") if len(p.read_text().splitlines()) > 500]
    assert long == []


def test_templates_hold_no_inline_script_or_style() -> None:
    bad = re.compile(r"\sstyle=|\son[a-z]+=|<style|<script(?![^>]*(src=|application/json))")
    found = [
        str(path)
        for path in (config.ROOT / "templates").rglob("*.html")
        if bad.search(path.read_text(encoding="utf-8"))
    ]
    assert found == []


def test_the_settings_are_documented() -> None:
    text = (config.ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    assert [s.name for s in config.SETTINGS if f"`{s.name}`" not in text] == []


def test_errors_have_one_shape_per_audience(client: FlaskClient) -> None:
    page = client.get("/nowhere")
    assert page.status_code == 404
    assert page.content_type.startswith("text/html")
    script = client.get("/nowhere", headers={"Accept": "application/json"})
    assert script.content_type == "application/problem+json"
    assert script.json is not None
    assert script.json["code"] == "not_found"
    api = client.get("/api/v1/nowhere")
    assert api.content_type == "application/problem+json"


def test_every_answer_carries_the_security_headers(client: FlaskClient) -> None:
    headers = client.get("/").headers
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert "default-src 'self'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_no_path_of_a_machine_is_in_the_package() -> None:
    texts = [p for p in PACKAGE.rglob("*.py") if "/home/" in p.read_text(encoding="utf-8")]
    assert texts == []
    assert Path(config.ROOT / "LICENSE").exists()


def test_a_class_has_its_rules_in_one_style_sheet() -> None:
    """Two that use one name would draw over each other. (A sheet of its own page may differ.)"""
    where: dict[str, set[str]] = {}
    for path in (config.ROOT / "static" / "css").glob("*.css"):
        if not path.name.endswith(".entry.css"):
            for name in re.findall(r"^(\.[a-z][\w-]*) \{", path.read_text(), flags=re.M):
                where.setdefault(name, set()).add(path.name)
    assert len(where) > 200
    assert {name: files for name, files in where.items() if len(files) > 1} == {}


# Who may say `geom_exact`: its table, the one writer, the author's export.
SAY_EXACT = {
    "ugc/reports/models.py",
    "ugc/reports/actions/posting.py",
    "ugc/reports/actions/corrections.py",
    "ugc/reports/queries/exact.py",
}
# Whole rows of reports in SQL text would carry it along.
WHOLE_ROWS = re.compile(
    r"\b(?:reports|r)\.\*|(?:to_json|to_jsonb|row_to_json)\(\s*(?:r|reports)\s*\)"
    r"|SELECT \* FROM reports\b"
)


def test_only_the_authors_export_reads_exact_places() -> None:
    """Whatever is computed or shown for others reads `geom` alone."""
    said, whole = set(), []
    for folder in ("ugc", "templates", "static/js", "scripts", "benchmarks"):
        for path in (config.ROOT / folder).rglob("*"):
            ours = "node_modules" not in path.parts
            if not ours or path.suffix not in (".py", ".html", ".txt", ".mjs", ".sql"):
                continue
            text = path.read_text(encoding="utf-8")
            name = str(path.relative_to(config.ROOT))
            if "geom_exact" in text:
                said.add(name)
            if folder == "ugc" and WHOLE_ROWS.search(text):
                whole.append(name)
    assert said == SAY_EXACT
    assert whole == []


def _makes_an_instant(call: ast.Call) -> bool:
    """Whether a call turns a wall time into an aware time, or sets the clock of an aware one."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    words = {word.arg: ast.unparse(word.value) for word in call.keywords}
    if name == "replace":
        # Without its zone it is no instant any more.
        return (
            bool({"hour", "minute", "fold"} & set(words)) or words.get("tzinfo", "None") != "None"
        )
    if name == "combine":
        return len(call.args) > 2 or "tzinfo" in words
    if name == "datetime":
        return "tzinfo" in words and words["tzinfo"] != "dt.UTC"
    return name in ("localize", "make_aware", "make_timestamptz")


def test_one_helper_makes_instants_of_wall_times() -> None:
    """Clocks skip times and show others twice: only `core/wall.py` says which instant is meant.
    Constants in UTC are instants; SQL changes instants into days of UTC or of the reader alone."""
    found, zones = [], set()
    for path in sorted(PACKAGE.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        zones |= set(re.findall(r"AT TIME ZONE ([^)\s]+)", text, re.IGNORECASE))
        found += [
            f"{path.relative_to(PACKAGE)}:{node.lineno}"
            for node in ast.walk(ast.parse(text))
            if isinstance(node, ast.Call) and _makes_an_instant(node)
        ]
    helper = {place for place in found if place.startswith("core/wall.py")}
    assert len(helper) >= 2  # the rule sees what the helper does
    assert sorted(set(found) - helper) == []
    assert zones == {"'UTC'"}


def test_no_page_is_searched_for_three_letters() -> None:
    """A page holds tokens and ids, in which any three letters or digits stand by chance: what a
    person reads is in `tests.reading.words`."""
    lucky = []
    for path in (config.ROOT / "tests").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Compare(
                    left=ast.Constant(value=str(sought)),
                    ops=[ast.In() | ast.NotIn()],
                    comparators=[
                        ast.Attribute(attr="text")
                        | ast.Name(id="page" | "text")
                        | ast.Call(func=ast.Name(id="str"))
                    ],
                ) if len(sought) <= 3 and sought.isalnum():
                    lucky.append(f"{path.name}:{node.lineno}")
    assert not lucky


def test_the_drawing_of_the_packages_is_current() -> None:
    """Every package has its row and its sentence, and every table its package."""
    script = config.ROOT / "scripts" / "architecture.py"
    ran = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "docs/life-of-a-report.md"])
def test_addresses_of_files_lead_somewhere(page: str) -> None:
    text = (config.ROOT / page).read_text(encoding="utf-8")
    named = re.findall(r"`((?:ugc|tests|templates|scripts|frontend)/[\w./-]+)`", text)
    named += re.findall(r"\]\((?!http|#)([^)#]+)", text)
    base = (config.ROOT / page).parent
    missing = [
        name for name in named if not ((config.ROOT / name).exists() or (base / name).exists())
    ]
    assert missing == []


def test_the_readme_names_every_capability() -> None:
    text = (config.ROOT / "README.md").read_text(encoding="utf-8")
    packages = [path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists()]
    assert [name for name in packages if f"ugc/{name}/" not in text] == []


def test_the_changelog_begins_with_this_version() -> None:
    text = (config.ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert headings[0] == "[Unreleased]"
    assert re.fullmatch(rf"\[{re.escape(VERSION)}\] - \d{{4}}-\d\d-\d\d", headings[1])
    allowed = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    assert set(re.findall(r"^### (.+)$", text, re.MULTILINE)) <= allowed


def modules() -> dict[str, Path]:
    """Every module of the package by its dotted name."""
    return {
        ".".join(path.relative_to(config.ROOT).with_suffix("").parts): path
        for path in PACKAGE.rglob("*.py")
        if path.name != "__init__.py"
    }


def test_packages_hold_no_code() -> None:
    """What a package is for stands in its `__init__`; what it does, in files named for it."""
    holding = [
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("__init__.py")
        for statement in ast.parse(path.read_text(encoding="utf-8")).body
        if not isinstance(statement, ast.Expr)
    ]
    assert holding == []


LAYERS = ("models", "rules", "queries", "actions", "schemas", "pages", "api", "subscribers", "jobs")


def names_for(module: str, here: str) -> set[str]:
    """How a module of a capability may be called in `here`: its own name within the capability,
    after the capability's name elsewhere; with its layer where the name is taken."""
    _, capability, *rest = module.split(".")
    own = rest[-1]
    names = {own} | ({f"{own}_{rest[0]}"} if len(rest) > 1 else set())
    if here.startswith(f"ugc.{capability}."):
        return names
    return {f"{capability}_{name}" for name in names}


def test_modules_are_called_by_one_convention() -> None:
    known = set(modules())
    layered = {
        name
        for name in known
        if len(name.split(".")) > 2 and name.split(".")[2] in LAYERS and "ugc.core." not in name
    }
    wrong = []
    for folder in ("ugc", "tests", "benchmarks", "scripts"):
        for path in (config.ROOT / folder).rglob("*.py"):
            here = ".".join(path.relative_to(config.ROOT).with_suffix("").parts)
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if not isinstance(node, ast.ImportFrom):
                    continue
                for each in node.names:
                    module, called = f"{node.module}.{each.name}", each.asname or each.name
                    if module in layered and called not in names_for(module, here):
                        wrong.append(f"{here}: {module} as {called}")
    assert wrong == []


def test_modules_below_the_capabilities_have_names_of_their_own() -> None:
    """So they are called by them everywhere, without the package's name before."""
    foundations = [
        name
        for name in modules()
        if name.split(".")[1] in ("core", "drawing", "geography", "search")
        and name.split(".")[-1] not in LAYERS
    ]
    own = Counter(name.split(".")[-1] for name in foundations)
    assert [name for name, count in own.items() if count > 1] == []
    renamed = [
        f"{path.relative_to(config.ROOT)}: {node.module}.{each.name} as {each.asname}"
        for folder in ("ugc", "tests", "benchmarks", "scripts")
        for path in (config.ROOT / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom)
        for each in node.names
        if each.asname and f"{node.module}.{each.name}" in foundations
    ]
    assert renamed == []


def test_tests_share_by_helpers_not_by_other_tests() -> None:
    """A test module can change without another: what two need stands in a helper or a conftest."""
    borrowed = []
    for folder in ("tests", "benchmarks", "scripts"):
        for path in (config.ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ImportFrom):
                    named = [node.module or "", *(each.name for each in node.names)]
                    if any(each.rpartition(".")[2].startswith("test_") for each in named):
                        borrowed.append(f"{path.relative_to(config.ROOT)}:{node.lineno}")
    assert borrowed == []
