"""A person's data lies in every capability: each registers how it exports and erases its part."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ugc.core.db import Session

Exporter = Callable[[Session, int], Any]
Eraser = Callable[[Session, int, bool], None]
_exporters: dict[str, Exporter] = {}
_erasers: dict[str, tuple[int, Eraser]] = {}


def registered() -> list[str]:
    """The parts of an export, by name."""
    return list(_exporters)


def register(name: str, export: Exporter, erase: Eraser, order: int = 100) -> None:
    """`export(session, member_id)` answers JSON-able data; `erase(session, member_id,
    with_content)` removes what names the person, and the content too when they chose that; lower
    `order` is erased first."""
    _exporters[name] = export
    _erasers[name] = (order, erase)


def export(session: Session, member_id: int) -> dict[str, Any]:
    return {name: exporter(session, member_id) for name, exporter in sorted(_exporters.items())}


def erase(session: Session, member_id: int, with_content: bool) -> None:
    for _, (_, eraser) in sorted(_erasers.items(), key=lambda each: (each[1][0], each[0])):
        eraser(session, member_id, with_content)
