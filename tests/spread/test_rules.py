"""Known answers: growth, structural virality, PageRank, and the drawings."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import itertools
import random
from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ugc.config import ROOT
from ugc.contacts import rules as contacts_rules
from ugc.influencers import rules as influencers_rules
from ugc.spread.rules import growth as spread_growth
from ugc.spread.rules import shape as spread_shape

START = dt.datetime(2026, 9, 1, tzinfo=dt.UTC)

# Growth -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("k", "cycle", "people"), [(0.35, 30, 1515), (1.2, 30, 5368), (1.2, 10, 25_959)]
)
def test_the_growth_examples_of_the_field(k: float, cycle: float, people: int) -> None:
    assert round(spread_growth.people_after(1000, k, 90, cycle)) == people


def test_the_curve_has_a_ceiling_below_one_and_none_above() -> None:
    assert spread_growth.ceiling(1000, 0.35) == pytest.approx(1538.46, abs=0.01)
    assert spread_growth.ceiling(1000, 1.2) is None
    assert spread_growth.people_after(10, 1.0, 30, 10) == pytest.approx(40)
    assert spread_growth.people_after(10, 1.000001, 30, 10) == pytest.approx(40, rel=1e-3)


def test_k_is_invitations_times_conversion_and_lies_in_its_interval() -> None:
    found = spread_growth.k_factor([(100, 30), (120, 40), (80, 20)], visits=600)
    assert found is not None
    assert found.k == pytest.approx(90 / 300)
    assert found.invitations is not None
    assert found.conversion is not None
    assert found.invitations * found.conversion == pytest.approx(found.k)
    assert found.low < found.k < found.high
    assert spread_growth.k_factor([(0, 0)]) is None


def test_weeks_that_differ_widen_the_interval() -> None:
    even = spread_growth.k_factor([(100, 30)] * 6)
    uneven = spread_growth.k_factor([(100, 0), (100, 60)] * 3)
    assert even is not None
    assert uneven is not None
    assert even.k == uneven.k
    assert uneven.high - uneven.low > 1.5 * (even.high - even.low)


def poisson(chance: random.Random, mean: float) -> int:
    count, left = 0, chance.expovariate(1)
    while left < mean:
        count, left = count + 1, left + chance.expovariate(1)
    return count


def test_the_interval_covers_the_truth() -> None:
    """Offspring drawn from negative binomials and told in tens of the sum, as figures are: 95 % of
    the intervals hold the K that made them."""
    chance = random.Random(4)
    covered = 0
    for _ in range(200):
        weeks, so_far, told = [], 0, 0
        for _week in range(12):
            so_far += sum(poisson(chance, chance.gammavariate(0.5, 2) * 0.4) for _ in range(60))
            rise = so_far // 10 * 10 - told
            told += rise
            weeks.append((60, rise))
        found = spread_growth.k_factor(weeks)
        assert found is not None
        covered += found.low <= 0.4 <= found.high
    assert 186 <= covered <= 200  # 93 % and more


def test_the_cycle_is_the_median_within_its_bucket() -> None:
    assert spread_growth.cycle_days({"1": 20, "3": 10, "7": 30}) == pytest.approx(3.0)
    assert spread_growth.cycle_days({"7": 40}) == pytest.approx(5.0)
    assert spread_growth.cycle_days({}) is None
    assert spread_growth.cycle_bucket(0.5) == "1"
    assert spread_growth.cycle_bucket(3) == "7"
    assert spread_growth.cycle_bucket(28) == "more"


# Structural virality ------------------------------------------------------------------------


def star(n: int) -> dict[int, int]:
    return dict.fromkeys(range(1, n), 0)


def chain(n: int) -> dict[int, int]:
    return {node: node - 1 for node in range(1, n)}


def test_structural_virality_of_the_known_trees() -> None:
    assert spread_shape.virality(star(10)) == pytest.approx(1.80)
    assert spread_shape.virality(chain(10)) == pytest.approx(11 / 3)
    assert spread_shape.virality({n: (n - 1) // 2 for n in range(1, 15)}) == pytest.approx(
        3.50, abs=0.01
    )
    assert spread_shape.virality({}) == 0


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=40))
def test_virality_is_the_mean_distance(picks: list[int]) -> None:
    parent = {number: pick % number for number, pick in enumerate(picks, start=1)}
    nodes = range(len(parent) + 1)

    def way(node: int) -> list[int]:
        found = [node]
        while found[-1]:
            found.append(parent[found[-1]])
        return found

    distances = [len(set(way(a)) ^ set(way(b))) for a, b in itertools.permutations(nodes, 2)]
    assert spread_shape.virality(parent) == pytest.approx(sum(distances) / len(distances))


def test_a_long_chain_is_no_recursion() -> None:
    assert spread_shape.virality(chain(50_000)) == pytest.approx(50_001 / 3)


def reached(pairs: dict[int, int], root: int = 0) -> list[spread_shape.Reached]:
    return [
        spread_shape.Reached(
            member, None if sharer == root else sharer, START + dt.timedelta(days=member)
        )
        for member, sharer in pairs.items()
    ]


def test_cascades_are_told_by_who_brought_ten() -> None:
    # The brand brings 25; number 3 brings 12 of its own; one of those brings 2 whom nothing tells.
    pairs = dict.fromkeys(range(1, 26), 0) | dict.fromkeys(range(30, 42), 3) | {50: 30, 51: 30}
    [told] = spread_shape.largest(reached(pairs), 0, 1000)
    assert told.people == 30
    assert [(hub.above, hub.direct, hub.people) for hub in told.hubs] == [
        (0, True, 20), (0, True, 10),
    ]  # fmt: skip
    assert told.depth == 3
    assert spread_shape.Told.loaded(told.stored()) == told


def test_small_cascades_and_what_the_figures_do_not_tell_are_not_shown() -> None:
    assert spread_shape.largest(reached(dict.fromkeys(range(1, 10), 0)), 0, 1000) == []
    assert spread_shape.largest(reached(dict.fromkeys(range(1, 25), 0)), 0, 9) == []
    [told] = spread_shape.largest(reached(dict.fromkeys(range(1, 45), 0)), 0, 20)
    assert (told.people, told.hubs[0].people) == (20, 20)


@given(st.randoms(use_true_random=False), st.integers(0, 30))
def test_the_parts_of_cascades_are_no_more_than_what_the_figures_tell(
    chance: random.Random, most: int
) -> None:
    pairs = {n: chance.randrange(0, max(1, n // 6)) for n in range(1, 200)}
    cascades = spread_shape.largest(reached(pairs), 0, most * 10)
    assert sum(each.people for each in cascades) <= most * 10
    for each in cascades:
        assert sum(hub.people for hub in each.hubs) <= each.people
        assert all(hub.people % 10 == 0 for hub in each.hubs)


def test_a_hub_behind_somebody_untold_hangs_from_the_nearest_told_one() -> None:
    pairs = dict.fromkeys(range(1, 15), 0) | {20: 1} | dict.fromkeys(range(30, 45), 20)
    [told] = spread_shape.largest(reached(pairs), 0, 1000)
    assert [(hub.above, hub.direct) for hub in told.hubs] == [(0, True), (0, False)]


@given(st.integers(9, 19), st.integers(9, 19))
def test_broadcasts_of_ten_to_nineteen_look_alike(one: int, other: int) -> None:
    """n nodes without the top: what is told of them is the same."""
    told = [
        spread_shape.told(
            spread_shape.trees(reached(dict.fromkeys(range(1, n + 1), 0)), 0)[0], 1000
        )
        for n in (max(one, 10), max(other, 10))
    ]
    assert told[0] is not None
    assert told[1] is not None
    assert (told[0].people, told[0].virality, told[0].hubs, told[0].depth) == (
        told[1].people, told[1].virality, told[1].hubs, told[1].depth,
    )  # fmt: skip


@given(st.randoms(use_true_random=False))
def test_drawn_spots_do_not_touch(chance: random.Random) -> None:
    pairs = {n: chance.randrange(0, max(1, n // 8)) for n in range(1, 300)}
    for told in spread_shape.largest(reached(pairs), 0, 10_000):
        drawn = spread_shape.drawing(told)
        for a, b in itertools.combinations(drawn.spots, 2):
            assert (a.x - b.x) ** 2 + (a.y - b.y) ** 2 >= (a.reach + b.reach) ** 2
        assert all(0 < s.x < drawn.width and 0 < s.y < drawn.height for s in drawn.spots)


# PageRank -----------------------------------------------------------------------------------


def power_iteration(edges: set[tuple[int, int]], rounds: int = 120) -> dict[int, float]:
    """PR = (1 − d)/N + d · (Σ PR(j)/L(j) + what dangling nodes have, to everybody alike)."""
    nodes = {node for edge in edges for node in edge}
    leads = defaultdict(list)
    for came, sharer in edges:
        leads[came].append(sharer)
    rank = dict.fromkeys(nodes, 1 / len(nodes))
    for _ in range(rounds):
        lost = sum(rank[node] for node in nodes if node not in leads)
        base = (1 - influencers_rules.DAMPING + influencers_rules.DAMPING * lost) / len(nodes)
        following = dict.fromkeys(nodes, base)
        for node, targets in leads.items():
            for target in targets:
                following[target] += influencers_rules.DAMPING * rank[node] / len(targets)
        rank = following
    return rank


def test_pagerank_of_a_real_graph_is_that_of_the_formula() -> None:
    """Wikipedia's votes for administrators: who votes leads to whom."""
    path = ROOT.parent / "shared" / "data" / "graph" / "wiki_vote_edges.csv.gz"
    if not path.exists():
        pytest.skip("the graph of ../shared/data/graph is not here")
    with gzip.open(path, "rt") as lines:
        edges = {(int(row["from"]), int(row["to"])) for row in csv.DictReader(lines)}
    assert len(edges) > 100_000
    ours, plain = influencers_rules.pagerank(edges), power_iteration(edges)
    assert sum(ours.values()) == pytest.approx(1)
    assert max(abs(ours[node] - plain[node]) for node in plain) < 1e-8
    top = sorted(ours, key=ours.__getitem__, reverse=True)[:50]
    assert top == sorted(plain, key=plain.__getitem__, reverse=True)[:50]


