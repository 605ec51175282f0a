"""`ugc city map`: an operator's own archive of tiles, shown, drawn, refused."""

from __future__ import annotations

import datetime as dt
import html
import io
import json
import os
import re
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from PIL import Image
from pmtiles.tile import Compression, TileType

from tests.factories.streets import AT_THE_HOUSE, load_city
from tests.streets import omt
from tests.streets.colours import colours_of, near
from tests.streets.conftest import VILLAGE, Run
from ugc.cards.pages.pictures import built
from ugc.config import ROOT
from ugc.core.db import Session
from ugc.drawing import basemap, citymap, openmaptiles, typeset
from ugc.streets import jobs as streets_jobs
from ugc.streets.pages import city_at
from ugc.streets.queries import loads as streets_loads
from ugc.streets.rules.archives import credit_of

DATED = {"planetiler:osm:osmosisreplicationtime": "2026-05-01T20:00:00Z"}


def cities_of(client: FlaskClient) -> list[dict[str, Any]]:
    """What the map of the first page is told."""
    found = re.search(r'data-cities="([^"]*)"', client.get("/").text)
    assert found is not None
    return json.loads(html.unescape(html.unescape(found[1])))  # type: ignore[no-any-return]


def test_an_archive_is_shown_listed_replaced_and_removed(
    run: Run, session: Session, folder: Path, client: FlaskClient, tmp_path: Path
) -> None:
    file = omt.archive(tmp_path / "vila-2026-05-01.pmtiles", metadata=DATED)
    done = run("map", file)
    assert done.exit_code == 0, done.output
    [kept] = folder.iterdir()
    assert kept.read_bytes() == file.read_bytes()
    assert re.fullmatch(r"vila-[0-9a-f]{12}\.pmtiles", kept.name)
    [load] = streets_loads.shown_loads(session)
    assert (load.code, load.schema, load.data_at) == (
        "vila", "openmaptiles", dt.datetime(2026, 5, 1, 20, tzinfo=dt.UTC),
    )  # fmt: skip
    assert (load.home_lon, load.home_lat, load.country) == (2.01, 41.0075, "ES")
    [shown] = cities_of(client)
    assert shown == {
        "code": "vila", "url": f"/basemap/city/{kept.name}", "box": list(omt.BOX),
        "schema": "openmaptiles", "has_sea": False, "credit": "",
    }  # fmt: skip
    with client.get(shown["url"], headers={"Range": "bytes=0-6"}) as part:
        assert (part.status_code, part.data) == (206, b"PMTiles")
    assert "vila\tshown, a map alone\tdata of 2026-05-01" in run("list").output
    assert "nothing was done" in run("map", file).output
    # A newer one replaces it, an older one only when told; the one before goes after a day.
    newer = {"planetiler:osm:osmosisreplicationtime": "2026-06-01T20:00:00Z"}
    assert run("map", omt.archive(tmp_path / "vila.pmtiles", metadata=newer)).exit_code == 0
    assert len(list(folder.iterdir())) == 2
    refused = run("map", file)
    assert (refused.exit_code, "--replace" in refused.output) == (2, True)
    for each in folder.iterdir():
        os.utime(each, (time.time() - 2 * streets_jobs.UNUSED_S,) * 2)
    assert run("map", file, "--replace").exit_code == 0
    assert kept in folder.iterdir()
    assert run("remove", "vila", "--yes").exit_code == 0
    assert kept not in folder.iterdir()
    assert cities_of(client) == []


def test_a_lost_archive_is_copied_again(run: Run, folder: Path, tmp_path: Path) -> None:
    file = omt.archive(tmp_path / "vila.pmtiles")
    run("map", file)
    [kept] = folder.iterdir()
    kept.unlink()
    assert "no map: load its file again" in run("list").output
    assert run("map", file).exit_code == 0
    assert list(folder.iterdir()) == [kept]


