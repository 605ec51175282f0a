"""What the build leaves out."""

from __future__ import annotations

import json
import re

from ugc.config import ROOT
from ugc.core import builds

CSS = sorted((ROOT / "static" / "css").glob("*.css"))
CLASS = re.compile(r"\.(-?[_a-zA-Z][\w-]*)")
# Controls of MapLibre whose style is left out (frontend/map-css.mjs), as scripts ask for them.
LEFT_OUT = re.compile(
    r"(Fullscreen|Geolocate|Globe|Logo|Terrain)Control|cooperativeGestures|maplibreLogo"
)
SHOWN = ("zoom-in", "zoom-out", "attrib-button", "scale")


def built(name: str) -> str:
    names = json.loads((builds.BUILD / "manifest.json").read_text(encoding="utf-8"))
    return (builds.BUILD / names[name]).read_text(encoding="utf-8")


def sources() -> str:
    """All that may name a class: templates, scripts, Python, and MapLibre, which makes its own."""
    files = [
        *(ROOT / "templates").rglob("*.html"),
        *(ROOT / "static" / "js").glob("*.mjs"),
        *(ROOT / "ugc").rglob("*.py"),
        ROOT / "node_modules" / "maplibre-gl" / "dist" / "maplibre-gl.mjs",
    ]
    return "\n".join(file.read_text(encoding="utf-8") for file in files)


def test_each_class_of_the_style_sheets_is_named_somewhere() -> None:
    """Whole, or by the part before what a template adds to it (`kind--{{ colour }}`)."""
    words = set(re.findall(r"[\w-]+", sources()))
    unused = []
    for file in CSS:
        rules = re.sub(r"/\*.*?\*/|\{[^{}]*\}|url\([^)]*\)", " ", file.read_text(), flags=re.DOTALL)
        for name in set(CLASS.findall(rules)) - words:
            stem = re.match(r"(.*(?:--|-))", name)
            # htmx sets one by itself, and MapLibre names the side on which a popup opens.
            if not (stem and stem[1] in words) and not name.startswith(("htmx-", "maplibregl-pop")):
                unused.append(f"{file.name}: .{name}")
    assert unused == []


def test_maps_have_the_style_of_their_controls_and_no_other() -> None:
    css = built("main.css")
    for name in SHOWN:
        assert f"maplibregl-ctrl-{name}" in css, name
    for name in ("maplibregl-popup-tip", "maplibregl-marker", "maplibregl-canvas-container"):
        assert name in css, name
    assert "geolocate" not in css
    for script in (ROOT / "static" / "js").glob("*.mjs"):
        assert not LEFT_OUT.search(script.read_text(encoding="utf-8")), script.name
