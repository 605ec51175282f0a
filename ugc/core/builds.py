"""The built files of `static/build`: their addresses and icons, read once for each build."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from flask import g, has_app_context
from markupsafe import Markup, escape

from ugc.config import ROOT

BUILD = ROOT / "static" / "build"


@dataclass(frozen=True)
class Build:
    """One state of the manifest; `version` differs from that of every other state."""

    version: str
    addresses: dict[str, str]


@lru_cache(maxsize=2)
def _read(path: Path, version: str) -> Build:
    names = json.loads(path.read_text(encoding="utf-8"))
    return Build(version, {name: f"/static/build/{file}" for name, file in names.items()})


def _now() -> Build:
    path = BUILD / "manifest.json"
    found = path.stat()
    return _read(path, f"{found.st_mtime_ns}.{found.st_ino}.{found.st_size}")


def current() -> Build:
    """The present build. A request asks the file system once, so that its page is of one build."""
    if not has_app_context():
        return _now()
    if "build" not in g:
        g.build = _now()
    build: Build = g.build
    return build


def asset(name: str) -> str:
    """Address of a built file. Raises KeyError for one that the build does not make."""
    return current().addresses[name]


@lru_cache(maxsize=16)
def _megabytes(file: str) -> int:
    return max(1, round((BUILD / file).stat().st_size / 1e6))


def megabytes(name: str) -> int:
    """Size of a built file in millions of bytes, rounded, at least 1. Raises as `asset` does."""
    return _megabytes(asset(name).rsplit("/", 1)[-1])


def icon(name: str, label: str = "") -> Markup:
    """An icon of the sprite; without a label it is decoration."""
    use = f'<use href="{asset("icons.svg")}#{escape(name)}"/></svg>'
    if label:
        return Markup(f'<svg class="icon" role="img" aria-label="{escape(label)}">{use}')
    return Markup(f'<svg class="icon" aria-hidden="true">{use}')