def test_a_map_takes_no_streets_away_unless_told(
    run: Run, session: Session, folder: Path, tmp_path: Path
) -> None:
    run("load", VILLAGE)
    [load] = streets_loads.shown_loads(session)
    box = (load.west, load.south, load.east, load.north)
    own = omt.archive(tmp_path / "myllykoski.pmtiles", box=box, metadata=DATED)
    refused = run("map", own)
    assert refused.exit_code == 2
    assert "streets and addresses away" in refused.output
    other = run("map", own, "--as", "valkeala")
    assert (other.exit_code, "overlaps myllykoski" in other.output) == (2, True)
    assert run("map", own, "--replace").exit_code == 0
    assert session.scalar(sa.text("SELECT count(*) FROM streets")) == 0


def test_addresses_come_from_the_extract_below_a_smaller_map(
    run: Run, session: Session, tmp_path: Path
) -> None:
    load_city(session)
    lon, lat = AT_THE_HOUSE
    small = (lon - 0.005, lat - 0.005, lon + 0.005, lat + 0.005)
    assert run("map", omt.archive(tmp_path / "own.pmtiles", box=small), "--beside").exit_code == 0
    where = sa.text(
        "SELECT street, number FROM where_is(ST_SetSRID(ST_MakePoint(:lon, :lat), 4326))"
    )
    assert session.execute(where, {"lon": lon, "lat": lat}).one() == ("Calle Mayor", "7")


@pytest.mark.parametrize(
    ("made", "said"),
    [
        ({"schema": ("earth", "roads", "pois")}, "Protomaps (layers: earth, roads, pois)"),
        ({"schema": ("ground", "ro\u202ead<b>")}, "another one (layers: ground, road<b>)"),
        ({"schema": tuple(f"layer{n}" for n in range(99))}, "layer11, …)"),
        ({"schema": None}, "name no layers"),
        ({"header": {"tile_type": TileType.PNG}}, "its tiles are PNG, not vector tiles"),
        ({"header": {"tile_compression": Compression.BROTLI}}, "with brotli; browsers read gzip"),
        ({"zooms": (8, 11)}, "zooms 8 to 11"),
        ({"zooms": (13, 14)}, "zooms 13 to 14"),
        ({"box": (0.0, 0.0, 0.0, 0.0)}, "does not say which part of the world"),
        ({"header": {"min_lon_e7": -180 * 10**7, "max_lon_e7": 180 * 10**7}}, "which part of the"),
        ({"header": {"max_lat_e7": 89 * 10**7}}, "outside of the world"),
        ({"content": b"no tile"}, "its tiles cannot be read"),
    ],
)  # fmt: skip
def test_what_cannot_be_shown(
    made: dict[str, Any], said: str, run: Run, session: Session, folder: Path, tmp_path: Path
) -> None:
    done = run("map", omt.archive(tmp_path / "own.pmtiles", **made))
    assert done.exit_code == 2
    assert said in done.output
    assert (streets_loads.loads(session), list(folder.glob("*"))) == ([], [])


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        (b"", 0, "no PMTiles archive"),
        (b"this is no map", 0, "no PMTiles archive"),
        (b"PMTiles\x02", 0, "another version"),
        (b"PMTiles\x03", 0, "cut short"),
        (b"", -1, "cut short: its header tells"),
    ],
)
def test_what_is_no_archive(
    start: bytes, end: int, said: str, run: Run, session: Session, tmp_path: Path
) -> None:
    file = omt.archive(tmp_path / "own.pmtiles")
    file.write_bytes(start + (file.read_bytes()[:end] if end else b""))
    done = run("map", file)
    assert (done.exit_code, said in done.output) == (2, True), done.output
    assert streets_loads.loads(session) == []


