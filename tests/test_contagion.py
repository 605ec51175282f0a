"""The simulated worlds of `make bench BENCH=spreaders`: a seed is a world, and what it is said to
hold is there."""

from __future__ import annotations

import pytest

from benchmarks import contagion
from benchmarks.contagion import (
    CARRIER,
    COMPUTER_ROOM,
    FALSE,
    FAN,
    HOUSEHOLD,
    LEADER,
    LOUDMOUTH,
    MAILER,
    SCHOOL,
    SPREADER,
    World,
)
from ugc.config import ROOT

PATH = ROOT.parent / "shared" / "data" / "graph" / "wiki_vote_edges.csv.gz"


@pytest.fixture(scope="module")
def graph() -> dict[int, list[int]]:
    if not PATH.exists():
        pytest.skip("the graph of ../shared/data/graph is not here")
    return contagion.contacts(PATH)


@pytest.fixture(scope="module")
def world(graph: dict[int, list[int]]) -> World:
    return contagion.draw(graph, 7)


def test_the_same_seed_is_the_same_world(graph: dict[int, list[int]], world: World) -> None:
    assert contagion.draw(graph, 7) == world
    assert contagion.draw(graph, 8).reaches != world.reaches


def test_everybody_who_was_planted_is_there(graph: dict[int, list[int]], world: World) -> None:
    assert len(graph) > 7000
    assert len(world.spreaders()) > 35
    assert len(world.of_role(LOUDMOUTH)) > 35
    assert len(world.of_role(LEADER)) == len(world.rings) == contagion.RINGS
    assert world.of_role(FALSE) == {each for ring in world.rings for each in ring.accounts}
    groups = {p.group for p in world.people.values() if p.joined_at is not None}
    assert groups >= {HOUSEHOLD, SCHOOL, COMPUTER_ROOM, CARRIER, FAN, MAILER}
    assert {ring.shape for ring in world.rings} == {"star", "chain", "loop", "bush"}
    assert {ring.marks for ring in world.rings} == {"careless", "partly", "careful"}


def test_spreaders_are_not_the_best_connected(graph: dict[int, list[int]], world: World) -> None:
    def contacts(role: str) -> list[int]:
        return sorted(len(graph[each]) for each in world.of_role(role))

    assert contacts(SPREADER)[-1] < contacts(LOUDMOUTH)[0]
    brought = dict.fromkeys((SPREADER, LOUDMOUTH), 0)
    for reach in world.reaches:
        if reach.sharer is not None and world.people[reach.sharer].role in brought:
            brought[world.people[reach.sharer].role] += 1
    # Who is loud brings more people: counting heads finds them first.
    assert brought[LOUDMOUTH] > brought[SPREADER] > 200


def test_nothing_is_before_its_cause(world: World) -> None:
    for person in world.people.values():
        if person.parent is not None:
            above = world.people[person.parent].joined_at
            assert person.joined_at is not None
            assert above is not None
            assert above < person.joined_at
    posts = world.posts
    for post in posts:
        joined = world.people[post.person].joined_at
        assert joined is not None
        assert joined <= post.at <= contagion.DAYS
    for who, number, at in world.praise:
        assert who != posts[number].person
        assert posts[number].at <= at < contagion.DAYS + 1
    reached = [(reach.brand, reach.person) for reach in world.reaches]
    assert len(set(reached)) == len(reached)
