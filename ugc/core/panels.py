"""Named slots: a low page shows higher things without importing them.

The capability of the page declares a slot, a higher one registers a renderer for it, and the page
calls `panel_slots('place.below', place=place)`. docs/extension-points.md lists all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from flask import current_app
from flask_babel import get_locale
from markupsafe import Markup

from ugc.core import builds

Renderer = Callable[..., Any]


@dataclass(frozen=True)
class Slot:
    """A place on a page. `takes` are the names of what its renderers get. A slot whose name ends
    in `.*` stands for one of each kind, such as `case.report`. One of rows (`by_id`) gets a list,
    and its renderers answer `{id: HTML}`."""

    name: str
    shows: str
    takes: frozenset[str]
    by_id: bool = False


_declared: dict[str, Slot] = {}
_slots: dict[str, dict[str, Renderer]] = {}  # by the names of the renderers, in their order
KEPT = "boca_panels"


def declare(name: str, shows: str, *takes: str) -> None:
    """Makes a slot known: what it `shows`, and the names of what its renderers get."""
    _declared[name] = Slot(name, shows, frozenset(takes))


def declare_rows(name: str, shows: str, *takes: str) -> None:
    """As `declare`, of a slot in each row of a list: its renderers get the list, so that they read
    what they show of all rows at once."""
    _declared[name] = Slot(name, shows, frozenset(takes), by_id=True)


def slot_of(name: str) -> Slot:
    """The declaration of a slot. Raises LookupError for one that is not declared."""
    found = _declared.get(name) or _declared.get(f"{name.partition('.')[0]}.*")
    if found is None:
        raise LookupError(f"no slot is called {name!r}: declare it where its page is")
    return found


def declared() -> dict[str, Slot]:
    """Every slot by its name."""
    return dict(_declared)


def filled() -> dict[str, list[str]]:
    """The renderers of each slot, in their order."""
    return {slot: list(renderers) for slot, renderers in _slots.items()}


def arrange(order: Mapping[str, Sequence[str]]) -> None:
    """Puts the panels of slots that have several in `order`, by the names of their renderers.
    Raises LookupError for a slot that is not declared or that has other panels than `order`
    says."""
    for slot, renderers in _slots.items():
        slot_of(slot)
        named = order.get(slot, () if len(renderers) > 1 else renderers)
        if set(named) != renderers.keys():
            raise LookupError(f"the order of slot {slot!r} has to name {', '.join(renderers)}")
        _slots[slot] = {name: renderers[name] for name in named}
    if unknown := order.keys() - _slots.keys():
        raise LookupError(f"there are no panels of {', '.join(sorted(unknown))}")


def register(slot: str, renderer: Renderer) -> None:
    """`renderer(**context)` answers HTML (or '' for nothing), in a slot of rows by their ids. Where
    a slot has several, `ugc/app.py` says in which order."""
    name = f"{renderer.__module__}.{renderer.__qualname__}".removeprefix("ugc.")
    _slots.setdefault(slot, {})[name] = renderer


def of_language(renderer: Renderer, figure: Callable[[], Any] = lambda: None) -> Renderer:
    """Marks a panel that says the same to all readers of a language. It is rendered once for each
    language and build, and again when `figure`, what it tells of the database, has changed."""

    def kept(**context: Any) -> Markup:
        version, panels = current_app.extensions.get(KEPT, ("", {}))
        if version != builds.current().version:
            version, panels = builds.current().version, {}
            current_app.extensions[KEPT] = version, panels
        key, told = (name, str(get_locale())), figure()
        if key not in panels or panels[key][0] != told:
            panels[key] = told, Markup(renderer(**context) or "")
        return cast(Markup, panels[key][1])

    name = f"{renderer.__module__}.{renderer.__qualname__}"
    kept.__module__, kept.__qualname__ = renderer.__module__, renderer.__qualname__
    return kept


def render(slot: str, **context: Any) -> Markup:
    """All panels of a slot, in order. Markup comes from the renderers' autoescaped templates.
    Raises LookupError, TypeError for an unknown slot or for other arguments than it takes."""
    return Markup("").join(Markup(each or "") for each in _answers(slot, context, by_id=False))


def render_rows(slot: str, **context: Any) -> dict[int, Markup]:
    """As `render`, of a slot of rows: the panels by the id of their row."""
    rows: dict[int, Markup] = {}
    for answer in _answers(slot, context, by_id=True):
        for row, html in answer.items():
            rows[row] = rows.get(row, Markup("")) + Markup(html)
    return rows


def _answers(slot: str, context: dict[str, Any], *, by_id: bool) -> Iterator[Any]:
    declared = slot_of(slot)
    if context.keys() != declared.takes or declared.by_id is not by_id:
        takes = ", ".join(sorted(declared.takes)) or "nothing"
        raise TypeError(f"{slot} takes {takes}" + (", for rows" if declared.by_id else ""))
    return (renderer(**context) for renderer in _slots.get(slot, {}).values())
