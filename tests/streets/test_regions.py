"""Whose holidays a loaded city has, and what is spoken there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.factories.cities import city
from tests.streets import omt
from tests.streets.conftest import Run
from ugc.core.db import Session
from ugc.geography.regions import languages_of
from ugc.streets.queries import loads as streets_loads

TOWNS = [
    ("Andorra la Vella", "AD", "07", 1.52109, 42.50779),
    ("Melilla", "ES", "ML", -2.93833, 35.29369),
    ("Sants", "ES", "56", 2.17341, 41.38511),
    ("Monaco", "MC", "00", 7.41667, 43.73333),
    ("Kluuvi", "FI", "01", 24.94271, 60.16951),
    ("Los Angeles", "US", "CA", -118.24368, 34.05223),
]


@pytest.fixture(autouse=True)
def towns(session: Session) -> None:
    """Those of the gazetteer that the tests are about, with GeoNames' codes of their regions."""
    for number, (name, country, admin, lon, lat) in enumerate(TOWNS, 1):
        city(session, 90_000_000 + number, name, country, lon, lat, admin=admin)
    session.commit()


@pytest.mark.parametrize(
    ("lon", "lat", "region", "languages"),
    [
        (1.5218, 42.5063, ("AD", ""), ["ca"]),
        (-2.9381, 35.2923, ("ES", "ML"), ["es"]),
        (2.1734, 41.3851, ("ES", "CT"), ["es"]),
        (7.4246, 43.7384, ("MC", ""), ["fr"]),
        (24.9427, 60.1695, ("FI", ""), ["fi", "sv"]),
        (-118.2437, 34.0522, ("US", "CA"), ["en"]),
    ],
    ids=["andorra", "melilla", "barcelona", "monaco", "helsinki", "los-angeles"],
)
def test_the_nearest_town_says_region_and_languages(
    lon: float, lat: float, region: tuple[str, str], languages: list[str], session: Session
) -> None:
    found = streets_loads.region_at(session, lon, lat)
    assert found == region
    assert languages_of(found.country if found else None) == languages


def test_a_load_keeps_and_lists_them(run: Run, session: Session, tmp_path: Path) -> None:
    box = (-2.97, 35.26, -2.92, 35.32)
    assert run("map", omt.archive(tmp_path / "melilla.pmtiles", box=box)).exit_code == 0
    [load] = streets_loads.shown_loads(session)
    assert (load.country, load.region, load.languages) == ("ES", "ML", ["es"])
    assert "\tES-ML es\t" in run("list").output


def test_no_country_no_language() -> None:
    assert languages_of(None) == []
    assert languages_of("ZZ") == []
