"""The formula as tables, and what must hold for any evidence."""

import datetime as dt
import math
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ugc.fraud.rules import fingerprints as fraud_fingerprints
from ugc.fraud.rules import ring as fraud_ring
from ugc.fraud.rules import score as fraud_score
from ugc.fraud.rules.score import Evidence, Reason, after_clearing, score, surprise
from ugc.rewards import rules as rewards_rules

NOON = dt.datetime(2026, 11, 28, 12, tzinfo=dt.UTC)
KEY = fraud_fingerprints.key("a secret")


@pytest.mark.parametrize(
    ("genuine", "hours", "due"), [(2, 24, True), (1, 24, False), (2, 23.9, False), (9, 0, False)]
)
def test_when_a_reward_is_due(genuine: int, hours: float, due: bool) -> None:
    assert rewards_rules.is_due(genuine, NOON - dt.timedelta(hours=hours), NOON) is due


def test_the_day_is_full() -> None:
    assert rewards_rules.fits_the_day(180, 20)
    assert not rewards_rules.fits_the_day(181, 20)


@pytest.mark.parametrize(
    ("count", "expected", "answer"),
    [
        (1, 1.0, 0.0),
        (0, 1.0, 0.0),
        # P(X >= 5 | 1) = 0.003660; P(X >= 10 | 1) = 1.114e-7; P(X >= 3 | 2) = 0.3233
        (5, 1.0, -math.log10(0.0036598)),
        (10, 1.0, -math.log10(1.11425e-7)),
        (3, 2.0, -math.log10(0.323324)),
    ],
)
def test_surprise_of_a_poisson_count(count: int, expected: float, answer: float) -> None:
    assert surprise(count, expected) == pytest.approx(answer, abs=1e-4)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("ana@gmail.com", "A.n.a+promo@googlemail.com", True),
        ("ana@example.org", "ana+2@example.org", True),
        ("a.na@example.org", "ana@example.org", False),
        ("ana@example.org", "ana@example.com", False),
    ],
)
def test_the_same_mailbox(one: str, other: str, same: bool) -> None:
    assert (fraud_fingerprints.mailbox(one) == fraud_fingerprints.mailbox(other)) is same


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("::ffff:203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:1:2::3", "2001:db8:1::/48"),
        ("fe80::1%eth0", "fe80::/48"),
        ("", ""),
        (None, ""),
        ("nonsense", ""),
    ],
)
def test_networks(address: str | None, network: str) -> None:
    assert fraud_fingerprints.network(address) == network


def test_throw_away_mail_also_below_its_domain() -> None:
    assert fraud_fingerprints.is_disposable("x@mailinator.com")
    assert fraud_fingerprints.is_disposable("x@deep.mailinator.com")
    assert not fraud_fingerprints.is_disposable("x@gmail.com")
    assert not fraud_fingerprints.is_disposable("x")


def test_marks_are_keyed_and_told_apart_by_kind() -> None:
    facts: dict[str, Any] = {
        "address": "203.0.113.7", "agent": "A", "accepts": "es", "email": "a@mailinator.com",
    }  # fmt: skip
    found = fraud_fingerprints.of_request(KEY, **facts)
    assert sorted(found) == ["browser", "disposable", "mailbox", "network"]
    assert len(set(found.values())) == 4
    assert all(len(mark) == fraud_fingerprints.LENGTH for mark in found.values())
    assert found == fraud_fingerprints.of_request(KEY, **facts)
    other = fraud_fingerprints.of_request(fraud_fingerprints.key("another"), **facts)
    assert not set(found.values()) & set(other.values())
    neighbour = fraud_fingerprints.of_request(KEY, **{**facts, "address": "203.0.113.8"})
    assert neighbour["network"] == found["network"]
    assert sorted(
        fraud_fingerprints.of_request(KEY, **{**facts, "address": None, "agent": ""})
    ) == [
        "disposable",
        "mailbox",
    ]


