"""Where nobody made the demo world."""

from ugc import demo
from ugc.core.db import Session


def test_a_community_of_other_people_is_nobodys_demo(session: Session) -> None:
    assert demo.demo_people(session) == {}
