import datetime as dt

import pytest

from tests.conftest import MODERATOR
from ugc.core.access import Actor, ActorKind
from ugc.reports.rules import kinds as reports_kinds
from ugc.reports.rules import permissions as reports_permissions

NOON = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)
ANA = Actor(ActorKind.MEMBER, id=1, confirmed=True)
BEN = Actor(ActorKind.MEMBER, id=3, confirmed=True)
MODERATOR = Actor(ActorKind.MEMBER, id=2, confirmed=True, grants=MODERATOR)


def test_every_kind_is_complete() -> None:
    assert len(reports_kinds.KINDS) >= 12
    for kind in reports_kinds.KINDS.values():
        assert kind.name("es") != kind.name("en")
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
    assert reports_permissions.may_see(actor, author, visibility) is sees
    assert reports_permissions.may_see_text(actor, author, visibility) is reads


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
    assert reports_permissions.seen_at(said, NOON) == seen


AUTHORING_MODERATOR = Actor(ActorKind.MEMBER, id=1, confirmed=True, grants=MODERATOR.grants)


@pytest.mark.parametrize(
    ("state", "days", "actor", "established", "ended_by", "back", "may"),
    [
        ("closed", 1, ANA, False, "closed_by_author", (0, 0), True),  # hers
        ("closed", 1, ANA, False, "closed_by_author", (2, 0), False),
        ("closed", 1, ANA, False, "closed_by_author", (0, 2), False),
        ("closed", 1, ANA, True, "closed_by_moderator", (0, 0), False),
        ("closed", 1, ANA, True, "official_answer", (0, 0), False),
        ("closed", 1, ANA, True, "denied_by_many", (0, 0), False),
        ("closed", 1, BEN, True, "closed_by_moderator", (0, 0), False),
        ("closed", 1, MODERATOR, False, "closed_by_moderator", (9, 9), True),
        ("closed", 1, MODERATOR, False, "denied_by_many", (9, 9), True),
        # A moderator does not moderate their own report.
        ("closed", 1, AUTHORING_MODERATOR, True, "denied_by_many", (0, 0), False),
        ("expired", 1, BEN, True, "life_over", (1, 1), True),
        ("closed", 1, BEN, False, "closed_by_author", (0, 0), False),
        ("open", 1, ANA, True, "posted", (0, 0), False),
        ("merged", 1, MODERATOR, True, "merged", (0, 0), False),
        ("closed", 31, MODERATOR, True, "closed_by_author", (0, 0), False),
        ("closed", 1, Actor(ActorKind.ANONYMOUS), True, "closed_by_author", (0, 0), False),
    ],
)
def test_who_may_reopen(
    state: str,
    days: int,
    actor: Actor,
    established: bool,
    ended_by: str,
    back: tuple[int, int],
    may: bool,
) -> None:
    ended = NOON - dt.timedelta(days=days)
    assert (
        reports_permissions.may_reopen(
            actor, 1, state, ended, NOON,
            established=established, ended_by=ended_by, of_report=back[0], of_day=back[1],
        )
        is may
    )  # fmt: skip


@pytest.mark.parametrize(
    ("actor", "established", "back", "may"),
    [
        (ANA, True, (1, 1), True),  # hers
        (ANA, True, (2, 0), False),
        (ANA, False, (0, 2), False),
        (BEN, False, (1, 0), True),
        (BEN, False, (2, 0), False),
        (BEN, True, (5, 5), True),  # of others, and established
    ],
)
def test_what_faded_comes_back_a_few_times(
    actor: Actor, established: bool, back: tuple[int, int], may: bool
) -> None:
    found = reports_permissions.may_come_back(
        actor, 1, established=established, of_report=back[0], of_day=back[1]
    )
    assert found is may