@pytest.mark.parametrize(
    ("evidence", "points"),
    [
        (Evidence(), 0),
        (Evidence(kin_mailbox=(1,)), 60),
        (Evidence(same_mailbox=(1,)), 40),
        (Evidence(kin_mailbox=(1,), same_mailbox=(1,)), 60),
        (Evidence(kin_mailbox=(1,), same_mailbox=(1, 2)), 70),
        (Evidence(same_mailbox=(1, 2, 3)), 60),
        (Evidence(same_mailbox=tuple(range(30))), 70),
        (Evidence(kin_browser=(1,), kin_hours=72), 35),
        (Evidence(kin_browser=(1,), kin_hours=73), 25),
        (Evidence(idle_contacts=(1, 2)), 30),
        (Evidence(idle_contacts=tuple(range(9))), 60),
        (Evidence(idle_contacts=(1, 2), contacts=8), 30),
        (Evidence(idle_contacts=(1, 2), contacts=9), 0),
        (Evidence(contacts=6, doubted_contacts=(1, 2, 3)), 36),
        (Evidence(contacts=7, doubted_contacts=(1, 2, 3)), 0),
        (Evidence(contacts=2, doubted_contacts=(1, 2)), 0),
        (Evidence(loop=(1,)), 35),
        (Evidence(loop=(1, 2)), 45),
        (Evidence(loop=(1, 2, 3, 4)), 55),
        (Evidence(circle_ids=(1, 2, 3), circle_praise=1.49), 0),
        (Evidence(circle_ids=(1, 2, 3), circle_praise=1.5), 60),
        (Evidence(circle_ids=(1, 2, 3), circle_praise=7.0), 80),
        (Evidence(circle_ids=(1, 2, 3), circle_thrown=2), 0),
        (Evidence(circle_ids=(1, 2, 3), circle_thrown=3, disposable=True), 70),
        # What is done in a circle proves nothing.
        (Evidence(circle_ids=(1, 2, 3), circle_praise=1.5, contributions=9), 60),
        (Evidence(browsers=2), 0),
        (Evidence(browsers=4), 10),
        (Evidence(browsers=50), 30),
        (Evidence(networks=5), 0),
        (Evidence(networks=20), 10),
        (Evidence(networks=300), 15),
        (Evidence(networks=300, browsers=4), 15),
        (Evidence(networks=300, browsers=50), 30),
        (Evidence(disposable=True), 25),
        (Evidence(burst=5, usual=1), 0),
        (Evidence(burst=7, usual=1), 10),
        (Evidence(burst=60, usual=1), 25),
        (Evidence(burst=60, usual=50), 0),
        (Evidence(praise=4, praise_kin=4), 15),
        (Evidence(praise=5, praise_kin=5), 30),
        (Evidence(praise=10, praise_kin=7), 0),
        (Evidence(brand_reviews=2), 10),
        (Evidence(brand_reviews=3, contributions=3), 20),
        (Evidence(withdrawn=3, published=3), 15),
        (Evidence(withdrawn=3, published=4), 0),
        # Reading is fine; doing nothing counts only beside something else.
        (Evidence(referred=True, age=dt.timedelta(days=99)), 0),
        (Evidence(disposable=True, referred=True, age=dt.timedelta(days=14)), 35),
        (Evidence(disposable=True, referred=True, age=dt.timedelta(days=13)), 25),
        (Evidence(disposable=True, contributions=1), 10),
        (Evidence(disposable=True, confirmations=9), 10),
        (Evidence(loop=(1,), kin_mailbox=(1,), disposable=True, contributions=9), 75),
        (Evidence(loop=(1,), kin_mailbox=(1,), disposable=True), 100),
    ],
)
def test_points(evidence: Evidence, points: int) -> None:
    result = score(evidence)
    assert result.score == points
    assert bool(result.reasons) is (points > 0)


@pytest.mark.parametrize(
    ("people", "doubted"),
    [
        # A home of four on one computer who share their link.
        ([Evidence(kin_browser=(1,), browsers=4, networks=4)], False),
        # The same two weeks later, still only reading.
        (
            [
                Evidence(
                    kin_browser=(1,), browsers=4, networks=4, referred=True,
                    age=dt.timedelta(days=20),
                )
            ],
            False,
        ),
        # A class of thirty in one computer room, by the link of the teacher, each with two things.
        ([Evidence(kin_browser=(1,), browsers=30, networks=30, contributions=2)], False),
        # The same with telephones of their own, on the first day.
        ([Evidence(networks=30)], False),
        # Their teacher.
        ([Evidence(burst=30, usual=1, browsers=31, networks=31, contacts=30)], False),
        # Fifty made by one person.
        ([Evidence(kin_browser=(1,), browsers=51, networks=51)], True),
        # An honest person whom a thousand follow in a day.
        ([Evidence(burst=1000, usual=1, contacts=1000)], False),
    ],
)  # fmt: skip
def test_homes_schools_and_farms(people: list[Evidence], doubted: bool) -> None:
    for evidence in people:
        assert (score(evidence).score >= fraud_score.DOUBTED) is doubted


ids = st.lists(st.integers(1, 60), max_size=25, unique=True).map(tuple)
counts = st.integers(0, 80)
evidences = st.builds(
    Evidence,
    kin_mailbox=ids, kin_browser=ids, kin_hours=st.floats(0, 200), loop=ids, idle_contacts=ids,
    contacts=counts, doubted_contacts=ids, same_mailbox=ids, browsers=st.integers(1, 300),
    networks=st.integers(1, 300), disposable=st.booleans(), burst=counts,
    circle_ids=ids, circle_praise=st.floats(0, 5), circle_thrown=counts,
    usual=st.floats(0.5, 20), praise=counts, praise_kin=counts, brand_reviews=counts,
    withdrawn=counts, published=counts, contributions=counts, confirmations=counts,
    referred=st.booleans(), age=st.timedeltas(dt.timedelta(0), dt.timedelta(days=400)),
)  # fmt: skip
MORE_OF_IT = (
    "kin_mailbox", "kin_browser", "loop", "idle_contacts", "doubted_contacts", "same_mailbox",
    "browsers", "networks", "disposable", "burst", "praise_kin", "brand_reviews", "withdrawn",
    "age", "circle_praise", "circle_thrown",
)  # fmt: skip
GENUINE = ("contributions", "confirmations", "kin_hours", "contacts", "praise", "published")


