from collections.abc import Callable

import pytest

from tests.factories import bulk
from tests.lookback.conftest import utc
from ugc.core.db import Session
from ugc.geography.geo import Bounds
from ugc.lookback import queries as lookback_queries

MADRID = Bounds(-4, 40, -3, 41)
DAY = (utc("2026-11-20T00:00"), utc("2026-11-21T00:00"))
EDGES = [DAY[0], utc("2026-11-20T12:00"), DAY[1]]
Make = Callable[..., str]


def ids(session: Session, within: lookback_queries.Within) -> list[str]:
    found = lookback_queries.reports_of(session, within, 100)
    assert found is not None
    return [past.public_id for past in found]


def test_what_began_in_it_and_what_was_there_from_before(
    session: Session, make_report: Make
) -> None:
    before = make_report("2026-11-19T20:00", "2026-11-20T02:00")
    at_start = make_report("2026-11-20T00:00")
    last = make_report("2026-11-20T23:59", "2026-11-22T00:00")
    open_still = make_report("2026-11-20T10:00", closed_at=None, state="open")
    make_report("2026-11-19T20:00", "2026-11-20T00:00")  # over when it begins
    make_report("2026-11-21T00:00")
    make_report("2026-11-20T10:00", lon=2.1)
    make_report("2026-11-18T10:00", "2026-11-22T10:00", closed_at=utc("2026-11-19T10:00"))
    within = lookback_queries.Within(MADRID, *DAY)
    assert ids(session, within) == [before, at_start, open_still, last]
    assert lookback_queries.reports_of(session, within, 3) is None


@pytest.mark.parametrize("visibility", ["held", "hidden", "removed", "withdrawn"])
def test_only_what_the_public_sees(session: Session, make_report: Make, visibility: str) -> None:
    make_report("2026-11-20T10:00", visibility=visibility)
    make_report("2026-11-19T10:00", "2026-11-21T10:00", visibility=visibility)
    make_report("2026-11-20T10:00", state="merged")
    within = lookback_queries.Within(MADRID, *DAY)
    assert ids(session, within) == []
    total = lookback_queries.total_of(session, within, EDGES, 0.1, 10, 1)
    assert (total.counts, total.before, total.cells, total.sample) == ({}, 0, [], [])
    assert lookback_queries.newest(session, within, 5) == []
    assert (
        lookback_queries.nearest(
            session, lookback_queries.Within(MADRID, DAY[1], utc("2026-12-01T00:00"))
        )
        is None
    )


def test_what_is_withdrawn_leaves_a_sample_that_was_taken_before(
    session: Session, make_report: Make
) -> None:
    kept = make_report("2026-11-20T10:00")
    make_report("2026-11-20T10:00", visibility="withdrawn")
    within = lookback_queries.Within(MADRID, *DAY)
    everybody = list(range(1, max(lookback_queries.newest(session, within, 1)) + 2))
    assert [past.public_id for past in lookback_queries.sample_of(session, everybody)] == [kept]


def test_sums_say_the_same_as_single_reports(session: Session, make_report: Make) -> None:
    for hour in range(20):
        make_report(
            f"2026-11-20T{hour:02}:00", kind=("jam", "waste")[hour % 2], lon=-3.7 + hour / 100
        )
    make_report("2026-11-19T10:00", "2026-11-21T10:00", kind="waste")
    within = lookback_queries.Within(MADRID, *DAY)
    total = lookback_queries.total_of(session, within, EDGES, 0.05, 1000, 1)
    assert total.counts == {"jam": [6, 4], "waste": [6, 4]}
    assert total.before == 1
    assert sum(count for _, _, count in total.cells) == 21
    assert all(-3.71 < lon < -3.5 and abs(lat - 40.4) < 1e-4 for lon, lat, _ in total.cells)
    assert len(total.sample) == len(set(total.sample)) == 21
    for expected in (1, 21, 1e9):  # whatever the planner thinks
        few = lookback_queries.total_of(session, within, EDGES, 0.05, 8, expected)
        assert 0 < len(few.sample) <= 8
        assert set(few.sample) < set(total.sample)
    only = lookback_queries.Within(MADRID, *DAY, kinds=["waste"])
    assert lookback_queries.total_of(session, only, EDGES, 0.05, 10, 10).counts == {"waste": [6, 4]}


def test_each_report_has_the_same_chance(session: Session, make_report: Make) -> None:
    """Neither the oldest nor the first in the table are preferred."""
    made = [make_report(f"2026-11-20T{n // 60:02}:{n % 60:02}") for n in range(200)]
    within = lookback_queries.Within(MADRID, *DAY)
    sample = lookback_queries.total_of(session, within, EDGES, 0.1, 100, 200).sample
    places = [made.index(past.public_id) for past in lookback_queries.sample_of(session, sample)]
    assert 50 <= len(places) <= 100
    halves = [sum(place < 100 for place in places), sum(place >= 100 for place in places)]
    assert min(halves) > len(places) / 4


def test_a_box_over_the_antimeridian_is_one_place(session: Session, make_report: Make) -> None:
    west, east = (make_report("2026-11-20T10:00", lon=lon, lat=-17.0) for lon in (179.9, -179.9))
    make_report("2026-11-20T10:00", lon=0, lat=-17.0)
    within = lookback_queries.Within(Bounds.parsed("179,-18,-179,-16"), *DAY)
    assert sorted(ids(session, within)) == sorted([west, east])


def test_the_nearest_report_may_be_before_or_after(session: Session, make_report: Make) -> None:
    make_report("2026-11-10T10:00")
    later = "2026-11-23T10:00"
    make_report(later)
    assert lookback_queries.nearest(session, lookback_queries.Within(MADRID, *DAY)) == utc(later)
    earlier = lookback_queries.Within(MADRID, utc("2026-11-12T00:00"), utc("2026-11-13T00:00"))
    assert lookback_queries.nearest(session, earlier) == utc("2026-11-10T10:00")
    assert (
        lookback_queries.nearest(session, lookback_queries.Within(Bounds(50, 0, 51, 1), *DAY))
        is None
    )


def test_the_indexes_answer(session: Session) -> None:
    """Of many, neither part of a span reads the whole table, and the sums not the table at all."""
    connection = session.connection()
    bulk.reports_of_the_past(connection)
    within = lookback_queries.Within(Bounds(-180, -85, 180, 85), *DAY)
    rows = connection.exec_driver_sql(
        "EXPLAIN " + lookback_queries.total_sql(within, EDGES, 0.1, 0.1)
    )
    plan = "\n".join(row[0] for row in rows)
    assert "Scan using ix_reports_occurred_at" in plan
    assert "ix_reports_lifetime" in plan
    assert "Seq Scan" not in plan
