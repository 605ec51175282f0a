"""Points for bringing people: held, released, capped, reversed; over HTTP and through the jobs."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from tests.factories.members import PASSWORD
from tests.reading import words
from tests.rewards.conftest import World
from ugc.core.db import Session
from ugc.fraud.rules import genuine as fraud_genuine
from ugc.reputation import actions as reputation_actions
from ugc.reputation.queries import ledger as reputation_ledger
from ugc.rewards import actions as rewards_actions
from ugc.rewards import jobs as rewards_jobs
from ugc.rewards import rules as rewards_rules

Browser = Callable[..., FlaskClient]


@pytest.fixture
def chain(world: World, signed_in: Browser) -> dict[str, FlaskClient]:
    """ana brought ben, who brought eva, who brought leo, who brought mia."""
    people = {"ana": signed_in("ana")}
    above = "ana"
    for handle in ("ben", "eva", "leo", "mia"):
        people[handle] = world.join(handle, world.link_of(people[above]))
        above = handle
    world.run_jobs()
    return people


def test_three_degrees_are_held_and_halve(
    world: World, session: Session, chain: dict[str, FlaskClient]
) -> None:
    balances = {handle: reputation_ledger.balance(session, world.id_of(handle)) for handle in chain}
    assert balances == {
        "ana": (0, 35),
        "ben": (0, 35),
        "eva": (0, 30),
        "leo": (0, 20),
        "mia": (0, 0),
    }
    assert world.states("ana") == {"ben": "held", "eva": "held", "leo": "held"}
    entries = session.execute(
        sa.text("SELECT action, points FROM point_entries WHERE cause = :c ORDER BY points"),
        {"c": rewards_rules.cause(world.id_of("leo"))},
    ).all()
    assert entries == [("referral_3", 5), ("referral_2", 10), ("referral", 20)]
    # A job that runs again credits nothing.
    rewards_actions.hold(session, world.id_of("leo"))
    assert reputation_ledger.balance(session, world.id_of("ana")) == (0, 35)
    assert session.scalars(sa.text("SELECT badge FROM badges")).all() == []
    world.ledger_adds_up()


def test_released_after_the_second_thing_and_a_day(
    world: World, session: Session, chain: dict[str, FlaskClient], signed_in: Browser
) -> None:
    moderator = signed_in("mod", role="moderator")
    ana = world.id_of("ana")
    world.report(chain["ben"])
    world.approve_all(moderator)
    world.run_jobs()
    assert reputation_ledger.balance(session, ana) == (0, 35)
    seen = words(chain["ana"].get("/rewards").text)
    assert "held until ben has done 1 more genuine thing" in seen
    assert "35 wait" in words(chain["ana"].get("/contacts").text)
    assert "35 points wait for people you brought" in chain["ana"].get("/members/ana").text
    assert "points wait" not in chain["ben"].get("/members/ana").text
    # Whoever is farther and did not allow it is not named.
    assert "eva" not in seen
    assert "Somebody of degree 2 held until they have done 2 more genuine things" in seen
    world.report(chain["ben"], 1)
    world.approve_all(moderator)
    world.run_jobs()
    # A day has not passed.
    assert reputation_ledger.balance(session, ana) == (0, 35)
    assert "held until a day has passed" in words(chain["ana"].get("/rewards").text)
    world.later("25 hours")
    world.report(chain["ben"], 2)
    world.approve_all(moderator)
    world.run_jobs()
    assert reputation_ledger.balance(session, ana) == (20, 15)
    assert world.states("ana") == {"ben": "released", "eva": "held", "leo": "held"}
    assert session.scalars(
        sa.text("SELECT badge FROM badges WHERE member_id = :a"), {"a": ana}
    ).all() == ["first_contact"]
    # Exactly once, however often it is asked.
    rewards_actions.release(session, world.id_of("ben"))
    assert reputation_ledger.balance(session, ana) == (20, 15)
    world.ledger_adds_up()


def test_the_night_releases_what_a_day_made_due(
    world: World, session: Session, chain: dict[str, FlaskClient], signed_in: Browser
) -> None:
    moderator = signed_in("mod", role="moderator")
    for place in range(2):
        world.report(chain["ben"], place)
    world.approve_all(moderator)
    world.run_jobs()
    waiting = session.scalar(
        sa.text("SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'rewards.release'")
    )
    assert waiting == 1
    world.later("25 hours")
    rewards_jobs.release_all(session)
    session.commit()
    world.run_jobs()
    assert reputation_ledger.balance(session, world.id_of("ana"))[0] == 20


def test_votes_that_nothing_proves_do_not_count(
    world: World, session: Session, chain: dict[str, FlaskClient], signed_in: Browser
) -> None:
    moderator = signed_in("mod", role="moderator")
    world.later("25 hours")
    reports = [world.report(moderator, place) for place in (50, 60, 70)]
    for report in reports:
        world.confirm(chain["ben"], report)
    world.report(chain["ben"])
    world.approve_all(moderator)
    world.run_jobs()
    # One thing was approved; three clicks that nothing proves are not another.
    assert world.states("ana")["ben"] == "held"
    world.ledger_adds_up()


def test_a_farm_of_clicks_releases_nothing(
    world: World, session: Session, signed_in: Browser
) -> None:
    """Six accounts on six networks, three clicks each."""
    moderator = signed_in("mod", role="moderator")
    boss = world.join("boss")
    link = world.link_of(boss)
    farm = [world.join(f"click-{number}", link) for number in range(6)]
    world.run_jobs()
    world.later("25 hours")
    reports = [world.report(moderator, place) for place in (50, 60, 70)]
    for browser in farm:
        for report in reports:
            world.confirm(browser, report)
    world.run_jobs()
    for number in range(6):
        rewards_actions.release(session, world.id_of(f"click-{number}"))
    assert set(world.states("boss").values()) == {"held"}
    assert reputation_ledger.balance(session, world.id_of("boss"))[0] == 0
    assert reputation_ledger.balance(session, world.id_of("click-0")) == (0, 3)
    world.ledger_adds_up()


def test_a_vote_that_others_prove_is_one_of_the_two_things(
    world: World, session: Session, chain: dict[str, FlaskClient], signed_in: Browser
) -> None:
    """With the marks of all browsers in place."""
    moderator, other = signed_in("mod", role="moderator"), signed_in("mod2", role="moderator")
    world.later("25 hours")
    seen = [world.report(moderator, place) for place in (50, 60, 70)]
    for report in seen:
        world.confirm(chain["ben"], report)
    world.run_jobs()
    world.later("25 hours 2 minutes")
    for report in seen:
        world.confirm(other, report)
    world.run_jobs()
    assert reputation_ledger.balance(session, world.id_of("ben"))[0] == 3
    assert world.states("ana")["ben"] == "held"
    world.report(chain["ben"])
    world.approve_all(moderator)
    world.run_jobs()
    assert world.states("ana")["ben"] == "released"
    world.ledger_adds_up()


@pytest.mark.parametrize(
    ("contributions", "votes", "things"), [(0, 9, 1), (1, 0, 1), (1, 3, 2), (2, 0, 2)]
)
def test_votes_alone_are_never_enough(contributions: int, votes: int, things: int) -> None:
    assert fraud_genuine.genuine_things(contributions, votes) == things


def test_what_was_withdrawn_before_does_not_count(
    world: World, session: Session, chain: dict[str, FlaskClient], signed_in: Browser
) -> None:
    moderator = signed_in("mod", role="moderator")
    for place in range(3):
        address = world.report(chain["ben"], place)
        world.approve_all(moderator)
        assert chain["ben"].post(f"{address}/withdraw").status_code == 303
    world.report(chain["ben"], 9)
    world.approve_all(moderator)
    world.run_jobs()
    world.later("25 hours")
    rewards_actions.release(session, world.id_of("ben"))
    assert world.states("ana")["ben"] == "held"


def test_the_day_has_a_cap_and_the_page_says_so(
    world: World, session: Session, signed_in: Browser
) -> None:
    ana = signed_in("ana")
    link = world.link_of(ana)
    for number in range(12):
        world.join(f"new-{number}", link)
    world.run_jobs()
    assert reputation_ledger.balance(session, world.id_of("ana")) == (0, rewards_rules.DAILY_CAP)
    states = list(world.states("ana").values())
    assert (states.count("held"), states.count("capped")) == (10, 2)
    text = words(ana.get("/rewards").text)
    assert "Not credited 40 for 2 people who came when your day was full" in text
    ana.post("/language", data={"language": "es"})
    assert "2 personas" in words(ana.get("/rewards").text)
    # The next day has room again.
    world.later("25 hours")
    world.join("new-late", link)
    world.run_jobs()
    assert world.states("ana")["new-late"] == "held"
    world.ledger_adds_up()


def test_who_left_brings_nothing_any_more(
    world: World, session: Session, chain: dict[str, FlaskClient]
) -> None:
    form = {"password": PASSWORD, "content": "remove"}
    assert chain["ben"].post("/settings/erase", data=form).status_code == 303
    world.run_jobs()
    rows = session.scalars(
        sa.text("SELECT state FROM referral_rewards WHERE beneficiary_id = :a ORDER BY degree"),
        {"a": world.id_of("ana")},
    ).all()
    assert rows == ["reversed", "held", "held"]
    assert reputation_ledger.balance(session, world.id_of("ana")) == (0, 15)
    world.ledger_adds_up()


def test_points_that_were_given_back_can_be_taken_again(
    session: Session, world: World, chain: dict[str, FlaskClient]
) -> None:
    ana = world.id_of("ana")
    for _ in range(3):
        taken = reputation_actions.reverse_member(session, ana)
        assert reputation_ledger.balance(session, ana) == (0, 0)
        assert reputation_actions.reverse_member(session, ana) == []
        reputation_actions.restore(session, taken)
        reputation_actions.restore(session, taken)
        assert reputation_ledger.balance(session, ana) == (0, 35)
    reputation_actions.release(session, rewards_rules.cause(world.id_of("ben")), ana)
    assert reputation_ledger.balance(session, ana) == (20, 15)
    reputation_actions.reverse(session, rewards_rules.cause(world.id_of("ben")))
    reputation_actions.release(session, rewards_rules.cause(world.id_of("ben")), ana)
    assert reputation_ledger.balance(session, ana) == (0, 15)
    world.ledger_adds_up()
