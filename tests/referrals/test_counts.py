"""Reach is exact at every moment, whatever happens in whatever order, and nothing is lost."""

from __future__ import annotations

import contextlib
import random
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.referrals.conftest import Crowd, joined, walked
from ugc.accounts.models import Member
from ugc.core.db import Session, app_now, db
from ugc.referrals import queries as referrals_queries
from ugc.referrals.actions import counts as referrals_counts
from ugc.referrals.actions import linking as referrals_linking
from ugc.referrals.models import ReachCount

NOBODY = (0, 0, 0)
# What may happen; the number says to whom of those who are there.
who = st.integers(min_value=0, max_value=30)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("join"), who),
        st.tuples(st.just("join"), who),
        st.tuples(st.just("join alone"), who),
        st.tuples(st.just("erase"), who),
        st.tuples(st.just("false"), who),
        st.tuples(st.just("clear"), who),
        st.tuples(st.just("fold"), st.integers(min_value=1, max_value=9)),
        st.tuples(st.just("recount"), st.none()),
    ),
    min_size=5,
    max_size=30,
)


def erase(session: Session, member_id: int) -> None:
    referrals_linking.erase_member(session, member_id, False)
    session.execute(sa.update(Member).where(Member.id == member_id).values(erased_at=app_now()))


class Model:
    """The obvious way: who brought whom, who is gone; degrees by walking up."""

    def __init__(self) -> None:
        self.parent: dict[int, int | None] = {}
        self.gone: dict[int, set[str]] = {}

    def reach(self, root: int) -> tuple[int, int, int]:
        degrees = [0, 0, 0]
        for member, above in self.parent.items():
            for degree in range(3):
                if above is None:
                    break
                if above == root and not self.gone[member]:
                    degrees[degree] += 1
                above = self.parent[above]
        return degrees[0], degrees[1], degrees[2]


def step(crowd: Crowd, model: Model, name: str, number: Any) -> None:
    people = list(model.parent)
    one = people[number % len(people)] if people and number is not None else None
    if name == "fold":
        crowd.run(lambda session: referrals_counts.fold(session, number))
    elif name == "recount":
        assert crowd.run(referrals_counts.recount) == []
    elif one is None or name == "join alone":
        newcomer = crowd.join(None)
        model.parent[newcomer], model.gone[newcomer] = None, set()
    elif name == "join":
        newcomer = crowd.join(crowd.code_of(one))
        # Who is gone brings nobody any more.
        model.parent[newcomer] = None if model.gone[one] else one
        model.gone[newcomer] = set()
    elif name == "erase":
        if "erased" not in model.gone[one]:
            crowd.run(lambda session: erase(session, one))
            model.gone[one].add("erased")
    elif name == "false":
        # Twice in one list, and beside somebody else: each counts once.
        pair = [one, people[-1], one]
        new = crowd.run(lambda session: referrals_counts.mark_false(session, pair))
        assert new == {each for each in pair if "false" not in model.gone[each]}
        for each in pair:
            model.gone[each].add("false")
    else:
        new = crowd.run(lambda session: referrals_counts.clear_false(session, [one, one]))
        assert new == ({one} if "false" in model.gone[one] else set())
        model.gone[one].discard("false")


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
def test_counts_are_what_a_walk_finds_after_every_step(
    crowd: Crowd, steps: list[tuple[str, Any]]
) -> None:
    model = Model()
    for name, number in steps:
        step(crowd, model, name, number)
        if model.parent:
            found = crowd.run(
                lambda session: referrals_queries.reach_many(session, list(model.parent))
            )
            assert found == {root: model.reach(root) for root in model.parent}


def test_what_is_wrong_is_found_and_mended(crowd: Crowd) -> None:
    root = crowd.people(1)[0]
    child = crowd.join(crowd.code_of(root))
    crowd.join(crowd.code_of(child))
    crowd.run(referrals_counts.fold)
    crowd.join(crowd.code_of(root))  # still waits
    stranger = crowd.people(1)[0]

    def spoil(session: Session) -> None:
        session.execute(
            sa.text("UPDATE reach_counts SET first = 7 WHERE member_id = :m"), {"m": root}
        )
        session.execute(sa.text("DELETE FROM reach_counts WHERE member_id = :m"), {"m": child})
        session.add(ReachCount(member_id=stranger, third=3))

    crowd.run(spoil)
    assert set(crowd.run(referrals_counts.recount)) == {root, child, stranger}
    found = crowd.run(
        lambda session: referrals_queries.reach_many(session, [root, child, stranger])
    )
    assert found == {root: (2, 1, 0), child: (1, 0, 0), stranger: NOBODY}
    assert crowd.run(referrals_counts.recount) == []


def all_is_counted(crowd: Crowd) -> None:
    """Counts and waiting deltas equal a walk; so do the counts alone once all is folded."""
    for _ in range(2):
        truth = crowd.run(walked)
        found = crowd.run(lambda session: referrals_queries.reach_many(session, list(truth)))  # noqa: B023
        assert found == truth
        while crowd.run(referrals_counts.fold):
            pass
    assert crowd.run(lambda s: s.scalar(sa.text("SELECT count(*) FROM reach_deltas"))) == 0
    assert crowd.run(referrals_counts.recount) == []


@contextlib.contextmanager
def again_and_again(crowd: Crowd, *works: Any) -> Iterator[None]:
    """Runs each work over and over beside what the caller does. Raises what one of them raised."""
    over = threading.Event()
    failures: list[BaseException] = []

    def again(work: Any) -> None:
        try:
            while not over.is_set():
                crowd.run(work)
        except BaseException as failure:
            failures.append(failure)

    beside = [threading.Thread(target=again, args=(work,)) for work in works]
    for thread in beside:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in beside:
            thread.join(60)
    assert not failures, failures


