"""Many at once, each in a transaction of its own: every point once, and one decision."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask import Flask

from tests.at_once import at_once, in_transaction
from ugc.core.access import Actor
from ugc.core.db import Session
from ugc.core.errors import Conflict, DomainError
from ugc.fraud.actions import scoring as fraud_scoring
from ugc.fraud.models import FraudScore
from ugc.fraud.queries import rings as fraud_rings
from ugc.moderation import actions as moderation_actions
from ugc.moderation.models import Case
from ugc.referrals.actions import linking as referrals_linking
from ugc.referrals.models import Referral
from ugc.reputation import actions as reputation_actions
from ugc.reputation.queries import ledger as reputation_ledger
from ugc.rewards import actions as rewards_actions
from ugc.rewards import rules as rewards_rules
from ugc.rewards.models import ReferralReward


def read(own_site: Flask, work: Callable[[Session], object]) -> object:
    answer = in_transaction(own_site, work)
    assert not isinstance(answer, DomainError)
    return answer


@pytest.fixture
def chain(own_site: Flask, moderators: list[Actor]) -> list[int]:
    """The first brought all others; their ids."""
    ids = [person.id or 0 for person in moderators]

    def make(session: Session) -> None:
        session.execute(sa.text("TRUNCATE procrastinate_jobs CASCADE"))
        link = referrals_linking.link_for(session, ids[0], ids[0])
        for each in ids[1:]:
            session.add(Referral(member_id=each, parent_id=ids[0], link_id=link.id))

    read(own_site, make)
    return ids


def adds_up(own_site: Flask, member_id: int) -> tuple[int, int]:
    """(available, held) as folded, which is what the ledger says."""

    def check(session: Session) -> tuple[int, int]:
        score = reputation_ledger.score(session, member_id)
        balance = reputation_ledger.balance(session, member_id)
        assert (score.points, score.points_held) == balance
        return balance

    answer = read(own_site, check)
    assert isinstance(answer, tuple)
    return answer


def test_held_once_however_often_and_however_many_at_once(
    own_site: Flask, chain: list[int]
) -> None:
    works = [lambda s, n=each: rewards_actions.hold(s, n) for each in chain[1:]] * 3
    assert at_once(own_site, *works) == [None] * len(works)
    assert adds_up(own_site, chain[0]) == (0, 20 * (len(chain) - 1))


def test_the_cap_holds_when_all_come_at_once(own_site: Flask, chain: list[int]) -> None:
    def spend(session: Session) -> None:
        session.add(
            ReferralReward(
                newcomer_id=chain[1], beneficiary_id=chain[0], degree=1, state="released",
                points=rewards_rules.DAILY_CAP - 50, given_on=sa.func.current_date(),
            )
        )  # fmt: skip

    read(own_site, spend)
    at_once(own_site, *(lambda s, n=each: rewards_actions.hold(s, n) for each in chain[2:]))
    assert adds_up(own_site, chain[0]) == (0, 40)
    states = read(
        own_site,
        lambda s: s.scalars(
            sa.select(ReferralReward.state).where(ReferralReward.beneficiary_id == chain[0])
        ).all(),
    )
    assert isinstance(states, list)
    assert sorted(states) == ["capped"] * (len(chain) - 4) + ["held", "held", "released"]


@pytest.mark.parametrize("attempt", range(3))
def test_release_and_reversal_at_once_leave_one_of_both(
    own_site: Flask, chain: list[int], attempt: int
) -> None:
    boss, newcomer = chain[0], chain[1]
    cause = rewards_rules.cause(newcomer)
    read(own_site, lambda s: rewards_actions.hold(s, newcomer))
    works: list[Callable[[Session], object]] = []
    for _ in range(3):
        works += [
            lambda s: reputation_actions.release(s, cause, boss),
            lambda s: reputation_actions.reverse(s, cause),
            lambda s: reputation_actions.reverse_member(s, newcomer, [cause]),
        ]
    answers = at_once(own_site, *works)
    assert not [each for each in answers if isinstance(each, Exception)]
    # Whoever came first, it was taken back in the end, from wherever it was.
    assert adds_up(own_site, boss) == (0, 0)


def test_giving_back_at_once_gives_back_once(own_site: Flask, chain: list[int]) -> None:
    boss = chain[0]
    read(own_site, lambda s: rewards_actions.hold(s, chain[1]))
    taken = read(own_site, lambda s: reputation_actions.reverse_member(s, boss))
    assert isinstance(taken, list)
    at_once(own_site, *[lambda s: reputation_actions.restore(s, taken)] * 6)
    assert adds_up(own_site, boss) == (0, 20)


def test_one_of_many_moderators_decides_a_ring_while_others_score(
    own_site: Flask, moderators: list[Actor], chain: list[int]
) -> None:
    suspects, moderators = chain[:4], moderators[4:]

    def doubt(session: Session) -> None:
        session.add_all(FraudScore(member_id=each, score=90, reasons=[]) for each in suspects)

    def find(session: Session) -> None:
        fraud_scoring.lock_fraud_scoring(session)
        fraud_scoring.find_rings(session)

    for each in suspects:
        read(own_site, lambda s, n=each: rewards_actions.hold(s, n))
    read(own_site, doubt)
    at_once(own_site, find, find, find)
    case = read(
        own_site,
        lambda s: s.execute(
            sa.select(Case.id, Case.version, Case.subject_id).where(
                Case.reason == "doubted", Case.decided_at.is_(None)
            )
        ).all(),
    )
    assert isinstance(case, list)
    assert len(case) == 1
    case_id, version, ring_id = case[0]

    def decide(actor: Actor) -> Callable[[Session], object]:
        return lambda session: moderation_actions.perform(
            session, actor, case_id, "find_false", version=version, rule="machine"
        )

    works = [decide(each) for each in moderators]
    works.insert(2, lambda s: fraud_scoring.score(s, chain) and None)
    answers = at_once(own_site, *works)
    assert sum(isinstance(each, Conflict) for each in answers) == len(moderators) - 1
    outcomes = read(
        own_site,
        lambda s: [
            each.outcome for each in fraud_rings.suspects(s, [ring_id], undecided=False)[ring_id]
        ],
    )
    assert outcomes == ["false"] * 4
    decided = sa.text("SELECT count(*) FROM decisions WHERE case_id = :c")
    assert read(own_site, lambda s: s.scalar(decided, {"c": case_id})) == 1
    for each in chain:
        adds_up(own_site, each)
