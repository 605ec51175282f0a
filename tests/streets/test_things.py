"""Named things of an extract: what is read of them, within bounds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.streets.conftest import HELSINKI, Run
from ugc.core.db import Session
from ugc.streets.rules import things as streets_things

SQUARE = {1: (2.0, 41.0, {}), 2: (2.001, 41.0, {}), 3: (2.001, 41.001, {}), 4: (2.0, 41.001, {})}


@pytest.mark.parametrize(
    ("said", "kinds"),
    [
        ({"amenity": "cafe"}, ["amenity=cafe"]),
        ({"shop": "bakery", "amenity": "cafe"}, ["amenity=cafe", "shop=bakery"]),
        ({"amenity": "bar;cafe"}, ["amenity=bar", "amenity=cafe"]),
        ({"railway": "station"}, ["railway=station"]),
        ({"leisure": "park"}, ["leisure=park"]),
        # Nothing that people go to, not any more, or not open to them.
        ({"railway": "rail"}, None),
        ({"natural": "peak"}, None),
        ({"shop": "vacant"}, None),
        ({"amenity": "cafe", "disused": "yes"}, None),
        ({"leisure": "swimming_pool", "access": "private"}, None),
        ({"amenity": "x" * 256}, None),
        ({"amenity": "cafe", "name": "x" * 256}, None),
        ({"amenity": "cafe", "name": ""}, None),
    ],
)
def test_kinds(said: dict[str, str], kinds: list[str] | None) -> None:
    found = streets_things.thing_of({"name": "A", **said})
    assert (list(found.kinds) if found else None) == kinds


def test_values_have_bounds() -> None:
    names = {f"name:{number:02}": f"Name {number}" for number in range(60)}
    said = {"name": "A", "amenity": "cafe", "alt_name": "x" * 300, **names}
    found = streets_things.thing_of({**said, "phone": "1" * 300, "contact:phone": "+376 800 000"})
    assert found is not None
    assert (len(found.names), found.phone) == (streets_things.MOST_NAMES, "+376 800 000")


def test_any_value_and_a_metre_change_the_hash() -> None:
    said = {"name": "A", "amenity": "cafe", "phone": "1"}
    at = (1.5, 42.5)

    def digest(more: dict[str, str], lon: float = at[0]) -> str:
        found = streets_things.thing_of({**said, **more})
        assert found is not None
        return found.digest(lon, at[1])

    same = digest({})
    assert digest({"note": "b"}) == digest({}, 1.500000001) == same
    different = [
        {"name": "B"}, {"name:ca": "B"}, {"shop": "yes"}, {"phone": "2"}, {"website": "b"},
        {"opening_hours": "24/7"}, {"addr:street": "B"}, {"addr:housenumber": "1"},
        {"addr:postcode": "1"}, {"addr:city": "B"},
    ]  # fmt: skip
    assert len({same, digest({}, 1.50002), *(digest(more) for more in different)}) == 12


def test_things_of_a_file_are_read_and_go_with_their_load(
    run: Run, session: Session, osm: Callable[..., Path]
) -> None:
    """Points of areas lie inside; marks that are not seen are taken away."""
    nodes = {**SQUARE, 9: (2.0005, 41.0005, {"amenity": "cafe", "name": "Caf\u202e\u200bè"})}
    ways = {7: ([1, 2, 3, 4, 1], {"healthcare": "clinic", "building": "yes", "name": "Salut"})}
    assert run("load", osm("a.osm", nodes=nodes, ways=ways)).exit_code == 0
    query = "SELECT osm, kinds[1], name, ST_X(geom), ST_Y(geom) FROM extract_places ORDER BY osm"
    rows = [tuple(row) for row in session.execute(sa.text(query))]
    assert rows[0] == ("n9", "amenity=cafe", "Cafè", 2.0005, 41.0005)
    assert rows[1][:3] == ("w7", "healthcare=clinic", "Salut")
    assert 2.0 < rows[1][3] < 2.001
    assert 41.0 < rows[1][4] < 41.001
    assert "extract_places=2" in run("list").output
    run("remove", "a", "--yes")
    assert session.scalar(sa.text("SELECT count(*) FROM extract_places")) == 0


def test_a_load_of_before_is_read_again(run: Run, session: Session) -> None:
    """A city that was loaded when things were not read yet gets them by the same command."""
    run("load", HELSINKI)
    things = session.scalar(sa.text("SELECT count(*) FROM extract_places"))
    assert things is not None
    assert things > 100
    session.execute(sa.text("DELETE FROM extract_places"))
    session.execute(sa.text("UPDATE extracts SET counts = counts - 'extract_places'"))
    assert "loaded already" not in run("load", HELSINKI).output
    assert session.scalar(sa.text("SELECT count(*) FROM extract_places")) == things
    assert "loaded already" in run("load", HELSINKI).output
