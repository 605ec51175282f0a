"""Who waits for a moderator."""

import pytest

from tests.conftest import MODERATOR
from ugc.core.access import Actor, ActorKind
from ugc.moderation import rules as moderation_rules

ANA = Actor(ActorKind.MEMBER, id=1, confirmed=True)
MODERATOR = Actor(ActorKind.MEMBER, id=2, confirmed=True, grants=MODERATOR)


@pytest.mark.parametrize(
    ("actor", "approved", "held"),
    [(ANA, 0, True), (ANA, 2, True), (ANA, 3, False), (MODERATOR, 0, False)],
)
def test_holding_depends_on_approved_contributions(actor: Actor, approved: int, held: bool) -> None:
    assert moderation_rules.must_be_held(actor, approved) is held
