"""Writes docs/extension-points.md and docs/events.md out of what the capabilities register.

    python scripts/extension_points.py [--check]

With `--check` it changes nothing and ends with 1 where a page is not as it would be written."""

from __future__ import annotations

import ast
import sys
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from ugc import app, events, schema
from ugc.content import actions as content_actions
from ugc.core import limits, panels, privacy, subjects
from ugc.moderation import actions as moderation_actions
from ugc.search import finding

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"


def loaded() -> None:
    """Imports every surface, which registers all there is."""
    schema.load_models()
    list(app.surfaces())
    panels.arrange(app.PANELS)


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> list[str]:
    """A Markdown table."""
    lines = [f"| {' | '.join(head)} |"]
    lines.append("|" + "---|" * lines[0].count(" | ") + "---|")
    return lines + [f"| {' | '.join(row)} |" for row in rows]


def code(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def emitters() -> dict[str, list[str]]:
    """Where each event is made, by the name of its class: modules of the package."""
    found: dict[str, set[str]] = defaultdict(set)
    for path in (ROOT / "ugc").rglob("*.py"):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or is_event(node.func) == "on":
                continue
            for each in (node.func, *node.args):
                if name := is_event(each):
                    found[name].add(module.removeprefix("ugc."))
    return {name: sorted(modules) for name, modules in found.items()}


def is_event(node: ast.expr) -> str:
    """The name after `events.`; '' for anything else."""
    named = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    return node.attr if named and node.value.id == "events" else ""  # type: ignore[attr-defined]


def all_events() -> list[type[events.Event]]:
    """Every event, in the order of its definition."""
    return [
        kind
        for kind in vars(events).values()
        if isinstance(kind, type)
        and issubclass(kind, events.Event)
        and kind not in (events.Event, events.ContentEvent, events.PhotoEvent)
    ]


def events_page() -> str:
    listeners, makers = events.subscribers(), emitters()
    rows = [
        (
            f"`{kind.name()}`",
            " ".join((kind.__doc__ or "").split()) if '"""' not in (kind.__doc__ or "") else "",
            code(makers.get(kind.__name__, ())),
            code(listeners.get(kind.name(), ())),
        )
        for kind in all_events()
    ]
    rows = [
        (name, "" if said.startswith(name_of(name)) else said, *rest) for name, said, *rest in rows
    ]
    return "\n".join([
        "# Events",
        "",
        "One job per listener, enqueued in the transaction that the event tells of, in this",
        "order (`ugc/events.py`). What happened to one thing reaches the listeners of one",
        "capability in the order in which it happened. `scripts/extension_points.py` writes this.",
        "",
        *table(("event", "what happened", "emitted by", "listeners"), rows),
        "",
    ])  # fmt: skip


def name_of(cell: str) -> str:
    """What a dataclass without a docstring says of itself begins with its class."""
    return "".join(part.title() for part in cell.strip("`").replace(".", "_").split("_")) + "("


def slots() -> list[tuple[str, ...]]:
    filled = panels.filled()
    rows = []
    for name, slot in sorted(panels.declared().items()):
        inside = (
            [(each, of) for each, of in sorted(filled.items()) if each.startswith(name[:-1])]
            if name.endswith(".*")
            else [(name, filled.get(name, []))]
        )
        shown = "<br>".join(
            (f"{each}: " if name.endswith(".*") else "") + code(of) for each, of in inside
        )
        rows.append((f"`{name}`", slot.shows, code(sorted(slot.takes)), shown))
    return rows


def extension_page() -> str:
    kinds = [
        (f"`{kind.name}`", f"`{kind.table.__tablename__}`", "yes" if kind.counts else "",
         "yes" if kind.has_photos else "", code(kind.texts))
        for kind in content_actions.kinds()
    ]  # fmt: skip
    reviewables = [
        (f"`{name}`", code(a.code for a in each.actions),
         "yes" if any(a.undo for a in each.actions) else "")
        for name, each in sorted(moderation_actions.reviewables().items())
    ]  # fmt: skip
    return "\n".join([
        "# Extension points",
        "",
        "Where a capability adds something to what stands below it, without being imported there.",
        "Importing its pages, API, subscribers and jobs registers all of it (`ugc/app.py`).",
        "`scripts/extension_points.py` writes this page. Jobs are in [jobs](jobs.md), events in",
        "[events](events.md).",
        "",
        "## Slots of pages",
        "`panels.declare` makes a slot known, `panels.register` fills it, `panel_slots` shows it;",
        "`declare_rows` and `render_rows` are for slots in the rows of a list. `PANELS` of",
        "`ugc/app.py` orders the panels of a slot that has several.",
        "",
        *table(("slot", "where", "takes", "filled by, in order"), slots()),
        "",
        "## Rate limits",
        "`limits.declare(name, rate)`, beside the blueprint of the capability; counted by",
        "`limits.hit(name)`. `api` is the setting API_LIMIT.",
        "",
        *table(
            ("limit", "of one caller", "room for many readers of one address"),
            (
                (f"`{name}`", rate, "yes" if name in limits.READING else "")
                for name, rate in sorted(limits.LIMITS.items())
            ),
        ),
        "",
        "## Kinds of contributed content",
        "`content_actions.declare(ContentKind(…))` (decisions/0048).",
        "",
        *table(("kind", "table", "frees from approval", "photos", "texts"), kinds),
        "",
        "## What moderators decide",
        "`moderation_actions.register(kind, Reviewable(…))` (decisions/0050).",
        "",
        *table(("kind", "actions", "can be undone"), reviewables),
        "",
        "## Kinds of subjects",
        "`subjects.register(subjects.Kind(…))`: what a thing is called, and its line in lists.",
        "",
        code(sorted(subjects.kinds())),
        "",
        "## Search",
        "`finding.register(name, find, …)`: what one search finds.",
        "",
        code(sorted(finding.registered())),
        "",
        "## Export and erasure",
        "`privacy.register(name, export, erase)`: what is stored about a person.",
        "",
        code(sorted(privacy.registered())),
        "",
    ])  # fmt: skip


def main() -> None:
    loaded()
    pages = {"events.md": events_page(), "extension-points.md": extension_page()}
    for name, text in pages.items():
        path = DOCS / name
        if "--check" not in sys.argv:
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            sys.exit(f"docs/{name}: run scripts/extension_points.py")


if __name__ == "__main__":
    main()
