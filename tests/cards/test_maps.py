"""The still maps on pages: who sees them, what they show, and how long they are kept."""

import io
import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from PIL import Image

from scripts.frontend import node_and_npm
from tests.cards.conftest import World, hide
from ugc.cards.pages import pictures as cards_pictures
from ugc.cards.rules import previews as cards_previews
from ugc.cards.rules.previews import Preview
from ugc.config import ROOT
from ugc.core import render
from ugc.core.db import Session
from ugc.drawing import basemap, typeset
from ugc.geography import towns

MADRID = Preview("bcd", "es", "light", "beer", "amber", -3.704, 40.412)


def picture(preview: Preview) -> Image.Image:
    pack = typeset.pack(render.BUILD / Path(render.asset("cards.pack")).name)
    base = basemap.basemap(render.BUILD / Path(render.asset("basemap.pmtiles")).name)
    return Image.open(io.BytesIO(cards_previews.draw(preview, pack, base))).convert("RGB")


def addresses(browser: FlaskClient, path: str) -> list[str]:
    """Of the still map of a page, the dark one first."""
    return re.findall(r'(?:srcset|src)="(/previews/[^"]+)"', browser.get(path).text)


@pytest.fixture(params=["place", "report"])
def kind(request: pytest.FixtureRequest) -> str:
    cards_pictures._kept_here.clear()
    return str(request.param)


@pytest.mark.parametrize(
    ("theme", "land"), [("light", (0xF6, 0xF1, 0xE9)), ("dark", (0x25, 0x1C, 0x29))]
)
def test_a_preview_is_drawn_in_the_pages_colours(theme: str, land: tuple[int, int, int]) -> None:
    image = picture(Preview(**{**vars(MADRID), "theme": theme}))
    assert image.size == (
        cards_previews.WIDTH * cards_previews.DENSITY,
        cards_previews.HEIGHT * cards_previews.DENSITY,
    )
    most = max(image.getcolors(1 << 20) or [], key=lambda each: each[0])[1]
    assert all(abs(one - other) <= 4 for one, other in zip(most, land, strict=True))  # type: ignore[arg-type]


def test_an_area_is_drawn_as_one() -> None:
    point, area = picture(MADRID), picture(Preview(**{**vars(MADRID), "area_m": 420}))
    assert point.tobytes() != area.tobytes()


def test_the_picture_leads_to_the_map_and_its_code_comes_later(
    client: FlaskClient, world: World, kind: str
) -> None:
    page = client.get(f"/{kind}s/{world.all[kind]}").text
    box = re.search(r'<a class="mini-map" href="(/\?[^"]+)".*?</a>', page, re.DOTALL)
    assert box is not None
    assert client.get(box[1].replace("&amp;", "&")).status_code == 200
    assert 'alt="Map of where it is: press to move it"' in box[0]
    scripts = re.findall(r'<script[^>]* src="/static/build/([^"]+)"', page)
    assert scripts
    for name in loaded(scripts):
        assert (render.BUILD / name).stat().st_size < 100_000, name


