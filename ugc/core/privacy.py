"""A person's data lies in every capability: each registers how it exports and erases its part."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ugc.core.db import Session

Exporter = Callable[[Session, int], Any]
Eraser = Callable[[Session, int, bool], None]
_exporters: dict[str, list[Exporter]] = {}
_erasers: list[tuple[int, str, Eraser]] = []


def registered() -> list[str]:
    """The parts of an export, by name."""
    return list(_exporters)


def register(name: str, export: Exporter, erase: Eraser, order: int = 100) -> None:
    """Makes known how a part of a member's data is exported and erased. `export(session,
    member_id)` answers JSON-able data, a dict where several share a `name`; `erase(session,
    member_id, with_content)` removes what names the person, and the content too when they chose
    that; lower `order` is erased first."""
    _exporters.setdefault(name, []).append(export)
    _erasers.append((order, name, erase))


def export(session: Session, member_id: int) -> dict[str, Any]:
    """All parts of a member's data, by name."""
    found: dict[str, Any] = {}
    for name, exporters in sorted(_exporters.items()):
        parts = [exporter(session, member_id) for exporter in exporters]
        found[name] = parts[0] if len(parts) == 1 else {k: v for p in parts for k, v in p.items()}
    return found


def erase(session: Session, member_id: int, with_content: bool) -> None:
    """Erases all parts of a member's data, in their order."""
    for _, _, eraser in sorted(_erasers, key=lambda each: each[:2]):
        eraser(session, member_id, with_content)