def test_pagerank_of_nothing_and_of_parallel_ways() -> None:
    assert influencers_rules.pagerank([]) == {}
    assert influencers_rules.pagerank([(1, 2), (1, 2), (1, 3)]) == influencers_rules.pagerank(
        [(1, 2), (1, 3)]
    )


# The score ----------------------------------------------------------------------------------


def test_joining_weighs_more_than_coming_and_contributions_by_their_logarithm() -> None:
    assert influencers_rules.worth(True, 0) > influencers_rules.worth(False, 0) > 0
    few, many = (
        influencers_rules.worth(True, 5) - influencers_rules.worth(True, 0),
        influencers_rules.worth(True, 1000),
    )
    assert 0 < few < many < 5 * few


@given(st.integers(0, 100), st.integers(0, 50))
def test_doubt_only_takes_away(fraud: int, contributions: int) -> None:
    full = influencers_rules.worth(True, contributions)
    assert 0 <= influencers_rules.worth(True, contributions, fraud) <= full
    assert (influencers_rules.worth(True, contributions, fraud) == 0) == (
        fraud >= influencers_rules.DOUBTED
    )


@given(st.lists(st.floats(0, 500), max_size=20), st.floats(0.1, 500))
def test_more_branches_never_lower_the_score(branches: list[float], another: float) -> None:
    assert (
        influencers_rules.caused([*branches, another]) > influencers_rules.caused(branches) - 1e-9
    )
    # The same in two branches is never worth less than in one.
    assert influencers_rules.damped(another / 2) * 2 >= influencers_rules.damped(another) - 1e-9


