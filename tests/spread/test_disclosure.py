"""What a brand is told gives no group of fewer than ten people away: tried by an attacker who has
every figure of every week."""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ugc.core.errors import Invalid
from ugc.spread.rules import disclosure as spread_disclosure
from ugc.spread.rules import weeks as spread_weeks

CITIES = ("1", "2", "3")


@dataclass(frozen=True)
class Person:
    week: int
    degree: str
    channel: str
    city: str
    joined: bool
    brought: bool


people = st.lists(
    st.builds(
        Person,
        week=st.integers(0, 5),
        degree=st.sampled_from(spread_disclosure.DEGREES),
        channel=st.sampled_from(("link", "qr")),
        city=st.sampled_from(CITIES),
        joined=st.booleans(),
        brought=st.booleans(),
    ),
    max_size=40,
)
# Many alike and some others: what makes tables lean to one side.
crowds = st.lists(st.tuples(st.integers(0, 40), people.filter(bool)), max_size=6).map(
    lambda groups: [person for count, some in groups for person in [some[0]] * count]
)


def counts_until(everybody: list[Person], week: int) -> Counter[spread_disclosure.Cell]:
    counted: Counter[spread_disclosure.Cell] = Counter()
    for person in everybody:
        if person.week > week:
            continue
        for cell in (
            ("degree", person.degree),
            ("channel", person.channel),
            ("city", person.city),
            ("visits", person.degree),
        ):
            counted[cell] += 1
        counted["joined", ""] += person.joined
        counted["brought", ""] += person.brought and person.degree in spread_disclosure.BROUGHT
    return counted


def told_by_week(everybody: list[Person], last: int = 5) -> list[dict[spread_disclosure.Cell, int]]:
    """All that was told at the end of each week, from the beginning."""
    told: Counter[spread_disclosure.Cell] = Counter()
    found = []
    for week in range(last + 1):
        told.update(spread_disclosure.release(counts_until(everybody, week), told))
        found.append(dict(told))
    return found


@settings(max_examples=120)
@given(people | crowds)
def test_every_figure_is_a_sum_of_full_tens(everybody: list[Person]) -> None:
    before: dict[spread_disclosure.Cell, int] = {}
    for week, told in enumerate(told_by_week(everybody)):
        counted = counts_until(everybody, week)
        for cell, figure in told.items():
            assert figure % 10 == 0
            assert before.get(cell, 0) <= figure <= counted[cell]
        before = told


def hidden_bounds(
    told: dict[spread_disclosure.Cell, int], series: str, cells: list[str], most: int
) -> dict[str, tuple[int, int]]:
    """What an attacker knows of what each cell of a cut hides, when every cell hides 0 to 9 and the
    number of all people lies in what the other cut and every part of them allow: interval
    arithmetic, which is exact for one sum of independent cells."""
    shown = spread_disclosure.total(told, series)
    least_hidden = max(0, _least_people(told) - shown)
    most_hidden = min(9 * len(cells), most - shown)
    return {
        cell: (max(0, least_hidden - 9 * (len(cells) - 1)), min(9, most_hidden)) for cell in cells
    }


def _least_people(told: dict[spread_disclosure.Cell, int]) -> int:
    return max(
        spread_disclosure.total(told, series) for series in ("degree", "channel", "city", "joined")
    )


@settings(max_examples=200)
@given(people | crowds)
def test_nobody_can_tell_what_a_cell_hides(everybody: list[Person]) -> None:
    """For each cell of each week: it may hide one, and it may hide nine, for all that is told. The
    attacker also knows which cells nobody is in (the best case for them)."""
    for week, told in enumerate(told_by_week(everybody)):
        counted = counts_until(everybody, week)
        cuts = {
            "degree": [d for d in spread_disclosure.DEGREES if counted["degree", d]],
            "channel": [c for c in spread_disclosure.CHANNELS if counted["channel", c]],
        }
        if not any(cuts.values()):
            continue
        for series, cells in cuts.items():
            other = "channel" if series == "degree" else "degree"
            most = spread_disclosure.total(told, other) + 9 * len(cuts[other])
            for low, high in hidden_bounds(told, series, cells, most).values():
                assert low <= 1
                assert high >= 9
        # A part of the people (by city, who joined) says of each degree no more than that.
        brought = [d for d in spread_disclosure.BROUGHT if counted["degree", d]]
        least = told.get(("brought", ""), 0) - spread_disclosure.total(
            told, "degree", spread_disclosure.BROUGHT
        )
        assert least - 9 * max(0, len(brought) - 1) <= 1


