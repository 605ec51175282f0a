"""The worst shapes that a file can hold, thrown at what reads them. Work is counted, not timed:
how many points and crossings the steps get that cost more than a step a point."""

import math
from collections.abc import Callable

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely.geometry import Point

from tests.watches.shapes import MANY, NOISE, SHAPES, comb, star
from ugc.core.errors import Invalid
from ugc.watches.rules import geometry as watches_geometry
from ugc.watches.rules import thinning as watches_thinning
from ugc.watches.rules.geometry import Line


def counting(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """The most points that each costly step got at once, from now on."""
    most: dict[str, int] = {}

    def watch(module: object, name: str, each: Callable[..., int]) -> None:
        real = getattr(module, name)

        def counted(given: object, *rest: object, **options: object) -> object:
            most[name] = max(most.get(name, 0), each(given))
            return real(given, *rest, **options)

        monkeypatch.setattr(module, name, counted)

    def together(shapes: object) -> int:
        return int(shapely.get_num_coordinates(shapes).sum())

    watch(shapely, "unary_union", together)
    watch(shapely, "make_valid", together)
    watch(shapely, "simplify", lambda shapes: int(np.max(shapely.get_num_coordinates(shapes))))
    watch(
        shapely, "segmentize", lambda s: int(s.length / watches_geometry.EDGE_DEGREES) + together(s)
    )
    watch(watches_thinning, "crossings", lambda rings: sum(map(len, rings)))
    return most


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    return counting(monkeypatch)


def placed(
    build: Callable[[], watches_geometry.Placed], work: dict[str, int]
) -> watches_geometry.Placed | None:
    """What is made of it, or None when it is refused with a text; and that the work was little."""
    work.clear()
    result, told = None, [""]
    try:
        result = build()
    except Invalid as refused:
        told = [str(text) for texts in refused.fields.values() for text in texts]
    finally:
        cap = watches_geometry.POINTS_MAX
        assert work.get("crossings", 0) <= cap, work
        assert work.get("make_valid", 0) <= cap, work
        # The points of the shape, and those where it crosses itself.
        assert work.get("unary_union", 0) <= cap + 4 * watches_geometry.CROSSINGS_MAX, work
        assert work.get("simplify", 0) <= cap + 4 * watches_geometry.CROSSINGS_MAX, work
        assert work.get("segmentize", 0) <= watches_geometry.EDGES_MAX, work
    if result is None:
        assert told
        return None
    assert shapely.get_num_coordinates(result.geom) <= watches_geometry.EDGES_MAX + cap
    assert len(result.reach.geoms) <= 4 * watches_geometry.PARTS_MAX
    return result


@pytest.mark.parametrize("name", SHAPES)
def test_the_worst_lines_cost_little(name: str, work: dict[str, int]) -> None:
    line = SHAPES[name](MANY)
    placed(lambda: watches_geometry.way([line], 100, "file"), work)
    assert work.get("simplify", 0) <= watches_thinning.CHUNK
    assert "unary_union" not in work
    pieces = [line[i : i + 100] for i in range(0, MANY, 100)]
    placed(lambda: watches_geometry.way(pieces, 100, "file"), work)


@pytest.mark.parametrize("name", SHAPES)
def test_the_worst_areas_cost_little(name: str, work: dict[str, int]) -> None:
    line = SHAPES[name](MANY)
    across = [(y, x) for x, y in line if abs(x) <= 90]
    for polygons in (
        [[line]],
        [[line[::2], [(x / 2, y / 2) for x, y in line[::2]]]],
        [[line[::2]], [across[::2] or line]],
        [[line[i : i + 200]] for i in range(0, MANY, 200)],
        [[SHAPES[name](watches_geometry.POINTS_MAX - 20)]],
        [[line[:900]], [across[:900] or line[:900]]],
    ):
        placed(lambda polygons=polygons: watches_geometry.area(polygons, "file"), work)


@pytest.mark.parametrize("teeth", [50, 100, 500, 2_000])
def test_combs_across_each_other_are_refused_before_they_are_united(
    teeth: int, work: dict[str, int]
) -> None:
    polygons = [[comb(4 * teeth)], [comb(4 * teeth, upright=True)]]
    assert placed(lambda: watches_geometry.area(polygons, "file"), work) is None
    assert "unary_union" not in work


def test_edges_that_overlap_count_as_crossings() -> None:
    same = [np.array([(0, 0), (i, 0), (0, -i), (0, 0)], float) for i in range(1, 40)]
    assert watches_thinning.crossings(same, 10**9) >= 39 * 38 / 2
    # Neighbours share whole edges and corners; that is no crossing.
    squares = [
        np.array([(x, y), (x + 1, y), (x + 1, y + 1), (x, y + 1), (x, y)], float)
        for x in range(5)
        for y in range(5)
    ]
    assert watches_thinning.crossings(squares, 10**9) == 0


def test_many_parts_are_refused(work: dict[str, int]) -> None:
    lines = [[(i * 1e-5, 0.0), (i * 1e-5, 1e-4)] for i in range(watches_geometry.PARTS_MAX + 1)]
    assert placed(lambda: watches_geometry.way(lines, 100, "file"), work) is None
    assert placed(lambda: watches_geometry.way(lines[1:], 100, "file"), work) is not None
    rings = [[[*line, (i * 1e-5, 2e-5)]] for i, line in enumerate(lines, 1)]
    assert placed(lambda: watches_geometry.area(rings, "file"), work) is None


@settings(max_examples=25, suppress_health_check=list(HealthCheck))
@given(
    st.lists(
        st.tuples(
            st.sampled_from(sorted(SHAPES)),
            st.integers(4, 6_000),
            st.floats(-180, 180),
            st.floats(-85, 85),
            st.floats(0.01, 3),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_mixtures_cost_little(parts: list[tuple[str, int, float, float, float]]) -> None:
    lines = [
        [(x * size + lon, max(-90.0, min(90.0, y * size + lat))) for x, y in SHAPES[name](n)]
        for name, n, lon, lat, size in parts
    ]
    with pytest.MonkeyPatch.context() as patch:
        seen = counting(patch)
        placed(lambda: watches_geometry.way(lines, 100, "file"), seen)
        placed(lambda: watches_geometry.area([[line] for line in lines], "file"), seen)


# what honest people upload is still taken ------------------------------------------------------


def ride(n: int) -> Line:
    """A recorded ride of some 150 km: a point a second, with the noise of a receiver."""
    line, lon, lat, course = [], 2.0, 41.0, 0.0
    for _ in range(n):
        course += NOISE.gauss(0, 0.05)
        lon += 3e-5 * math.cos(course) + NOISE.gauss(0, 5e-6)
        lat += 2.2e-5 * math.sin(course) + NOISE.gauss(0, 5e-6)
        line.append((lon, lat))
    return line


def test_a_long_ride_is_kept_as_it_was(work: dict[str, int]) -> None:
    line = ride(49_000)
    kept = placed(lambda: watches_geometry.way([line], 100, "file"), work)
    assert kept is not None
    assert shapely.get_num_coordinates(kept.geom) <= watches_geometry.POINTS_MAX + 400
    far = max(kept.geom.distance(Point(*point)) for point in line[::50])
    assert far < 0.001  # degrees: some 100 m, of a ride that winds this much


def test_a_fine_border_is_thinned_and_keeps_its_area(work: dict[str, int]) -> None:
    ring = [
        (0.5 * r * math.cos(a), 0.5 * r * math.sin(a))
        for i in range(20_000)
        for a in [i / 20_000 * math.tau]
        for r in [1 + 0.05 * math.sin(37 * a) + 0.002 * math.sin(901 * a)]
    ]
    kept = placed(lambda: watches_geometry.area([[ring]], "file"), work)
    assert kept is not None
    rings = [np.asarray([*ring, ring[0]])]
    assert watches_geometry.area_km2(kept.geom) == pytest.approx(
        watches_geometry._rings_km2(rings), rel=0.01
    )


def test_a_border_that_crosses_itself_is_refused_at_any_number_of_points() -> None:
    for n in (40, 3_000, 40_000):
        eight = [
            (0.3 * math.sin(2 * a), 0.3 * math.sin(a))
            for a in (i / n * math.tau + 0.1 for i in range(n))
        ]
        with pytest.raises(Invalid) as refused:
            watches_geometry.area([[eight]], "file")
        assert "crosses itself" in str(refused.value.fields["file"][0])


def test_a_way_that_crosses_itself_over_the_antimeridian_is_cut_there() -> None:
    kept = watches_geometry.way([star(60, 0.05, 180)], 100, "file").geom
    assert kept.bounds == pytest.approx((-180, -0.05, 180, 0.05), abs=0.001)
    once = watches_geometry.way([star(60, 0.05)], 100, "file").geom
    assert watches_geometry.length_km(kept) == pytest.approx(
        watches_geometry.length_km(once), rel=1e-6
    )
