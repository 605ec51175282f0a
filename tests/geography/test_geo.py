"""Points and boxes as they enter."""

import pytest

from ugc.core.errors import Invalid
from ugc.geography import geo


@pytest.mark.parametrize(
    ("lon", "lat", "expected"),
    [
        ("-3.7", "40.4", (-3.7, 40.4)),
        ("-3,7", "40° 24′ N", (-3.7, 40.4)),
        (180, 90, (180, 90)),
        (-180, -90, (-180, -90)),
    ],
)
def test_a_good_point(lon: object, lat: object, expected: tuple[float, float]) -> None:
    point = geo.Point.checked(lon, lat)
    assert (point.lon, point.lat) == expected


@pytest.mark.parametrize(
    ("lon", "lat"),
    [
        ("x", 1), (0, 91), (0, "nan"), ("inf", 0), (None, None), (9999, 0), (True, 0),
        (190, 0), (-190, 0), ("180.1", "0"), (0, float("nan")),
    ],
)  # fmt: skip
def test_a_bad_point_names_its_field(lon: object, lat: object) -> None:
    with pytest.raises(Invalid) as refused:
        geo.Point.checked(lon, lat, "here")
    assert "here" in refused.value.fields


def test_typed_coordinates_are_latitude_first() -> None:
    assert geo.Point.parsed("40.4168, -3.7038") == geo.Point(-3.7038, 40.4168)
    assert geo.Point.parsed("Madrid") is None


def test_bounds_over_the_antimeridian_are_two_boxes() -> None:
    assert len(geo.Bounds.parsed("170,-10,-170,10").parts) == 2
    assert geo.Bounds.around(geo.Point(179, 0), 10, 9) == geo.Bounds(170, -10, -172, 10)
    assert geo.Bounds.around(geo.Point(0, 85), 10, 9) == geo.Bounds(-180, 75, 180, 90)


def test_only_what_is_computed_goes_on_from_the_other_side() -> None:
    assert geo.Point.wrapped(190, 0) == geo.Point(-170, 0)
    assert geo.Point.wrapped(-190, 0) == geo.Point(170, 0)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1,2,3",
        "a,b,c,d",
        "0,10,1,-10",
        "0,-91,1,0",
        "170,-10,190,10",
        "-200,-10,200,10",
        "nan,0,1,1",
        "0,0,inf,1",
    ],
)
def test_bad_bounds(text: str) -> None:
    with pytest.raises(Invalid):
        geo.Bounds.parsed(text)


def test_distance_is_in_metres() -> None:
    madrid, barcelona = geo.Point(-3.70256, 40.4165), geo.Point(2.15899, 41.38879)
    assert madrid.metres_to(barcelona) == pytest.approx(505_000, rel=0.01)
