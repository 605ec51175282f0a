import datetime as dt

import pytest

from ugc.core.access import Actor, ActorKind, Role
from ugc.reports import rules

NOON = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)
ANA = Actor(ActorKind.MEMBER, id=1, confirmed=True)
MODERATOR = Actor(ActorKind.MEMBER, id=2, confirmed=True, role=Role.MODERATOR)


@pytest.mark.parametrize(
    ("confirmations", "denials", "visibility", "expected"),
    [
        (0, 0, "published", 5),
        (1, 0, "published", 7),
        (8, 0, "published", 9),
        (0, 1, "published", 3),
        (5, 5, "published", 5),
        (8, 0, "held", 5),
        (0, 3, "held", 2),
    ],
)
def test_reliability(confirmations: int, denials: int, visibility: str, expected: int) -> None:
    assert rules.reliability(confirmations, denials, visibility) == expected


def test_every_kind_is_complete() -> None:
    assert len(rules.KINDS) >= 12
    for kind in rules.KINDS.values():
        assert kind.es != kind.en
        assert kind.life > 0
        assert 0 < kind.radius <= 250


def test_one_denial_does_not_end_a_fresh_report() -> None:
    for kind in rules.KINDS.values():
        expiry = rules.first_expiry(kind, NOON)
        assert rules.expiry_after_vote(kind, expiry, NOON, False) > NOON


def test_three_denials_end_a_fresh_report() -> None:
    kind = rules.KINDS["jam"]
    expiry = rules.first_expiry(kind, NOON)
    for _ in range(3):
        expiry = rules.expiry_after_vote(kind, expiry, NOON, False)
    assert expiry <= NOON


def test_confirmations_prolong_up_to_the_ceiling() -> None:
    kind = rules.KINDS["jam"]
    expiry = rules.first_expiry(kind, NOON)
    for _ in range(50):
        expiry = rules.expiry_after_vote(kind, expiry, NOON, True)
    assert expiry == NOON + dt.timedelta(minutes=kind.life * rules.LIFE_CEILING)


@pytest.mark.parametrize(
    ("author", "visibility", "actor", "sees", "reads"),
    [
        (1, "published", Actor(ActorKind.ANONYMOUS), True, True),
        (1, "held", Actor(ActorKind.ANONYMOUS), True, False),
        (1, "held", ANA, True, True),
        (1, "held", MODERATOR, True, True),
        (1, "hidden", Actor(ActorKind.ANONYMOUS), False, False),
        (1, "hidden", ANA, True, True),
        (None, "hidden", Actor(ActorKind.ANONYMOUS), False, False),
        (None, "withdrawn", Actor(ActorKind.ANONYMOUS), False, False),
    ],
)
def test_who_sees_what(
    author: int | None, visibility: str, actor: Actor, sees: bool, reads: bool
) -> None:
    assert rules.may_see(actor, author, visibility) is sees
    assert rules.may_see_text(actor, author, visibility) is reads
