"""`deleted` of the change feed names what was public once, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from tests.brandapi.asking import Get, feed
from tests.brandapi.conftest import World
from ugc.accounts.actions import erasing as accounts_erasing
from ugc.accounts.models import Grant
from ugc.content import actions as content_actions
from ugc.core.access import Actor, ActorKind
from ugc.core.db import Session
from ugc.core.subjects import Visibility
from ugc.places.actions import editing as places_editing
from ugc.reports.actions import life as reports_life_actions
from ugc.reports.actions import posting as reports_posting_actions
from ugc.reviews import actions as reviews_actions

PASSWORD = "correct horse battery"
SINCE = "2020-01-01T00:00:00Z"
ACTIONS = {"report": reports_posting_actions, "place": places_editing, "review": reviews_actions}
DECLARED: dict[str, content_actions.ContentKind[Any]] = {
    "report": reports_posting_actions.REPORTS,
    "review": reviews_actions.REVIEWS,
}
MADE = {
    "report": lambda world: world.report(),
    "place": lambda world: world.place(),
    "review": lambda world: world.review(world.place()),
}


def newcomer(world: World, make_member: Callable[..., Any]) -> World:
    """The same, but what they post waits for a moderator."""
    member = make_member("newcomer")
    actor = Actor(ActorKind.MEMBER, id=member.id, handle="newcomer", confirmed=True)
    return replace(world, owner=actor)


def decide(world: World, kind: str, public_id: str, visibility: Visibility) -> None:
    subject_id = world.id_of(public_id)
    if kind == "place":
        content_actions.set_visibility(
            world.session, places_editing.PLACES, subject_id, visibility, "test", "system"
        )
    else:
        content_actions.set_visibility(
            world.session, DECLARED[kind], subject_id, visibility, "test", "system"
        )


def hide(world: World, kind: str, public_id: str) -> None:
    decide(world, kind, public_id, Visibility.HIDDEN)


def remove(world: World, kind: str, public_id: str) -> None:
    decide(world, kind, public_id, Visibility.REMOVED)


def withdraw(world: World, kind: str, public_id: str) -> None:
    ACTIONS[kind].withdraw(world.session, world.owner, world.id_of(public_id))


def erase(world: World, kind: str, public_id: str) -> None:
    accounts_erasing.erase(world.session, world.owner.id or 0, with_content=True, password=PASSWORD)


GOES = (hide, remove, withdraw, erase)


@pytest.mark.parametrize("go", GOES)
@pytest.mark.parametrize("kind", ACTIONS)
def test_what_was_public_is_told_as_gone(
    world: World,
    get: Get,
    finished: None,
    make_member: Callable[..., Any],
    kind: str,
    go: Callable[[World, str, str], None],
) -> None:
    # The key stays when its maker leaves.
    colleague = make_member("colleague")
    world.session.add(Grant(role="owner", subject_id=world.brand_id, member_id=colleague.id))
    public_id = MADE[kind](world)
    assert public_id in feed(get, SINCE, f"/{kind}s")[0]
    go(world, kind, public_id)
    world.session.commit()
    seen, deleted, _ = feed(get, SINCE, f"/{kind}s")
    assert (seen, deleted) == ([], [public_id])


@pytest.mark.parametrize("go", GOES)
@pytest.mark.parametrize("kind", ["place", "review"])
def test_what_waited_and_never_was_public_is_not_told(
    world: World,
    get: Get,
    finished: None,
    make_member: Callable[..., Any],
    kind: str,
    go: Callable[[World, str, str], None],
) -> None:
    place = world.place()
    new = newcomer(world, make_member)
    public_id = new.place("Corner bakery") if kind == "place" else new.review(place)
    assert public_id not in get(f"/{kind}s?since={SINCE}").text
    assert get(f"/{kind}s/{public_id}").status_code == 404
    go(new, kind, public_id)
    world.session.commit()
    assert public_id not in get(f"/{kind}s?since={SINCE}").text


def test_a_review_of_a_place_that_never_was_public_is_not_told(
    world: World, get: Get, finished: None, make_member: Callable[..., Any]
) -> None:
    new = newcomer(world, make_member)
    place = new.place()
    review = replace(new, owner=replace(new.owner, grants=world.owner.grants)).review(place)
    assert review not in get(f"/reviews?since={SINCE}").text
    remove(world, "place", place)
    assert review not in get(f"/reviews?since={SINCE}").text


def test_a_held_report_is_on_the_map_and_is_told_as_gone(
    world: World, get: Get, finished: None, make_member: Callable[..., Any]
) -> None:
    public_id = newcomer(world, make_member).report()
    assert feed(get, SINCE)[:2] == ([public_id], [])
    remove(world, "report", public_id)
    assert feed(get, SINCE)[:2] == ([], [public_id])


def test_a_merged_report_is_told_as_gone(world: World, get: Get, finished: None) -> None:
    old, new = world.report(), world.report()
    reports_life_actions.merge(world.session, world.owner, world.id_of(old), world.id_of(new))
    world.session.commit()
    assert feed(get, SINCE)[:2] == ([new], [old])


def test_the_reviews_of_a_hidden_place_are_told_as_gone(
    world: World, get: Get, finished: None
) -> None:
    place = world.place()
    review = world.review(place)
    hide(world, "place", place)
    world.session.commit()
    assert feed(get, SINCE, "/reviews")[:2] == ([], [review])


def test_nothing_unmarks_what_was_public(session: Session, world: World) -> None:
    """The trigger marks whatever writes the row."""
    public_id = world.place()
    session.execute(sa.text("UPDATE subjects SET visible = false"))
    marked = sa.text("SELECT was_public, visible FROM subjects WHERE public_id = :id")
    assert session.execute(marked, {"id": public_id}).one() == (True, False)
