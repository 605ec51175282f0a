"""What all templates and scripts keep to: pressed buttons look so, and numbers are the reader's."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
STYLES = ROOT / "static" / "css"
SCRIPTS = sorted((ROOT / "static" / "js").glob("*.mjs"))
NAMES = [str(path.relative_to(ROOT / "templates")) for path in TEMPLATES]
TAG = re.compile(r"<(\w+)\b((?:\"[^\"]*\"|[^>\"])*aria-pressed(?:\"[^\"]*\"|[^>\"])*)>")
# Numbers with a point that no person reads as such: names of form fields and addresses.
WIRE = re.compile(r"(?:href|value|hx-get)=\"[^\"]*\"|url_for\([^)]*\)")


@pytest.mark.parametrize("path", TEMPLATES, ids=NAMES)
def test_what_is_pressed_looks_so_by_one_rule(path: Path) -> None:
    """A button says that it is pressed, and the style sheet shows it: no template paints it."""
    for tag, rest in TAG.findall(path.read_text(encoding="utf-8")):
        assert tag == "button", rest
        painted = re.search(r"class=\"[^\"]*\{%", rest.replace("{% if small %}", ""))
        assert painted is None, rest


def test_the_rule_stands_once_and_fills_the_button() -> None:
    rules = [
        block
        for sheet in sorted(STYLES.glob("*.css"))
        for block in re.findall(
            r"[^{}]*\[aria-pressed=\"true\"\][^{}]*\{[^}]*\}", sheet.read_text()
        )
    ]
    assert rules
    assert all("background" in block for block in rules)
    assert all(re.search(r"(?m)^button\[aria-pressed=\"true\"\]", block) for block in rules), rules


@pytest.mark.parametrize("path", TEMPLATES, ids=NAMES)
def test_decimals_are_written_in_the_readers_language(path: Path) -> None:
    text = WIRE.sub("", path.read_text(encoding="utf-8"))
    assert not re.findall(r"%\.\df", text), "use decimal(), number() or position()"
    for found in re.finditer(r"\| ?round\b(?!( ?\| ?int))", text):
        tag = text[text.rfind("<", 0, found.start()) : found.start()]
        shown = "number(" in tag or "decimal(" in tag or tag.startswith("<path")
        assert shown, tag


# Form values, keys and addresses; whole metres beside a position.
FIXED = {
    "coordinates.mjs", "forms.mjs", "history.entry.mjs", "map.entry.mjs", "offline.mjs",
    "pick.entry.mjs", "sheet.mjs", "vote.mjs", "watch-map.mjs", "watch-outline.mjs",
    "watches.entry.mjs",
}  # fmt: skip


@pytest.mark.parametrize("path", SCRIPTS, ids=[path.name for path in SCRIPTS])
def test_scripts_write_numbers_by_the_language(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    fixed = re.findall(r"toFixed\((\d)\)", text)
    if path.name not in FIXED:
        assert not fixed, "use Intl.NumberFormat"
    # A position has four decimals and more; one or two would be a number that people read.
    shown = re.findall(r"textContent[^;]*toFixed\([12]\)", text)
    assert not shown, shown


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_lines_of_templates_can_be_read_in_a_review(path: Path) -> None:
    """Long messages are split into literals side by side, which Jinja and gettext read as one."""
    lines = path.read_text(encoding="utf-8").splitlines()
    assert [number for number, line in enumerate(lines, 1) if len(line) > 160] == []


def test_icons_that_templates_name_are_drawn() -> None:
    """An icon that the sprite lacks leaves an empty space."""
    listed = set((ROOT / "static/icons/icons.txt").read_text(encoding="utf-8").split())
    own = {path.stem for path in (ROOT / "static").rglob("icons/*.svg")}
    named = {
        name
        for path in TEMPLATES
        for name in re.findall(r"\bicon\('([a-z0-9-]+)'", path.read_text(encoding="utf-8"))
    }
    assert named - listed - own == set()