def test_no_room_is_said_before(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Usage:
        free = 100

    monkeypatch.setattr("shutil.disk_usage", lambda _path: Usage)
    done = run("map", omt.archive(tmp_path / "own.pmtiles"))
    assert (done.exit_code, "no room" in done.output) == (2, True)


@pytest.mark.parametrize(
    ("attribution", "said"),
    [
        (
            '<a href="https://openmaptiles.org/" target="_blank">&copy; OpenMapTiles</a> <a'
            ' href="https://www.openstreetmap.org/copyright">&copy; OpenStreetMap contributors</a>',
            "© OpenMapTiles",
        ),
        ("© OpenStreetMap contributors", ""),
        ("<img src=x onerror=alert(1)>Ana&amp;Co", "Ana&Co"),
        ("&lt;script&gt;x", "<script>x"),
        ("Data © OpenStreetMap, tiles by Foo\u202e\n", "tiles by Foo"),
        ("x" * 9000, "x" * 79 + "…"),
        (["no", "text"], ""),
        (None, ""),
    ],
)
def test_the_credit_of_an_archive_is_short_plain_text(attribution: Any, said: str) -> None:
    assert credit_of({"attribution": attribution}) == said


def drawn(view: basemap.View, language: str = "es") -> Image.Image:
    city = city_at(view.lon, view.lat)
    assert city is not None
    over = citymap.Painted(city, citymap.LIGHT)
    base, pack = basemap.basemap(built("basemap.pmtiles")), typeset.pack(built("cards.pack"))
    return basemap.picture(base, pack, view, language, [], over=over)


def test_pictures_are_drawn_with_the_streets_of_the_archive(
    run: Run, folder: Path, tmp_path: Path
) -> None:
    both = {**omt.CITY, **omt.OCEAN}
    said = {"attribution": "Kartenwerk Süd"}
    file = omt.archive(tmp_path / "own.pmtiles", layers=both, metadata=said)
    assert run("map", file).exit_code == 0
    view = basemap.View(*omt.MIDDLE, 14.5, 800, 800)
    out = io.BytesIO()
    drawn(view).save(out, "PNG")
    found = colours_of(out.getvalue())
    light = citymap.LIGHT
    for colour in (light.building, light.roads["primary"], light.grounds["ocean"]):
        assert near(found, colour)
    # Names are the reader's.
    assert drawn(view, "es").tobytes() != drawn(view, "en").tobytes()
    city = city_at(*omt.MIDDLE)
    assert city is not None
    close = basemap.View(*omt.MIDDLE, 14.5, 100, 100)
    assert citymap.Painted(city, light).sources(close) == (
        "© OpenStreetMap contributors · Kartenwerk Süd"
    )
    # Farther out than its tiles, and where it has no sea, the bundled map is seen.
    far = citymap.Painted(city, light)
    assert not far.fills(basemap.View(*omt.MIDDLE, 7.5, 4, 4))
    plain = citymap.Painted(citymap.City(city.path, city.box, city.schema, has_sea=False), light)
    assert not plain.fills(close)


def test_a_broken_tile_is_drawn_as_none(
    run: Run, folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    run("map", omt.archive(tmp_path / "own.pmtiles"))
    [kept] = folder.iterdir()
    content = kept.read_bytes()
    tile = omt.packed(omt.CITY)
    kept.write_bytes(content.replace(tile, tile[:40] + b"\0" * (len(tile) - 40)))
    drawn(basemap.View(*omt.MIDDLE, 14.5, 100, 100))
    assert "is broken" in caplog.text


def test_tiles_of_another_extent_are_read_in_our_units() -> None:
    tile = {
        "building": {"extent": 512, "features": [
            {"geometry": {"type": "Polygon", "coordinates": [[[0, 0], [512, 0], [0, 256]]]},
                "properties": {}}
        ]}
    }  # fmt: skip
    [made] = openmaptiles.as_ours(tile)["building"]["features"]
    assert made["geometry"]["coordinates"] == [[[0, 0], [4096, 0], [0, 2048]]]


CHECK = """
import {featureFilter, validateStyleMin} from '@maplibre/maplibre-gl-style-spec';
const {cityLayers} = await import(process.argv[1]);
const {LAYERS, asOpenMapTiles} = await import(process.argv[2]);
const layers = ['light', 'dark'].flatMap((theme) => (
  asOpenMapTiles(cityLayers({source: theme, theme, language: 'es'}))));
const source = {type: 'vector', url: 'pmtiles://x'};
const errors = validateStyleMin({
  version: 8, sources: {light: source, dark: source}, layers,
  glyphs: 'x/{fontstack}/{range}', sprite: 'https://x/y',
}).map(({message}) => message);
// Which layers draw each feature.
const drawnBy = ([from, type, properties]) => layers
  .filter((layer) => layer['source-layer'] === from && layer.id.startsWith('light-')
    && featureFilter(layer.filter, 'layers[0].filter').filter({zoom: 15}, {type, properties}))
  .map(({id}) => id.slice(6));
const features = JSON.parse(process.argv[3]);
console.log(JSON.stringify({errors, tables: LAYERS, drawn: features.map(drawnBy)}));
"""
POINT, LINE, AREA = 1, 2, 3
FEATURES: list[tuple[str, int, dict[str, Any], set[str]]] = [
    ("transportation", LINE, {"class": "primary", "oneway": 1},
        {"road-primary", "road-primary-casing", "arrows"}),
    ("transportation", LINE, {"class": "minor", "brunnel": "bridge", "oneway": 0},
        {"bridge-minor", "bridge-minor-casing"}),
    ("transportation", LINE, {"class": "minor", "brunnel": "tunnel"}, {"tunnel-minor"}),
    ("transportation", LINE, {"class": "path", "subclass": "steps"}, {"steps"}),
    ("transportation", LINE, {"class": "path", "subclass": "footway"}, {"path"}),
    ("transportation", LINE, {"class": "service", "service": "driveway"},
        {"road-aisle", "road-aisle-casing"}),
    ("transportation", LINE, {"class": "transit", "subclass": "tram"}, {"rails"}),
    ("transportation", LINE, {"class": "rail", "subclass": "rail", "brunnel": "tunnel"}, set()),
    ("transportation", LINE, {"class": "pier"}, {"piers"}),
    ("transportation_name", LINE, {"class": "primary", "name": "A", "ref": "N-1"},
        {"main-names", "shields"}),
    ("transportation_name", LINE, {"class": "path", "name": "A"}, {"small-names"}),
    ("landcover", AREA, {"class": "grass", "subclass": "park"}, {"green"}),
    ("landcover", AREA, {"class": "grass", "subclass": "scrub"}, {"cover"}),
    ("landuse", AREA, {"class": "cemetery"}, {"green-2"}),
    ("landuse", AREA, {"class": "residential"}, {"use"}),
    ("landuse", AREA, {"class": "dam"}, set()),
    ("water", AREA, {"class": "ocean"}, {"water"}),
    ("waterway", LINE, {"class": "canal", "name": "A"}, {"rivers", "waters"}),
    ("building", AREA, {}, {"buildings", "walls"}),
    ("boundary", LINE, {"admin_level": 2, "maritime": 0}, {"borders"}),
    ("boundary", LINE, {"admin_level": 2, "maritime": 1}, set()),
    ("boundary", LINE, {"admin_level": 8}, {"municipalities"}),
    ("place", POINT, {"class": "village", "name": "A", "rank": 9}, {"towns"}),
    ("place", POINT, {"class": "country", "name": "A"}, set()),
    ("housenumber", POINT, {"housenumber": "7"}, {"numbers"}),
    ("mountain_peak", POINT, {"class": "peak", "name": "A", "ele": 900}, {"peaks"}),
    ("poi", POINT, {"class": "railway", "subclass": "station", "name": "A"}, {"stops-2"}),
    ("poi", POINT, {"class": "cafe", "name": "A"}, set()),
]  # fmt: skip


@pytest.mark.skipif(shutil.which("node") is None, reason="without Node.js no script runs here")
def test_the_browser_reads_the_schema_as_pictures_do() -> None:
    modules = [
        (ROOT / "static" / "js" / name).as_uri() for name in ("city-style.mjs", "openmaptiles.mjs")
    ]
    asked = json.dumps([feature[:3] for feature in FEATURES])
    answer = subprocess.run(
        ["node", "--input-type=module", "-e", CHECK, *modules, asked],
        capture_output=True, text=True, timeout=60, check=False, cwd=ROOT,
    )  # fmt: skip
    assert answer.returncode == 0, answer.stderr
    told = json.loads(answer.stdout)
    assert told["errors"] == []
    assert told["tables"] == json.loads(json.dumps(openmaptiles.LAYERS))
    for feature, drawn_by in zip(FEATURES, told["drawn"], strict=True):
        assert set(drawn_by) == feature[3], feature
