"""What the tables say of a brand's spread, told by weeks."""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter

import pytest
import sqlalchemy as sa

from tests.conftest import counted_queries
from tests.spread.conftest import MADRID, World, crowd, days_to, publish, until
from ugc.brands.models import Fan
from ugc.core.db import Session, now
from ugc.fraud.models import FraudScore
from ugc.influencers.models import HomeCity
from ugc.referrals.models import CascadeReach, FalseMember, RootDay
from ugc.spread import actions as spread_actions
from ugc.spread.models import PublishedFigure, PublishedWeek
from ugc.spread.queries import dashboard as spread_dashboard
from ugc.spread.queries import published as spread_published
from ugc.spread.rules import dashboard as spread_dashboard_rules
from ugc.spread.rules import disclosure as spread_disclosure
from ugc.spread.rules import growth as spread_growth
from ugc.spread.rules import weeks as spread_weeks


def span_of(session: Session, count: int = 12) -> spread_weeks.Span:
    return spread_weeks.last_weeks(count, spread_weeks.last_complete(now(session).date()))


def test_every_series_counts_what_it_says(world: World) -> None:
    session = world.session
    seed = world.someone(city_id=MADRID)
    world.reach(seed, days=days_to(session, 6), joined=True, channel="qr")
    child = world.someone()
    world.reach(child, seed, days=days_to(session, 6, 3))  # two days later
    late = world.someone()
    world.reach(
        late, seed, days=days_to(session, 1)
    )  # five weeks later: no part of what it brought
    publish(session, child, days=days_to(session, 5))
    publish(session, late, days=200)  # before they came
    followed_at = now(session) - dt.timedelta(days=days_to(session, 4))
    session.add(Fan(brand_id=world.brand_id, member_id=child.id, since=followed_at))
    visited_on = until(session) - spread_weeks.WEEK
    session.add(RootDay(root_id=world.brand_id, day=visited_on, channel="qr", degree=5, visits=7))
    for number in range(3):
        out = world.someone()
        world.reach(out, days=days_to(session, 2))
        if number == 0:
            session.add(FalseMember(member_id=out.id))
        elif number == 1:
            session.add(FraudScore(member_id=out.id, score=60, reasons=[]))
    world.reach(world.someone(), days=0)  # the present week
    session.add(HomeCity(member_id=seed.id, city_id=MADRID))
    session.flush()
    session.execute(
        sa.text("UPDATE referral_links SET created_at = created_at - interval '7 days'")
    )
    found = spread_published.counted_by_week(session, world.brand_id, until(session))
    monday = until(session)

    def of(series: str) -> dict[tuple[int, str], int]:
        return {
            ((monday - week).days // 7, key): count
            for (week, (name, key)), count in found.items()
            if name == series
        }

    assert of("degree") == {(6, "1"): 1, (6, "2"): 1, (1, "2"): 1, (2, "1"): 1}
    assert of("channel") == {(6, "qr"): 1, (6, "link"): 1, (1, "link"): 1, (2, "link"): 1}
    assert of("city") == {(6, str(MADRID)): 1}
    assert of("subject") == {
        (6, str(world.brand_id)): 2, (1, str(world.brand_id)): 1, (2, str(world.brand_id)): 1,
    }  # fmt: skip
    assert of("joined") == {(6, ""): 1}
    assert of("contributed") == {(5, ""): 1}
    assert of("fan") == {(4, ""): 1}
    assert of("visits") == {(1, "further"): 7}
    # Told when its four weeks are over.
    assert of("brought") == {(6 - spread_growth.WAIT_WEEKS, ""): 1}
    assert of("cycle") == {(6, "3"): 1}
    assert of("shared") == {(1, ""): 1}  # the member's first link; the brand's own is none


def test_figures_are_told_once_and_stay(world: World) -> None:
    session = world.session
    chance = random.Random(1)
    crowd(world, chance)
    assert spread_actions.publish_all_figures(session) == 1
    assert spread_actions.publish_all_figures(session) == 0
    assert spread_actions.publish_weekly_figures(session, world.brand_id) == 0
    before = session.execute(sa.select(PublishedFigure.__table__)).all()
    assert len(before) > 10
    assert all(row.people % 10 == 0 for row in before)
    # Who was counted turns out to be false, and a week more passes.
    ids = session.scalars(sa.select(CascadeReach.member_id).limit(60)).all()
    session.add_all(FalseMember(member_id=member_id) for member_id in ids)
    session.execute(
        sa.text("UPDATE cascade_reaches SET reached_at = reached_at - interval '7 days'")
    )
    session.execute(sa.text("UPDATE published_weeks SET week = week - 7"))
    session.execute(sa.text("UPDATE published_figures SET week = week - 7"))
    assert spread_actions.publish_weekly_figures(session, world.brand_id) == 1
    after = session.execute(sa.select(PublishedFigure.__table__)).all()
    kept = {(row.week + spread_weeks.WEEK, row.series, row.key): row.people for row in after}
    assert all(kept[row.week, row.series, row.key] == row.people for row in before)


def test_all_answers_add_the_same_rows(world: World) -> None:
    session = world.session
    crowd(world, random.Random(2))
    spread_actions.publish_all_figures(session)
    span = span_of(session)
    found = spread_dashboard.load(session, world.brand_id, span)
    assert found.total > 100
    assert found.total == sum(week.total for week in found.weeks)
    assert found.total == sum(found.channels.values())
    assert sum(city.people for city in found.cities) <= found.total
    document = spread_dashboard_rules.document(found, world.brand)
    rows = spread_dashboard_rules.csv_rows(spread_dashboard.exported(session, world.brand_id, span))
    assert sum(row[4] for row in rows if row[2] == "degree") == found.total
    assert sum(document["shown_total_by_degree"].values()) == found.total
    # Two neighbouring spans differ by whole tens, by whatever they are cut.
    shorter = spread_dashboard.load(session, world.brand_id, span_of(session, 11))
    for one, other in ((found.people, shorter.people), (found.channels, shorter.channels)):
        assert all((one[key] - other.get(key, 0)) % 10 == 0 for key in one)


def test_the_room_costs_the_same_whatever_its_size(world: World) -> None:
    session = world.session
    crowd(world, random.Random(3))
    spread_actions.publish_all_figures(session)
    session.expire_all()
    with counted_queries() as seen:
        spread_dashboard.load(session, world.brand_id, span_of(session))
    assert len(seen) <= 8, seen


def test_cascades_are_stored_as_they_may_be_shown(world: World) -> None:
    session = world.session
    hub = world.someone()
    world.reach(hub, days=days_to(session, 8))
    for _ in range(25):
        world.reach(world.someone(), hub, days=days_to(session, 5))
    for _ in range(12):
        world.reach(world.someone(), days=days_to(session, 7))
    session.commit()
    spread_actions.publish_all_figures(session)
    [cascade] = spread_published.cascades(
        session, world.brand_id, spread_weeks.last_complete(now(session).date())
    )
    assert cascade.people == 30
    assert [hub.people for hub in cascade.hubs] == [10, 20]
    stored = session.scalars(
        sa.select(PublishedWeek.cascades).order_by(PublishedWeek.week.desc()).limit(1)
    ).one()
    # The exact size is nowhere: every count is in full tens. (A member's id may be any number.)
    counts = [each["people"] for each in stored]
    counts += [hub["people"] for each in stored for hub in each["hubs"]]
    assert [count % 10 for count in counts] == [0] * 3


def test_a_brand_that_nobody_came_to_has_nothing_to_tell(world: World) -> None:
    assert spread_actions.publish_all_figures(world.session) == 0
    assert spread_actions.publish_weekly_figures(world.session, world.brand_id) == 1
    found = spread_dashboard.load(world.session, world.brand_id, span_of(world.session))
    assert found.total == 0
    assert found.growth is None
    assert found.curve is None
    assert spread_dashboard_rules.bars(found.weeks)[0] == []


@pytest.mark.parametrize("seed", range(3))
def test_told_of_the_tables_is_told_of_the_rule(world: World, seed: int) -> None:
    """The stored rows are what `disclosure.tell` makes of the counts, week after week."""
    session = world.session
    crowd(world, random.Random(seed), 90)
    spread_actions.publish_all_figures(session)
    counted: Counter[spread_disclosure.Cell] = Counter()
    so_far: Counter[spread_disclosure.Cell] = Counter()
    by_week = spread_published.counted_by_week(session, world.brand_id, until(session))
    stored = {
        (row.week, row.series, row.key): row.people
        for row in session.scalars(sa.select(PublishedFigure))
    }
    wanted = {}
    for week in sorted({week for week, _ in by_week}):
        for (when, cell), count in by_week.items():
            if when == week:
                counted[cell] += count
        for cell, people in spread_disclosure.release(counted, so_far).items():
            so_far[cell] += people
            wanted[week, *cell] = people
    assert stored == wanted