people = st.lists(st.tuples(st.booleans(), st.integers(0, 30)), max_size=60)


@given(people, st.booleans(), st.integers(1, 30))
def test_one_more_who_did_something_does_not_lower_it(
    known: list[tuple[bool, int]], joined: bool, contributions: int
) -> None:
    def total(of: list[tuple[bool, int]]) -> float:
        caused = influencers_rules.caused(influencers_rules.worth(*each) for each in of)
        return caused * influencers_rules.response(caused, len(of))

    before, after = total(known), total([*known, (joined, contributions)])
    assert after > 0.99 * before
    # Of people who did as much as others, it always raises it.
    if known and influencers_rules.worth(joined, contributions) >= sum(
        influencers_rules.worth(*each) for each in known
    ) / len(known):
        assert after > before


def test_few_who_did_much_stand_before_many_who_left() -> None:
    few = influencers_rules.caused([influencers_rules.worth(True, 2)] * 8)
    many = influencers_rules.caused([influencers_rules.worth(True, 0)] * 79)
    assert many > few
    assert influencers_rules.response(few, 8) * few > influencers_rules.response(many, 79) * many


def test_concentration_of_a_few_is_not_overrated() -> None:
    assert influencers_rules.concentration([1]) == influencers_rules.concentration([]) == 0
    assert influencers_rules.concentration([1, 1]) == 0
    assert influencers_rules.concentration([5]) == 1
    assert influencers_rules.concentration([5, 5]) == pytest.approx(4 / 9)
    assert influencers_rules.simple_reach(4, 2, 4) == 6


