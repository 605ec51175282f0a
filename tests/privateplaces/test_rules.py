"""The area that hides a place."""

from __future__ import annotations

import math
import random
import statistics

import pytest

from ugc.geography.geo import Point
from ugc.privateplaces import rules as privateplaces_rules
from ugc.reports.rules import kinds as reports_kinds
from ugc.reports.rules import permissions as reports_permissions

KEY = b"a key of the tests, 32 bytes....."
HOME = Point(-3.70379, 40.41678)


def homes(count: int, seed: int = 1) -> list[Point]:
    chance = random.Random(seed)
    return [Point(chance.uniform(-179, 179), chance.uniform(-70, 70)) for _ in range(count)]


def test_the_place_is_inside_and_never_the_middle() -> None:
    for member_id, home in enumerate(homes(2000)):
        area = privateplaces_rules.area_of(KEY, member_id, home)
        assert privateplaces_rules.RADIUS_LEAST <= area.radius_m <= privateplaces_rules.RADIUS_MOST
        assert area.middle == area.middle.public
        assert 15 < area.middle.metres_to(home) < area.radius_m - 10
        assert area.holds(home)


@pytest.mark.parametrize("home", [Point(180, 0), Point(-180, 10), Point(0, 90), Point(0, -90)])
def test_edges_of_the_map_have_areas(home: Point) -> None:
    middle = privateplaces_rules.area_of(KEY, 1, home).middle
    assert abs(middle.lon) <= 180
    assert abs(middle.lat) <= 90


def test_the_same_place_has_the_same_area_and_others_have_others() -> None:
    area = privateplaces_rules.area_of(KEY, 1, HOME)
    # Named again, some metres aside in the same cell.
    aside = Point(HOME.lon + 0.00004, HOME.lat + 0.00004)
    assert privateplaces_rules.area_of(KEY, 1, aside) == area
    assert privateplaces_rules.area_of(KEY, 2, HOME) != area
    assert privateplaces_rules.area_of(b"another key", 1, HOME) != area


def test_the_middle_leans_to_no_side() -> None:
    """The mean of the way from home to middle, over many members, is next to nothing."""
    east, north = [], []
    for member_id, home in enumerate(homes(4000, seed=2)):
        middle = privateplaces_rules.area_of(KEY, member_id, home).middle
        north.append((middle.lat - home.lat) * 111_195)
        east.append((middle.lon - home.lon) * 111_195 * math.cos(math.radians(home.lat)))
    assert abs(statistics.mean(east)) < 10
    assert abs(statistics.mean(north)) < 10
    assert statistics.mean(map(math.hypot, east, north)) > 100


@pytest.mark.parametrize("kind", reports_kinds.KINDS)
def test_a_kind_keeps_back_its_place_or_its_author(kind: str) -> None:
    area = privateplaces_rules.area_of(KEY, 1, HOME)
    kept_back = reports_permissions.protection(reports_kinds.KINDS[kind], area)
    assert (kept_back.area is None) == kept_back.hides_author == reports_kinds.KINDS[kind].on_road
    assert (
        reports_permissions.protection(reports_kinds.KINDS[kind], None)
        == reports_permissions.Protection()
    )


def test_kinds_of_the_road() -> None:
    roads = {code for code, kind in reports_kinds.KINDS.items() if kind.on_road}
    assert roads == {
        "accident", "jam", "hazard_road", "hazard_shoulder", "road_closed", "roadworks",
    }  # fmt: skip
