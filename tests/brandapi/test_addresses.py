"""What the API tells of where reports and places are, in a loaded city."""

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from tests.brandapi.asking import valid
from tests.brandapi.conftest import World
from tests.factories import streets as made
from ugc.core.db import Session
from ugc.streets.actions import addresses as streets_addresses_actions

Get = Callable[..., Any]
PARTS = {
    "street": "Calle Mayor", "number": "7", "is_exact": True, "side": "left", "corner": None,
    "before": "Calle Sol", "after": "Calle Luna", "quarter": "Centro", "town": "Villa Prueba",
    "extract": "prueba", "data_at": "2026-01-02T00:00:00Z",
}  # fmt: skip


def make(world: World, what: str) -> str:
    lon, lat = made.AT_THE_HOUSE
    make_one = world.report if what == "reports" else world.place
    return make_one(lon=lon, lat=lat)


@pytest.mark.parametrize(("what", "schema"), [("reports", "Report"), ("places", "Place")])
def test_the_parts_of_an_address(
    session: Session, world: World, get: Get, what: str, schema: str
) -> None:
    made.load_city(session)
    public_id = make(world, what)
    for address in (f"/{what}?format=json", f"/{what}/{public_id}?format=json"):
        told = get(address).get_json()
        item = told["items"][0] if "items" in told else told
        valid(schema, item)
        assert item["street"] == "Calle Mayor"
        assert item["address_parts"] == PARTS
    [feature] = get(f"/{what}").get_json(force=True)["features"]
    valid(f"{schema}Feature", feature)
    assert feature["properties"]["address_parts"] == PARTS


@pytest.mark.parametrize("what", ["reports", "places"])
def test_outside_of_cities_there_is_none(world: World, get: Get, what: str) -> None:
    make(world, what)
    [item] = get(f"/{what}?format=json").get_json()["items"]
    assert item["street"] is None
    assert item["address_parts"] is None


def test_an_area_has_none(session: Session, world: World, get: Get) -> None:
    made.load_city(session)
    make(world, "reports")
    session.execute(sa.text("UPDATE reports SET coarse = true, accuracy_m = 300"))
    session.commit()
    [item] = get("/reports?format=json").get_json()["items"]
    assert (item["street"], item["address_parts"]) == (None, None)


@pytest.mark.parametrize("what", ["reports", "places"])
def test_a_loaded_city_moves_what_stands_in_it_in_the_feed(
    session: Session, world: World, get: Get, what: str
) -> None:
    public_id = make(world, what)
    subject = sa.text("SELECT changed_at FROM subjects WHERE public_id = :id")
    before = session.scalar(subject, {"id": public_id})
    session.execute(sa.text("SELECT set_config('boca.clock_offset', '1 hour', true)"))
    made.load_city(session)
    while streets_addresses_actions.note_batch(session):
        pass
    session.commit()
    after = session.scalar(subject, {"id": public_id})
    assert before is not None
    assert after is not None
    assert after > before