def test_who_is_listed_how() -> None:
    assert influencers_rules.shown("ana", True, 3, 12) == influencers_rules.Shown("ana")
    assert influencers_rules.shown("ana", False, 10, 12) == influencers_rules.Shown("")
    assert influencers_rules.shown("ana", False, 9, 12) is None
    assert influencers_rules.shown("ana", True, 500, 9) is None
    assert influencers_rules.shown(None, True, 9, 30) is None
    assert influencers_rules.index(7.0, 10.0) == 70
    assert influencers_rules.index(0.0, 0.0) == 0
    assert influencers_rules.in_tens({"first": 19, "second": 9}) == {"first": 10, "second": 0}


# Rings --------------------------------------------------------------------------------------


def forest(seed: int, firsts: int) -> list[contacts_rules.Person]:
    chance = random.Random(seed)
    people = []
    for n in range(firsts):
        children = chance.randrange(0, 6)
        people.append(contacts_rules.Person(f"a{n}", 1, f"name{n}", "", children))
        for m in range(children):
            third = chance.randrange(0, 4)
            people.append(contacts_rules.Person(f"b{n}.{m}", 2, "", f"a{n}", third))
            people += [
                contacts_rules.Person(f"c{n}.{m}.{k}", 3, "", f"b{n}.{m}") for k in range(third)
            ]
    return people


@pytest.mark.parametrize("firsts", [1, 2, 6, 7, 12, 18, 40])
def test_nobody_stands_on_another(firsts: int) -> None:
    drawn = contacts_rules.rings(forest(firsts, firsts), firsts)
    for a, b in itertools.combinations(drawn.dots, 2):
        distance = ((a.x - b.x) ** 2 + (a.y - b.y) ** 2) ** 0.5
        assert distance >= a.radius + b.radius - 0.5, (a, b)
    assert all(0 < dot.x < drawn.size and 0 < dot.y < drawn.size for dot in drawn.dots)


@pytest.mark.parametrize("firsts", [3, 18, 19, 500])
def test_everybody_is_drawn_or_counted(firsts: int) -> None:
    drawn = contacts_rules.rings(forest(1, firsts), firsts)
    first = [dot for dot in drawn.dots if dot.degree == 1]
    assert min(firsts, 8) <= len(first) <= 24
    assert sum(dot.more or 1 for dot in first) == firsts


def test_a_newcomer_moves_nobody_while_there_is_a_place() -> None:
    people = [contacts_rules.Person(f"a{n}", 1, "", "", 2) for n in range(3)]
    people += [contacts_rules.Person(f"b{n}", 2, "", "a0") for n in range(2)]
    people.append(contacts_rules.Person("a9", 1, "", ""))
    before = {dot.key: (dot.x, dot.y) for dot in contacts_rules.rings(people[:-1], 3).dots}
    after = {dot.key: (dot.x, dot.y) for dot in contacts_rules.rings(people, 4).dots}
    assert before == {key: after[key] for key in before}
    assert set(after) - set(before) == {"a9"}


def test_nobody_yet() -> None:
    assert contacts_rules.rings([], 0).dots == []