def more(value: Any, step: int) -> Any:
    if isinstance(value, bool):
        return True
    if isinstance(value, tuple):
        return (*value, *range(1000, 1000 + step))
    if isinstance(value, dt.timedelta):
        return value + dt.timedelta(days=step)
    return value + step


@given(evidences, st.sampled_from(MORE_OF_IT), st.integers(1, 30))
def test_more_that_speaks_against_never_lowers(e: Evidence, name: str, step: int) -> None:
    worse = replace(e, **{name: more(getattr(e, name), step)})
    assert score(worse).score >= score(e).score


@given(evidences, st.sampled_from(GENUINE), st.integers(1, 30))
def test_more_that_is_genuine_never_raises(e: Evidence, name: str, step: int) -> None:
    better = replace(e, **{name: more(getattr(e, name), step)})
    assert score(better).score <= score(e).score


@given(evidences)
def test_every_point_has_a_reason(e: Evidence) -> None:
    result = score(e)
    total = sum(reason.points for reason in result.reasons)
    assert result.score == max(0, min(100, total)) or total > 100
    assert 0 <= result.score <= 100
    if result.score:
        assert all(reason.points for reason in result.reasons)


@given(evidences)
def test_what_was_cleared_is_not_held_against_anybody_again(e: Evidence) -> None:
    first = score(e)
    cleared = {reason.code: reason for reason in first.reasons if reason.points > 0}
    assert score(e, cleared).score == 0


def test_every_field_is_in_one_of_the_properties() -> None:
    known = {*MORE_OF_IT, *GENUINE, "usual", "referred"}
    assert {f.name for f in fields(Evidence)} - known == {
        "browser_ids", "network_ids", "praise_ids", "circle_ids",
    }  # fmt: skip


def test_new_people_are_new_evidence() -> None:
    before = {"loop": Reason("loop", 35, 2, (1, 2))}
    assert after_clearing([Reason("loop", 35, 2, (1, 2))], before) == []
    assert after_clearing([Reason("loop", 35, 3, (1, 2, 3))], before) == []
    assert after_clearing([Reason("loop", 35, 2, (8, 9))], before) == [
        Reason("loop", 35, 2, (8, 9))
    ]
    grown = after_clearing(
        [Reason("same_browser", 30)], {"same_browser": Reason("same_browser", 20)}
    )
    assert [reason.points for reason in grown] == [10]


def test_who_hangs_together() -> None:
    ties = [("referral", 1, 2), ("browser", 2, 3), ("praise", 5, 6), ("network", 7, 99)]
    assert fraud_ring.components([7, 6, 5, 3, 2, 1], ties) == [[1, 2, 3], [5, 6], [7]]


@given(
    st.sets(st.integers(1, 30), min_size=1),
    st.lists(st.tuples(st.just("browser"), st.integers(1, 30), st.integers(1, 30))),
)
def test_groups_are_a_partition_that_no_tie_crosses(
    people: set[int], ties: list[tuple[str, int, int]]
) -> None:
    groups = fraud_ring.components(people, ties)
    assert sorted(each for group in groups for each in group) == sorted(people)
    of = {each: number for number, group in enumerate(groups) for each in group}
    for _, one, other in ties:
        if one in of and other in of:
            assert of[one] == of[other]


def test_the_drawing_puts_who_brought_most_in_the_middle_and_counts_the_rest() -> None:
    ties = [("referral", 50, each) for each in range(100, 160)]
    drawn = fraud_ring.drawing([50, *range(100, 160)], ties)
    assert len(drawn.dots) == fraud_ring.DRAWN
    assert drawn.left_out == 61 - fraud_ring.DRAWN
    assert (drawn.dots[0].member_id, drawn.dots[0].x, drawn.dots[0].y) == (50, 180, 180)
    assert all(0 <= dot.x <= drawn.size and 0 <= dot.y <= drawn.size for dot in drawn.dots)
    assert len({(dot.x, dot.y) for dot in drawn.dots}) == fraud_ring.DRAWN
    assert len(drawn.lines) == fraud_ring.DRAWN - 1
    assert fraud_ring.drawing([], []).dots == []
    both = [("browser", 1, 2), ("network", 1, 2), ("network", 2, 3)]
    assert [line.kind for line in fraud_ring.drawing([1, 2, 3], both).lines] == [
        "browser",
        "network",
    ]
    assert len(fraud_ring.drawing([4], []).dots) == 1
