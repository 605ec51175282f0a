"""`ugc city load`, `list` and `remove`: whole, cut short, done again, refused."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from tests.streets.conftest import HELSINKI, VILLAGE, Run
from tests.streets.small_city import CROSS, tile
from ugc.core.access import ANONYMOUS
from ugc.core.db import Session
from ugc.geography import geo
from ugc.search import finding
from ugc.streets import jobs as streets_jobs
from ugc.streets.queries import loads as streets_loads

MIDDLE = (24.9445, 60.1685)


def names(session: Session) -> set[str]:
    """Streets of cities that are shown."""
    query = "SELECT s.name FROM streets s JOIN extracts e ON e.id = extract_id WHERE step = 'shown'"
    return set(session.scalars(sa.text(query)))


def test_a_city_is_loaded_listed_and_removed(
    run: Run, session: Session, folder: Path, client: FlaskClient
) -> None:
    done = run("load", HELSINKI)
    assert done.exit_code == 0, done.output
    assert "helsinki: 2" in done.output
    assert "No worker is running" in done.output
    assert {"Mannerheimintie", "Aleksanterinkatu", "Keskuskatu"} <= names(session)
    [archive] = folder.iterdir()
    layers = tile(archive, 14, *MIDDLE)
    assert {"ground", "road", "building", "address", "rail"} <= layers.keys()
    roads = {each["properties"].get("name") for each in layers["road"]["features"]}
    assert "Keskuskatu" in roads
    # The page names the archive, which is served in ranges and kept for good.
    assert f"/basemap/city/{archive.name}" in client.get("/").text
    with client.get(f"/basemap/city/{archive.name}", headers={"Range": "bytes=0-6"}) as part:
        assert (part.status_code, part.data) == (206, b"PMTiles")
        assert "immutable" in part.headers["Cache-Control"]
    # What a load is still writing is not served.
    for name in ("helsinki.part", "helsinki.nodes"):
        (folder / name).write_bytes(b"half")
        assert client.get(f"/basemap/city/{name}").status_code == 404
        (folder / name).unlink()
    assert "helsinki\tshown\t" in run("list").output
    assert run("remove", "helsinki", "--yes").exit_code == 0
    assert names(session) == set()
    assert list(folder.iterdir()) == []
    assert session.scalar(sa.text("SELECT count(*) FROM roads")) == 0
    assert run("remove", "helsinki", "--yes").exit_code == 2


def test_streets_whose_town_the_file_cuts_are_of_the_nearest(
    run: Run, session: Session, osm: Callable[..., Path]
) -> None:
    """Extracts of the middle of a city hold the shape of it never whole."""
    nodes = {
        key: (lon + 0.17, lat + 0.385, tags) for key, (lon, lat, tags) in CROSS["nodes"].items()
    }
    run("load", osm("cross.osm", **{**CROSS, "nodes": nodes}))
    assert set(session.scalars(sa.text("SELECT town FROM streets"))) == {"Barcelona"}
    at = "ST_SetSRID(ST_MakePoint(2.1705, 41.385), 4326)"
    row = session.execute(sa.text(f"SELECT street, town FROM where_is({at})")).one()
    assert tuple(row) == ("Carrer Llarg", "Barcelona")
    found = finding.find(session, ANONYMOUS, "carrer llarg, barcelona", geo.Point(2.17, 41.38))
    assert (found[0].kind, found[0].title) == ("street", "Carrer Llarg")
    run("load", osm("far.osm", **CROSS))
    assert None in set(session.scalars(sa.text("SELECT town FROM streets")))


def test_a_worker_that_runs_is_known(run: Run, session: Session, osm: Callable[..., Path]) -> None:
    session.execute(sa.text("INSERT INTO procrastinate_workers DEFAULT VALUES"))
    session.commit()
    assert "No worker" not in run("load", osm("cross.osm", **CROSS)).output


def view(client: FlaskClient, path: str = "/") -> list[str]:
    """Where a page's map begins: lon, lat, zoom."""
    found = re.search(r'data-lon="(\S+)" data-lat="(\S+)" data-zoom="(\S+)"', client.get(path).text)
    assert found is not None
    return list(found.groups())