@settings(max_examples=80)
@given(people | crowds, st.integers(0, 5), st.integers(0, 5), st.integers(0, 5), st.integers(0, 5))
def test_no_difference_of_two_spans_is_a_small_group(
    everybody: list[Person], a: int, b: int, c: int, d: int
) -> None:
    """Whatever spans are asked for and however they are added and taken from each other."""
    series = told_by_week(everybody)

    def span(first: int, last: int) -> Counter[spread_disclosure.Cell]:
        first, last = sorted((first, last))
        found = Counter(series[last])
        if first:
            found.subtract(series[first - 1])
        return found

    one, other = span(a, b), span(c, d)
    for cell in {*one, *other}:
        assert (one[cell] - other[cell]) % 10 == 0
        assert one[cell] >= 0


@given(people | crowds, st.randoms(use_true_random=False))
def test_what_was_told_stays(everybody: list[Person], chance: random.Random) -> None:
    """People leave or turn out to be false, and no figure that was told goes down; and who changes
    only what waits changes nothing."""
    told: Counter[spread_disclosure.Cell] = Counter()
    for week in range(6):
        left = [person for person in everybody if chance.random() < 0.7]
        counted = counts_until(left, week)
        more = spread_disclosure.release(counted, told)
        assert all(people > 0 and people % 10 == 0 for people in more.values())
        told.update(more)


def test_both_cuts_tell_one_total() -> None:
    counted = {
        ("degree", "1"): 19,
        ("degree", "2"): 19,
        ("channel", "link"): 31,
        ("channel", "qr"): 7,
    }
    more = spread_disclosure.release(counted, {})
    assert more == {("degree", "1"): 10, ("degree", "2"): 10, ("channel", "link"): 20}


def test_a_part_tells_no_more_than_its_whole() -> None:
    counted = {
        ("degree", "1"): 5, ("degree", "2"): 9, ("channel", "link"): 14, ("joined", ""): 12,
    }  # fmt: skip
    assert spread_disclosure.release(counted, {}) == {}


def test_a_series_that_nobody_knows_is_refused() -> None:
    with pytest.raises(ValueError, match="no such series"):
        spread_disclosure.release({("age", "18"): 20}, {})


# Spans --------------------------------------------------------------------------------------

TODAY = dt.date(2026, 11, 28)  # a Saturday
NEWEST = spread_weeks.last_complete(TODAY)


def test_spans_end_with_the_last_complete_week() -> None:
    span = spread_weeks.chosen({}, NEWEST)
    assert (span.first, span.last) == (dt.date(2026, 8, 31), dt.date(2026, 11, 16))
    assert len(span.weeks) == 12
    assert span.end == dt.date(2026, 11, 22)
    assert spread_weeks.last_complete(dt.date(2026, 11, 30)) == dt.date(2026, 11, 23)  # a Monday
    assert spread_weeks.last_complete(dt.date(2026, 11, 29)) == dt.date(2026, 11, 16)  # a Sunday


@pytest.mark.parametrize(
    ("today", "told", "newest"),
    [
        ("2026-11-29", None, "2026-11-16"),
        ("2026-11-29", "2026-11-16", "2026-11-16"),
        ("2026-11-30", "2026-11-16", "2026-11-16"),  # over, and not told yet
        ("2026-11-30", "2026-11-23", "2026-11-23"),
        ("2026-12-16", "2026-11-16", "2026-11-16"),  # the worker was away for two weeks
        ("2026-11-20", "2026-11-16", "2026-11-09"),  # a clock that was set back
    ],
)
def test_spans_end_with_what_was_told(today: str, told: str | None, newest: str) -> None:
    day = dt.date.fromisoformat
    found = spread_weeks.last_counted(day(today), day(told) if told else None)
    assert found == day(newest)


@given(st.dates(dt.date(2020, 1, 1), dt.date(2027, 1, 1)), st.integers(0, 900))
def test_days_become_the_whole_weeks_between_them(begin: dt.date, length: int) -> None:
    end = begin + dt.timedelta(days=length)
    try:
        span = spread_weeks.chosen({"from": begin.isoformat(), "to": end.isoformat()}, NEWEST)
    except Invalid:
        first = begin + dt.timedelta(days=-begin.weekday() % 7)
        assert first + dt.timedelta(days=6) > min(end, dt.date(2026, 11, 22))
        return
    assert begin <= span.first < begin + dt.timedelta(days=7)
    assert span.first.weekday() == span.last.weekday() == 0
    assert span.end <= min(end, dt.date(2026, 11, 22))


@pytest.mark.parametrize(
    "values",
    [
        {"span": "1d"},
        {"from": "2026-11-02"},
        {"from": "soon", "to": "2026-11-20"},
        {"from": "2026-11-20", "to": "2026-11-02"},
        {"from": "2026-11-17", "to": "2026-11-28"},
        {"from": "0001-01-01", "to": "2026-11-28"},
        {"from": "9999-12-31", "to": "9999-12-31"},
    ],
)
def test_odd_spans_are_refused_by_field(values: dict[str, str]) -> None:
    with pytest.raises(Invalid):
        spread_weeks.chosen(values, NEWEST)
