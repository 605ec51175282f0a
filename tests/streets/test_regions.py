"""Whose holidays a loaded city has, and what is spoken there."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.streets import omt
from tests.streets.conftest import Run
from ugc.core.db import Session
from ugc.geography.regions import languages_of
from ugc.streets.queries import loads as streets_loads


@pytest.fixture(autouse=True)
def towns(session: Session) -> None:
    """Those of the gazetteer that the tests are about, with GeoNames' codes of their regions."""
    session.execute(
        sa.text(
            "INSERT INTO cities (id, name, name_key, country, admin, population, geom)"
            " SELECT 90000000 + n, name, lower(name), country, admin, 1000,"
            " ST_SetSRID(ST_MakePoint(lon, lat), 4326) FROM (VALUES"
            " (1, 'Andorra la Vella', 'AD', '07', 1.52109, 42.50779),"
            " (2, 'Melilla', 'ES', 'ML', -2.93833, 35.29369),"
            " (3, 'Sants', 'ES', '56', 2.17341, 41.38511),"
            " (4, 'Monaco', 'MC', '00', 7.41667, 43.73333),"
            " (5, 'Kluuvi', 'FI', '01', 24.94271, 60.16951),"
            " (6, 'Los Angeles', 'US', 'CA', -118.24368, 34.05223))"
            " AS t (n, name, country, admin, lon, lat)"
        )
    )
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
