"""What a brand is told while a week is over and its job has not run: on a Monday, and after the
worker was away."""

from __future__ import annotations

import csv
import datetime as dt
import io
import random
import re
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from tests.factories import reputation
from tests.spread.conftest import World
from ugc.accounts.models import Member
from ugc.core.db import Session, now
from ugc.influencers.actions import scoring as influencers_scoring
from ugc.spread import actions as spread_actions
from ugc.spread.rules import weeks as spread_weeks

MADRID = 3117735
# (when a team looks, whether the job ran since the Monday), after the last Sunday of the span.
MOMENTS = {
    "Sunday 23:54": ("-1 days 23:54", False),
    "Monday 00:00": ("0 days 00:00", False),
    "Monday 00:08": ("0 days 00:08", False),
    "Monday 00:20": ("0 days 00:20", False),
    "a day away": ("1 days 00:20", False),
    "two weeks away": ("14 days 00:08", False),
    "three weeks away": ("21 days 12:00", False),
    "told": ("0 days 00:21", True),
    "told after two weeks": ("14 days 00:21", True),
}


def monday_of(session: Session) -> dt.datetime:
    """The Monday 00:00 UTC that comes."""
    first = spread_weeks.monday(now(session).date()) + spread_weeks.WEEK
    return dt.datetime.combine(first, dt.time(), dt.UTC)


def set_clock(session: Session, moment: dt.datetime) -> None:
    session.execute(sa.text("SELECT set_config('boca.clock_offset', '', true)"))
    offset = f"{(moment - now(session)).total_seconds()} seconds"
    session.execute(sa.text("SELECT set_config('boca.clock_offset', :o, true)"), {"o": offset})
    session.execute(
        sa.text("UPDATE member_sessions SET expires_at = app_now() + interval '9 days'")
    )
    session.commit()  # a request that only reads takes back what was not committed


def grow(world: World) -> None:
    """Nine weeks, in each of which thirty come and bring as many in the week after."""
    chance = random.Random(5)
    start = monday_of(world.session) - spread_weeks.WEEK * 9
    before: list[Any] = [None]
    for week in range(9):
        came = []
        for number in range(30):
            at = start + spread_weeks.WEEK * week + dt.timedelta(hours=5 * number)
            days = (now(world.session) - at) / dt.timedelta(days=1)
            city_id = MADRID if number % 3 == 0 else None
            member = world.someone(f"w{week}n{number}", city_id=city_id)
            world.reach(member, chance.choice(before), days=days, joined=number % 2 == 0)
            came.append(member)
        before = came


def lists(browser: FlaskClient, brand: str) -> dict[str, list[str]]:
    """The figures of the other pages that a job makes or that are of a span of days."""
    pages = (
        "/prescriptores?span=4w", f"/brands/{brand}/prescriptores?span=4w",
        f"/brands/{brand}/prescriptores?span=12w", "/leaderboard?span=month",
    )  # fmt: skip
    found = {}
    for page in pages:
        listed = re.search(r'<ol class="items">(.*?)</ol>', browser.get(page).text, re.DOTALL)
        found[page] = re.findall(r">([^<>]*\d[^<>]*)<", listed[1]) if listed else []
    return found


@pytest.mark.parametrize("name", MOMENTS)
def test_k_is_of_complete_weeks_at_every_moment(
    world: World, browser_of: Callable[[str], FlaskClient], name: str
) -> None:
    session = world.session
    monday = monday_of(session)
    grow(world)
    set_clock(session, monday - dt.timedelta(hours=1))
    spread_actions.publish_all_figures(session)
    influencers_scoring.rescore(session)
    new = session.scalars(sa.select(Member.id).where(Member.handle.like("w8n%"))).all()
    for member_id in new:
        reputation.earn(session, member_id, 6, days=1)
    session.commit()
    browser = browser_of("owner")
    listed = lists(browser, world.brand)
    assert all(listed.values()), listed
    ask = f"/brands/{world.brand}/spread"
    before = browser.get(f"{ask}.json").get_json()

    after, told = MOMENTS[name]
    days, clock = after.split(" days ")
    hours, minutes = map(int, clock.split(":"))
    set_clock(session, monday + dt.timedelta(days=int(days), hours=hours, minutes=minutes))
    if told:
        spread_actions.publish_all_figures(session)
        session.commit()
    found = browser.get(f"{ask}.json").get_json()
    for document in (before, found):
        k, span = document["k_factor"], document["span"]
        # Each member of a cohort brought one: both sides are counted, or neither.
        assert k["k"] == pytest.approx(1, abs=0.2)
        end = dt.date.fromisoformat(span["to"])
        assert end.weekday() == 6
        assert dt.date.fromisoformat(k["cohorts"]["to"]) == end - dt.timedelta(weeks=4)
    if not told:
        assert found == before
    else:
        assert found["span"]["to"] > before["span"]["to"]
    # Neither the end of a week or month nor a job that did not run changes these.
    assert lists(browser, world.brand) == listed
    page = browser.get(ask).text
    waits = not told and int(days) >= 0
    assert ("are being counted" in page) == waits
    # Custom days cannot reach into weeks that wait either.
    custom = f"from={before['span']['from']}&to={monday.date() + spread_weeks.WEEK * 4}"
    assert browser.get(f"{ask}.json?{custom}").get_json()["span"]["to"] == found["span"]["to"]


@pytest.mark.parametrize("span", ["4w", "12w", "52w"])
def test_every_breakdown_adds_up(
    world: World, browser_of: Callable[[str], FlaskClient], span: str
) -> None:
    session = world.session
    grow(world)
    set_clock(session, monday_of(session) + dt.timedelta(minutes=30))
    spread_actions.publish_all_figures(session)
    browser = browser_of("owner")
    document = browser.get(f"/brands/{world.brand}/spread.json?span={span}").get_json()
    total, rest = document["shown_total"], document["rest"]
    assert total > 50
    assert rest["city"] > 0
    parts = {
        "degree": document["shown_total_by_degree"].values(),
        "channel": document["people_by_channel"].values(),
        "city": [each["people"] for each in document["people_by_city"]],
        "subject": [each["people"] for each in document["people_by_subject"]],
        "joined": [document["funnel"]["joined"]],
    }
    assert set(parts) == set(rest)
    for series, people in parts.items():
        assert sum(people) + rest[series] == total, series
    answer = browser.get(f"/brands/{world.brand}/spread.csv?span={span}")
    sums: Counter[tuple[str, str]] = Counter()
    for row in csv.DictReader(io.StringIO(answer.text)):
        sums[row["week"], row["series"]] += int(row["people"])
    for week, series in list(sums):
        if series in parts:
            assert sums[week, series] == sums[week, "degree"], (week, series)
    assert sum(sums[key] for key in sums if key[1] == "city") == total
    page = browser.get(f"/brands/{world.brand}/spread?span={span}").text
    assert "Elsewhere, or in a city with fewer than 10" in page
