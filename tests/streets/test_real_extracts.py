"""Whole extracts, where they are present: `../shared/data/osm` or BOCA_SHARED_DATA."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from pathlib import Path

import pytest
import shapely.geometry
import sqlalchemy as sa

from tests.streets.small_city import tile
from ugc.config import ROOT
from ugc.core.db import Session
from ugc.places import jobs as places_jobs
from ugc.streets import jobs as streets_jobs
from ugc.streets.actions import loading as streets_loading
from ugc.streets.actions import reading as streets_reading
from ugc.streets.rules import tiling as streets_tiling


@pytest.fixture(scope="session")
def extract() -> Callable[[str], Path]:
    folder = Path(os.environ.get("BOCA_SHARED_DATA") or ROOT.parent / "shared" / "data") / "osm"
    if not folder.is_dir():
        pytest.skip("no extracts: set BOCA_SHARED_DATA, or put them in ../shared/data/osm")
    return lambda name: folder / name


def ground(archive: Path, lon: float, lat: float) -> set[str]:
    """Kinds of the ground at a point, in the deepest tile there."""
    layer = tile(archive, streets_tiling.DEEPEST, lon, lat)["ground"]
    scale = 2**streets_tiling.DEEPEST
    x = (lon + 180) / 360 * scale
    # Rows count from the north; a decoded tile from the south.
    y = (1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * scale
    at = shapely.geometry.Point((x % 1) * layer["extent"], (1 - y % 1) * layer["extent"])
    return {
        each["properties"]["kind"]
        for each in layer["features"]
        if shapely.geometry.shape(each["geometry"]).covers(at)
    }


@pytest.mark.parametrize(
    ("file", "dry", "wet", "streets"),
    [
        # Plaza de España and the park; the harbour's mouth and the open sea.
        ("melilla-2024-05-24.osm.pbf", [(-2.9405, 35.2923), (-2.945, 35.29)],
            [(-2.915, 35.295), (-2.92, 35.3)], 300),
        # The casino and the palace; the port and the sea before Larvotto.
        ("monaco-2021-04-21.osm.pbf", [(7.4277, 43.7392), (7.4203, 43.7312)],
            [(7.4255, 43.7345), (7.4400, 43.7400)], 100),
    ],
)  # fmt: skip
def test_land_is_land_and_sea_is_sea(
    file: str, dry: list[tuple[float, float]], wet: list[tuple[float, float]], streets: int,
    session: Session, folder: Path, extract: Callable[[str], Path],
) -> None:  # fmt: skip
    session.commit()
    done = streets_jobs.load_city(extract(file), folder)
    assert done.counts["streets"] > streets
    [archive] = folder.glob("*.pmtiles")
    assert [ground(archive, *at) for at in dry] == [{"land"}] * len(dry)
    assert [ground(archive, *at) for at in wet] == [{"ocean"}] * len(wet)


def read(session: Session, file: Path) -> None:
    """Shows what a file says, as a city of the name Andorra; without streets and map."""
    header = streets_reading.header_of(file)
    load = streets_loading.begin(session, "andorra", file, file.name, header.box, header.data_at)
    load.counts = dict(streets_reading.read(session, load.id, file, None, lambda _seen: None))
    session.execute(sa.text("DELETE FROM roads"))
    session.execute(sa.text("DELETE FROM localities"))
    streets_loading.show(session, load.id)
    session.commit()


@pytest.mark.parametrize(
    ("before", "had", "renumbered", "gone"),
    [("andorra-2023-05-02.osm.pbf", 980, 3, 15), ("andorra-2016-10-12.osm.pbf", 400, 21, 60)],
)
def test_places_are_found_again_years_later(
    before: str, had: int, renumbered: int, gone: int, session: Session,
    extract: Callable[[str], Path],
) -> None:  # fmt: skip
    read(session, extract(before))
    old = places_jobs.bring_places("andorra")
    assert old is not None
    assert old.living >= had
    read(session, extract("andorra-2025-01-19.osm.pbf"))
    new = places_jobs.bring_places("andorra")
    assert new is not None
    assert new.living > 1_000
    assert new.counts["renumbered"] >= renumbered
    assert new.counts["hidden"] <= gone
    shown = session.scalar(sa.text("SELECT count(*) FROM places WHERE visibility = 'published'"))
    assert shown == old.counts["new"] + new.counts["new"] - new.counts["hidden"]
