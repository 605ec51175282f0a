"""What a file is called, which tiles a box has, where land is, and what tags mean."""

from __future__ import annotations

from pathlib import Path

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pmtiles.tile import zxy_to_tileid

from ugc.streets.rules import coast as streets_coast
from ugc.streets.rules import tags as streets_tags
from ugc.streets.rules import tiling as streets_tiling
from ugc.streets.rules.boxes import Box, code_of, overlap

BOX: Box = (0.0, 0.0, 1.0, 1.0)
RING = [(0.4, 0.4), (0.6, 0.4), (0.6, 0.6), (0.4, 0.6), (0.4, 0.4)]  # land on its left


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("andorra-latest.osm.pbf", "andorra"), ("melilla-2024-05-24.osm.pbf", "melilla"),
        ("monaco-240521.osm.pbf", "monaco"), ("Åbo Stad.osm", "abo-stad"), ("город.osm.pbf", ""),
        ("san.sebastián.pbf", "san-sebastian"), ("a" * 90 + ".osm.gz", "a" * 60),
    ],
)  # fmt: skip
def test_a_city_is_called_after_its_file(name: str, code: str) -> None:
    assert code_of(Path(name)) == code


def test_boxes_that_share_only_an_edge_do_not_overlap() -> None:
    assert not overlap(BOX, (1.0, 0.0, 2.0, 1.0))
    assert overlap(BOX, (0.9, 0.9, 2.0, 2.0))


@given(
    st.floats(-180, 179), st.floats(-84, 83), st.floats(0.001, 1), st.floats(0.001, 1),
    st.floats(0, 1), st.floats(0, 1),
)  # fmt: skip
def test_each_point_of_a_box_has_its_tile_in_the_order_of_archives(
    west: float, south: float, wide: float, high: float, right: float, up: float
) -> None:
    found = list(streets_tiling.tiles((west, south, west + wide, south + high)))
    ids = [zxy_to_tileid(*tile) for tile in found]
    assert ids == sorted(set(ids))
    for zoom in range(streets_tiling.SHALLOWEST, streets_tiling.DEEPEST + 1):
        at = (
            streets_tiling.column(west + wide * right, zoom),
            streets_tiling.row(south + high * up, zoom),
        )
        assert (zoom, *at) in found


def kinds_at(faces: list[tuple[str, shapely.Geometry]], lon: float, lat: float) -> set[str]:
    return {kind for kind, face in faces if face.covers(shapely.Point(lon, lat))}


@pytest.mark.parametrize(
    ("lines", "middle", "corner"),
    [
        ([], "land", "land"),
        ([RING], "land", "ocean"),  # an island
        ([RING[::-1]], "ocean", "land"),  # a bay that is closed
        ([RING[:3], RING[2:]], "land", "ocean"),  # in two pieces
        ([[(0.5, -0.2), (0.5, 1.2)]], None, "land"),  # left of a line to the north
        # The cut left a hole: the loose ends are joined.
        ([[(0.45, -0.1), (0.45, 0.495)], [(0.45, 0.505), (0.45, 1.1)]], "ocean", "land"),
        # A pier's end inside of the box: led to its edge.
        ([[(0.55, -0.1), (0.55, 0.99)]], "land", "land"),
    ],
)
def test_land_lies_left_of_the_coast(
    lines: list[list[tuple[float, float]]], middle: str | None, corner: str
) -> None:
    faces = streets_coast.faces([shapely.LineString(line) for line in lines], BOX)
    assert sum(face.area for _, face in faces) == pytest.approx(1.0)
    if middle:
        assert kinds_at(faces, 0.5, 0.5) == {middle}
    assert kinds_at(faces, 0.05, 0.05) == {corner}


@pytest.mark.parametrize(
    ("said", "kind", "is_street", "oneway"),
    [
        ({"highway": "primary", "name": "Gran Via"}, "primary", True, 0),
        ({"highway": "residential", "oneway": "-1"}, "minor", True, -1),
        ({"highway": "motorway"}, "motorway", True, 1),
        ({"highway": "residential", "junction": "roundabout"}, "minor", True, 1),
        ({"highway": "service", "service": "driveway"}, "aisle", False, 0),
        ({"highway": "proposed"}, None, False, 0),
        ({"building": "yes"}, None, False, 0),
    ],
)
def test_roads(said: dict[str, str], kind: str | None, is_street: bool, oneway: int) -> None:
    road = streets_tags.road_of(said, is_closed=False)
    if kind is None:
        assert road is None
    else:
        assert road is not None
        assert (road.kind, road.is_street, road.oneway) == (kind, is_street, oneway)


def test_each_layer_that_tags_make_is_one_that_archives_name() -> None:
    drawn = [
        streets_tags.drawn_area({"building": "yes"}),
        streets_tags.drawn_area({"leisure": "park", "name": "Retiro"}),
        streets_tags.drawn_line({"waterway": "river"}, is_closed=False),
        streets_tags.drawn_point({"natural": "peak", "name": "Comapedrosa", "ele": "2942"}),
        streets_tags.drawn_town({"place": "city", "name": "Madrid"}),
    ]  # fmt: skip
    assert {each.layer for each in drawn if each} <= set(streets_tags.layers())
    assert all(drawn)


def test_names_in_the_readers_language_stand_where_they_differ() -> None:
    said = {
        "name": "Helsinki",
        "name:es": "Helsinki",
        "name:en": "Helsinki",
        "name:sv": "Helsingfors",
    }
    assert streets_tags.labelled(said) == {"name": "Helsinki"}
    assert streets_tags.labelled({"name": "Lleida", "name:es": "Lérida"}) == {
        "name": "Lleida",
        "name_es": "Lérida",
    }
    assert "Helsingfors" in streets_tags.all_names(said)
