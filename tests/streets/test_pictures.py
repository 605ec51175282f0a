"""Drawn pictures of things that stand in a loaded city: its streets, in both themes."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from tests.streets import omt
from tests.streets.colours import colours_of, near
from tests.streets.conftest import HELSINKI, Run
from ugc.config import ROOT
from ugc.core.db import Session
from ugc.drawing import citymap
from ugc.drawing.basemap import View
from ugc.drawing.citymap import ROADS, City, width_at
from ugc.streets.pages import city_at

AT = {"lon": "24.9445", "lat": "60.1688"}


def script() -> str:
    return (ROOT / "static" / "js" / "city-style.mjs").read_text("utf-8")


@pytest.mark.parametrize(("theme", "colours"), [("LIGHT", citymap.LIGHT), ("DARK", citymap.DARK)])
def test_colours_and_widths_are_those_of_the_browser(theme: str, colours: citymap.Colours) -> None:
    part = script().split(f"const {theme} = {{")[1].split("\n};")[0]
    said = dict(re.findall(r"(\w+): '(#[0-9a-f]{6})'", part))
    roads = dict(re.findall(r"(\w+): '(#[0-9a-f]{6})'", part.split("road: {")[1].split("}")[0]))
    casings = dict(re.findall(r"(\w+): '(#[0-9a-f]{6})'", part.split("casing: {")[1].split("}")[0]))
    assert colours.roads == roads
    assert colours.casings == casings
    grounds = {k: v for k, v in colours.grounds.items() if k != "ocean"}
    assert grounds.items() <= {**said, "water": said["water"]}.items()
    assert colours.grounds["ocean"] == said["water"]
    assert (colours.building, colours.rail, colours.halo) == (
        said["building"], said["rail"], said["halo"],
    )  # fmt: skip
    # `name` is a colour of letters there and of one road's here.
    assert f"name: '{colours.name}'" in part
    for kind, stops in ROADS.items():
        numbers = ", ".join(f"{number:g}" for stop in stops for number in stop)
        assert f"{kind}: [{numbers}]" in script()


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2)."""
    parts = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    r, g, b = (p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("colours", [citymap.LIGHT, citymap.DARK], ids=["light", "dark"])
def test_roads_and_names_stand_out(colours: citymap.Colours) -> None:
    """Non-text contrast of WCAG 2.2 (1.4.11) for roads, text contrast (1.4.3) for names."""
    for kind, fill in colours.roads.items():
        casing = colours.casings.get(kind, colours.casings["other"])
        for ground in ("land", "town"):
            on = colours.grounds[ground]
            assert max(contrast(fill, on), contrast(casing, on)) >= 3, (kind, ground)
    assert contrast(colours.name, colours.halo) >= 4.5


@pytest.mark.parametrize(
    ("zoom", "pixels"), [(11.9, 0.0), (12, 0.5), (13, 1.2), (14, 2.7), (25, 54.0)]
)
def test_widths_grow_with_the_zoom(zoom: float, pixels: float) -> None:
    assert width_at(ROADS["minor"], zoom) == pytest.approx(pixels)
    assert width_at(ROADS["minor"], 13.5) > (1.2 + 2.7) / 2 - 0.2


def preview_of(page: str, browser: FlaskClient) -> tuple[str, bytes]:
    path = re.findall(r"/previews/[\w-]+light[\w-]+\.webp", page)[0]
    answer = browser.get(path)
    assert answer.status_code == 200
    return path, answer.data


def test_previews_and_cards_show_the_streets_once_a_city_is_loaded(
    run: Run, session: Session, signed_in: Callable[..., FlaskClient]
) -> None:
    author = signed_in("pictured")
    sent = author.post("/reports", data={"kind": "roadworks", "text": "Zanja abierta.", **AT})
    assert sent.location, sent.text
    url = str(sent.location)
    before = author.get(url).text
    path, _ = preview_of(before, author)
    run("load", HELSINKI)
    after = author.get(url).text
    path_now, data = preview_of(after, author)
    assert path != path_now
    found = colours_of(data)
    assert near(found, citymap.LIGHT.building)
    assert near(found, citymap.LIGHT.rail)
    # The old address leads to the picture of now.
    assert author.get(path).headers["Location"] == path_now
    run("remove", "helsinki", "--yes")
    assert preview_of(author.get(url).text, author)[0] == path


def test_what_lies_outside_of_a_city_has_no_streets(run: Run, session: Session) -> None:
    run("load", HELSINKI)
    assert city_at(24.9445, 60.1688) is not None
    assert city_at(2.0, 41.0) is None
    assert city_at(None, None) is None


def test_a_city_that_fills_a_view_is_its_only_source(tmp_path: Path) -> None:
    box = (24.9, 60.1, 25.0, 60.2)
    archive = omt.archive(tmp_path / "city.pmtiles", box=box)
    city = citymap.Painted(City(archive, box, "openmaptiles"), citymap.LIGHT)
    close, far = View(24.95, 60.15, 14.9, 448, 200), View(24.95, 60.15, 8.0, 448, 200)
    assert city.sources(close) == citymap.SOURCE
    assert citymap.SOURCE in city.sources(far)
    assert "Natural Earth" in city.sources(far)
