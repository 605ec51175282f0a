"""The demo world, filled once for the tests of this folder."""

from collections.abc import Iterator

import pytest
from flask import Flask

from tests.conftest import make_app
from tests.databases import make_database
from tests.factories.cities import city
from ugc import demo
from ugc.core.db import db, transaction

# The larger of two cities of one name is not the one that the demo world means.
NAMESAKES = [
    (2509954, "Valencia", "ES", -0.37966, 39.47391, 814208),
    (3625549, "Valencia", "VE", -68.00765, 10.16202, 1619470),
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
            for *named, population in NAMESAKES:
                city(session, *named, population=population)
            assert demo.fill(session) > 50
        db.session.remove()
    yield app
    with app.app_context():
        db.engine.dispose()