def loaded(names: list[str]) -> set[str]:
    """Scripts and all that they import at once."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            text = (render.BUILD / name).read_text("utf-8")
            waiting += re.findall(r'(?:from|import)"\./([^"]+)"', text)
    return found


def test_a_chosen_theme_has_one_picture_and_the_devices_has_two(
    client: FlaskClient, world: World, kind: str
) -> None:
    path = f"/{kind}s/{world.all[kind]}"
    dark, light = addresses(client, path)
    assert "-en-dark-" in dark
    assert "-en-light-" in light
    client.post("/theme", data={"theme": "dark", "next": "/"})
    assert addresses(client, path) == [dark]
    assert "-es-dark-" in addresses(client, f"{path}?lang=es")[0]


def test_a_picture_is_kept_and_not_sent_twice(
    client: FlaskClient, world: World, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[Preview] = []
    draw = cards_previews.draw
    monkeypatch.setattr(
        cards_previews, "draw", lambda one, *rest: (drawn.append(one), draw(one, *rest))[1]
    )
    path = addresses(client, f"/{kind}s/{world.all[kind]}")[1]
    first = client.get(path)
    assert first.content_type == "image/webp"
    assert first.headers["Cache-Control"] == "public, max-age=86400, immutable"
    assert client.get(path).data == first.data
    assert client.get(path, headers={"If-None-Match": first.headers["ETag"]}).status_code == 304
    assert client.head(path).status_code == 200
    assert len(drawn) == 1


def test_no_address_draws_what_no_thing_is(client: FlaskClient, world: World, kind: str) -> None:
    path = addresses(client, f"/{kind}s/{world.all[kind]}")[1]
    moved = client.get(re.sub(r"[0-9a-f]{16}", "0" * 16, path))
    assert (moved.status_code, moved.location) == (302, path)
    for other in (world.brand, world.member, "zzzzzzzzzzzz"):
        assert client.get(path.replace(world.all[kind], other)).status_code == 404
    assert client.get("/previews/-3.70,40.41.webp").status_code == 404


@pytest.mark.parametrize("visibility", ["hidden", "removed", "withdrawn"])
def test_what_a_reader_does_not_see_has_no_picture_for_them(
    client: FlaskClient, session: Session, world: World, kind: str, visibility: str
) -> None:
    path = addresses(client, f"/{kind}s/{world.all[kind]}")[1]
    hide(session, f"{kind}s", world.all[kind], visibility)
    assert client.get(path).status_code == 404
    for address in addresses(world.mod, f"/{kind}s/{world.all[kind]}"):
        answer = world.mod.get(address)
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"].startswith("private")


def test_a_place_that_waits_is_shown_to_its_author_only(
    client: FlaskClient, signed_in: Callable[..., FlaskClient]
) -> None:
    cards_pictures._kept_here.clear()
    ana = signed_in("ana")
    where = {"lat": "40.4123", "lon": "-3.7038", "place_name": ""}
    made = ana.post("/places", data={"name": "Bar Sol", "category": "bar", "address": "", **where})
    path = addresses(ana, made.location)[1]
    answer = ana.get(path)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"].startswith("private")
    for stranger in (client, signed_in("ben")):
        assert stranger.get(path).status_code == 404


def test_drawing_is_limited_and_what_is_kept_is_free(
    client: FlaskClient, world: World, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cards_previews, "draw", lambda *_: b"RIFF drawn")
    monkeypatch.setitem(client.application.extensions["boca_limits"].rates, "card", "1 per minute")
    dark, light = addresses(client, f"/{kind}s/{world.all[kind]}")
    assert client.get(light).status_code == 200
    assert client.get(dark).status_code == 429
    assert client.get(light).status_code == 200


def test_a_coarse_report_stays_coarse(client: FlaskClient, session: Session, world: World) -> None:
    """What is drawn comes from the public position and the area alone."""
    cards_pictures._kept_here.clear()
    path = f"/reports/{world.report}"
    before = addresses(client, path)
    session.execute(
        sa.text(
            "UPDATE reports SET coarse = true, accuracy_m = 420,"
            " geom_exact = ST_SetSRID(ST_MakePoint(-3.7011, 40.4155), 4326)"
        )
    )
    session.commit()
    coarse = addresses(client, path)
    assert coarse != before
    session.execute(
        sa.text("UPDATE reports SET geom_exact = ST_SetSRID(ST_MakePoint(-3.70, 40.41), 4326)")
    )
    session.commit()
    assert addresses(client, path) == coarse


@pytest.mark.parametrize(("theme", "palette"), sorted(cards_previews.PALETTES.items()))
def test_the_colours_are_those_of_the_map_in_the_browser(
    theme: str, palette: basemap.Palette
) -> None:
    script = (ROOT / "static" / "js" / "map-style.mjs").read_text("utf-8")
    told = re.search(rf"{theme}: \{{(.*?)\}}", script, re.DOTALL)
    assert told is not None
    assert dict(re.findall(r"(\w+): '(#\w{6})'", told[1])) == vars(palette)


def layers_at(lon: float, lat: float, z: int) -> dict[str, Any]:
    base = basemap.basemap(render.BUILD / Path(render.asset("basemap.pmtiles")).name)
    x, y = basemap.project(lon, lat, 2**z)
    return base.tile(z, int(x), int(y)) or {}


def test_the_sea_is_where_a_tile_says_that_it_is() -> None:
    """Where no tile has come the map in the browser shows its background, which is land's."""
    for lon, lat, z in ((-3.7, 40.4, 8), (139.7, 35.7, 6), (0.0, 0.0, 0)):
        [sea] = layers_at(lon, lat, z)["sea"]["features"]
        [ring] = sea["geometry"]["coordinates"]
        assert min(ring) < [0, 0]
        assert max(ring) > [4096, 4096]


@pytest.mark.parametrize(
    ("lon", "lat", "spanish", "english"),
    [
        (-9.13, 38.71, "Lisboa", "Lisbon"), (-0.12, 51.51, "Londres", "London"),
        (-5.97, 37.38, "Sevilla", "Seville"), (4.4, 51.22, "Amberes", "Antwerp"),
    ],
)  # fmt: skip
def test_towns_are_called_as_the_reader_calls_them(
    lon: float, lat: float, spanish: str, english: str
) -> None:
    towns = [each["properties"] for each in layers_at(lon, lat, 6)["town"]["features"]]
    assert spanish in {basemap.name_of(each, "es") for each in towns}
    assert english in {basemap.name_of(each, "en") for each in towns}
    assert spanish not in {basemap.name_of(each, "en") for each in towns}


def test_a_town_of_another_country_keeps_its_name() -> None:
    assert towns.town_name("London", "GB", "es") == "Londres"
    assert towns.town_name("London", "CA", "es") == "London"
    assert towns.town_name("Lisbon", "PT", "en") == "Lisbon"
    assert towns.town_name("Nowhere", None, "es") == "Nowhere"


def test_names_of_a_remote_map_are_the_readers_where_it_has_them() -> None:
    """Numbers of roads and what has no text stay as they are."""
    style = {
        "version": 8,
        "layers": [
            {"id": "a", "layout": {"text-field": "{name:latin}", "text-size": 9}},
            {"id": "b", "layout": {"text-field": ["coalesce", ["get", "name_en"], ["get", "x"]]}},
            {"id": "c", "layout": {"text-field": "{ref}"}},
            {"id": "d", "paint": {}},
        ],
    }
    script = (
        "import {inLanguage} from './static/js/map-names.mjs';"
        "process.stdout.write(JSON.stringify(inLanguage(JSON.parse(process.argv[1]), 'es')));"
    )
    node, _ = node_and_npm()
    done = subprocess.run(
        [node, "--input-type=module", "-e", script, json.dumps(style)],
        cwd=ROOT, capture_output=True, check=True,
    )  # fmt: skip
    first, second, *others = json.loads(done.stdout)["layers"]
    own = ["coalesce", ["get", "name:es"], ["get", "name_es"]]
    assert first["layout"] == {"text-field": [*own, ["get", "name"]], "text-size": 9}
    assert second["layout"]["text-field"] == [*own, style["layers"][1]["layout"]["text-field"]]  # type: ignore[index]
    assert others == style["layers"][2:]  # type: ignore[index]
