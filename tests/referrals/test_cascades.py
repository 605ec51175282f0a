"""Cascades: who came to a root by whose link is a forest, in whatever order and however many at
once."""

from __future__ import annotations

import random
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.referrals.conftest import Crowd
from ugc.core import subjects
from ugc.core.db import Session
from ugc.referrals import queries as referrals_queries
from ugc.referrals.actions import counts as referrals_counts
from ugc.referrals.actions import linking as referrals_linking
from ugc.referrals.models import CascadeReach, ReferralLink

PEOPLE = 6
OPENINGS = st.lists(
    st.tuples(st.integers(0, PEOPLE - 1), st.integers(0, PEOPLE - 1)), min_size=1, max_size=25
)


def thing(crowd: Crowd) -> int:
    """Something that can be shared and belongs to nobody."""
    return crowd.run(lambda session: subjects.create(session, "thing").id)


def opens(crowd: Crowd, link_id: int, member_id: int) -> Any:
    def work(session: Session) -> None:
        referrals_linking.reach(session, session.get_one(ReferralLink, link_id), member_id, "link")

    return work


def links_to(crowd: Crowd, root_id: int, people: list[int]) -> dict[int, int]:
    return crowd.run(
        lambda session: {
            each: referrals_linking.link_for(session, each, root_id).id for each in people
        }
    )


def rows_of(crowd: Crowd, root_id: int) -> dict[int, tuple[Any, ...]]:
    def read(session: Session) -> dict[int, tuple[Any, ...]]:
        found = session.execute(
            sa.select(
                CascadeReach.member_id,
                CascadeReach.sharer_id,
                CascadeReach.second_sharer_id,
                CascadeReach.third_sharer_id,
                CascadeReach.degree,
            ).where(CascadeReach.root_id == root_id)
        )
        return {row[0]: tuple(row[1:]) for row in found}

    return crowd.run(read)


def expected(openings: list[tuple[int, int]]) -> dict[int, tuple[Any, ...]]:
    """Slowly: (member, sharer) in order; each comes once, and not who has brought somebody."""
    by: dict[int, int] = {}
    for member, sharer in openings:
        if member != sharer and member not in by and member not in by.values():
            by[member] = sharer
    rows = {}
    for member in by:
        chain = [member]
        while chain[-1] in by:
            chain.append(by[chain[-1]])
        above = [*chain[1:], None, None, None]
        rows[member] = (*above[:3], len(chain) - 1)
    return rows


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(OPENINGS)
def test_a_cascade_is_what_an_obvious_reference_makes(
    crowd: Crowd, openings: list[tuple[int, int]]
) -> None:
    people, root = crowd.people(PEOPLE), thing(crowd)
    links = links_to(crowd, root, people)
    steps = [(people[member], people[sharer]) for member, sharer in openings]
    for member, sharer in steps:
        crowd.run(opens(crowd, links[sharer], member))
    found = rows_of(crowd, root)
    assert found == expected(steps)
    sizes: dict[int, int] = {}
    for row in found.values():
        sizes[row[3]] = sizes.get(row[3], 0) + 1
    assert crowd.run(lambda session: referrals_queries.cascade_sizes(session, root)) == sizes
    edges = crowd.run(lambda session: referrals_queries.cascade(session, root))
    assert {(e.member_id, e.sharer_id, e.degree) for e in edges} == {
        (member, row[0], row[3]) for member, row in found.items()
    }
    below = crowd.run(lambda session: referrals_queries.downstream(session, root, people))
    for person in people:
        counted = [sum(row[at] == person for row in found.values()) for at in range(3)]
        assert below[person] == tuple(counted)


@pytest.mark.parametrize("seed", range(3))
def test_many_who_bring_each_other_at_once_make_no_circle(crowd: Crowd, seed: int) -> None:
    chance = random.Random(seed)
    people, root = crowd.people(8), thing(crowd)
    links = links_to(crowd, root, people)
    pairs = [(m, s) for m in people for s in people if m != s]
    chance.shuffle(pairs)
    crowd.at_once([opens(crowd, links[sharer], member) for member, sharer in pairs])
    rows = rows_of(crowd, root)
    # Only the one who brought the others was brought by nobody.
    assert rows
    for member, (first, second, third, degree) in rows.items():
        chain = [member]
        while chain[-1] in rows:
            chain.append(rows[chain[-1]][0])
            assert len(chain) <= len(people), chain
        assert degree == len(chain) - 1
        assert [first, second, third] == [*chain[1:], None, None, None][:3]


def test_a_hundred_by_one_link_come_at_once(crowd: Crowd) -> None:
    [sharer], root = crowd.people(1), thing(crowd)
    links = links_to(crowd, root, [sharer])
    people = crowd.people(100)
    crowd.at_once([opens(crowd, links[sharer], each) for each in people + people[:20]])
    assert crowd.run(lambda session: referrals_queries.cascade_sizes(session, root)) == {1: 100}
    # The false and the erased hold the tree together, and count nowhere.
    crowd.run(lambda session: referrals_counts.mark_false(session, people[:3]))
    assert crowd.run(lambda session: referrals_queries.cascade_sizes(session, root)) == {1: 97}
    below = crowd.run(lambda session: referrals_queries.downstream(session, root, [sharer]))
    assert below == {sharer: (97, 0, 0)}
    edges = crowd.run(lambda session: referrals_queries.cascade(session, root))
    assert sum(not edge.counted for edge in edges) == 3
    assert len(crowd.run(lambda session: referrals_queries.cascade(session, root, limit=5))) == 5
