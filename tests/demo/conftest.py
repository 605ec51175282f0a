"""The demo world, filled once for the tests of this folder."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from flask import Flask

from tests.conftest import make_app, make_database
from ugc import demo
from ugc.core.db import db, transaction

# The larger of two cities of one name is not the one that the demo world means.
NAMESAKES = [
    (2509954, "Valencia", "ES", 814208, -0.37966, 39.47391),
    (3625549, "Valencia", "VE", 1619470, -68.00765, 10.16202),
]


@pytest.fixture(scope="package")
def demo_app(worker_id: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """One that has the demo world, for all tests of this folder."""
    folder, url = tmp_path_factory.mktemp("demo"), make_database(f"test_demo_{worker_id}")
    app = make_app(url, worker_id, folder)
    with pytest.MonkeyPatch.context() as patch, app.app_context():
        patch.setattr(demo, "PLACE_CITIES", ("Madrid", "Valencia"))
        with transaction() as session:
            assert demo.is_empty(session)
            for city in NAMESAKES:
                session.execute(
                    sa.text(
                        "INSERT INTO cities (id, name, name_key, country, population, geom) VALUES"
                        " (:id, :name, name_key(:name), :country, :population,"
                        " ST_SetSRID(ST_MakePoint(:lon, :lat), 4326))"
                    ),
                    dict(
                        zip(
                            ("id", "name", "country", "population", "lon", "lat"), city, strict=True
                        )
                    ),
                )
            assert demo.fill(session) > 50
        db.session.remove()
    yield app
    with app.app_context():
        db.engine.dispose()
