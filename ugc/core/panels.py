"""Named slots: a low page shows higher things without importing them. A higher capability
registers a renderer for a slot; the page calls `panel_slots('place.below', place=place)`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from flask import current_app
from flask_babel import get_locale
from markupsafe import Markup

from ugc.core import builds

Renderer = Callable[..., Any]
_slots: dict[str, list[tuple[int, str, Renderer]]] = {}
KEPT = "boca_panels"


def register(slot: str, renderer: Renderer, order: int = 100) -> None:
    """`renderer(**context)` answers HTML (or '' for nothing); lower `order` comes first."""
    entry = (order, f"{renderer.__module__}.{renderer.__qualname__}", renderer)
    entries = [e for e in _slots.get(slot, []) if e[1] != entry[1]]
    _slots[slot] = sorted([*entries, entry], key=lambda e: e[:2])


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
    """All panels of a slot, in order. Markup comes from the renderers' autoescaped templates."""
    return Markup("").join(
        Markup(renderer(**context) or "") for _, _, renderer in _slots.get(slot, [])
    )
