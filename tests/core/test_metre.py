"""Public coordinates are told to a metre, whichever way they came in."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from alembic.config import Config
from alembic.script import ScriptDirectory
from flask.testing import FlaskClient

from migrations import online
from tests.factories import past
from tests.migrating import CONFIG, empty_database, migrate
from ugc.core.db import Session
from ugc.geography import geo

TIES = [0.000005, -0.000005, 1.234995, -3.703795, 179.999995, -179.9999951, 41.1234567, 0.0, 90.0]


@pytest.mark.parametrize("degrees", TIES)
def test_the_database_rounds_as_the_application_does(session: Session, degrees: float) -> None:
    point = sa.text("SELECT ST_X(to_a_metre(ST_SetSRID(ST_MakePoint(:x, 0), 4326)))")
    assert session.scalar(point, {"x": degrees}) == geo.to_a_metre(degrees)


def test_every_public_point_has_its_trigger(session: Session) -> None:
    """Points of people: cities come from a gazetteer, streets and houses from OpenStreetMap, and
    watches are their owner's alone."""
    tables = set(
        session.scalars(
            sa.text(
                "SELECT f_table_name FROM geometry_columns WHERE type = 'POINT'"
                " AND f_geometry_column = 'geom'"
            )
        )
    )
    kept = set(
        session.scalars(
            sa.text("SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = :name"),
            {"name": "keep_to_a_metre"},
        )
    )
    assert kept == tables - {"cities", "addresses", "corners", "extract_places"}


def _before(name: str) -> str:
    """The revision before the migration of this name."""
    script = ScriptDirectory.from_config(Config(toml_file=CONFIG))
    [down] = [each.down_revision for each in script.walk_revisions() if name in each.path]
    assert isinstance(down, str)
    return down


def test_points_from_before_are_rounded_and_have_not_moved(
    worker_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(online, "BATCH", 3)
    with empty_database(f"test_metre_{worker_id}") as engine:
        migrate(engine, _before("points_to_a_metre"))
        with engine.begin() as connection:
            for number in range(8):
                geom = "SRID=4326;POINT(-2.7654321 41.1234567)"
                past.report(connection, f"report{number}", geom=geom)
                past.place(connection, f"place{number}", geom=geom)
        migrate(engine, "head")
        with engine.begin() as connection:
            for table in ("reports", "places"):
                points = connection.execute(
                    sa.text(f"SELECT DISTINCT ST_X(geom), ST_Y(geom) FROM {table}")
                ).all()
                assert points == [(-2.76543, 41.12346)]
            assert not connection.scalar(sa.text("SELECT bool_or(moved) FROM reports"))
            connection.execute(
                sa.text(
                    "UPDATE reports SET geom = ST_SetSRID(ST_MakePoint(-2.76542, 41.12346), 4326)"
                )
            )
            assert connection.scalar(sa.text("SELECT bool_and(moved) FROM reports"))


SEVEN = {"lat": "41.1234567", "lon": "-2.7654321"}
PLACE = {"name": "Bar", "category": "cafe"}
WRITERS = {
    "report": ("/reports", {"kind": "waste"}),
    "place": ("/places", PLACE),
    "place edited": ("/places/{}/edit", {**PLACE, "revision": "1"}),
}


@pytest.mark.parametrize("writer", WRITERS)
def test_no_more_than_a_metre_is_told_of_what_was_sent(
    session: Session,
    client: FlaskClient,
    signed_in: Callable[..., FlaskClient],
    writer: str,
) -> None:
    """Of pages, the map, events that wait for their subscribers, and the rows themselves."""
    address, form = WRITERS[writer]
    mod = signed_in("mod", role="moderator")
    if "edited" in writer:
        posted = mod.post("/places", data={**PLACE, "lat": "40", "lon": "-3"})
        address = address.format(posted.location.rsplit("/", 1)[-1])
    answer = mod.post(address, data={**form, **SEVEN})
    assert answer.status_code == 303, answer.text
    waiting = session.scalars(sa.text("SELECT args::text FROM procrastinate_jobs")).all()
    layer = "reports" if writer == "report" else "places"
    told = [
        *waiting,
        mod.get(answer.location).text,
        client.get(answer.location).text,
        client.get("/map/features?bbox=-3,41,-2,42").text,
        *(repr(row) for row in session.execute(sa.text(f"SELECT ST_AsText(geom) FROM {layer}"))),
    ]
    assert any("41.12346" in text for text in told)
    assert not [text for text in told if "41.12345" in text or "2.765432" in text]
