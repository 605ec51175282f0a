"""What a kind of content costs, counted."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts import cost_of_a_kind as script
from ugc.content import actions as content_actions

NOTE = script.Kind("note", "notes", "Note", "ugc/notes")
PLAN = script.Kind("plan", "plans", "Plan", "ugc/notes")
INSIDE = '''"""Notes."""

from ugc.content import actions as content
from ugc.moderation import actions as moderation


def _published(session, note):
    """Tells."""
    # A comment.

    tell(session, note)


NOTES = content.declare(
    ContentKind("note", Note, on_published=_published)
)
PLANS = content.declare(ContentKind("plan", Plan))


def write(session, actor):
    return content.submit(session, actor, NOTES, Note())


def plan(session, actor):
    return content.submit(session, actor, PLANS, Plan())


def hide(note):
    note.visibility = "hidden"


def read(session):
    return submit(session)
'''
OUTSIDE = {
    "ugc/a.py": "from ugc.notes import actions\n",
    "ugc/b.py": "from ugc import notes\n",
    "ugc/c.py": "class NoteWritten: pass\n",
    "ugc/d.py": "KINDS = {'note': 1}\n",
    "ugc/e.py": 'SQL = "SELECT 1 FROM notes WHERE id = 1"\n',
    "ugc/f.sql": "-- other things\nSELECT 1 FROM notes\n",
    "static/js/g.js": "show('note');\n",
    "pyproject.toml": 'layers = ["ugc.notes"]\n',
}
APART = {
    "ugc/n.py": '"""Of a note."""\nTEXT = gettext("Write a note")  # a note\n',
    "ugc/o.py": "noted = keynote = footnotes = 1\n",
    "ugc/p.sql": "-- of notes\nSELECT 1\n",
    "static/js/q.js": "// a note\nshow(note);\n",
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for where, text in {**OUTSIDE, **APART, "ugc/notes/actions.py": INSIDE}.items():
        path = tmp_path / where
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def test_files_that_name_a_kind_are_counted_and_homonyms_are_not(tree: Path) -> None:
    assert set(script.naming(NOTE, tree)) == set(OUTSIDE)


def test_lines_of_life_cycle_are_those_of_the_declaration_and_of_calls_of_verbs(tree: Path) -> None:
    def parts(kind: script.Kind) -> dict[str, int]:
        found = script.life_cycle(kind, [NOTE, PLAN], tree)
        return {key.rpartition(":")[2]: lines for key, lines in found.items()}

    assert parts(NOTE) == {"_published": 2, "declaration": 3, "write": 2, "hide": 2}
    assert parts(PLAN) == {"declaration": 1, "plan": 2, "hide": 2}


def test_every_declared_kind_is_listed_and_known_ones_stay_cheap(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert script.main(["comet"]) == 2
    assert script.main([]) == 0
    listed = [line.split() for line in capsys.readouterr().out.splitlines()[2:]]
    costs = {name: (int(files), int(lines)) for name, files, _, lines, *_ in listed}
    assert set(costs) == {kind.name for kind in content_actions.kinds()}
    for name, (files, lines) in MOST.items():
        assert costs[name][0] <= files, (name, costs[name])
        assert costs[name][1] <= lines, (name, costs[name])


# Files outside and lines inside that a kind may cost at most.
MOST = {"comment": (10, 60), "review": (37, 60)}


def test_other_meanings_are_of_files_that_stand() -> None:
    for files in script.OTHER_MEANINGS.values():
        assert all((script.ROOT / where).exists() for where in files)