def fold_and_recount() -> list[Any]:
    def recount(session: Session) -> None:
        assert referrals_counts.recount(session) == []

    return [
        lambda s: referrals_counts.fold(s, 7),
        lambda s: referrals_counts.fold(s, 50),
        recount,
    ]


def joining(code: str, *, counts: bool) -> Any:
    """The work of joining by a link; `counts`: whether its owner surely brings the newcomer."""

    def work(session: Session) -> int:
        member_id, referral = joined(session, code)
        assert referral is not None or not counts  # who was found false brings nobody
        return member_id

    return work


def test_a_hundred_who_join_under_one_at_once_are_all_counted(crowd: Crowd) -> None:
    """While others fold, and count anew."""
    root = crowd.people(1)[0]
    code = crowd.code_of(root)
    seen = [0]

    def look(session: Session) -> None:
        # A reader never sees fewer: they all stay.
        seen.append(referrals_queries.reach(session, root)[0])
        assert seen[-1] >= seen[-2]

    new: list[int] = []
    with again_and_again(crowd, *fold_and_recount(), look):
        for part in range(4):
            new += crowd.at_once([joining(code, counts=True) for _ in range(25)])
            assert len(set(new)) == 25 * (part + 1)
    all_is_counted(crowd)
    assert crowd.run(lambda session: referrals_queries.reach(session, root)) == (100, 0, 0)
    no_cycles(crowd)


def test_a_hundred_who_join_everywhere_at_once_are_all_counted(crowd: Crowd) -> None:
    """Under whoever is there, while others fold, count anew, and find some of them false."""
    chance = random.Random(7)
    people = crowd.people(5)
    codes = [crowd.code_of(each) for each in people]
    new: list[int] = []
    with again_and_again(
        crowd, *fold_and_recount(), lambda s: referrals_queries.reach(s, people[0])
    ):
        for part in range(4):
            links = [chance.choice(codes) for _ in range(25)]
            made = crowd.at_once([joining(code, counts=False) for code in links])
            new += made
            codes += [crowd.code_of(each) for each in made]
            some, oldest = chance.sample(new, 6), new[0]
            crowd.at_once(
                [lambda s, m=m, o=oldest: referrals_counts.mark_false(s, [m, o]) for m in some]
            )
            crowd.at_once([lambda s, m=m: referrals_counts.clear_false(s, [m]) for m in some[:3]])
            assert len(set(new)) == 25 * (part + 1)
    all_is_counted(crowd)
    no_cycles(crowd)


def no_cycles(crowd: Crowd) -> None:
    cycles = "SELECT count(*) FROM referrals WHERE parent_id >= member_id"
    assert crowd.run(lambda session: session.scalar(sa.text(cycles))) == 0


def test_erased_and_found_false_at_once_is_uncounted_once(crowd: Crowd) -> None:
    root = crowd.people(1)[0]
    code = crowd.code_of(root)
    for _ in range(8):
        child = crowd.join(code)
        works: list[Any] = [
            lambda s, m=child: erase(s, m),
            lambda s, m=child: referrals_counts.mark_false(s, [m]),
            lambda s, m=child: referrals_counts.mark_false(s, [m]),
        ]
        crowd.at_once(works)
    assert crowd.run(lambda session: referrals_queries.reach(session, root)) == NOBODY
    all_is_counted(crowd)


def test_a_fold_that_is_killed_loses_nothing(crowd: Crowd) -> None:
    root = crowd.people(1)[0]
    code = crowd.code_of(root)
    for _ in range(5):
        crowd.join(code)
    with crowd.app.app_context():
        victim = db.engine.connect()
        with Session(bind=victim) as session:
            assert referrals_counts.fold(session, 1000) >= 5
            pid = session.scalar(sa.text("SELECT pg_backend_pid()"))
            end = sa.text(f"SELECT pg_terminate_backend({pid}, 10000)")
            crowd.run(lambda other: other.execute(end))
            with pytest.raises(sa.exc.OperationalError):
                session.commit() or session.execute(sa.text("SELECT 1"))
        victim.invalidate()
        with contextlib.suppress(sa.exc.DBAPIError):
            victim.close()
    assert crowd.run(lambda session: referrals_queries.reach(session, root)) == (5, 0, 0)
    all_is_counted(crowd)


def test_the_database_holds_the_tree(crowd: Crowd) -> None:
    root = crowd.people(1)[0]
    child = crowd.join(crowd.code_of(root))
    for change in ("parent_id = member_id", "parent_id = parent_id", "grandparent_id = NULL"):
        with pytest.raises(sa.exc.IntegrityError, match=r"append-only|parent_is_older"):
            crowd.run(
                lambda session, change=change: session.execute(
                    sa.text(f"UPDATE referrals SET {change} WHERE member_id = :m"), {"m": child}
                )
            )
    with pytest.raises(sa.exc.IntegrityError, match="append-only"):
        crowd.run(
            lambda session: session.execute(
                sa.text("DELETE FROM referrals WHERE member_id = :m"), {"m": child}
            )
        )


def test_reach_is_looked_up(crowd: Crowd) -> None:
    """However many there are: by the primary key, and the index of what waits."""

    def plan(session: Session) -> str:
        session.execute(sa.text("SET LOCAL enable_seqscan = off"))
        explained = sa.text("EXPLAIN " + referrals_queries.REACH.text)
        return "\n".join(session.scalars(explained, {"ids": [1, 2]}))

    lines = crowd.run(plan)
    assert "pk_reach_counts" in lines
    assert "ix_reach_deltas_member_id" in lines
    assert "Seq Scan" not in lines