def test_maps_begin_at_the_city_that_was_loaded_first(
    run: Run, app: Flask, session: Session, client: FlaskClient, osm: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    assert view(client) == ["-3.7", "40.2", "4.8"]
    town = {**CROSS["nodes"], 9: (2.0005, 41.0002, {"place": "town", "name": "Vila"})}
    run("load", osm("town.osm", **{**CROSS, "nodes": town}))
    run("load", VILLAGE)
    for path in ("/", "/map/history", "/offline/es"):
        assert view(client, path) == ["2.0005", "41.0002", "15.0"]
    assert view(client, "/?lat=1&lon=2&zoom=3") == ["2.0", "1.0", "3.0"]
    # A newer file of the city keeps its turn. (All of a test is one moment.)
    later = "UPDATE extracts SET begun_at = begun_at + interval '1 hour' WHERE code <> 'town'"
    session.execute(sa.text(later))
    run("load", osm("town.osm", **CROSS, day="2026-02-01"))
    assert view(client) == ["2.0005", "41.0002", "15.0"]
    monkeypatch.setitem(app.config, "HOME_VIEW", (25.0, 60.0, 11.0))
    assert view(client) == ["25.0", "60.0", "11.0"]


def test_the_same_file_again_does_nothing(run: Run, session: Session, folder: Path) -> None:
    run("load", VILLAGE)
    before = session.scalars(sa.text("SELECT id FROM extracts")).all()
    again = run("load", VILLAGE)
    assert "loaded already" in again.output
    assert session.scalars(sa.text("SELECT id FROM extracts")).all() == before
    # A restored database knows of an archive that is not there: then it is made again.
    [archive] = folder.iterdir()
    archive.unlink()
    assert "no map: load its file again" in run("list").output
    assert run("load", VILLAGE).exit_code == 0
    assert [each.name for each in folder.iterdir()] == [archive.name]


@pytest.mark.parametrize("step", ["read", "named", "drawn"])
def test_cut_short_it_goes_on(
    step: str, run: Run, session: Session, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing half is shown, and the same call makes the rest."""

    class Killed(BaseException):
        pass

    def cut(progress: streets_jobs.Progress) -> None:
        if progress.step == step:
            raise Killed

    session.commit()
    monkeypatch.setattr("ugc.streets.actions.reading.TOLD_EVERY", 100)
    with pytest.raises(Killed):
        streets_jobs.load_city(VILLAGE, folder, on_progress=cut)
    assert names(session) == set()
    assert [each for each in folder.glob("*") if each.suffix != ".nodes"] == []
    done = streets_jobs.load_city(VILLAGE, folder)
    assert done.resumed == {"read": None, "named": "read", "drawn": "named"}[step]
    assert "Hiidenkirnuntie" in names(session)
    whole = dict(done.counts)
    run("remove", "myllykoski", "--yes")
    assert streets_jobs.load_city(VILLAGE, folder).counts == whole
    # What is needed only while a load is made is gone.
    staged = "SELECT count(*) FROM pg_tables WHERE schemaname = :schema"
    assert session.scalar(sa.text(staged), {"schema": streets_loads.SCHEMA}) == 0


def test_what_a_crash_of_the_server_emptied_is_read_again(session: Session, folder: Path) -> None:
    """Unlogged tables are empty after a crash."""

    class Killed(BaseException):
        pass

    def cut(progress: streets_jobs.Progress) -> None:
        if progress.step == "drawn":
            raise Killed

    session.commit()
    with pytest.raises(Killed):
        streets_jobs.load_city(VILLAGE, folder, on_progress=cut)
    [load] = streets_loads.loads(session)
    session.execute(sa.text(f"TRUNCATE {streets_loads.staged('raw', load.id)}"))
    session.commit()
    done = streets_jobs.load_city(VILLAGE, folder)
    assert done.resumed is None
    assert done.counts["streets"] > 20


def test_a_newer_file_replaces_and_an_older_one_is_refused(
    run: Run, session: Session, folder: Path, osm: Callable[..., Path]
) -> None:
    assert run("load", osm("town.osm", **CROSS, day="2026-01-01")).exit_code == 0
    [first] = folder.iterdir()
    renamed = {
        **CROSS,
        "ways": {**CROSS["ways"], 2: ([4, 2, 5], {"highway": "path", "name": "Nou"})},
    }
    done = run("load", osm("town-latest.osm", **renamed, day="2026-02-01"))
    assert done.exit_code == 0, done.output
    assert names(session) == {"Carrer Llarg", "Nou"}
    # Open pages read the archive before for a while; it goes with a load after that.
    assert len(list(folder.iterdir())) == 2
    old = osm("town.osm", **CROSS, day="2025-12-01")
    refused = run("load", old)
    assert refused.exit_code == 2
    assert "--replace" in refused.output
    assert names(session) == {"Carrer Llarg", "Nou"}
    for file in folder.iterdir():
        os.utime(file, (time.time() - 2 * streets_jobs.UNUSED_S,) * 2)
    assert run("load", old, "--replace").exit_code == 0
    assert names(session) == {"Carrer Llarg", "Carrer Curt"}
    assert first in folder.iterdir()  # the same tiles as at first, under the same name


def test_files_that_do_not_say_their_age_replace_only_when_told(
    run: Run, session: Session, osm: Callable[..., Path]
) -> None:
    run("load", osm("town.osm", **CROSS))
    undated = osm("town.osm", **CROSS)
    undated.write_text(undated.read_text().replace('timestamp="2026-01-01T00:00:00Z"', ""))
    refused = run("load", undated)
    assert refused.exit_code == 2
    assert "does not say how old" in refused.output
    assert run("load", undated, "--replace").exit_code == 0
    assert session.scalar(sa.text("SELECT data_at FROM extracts")) is None


def test_overlapping_cities_are_refused_unless_told(
    run: Run, session: Session, osm: Callable[..., Path]
) -> None:
    run("load", osm("town.osm", **CROSS))
    refused = run("load", osm("other.osm", **CROSS))
    assert refused.exit_code == 2
    assert "ugc city remove town" in refused.output
    assert run("load", osm("other.osm", **CROSS), "--beside").exit_code == 0
    assert len(streets_loads.shown_loads(session)) == 2
    # Each point is of one of them.
    at = sa.text("SELECT count(*) FROM where_is(ST_SetSRID(ST_MakePoint(2.0011, 41.0), 4326))")
    assert session.scalar(at) == 1


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"this is no map", "no extract of OpenStreetMap"),
        (b"", "no extract of OpenStreetMap"),
        (HELSINKI.read_bytes()[:40_000], "no extract of OpenStreetMap"),
    ],
)
def test_what_is_no_extract(
    content: bytes, said: str, run: Run, session: Session, folder: Path, tmp_path: Path
) -> None:
    file = tmp_path / "broken.osm.pbf"
    file.write_bytes(content)
    done = run("load", file)
    assert done.exit_code == 2
    assert said in done.output
    assert names(session) == set()
    assert not list(folder.glob("*.pmtiles"))


def test_a_file_of_half_the_world_is_refused(run: Run, osm: Callable[..., Path]) -> None:
    far = {**CROSS["nodes"], 9: (-120.0, -30.0, {"place": "town", "name": "Far"})}
    done = run("load", osm("world.osm", **{**CROSS, "nodes": far}))
    assert done.exit_code == 2
    assert "too much for one map" in done.output


def test_no_room_is_said_before(
    run: Run, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Usage:
        free = 1_000

    monkeypatch.setattr("shutil.disk_usage", lambda _path: Usage)
    done = run("load", VILLAGE)
    assert done.exit_code == 2
    assert "no room" in done.output
    assert session.scalar(sa.text("SELECT count(*) FROM roads")) == 0


def test_a_full_disk_leaves_no_half_archive(
    run: Run, session: Session, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    done = run("load", VILLAGE)
    assert done.exit_code == 1
    assert "the same command goes on" in done.output
    assert list(folder.glob("*.pm*")) == []
    monkeypatch.undo()
    assert streets_jobs.load_city(VILLAGE, folder).resumed == "named"
    assert names(session)


def test_names_hide_and_turn_nothing(run: Run, session: Session, osm: Callable[..., Path]) -> None:
    """Of a file that strangers write: its names stand in titles, mails and pushes."""
    nodes = {
        **CROSS["nodes"],
        90: (2.0005, 41.0003, {"place": "quarter", "name": "Cen\u200btre\u202e"}),
    }
    ways = {
        **CROSS["ways"],
        9: ([1, 2], {"highway": "residential", "name": "\u202eCarrer\u0085Nou\u2069"}),
        10: ([2, 3], {"highway": "residential", "name": "\u200b\u200e"}),
    }
    assert run("load", osm("town.osm", nodes=nodes, ways=ways)).exit_code == 0
    assert "Carrer Nou" in names(session)
    assert all(name and name.isprintable() for name in names(session))
    assert "Centre" in session.scalars(sa.text("SELECT name FROM localities")).all()
