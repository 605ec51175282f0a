import datetime as dt

import pytest

from tests.conftest import MODERATOR
from ugc.core.access import Actor, ActorKind
from ugc.reports import rules

NOON = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)
ANA = Actor(ActorKind.MEMBER, id=1, confirmed=True)
BEN = Actor(ActorKind.MEMBER, id=3, confirmed=True)
MODERATOR = Actor(ActorKind.MEMBER, id=2, confirmed=True, grants=MODERATOR)


def test_every_kind_is_complete() -> None:
    assert len(rules.KINDS) >= 12
    for kind in rules.KINDS.values():
        assert kind.es != kind.en
        assert 0 < kind.floor < kind.half_life < kind.ceiling
        assert 0 < kind.radius <= 250


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


@pytest.mark.parametrize(
    ("said", "seen"),
    [
        (None, NOON),
        (NOON - dt.timedelta(hours=2), NOON - dt.timedelta(hours=2)),
        (NOON + dt.timedelta(minutes=3), NOON),
        (NOON + dt.timedelta(hours=1), None),
    ],
)
def test_clocks_of_telephones(said: dt.datetime | None, seen: dt.datetime | None) -> None:
    assert rules.seen_at(said, NOON) == seen


@pytest.mark.parametrize(
    ("state", "days", "actor", "established", "may"),
    [
        ("closed", 1, ANA, False, True),  # hers
        ("closed", 1, MODERATOR, False, True),
        ("expired", 1, BEN, True, True),
        ("closed", 1, BEN, False, False),
        ("open", 1, ANA, True, False),
        ("merged", 1, MODERATOR, True, False),
        ("closed", 31, MODERATOR, True, False),
        ("closed", 1, Actor(ActorKind.ANONYMOUS), True, False),
    ],
)
def test_who_may_reopen(state: str, days: int, actor: Actor, established: bool, may: bool) -> None:
    ended = NOON - dt.timedelta(days=days)
    assert rules.may_reopen(actor, 1, state, ended, NOON, established=established) is may
