"""Named slots: a low page shows higher things without importing them. A higher capability
registers a renderer for a slot; the page calls `panel_slots('place.below', place=place)`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from markupsafe import Markup

Renderer = Callable[..., Any]
_slots: dict[str, list[tuple[int, str, Renderer]]] = {}


def register(slot: str, renderer: Renderer, order: int = 100) -> None:
    """`renderer(**context)` answers HTML (or '' for nothing); lower `order` comes first."""
    entry = (order, f"{renderer.__module__}.{renderer.__qualname__}", renderer)
    entries = [e for e in _slots.get(slot, []) if e[1] != entry[1]]
    _slots[slot] = sorted([*entries, entry], key=lambda e: e[:2])


def render(slot: str, **context: Any) -> Markup:
    """All panels of a slot, in order. Markup comes from the renderers' autoescaped templates."""
    return Markup("").join(
        Markup(renderer(**context) or "") for _, _, renderer in _slots.get(slot, [])
    )
