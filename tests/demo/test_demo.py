"""The demo world: enough of everything, labelled, and right by its own rules."""

import re
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from ugc import demo, demo_spread
from ugc.accounts.models import Member
from ugc.core.db import Session
from ugc.fraud.actions import scoring as fraud_scoring
from ugc.fraud.rules.score import DOUBTED
from ugc.geography import gazetteer
from ugc.influencers.queries import scores as influencers_scores
from ugc.places.models import Place
from ugc.referrals import queries as referrals_queries
from ugc.reviews import actions as reviews_actions
from ugc.reviews import queries as reviews_queries
from ugc.reviews.models import Review

PAGES = (
    "/", "/places", "/brands", "/leaderboard", "/about", "/api", "/search?q=demo",
    "/members/demo-ana", "/contacts", "/inbox", "/contributions", "/settings", "/watching",
)  # fmt: skip


@pytest.fixture(scope="module")
def app(demo_app: Flask) -> Flask:
    return demo_app


@pytest.fixture
def world(session: Session) -> Session:
    return session


def count(session: Session, table: str, where: str = "true") -> int:
    return int(session.scalar(sa.text(f"SELECT count(*) FROM {table} WHERE {where}")) or 0)


def test_there_is_enough_of_everything(world: Session) -> None:
    assert not demo.is_empty(world)
    assert world.scalars(sa.select(Member.handle).where(sa.not_(Member.is_demo))).all() == []
    assert count(world, "places", "visibility = 'published'") == 2 * len(demo.PLACES)
    assert count(world, "reviews", "visibility = 'published'") > 20
    assert count(world, "helpful_votes") > 5
    assert count(world, "brands", "claimed_at IS NOT NULL") == 2
    assert count(world, "fans") > 5
    assert count(world, "photos") == 2
    kinds = world.execute(
        sa.text(
            "SELECT s.kind, c.reason FROM cases c JOIN subjects s ON s.id = c.subject_id"
            " WHERE c.decided_at IS NULL"
        )
    )
    assert {tuple(row) for row in kinds} == {
        ("report", "held"), ("report", "flagged"), ("review", "held"), ("place", "held"),
        ("brand_claim", "held"), ("ring", "doubted"),
    }  # fmt: skip
    assert count(world, "ring_members", "outcome IS NULL") == demo_spread.RING
    assert count(world, "decisions", "outcome = 'refused'") == 1
    # Days to look back at: over, and nobody's points.
    over = "state = 'expired' AND visibility = 'published' AND closed_at < app_now()"
    days = f"{over} AND occurred_at < app_now() - interval '8 days'"
    assert count(world, "reports", over) > 100
    assert count(world, "reports", days) > 20


def test_places_lie_in_the_cities_that_they_name(world: Session) -> None:
    """There is a larger Valencia in Venezuela."""
    here = "ST_Distance(p.geom::geography, c.geom::geography)"
    for city in ("Madrid", "Valencia"):
        country = demo.CITIES[city][0]
        rows = world.execute(
            sa.text(
                f"SELECT {here} AS metres, p.timezone, (SELECT near.country FROM cities near"
                " ORDER BY near.geom <-> p.geom LIMIT 1) AS country"
                " FROM places p JOIN cities c ON c.name = :city AND c.country = :country"
                " AND c.population > 100000 WHERE p.address LIKE :address"
            ),
            {"city": city, "country": country, "address": f"{city}, %"},
        ).all()
        assert len(rows) == len(demo.PLACES)
        for row in rows:
            assert row.metres < gazetteer.CITY_RADIUS_M, city
            assert (row.country, row.timezone) == (country, "Europe/Madrid")


def test_every_city_of_places_is_one_of_its_cities() -> None:
    assert set(demo.PLACE_CITIES) <= demo.CITIES.keys()


def test_its_own_people_are_not_accused(world: Session) -> None:
    """They came weeks apart and did genuine things; only the ring that is one on purpose is
    doubted."""
    fraud_scoring.score(world)
    doubted = world.scalars(
        sa.text(
            "SELECT m.handle FROM fraud_scores f JOIN members m ON m.id = f.member_id"
            f" WHERE f.score >= {DOUBTED} UNION SELECT m.handle FROM ring_members r"
            " JOIN members m ON m.id = r.member_id"
        )
    ).all()
    first = demo_spread.RING_FROM
    ring = {f"demo-guest-{number:03}" for number in range(first, first + demo_spread.RING)}
    assert set(doubted) == ring


def test_nothing_was_published_without_a_decision(world: Session) -> None:
    """A newcomer's first contributions are public only where a moderator approved them."""
    undecided = world.scalars(
        sa.text(
            "SELECT m.subject_id FROM transitions m WHERE m.field = 'visibility' AND m.old = 'held'"
            " AND m.new = 'published' AND m.reason NOT LIKE 'decision:%'"
        )
    ).all()
    assert undecided == []


def test_contacts_of_three_degrees_and_totals_that_add_up(world: Session) -> None:
    for brand_id in world.scalars(sa.text("SELECT id FROM brands")):
        reviews_actions.team_changed(world, brand_id)  # as a job of the new teams does
    ana = world.scalars(sa.select(Member.id).where(Member.handle == "demo-ana")).one()
    assert all(count >= 2 for count in referrals_queries.reach(world, ana))
    for place in world.scalars(sa.select(Place)):
        published = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(Review.rating), 0))
        published = published.where(Review.place_id == place.id, reviews_queries.counted())
        assert tuple(world.execute(published).one()) == (place.rating_count, place.rating_sum)


def test_every_page_has_something_to_see(
    app: object, world: Session, run_jobs: Callable[[], int]
) -> None:
    for handle in ("demo-ana", "demo-mod", "demo-elena", "demo-dev"):
        browser: FlaskClient = app.test_client()  # type: ignore[attr-defined]
        form = {"email": f"{handle}@example.org", "password": demo.PASSWORD}
        assert browser.post("/sign-in", data=form).status_code == 303
        for path in PAGES:
            answer = browser.get(path)
            assert answer.status_code == 200, (handle, path)
    mod: FlaskClient = app.test_client()  # type: ignore[attr-defined]
    mod.post("/sign-in", data={"email": "demo-mod@example.org", "password": demo.PASSWORD})
    queue = mod.get("/moderation").text
    assert queue.count("<article") >= 5
    labels = re.findall(r'role="region"[^>]*aria-label="([^"]+)"', queue)
    assert labels
    assert len(labels) == len(set(labels))


def test_the_spread_room_and_the_prescriptores_have_something_to_show(world: Session) -> None:
    assert count(world, "published_figures", "series = 'degree'") > 10
    assert count(world, "published_figures", "series = 'city'") > 0 or not count(
        world, "cities", "name IN ('Valencia', 'Sevilla')"
    )
    # Every step of its funnel, and an invitation that came to who let the brand invite them.
    for series in ("visits", "shared", "joined", "contributed", "fan", "channel", "subject"):
        assert count(world, "published_figures", f"series = '{series}'") > 0, series
    assert count(world, "invitation_deliveries") == 3
    assert count(world, "published_weeks", "jsonb_array_length(cascades) > 0") == 1
    listed = influencers_scores.prescriptores(world, root_id=None, limit=5)
    assert "demo-ana" in [row.handle for row in listed if row.named]
    # Everybody of it is labelled.
    assert count(world, "members", "is_demo AND handle NOT LIKE 'demo-%'") == 0


def test_it_prints_whom_to_sign_in_as() -> None:
    printed = demo.sign_ins()
    assert "demo-elena@example.org" in printed
    assert demo.PASSWORD in printed


def test_it_is_brought_up_to_date_when_its_reports_have_ended(world: Session) -> None:
    people = demo.demo_people(world)
    assert demo.refresh(world, people) == 0
    world.execute(
        sa.text(
            "UPDATE reports SET created_at = created_at - interval '3 days',"
            " occurred_at = occurred_at - interval '3 days',"
            " expires_at = expires_at - interval '3 days'"
        )
    )
    alive = "state = 'open' AND expires_at > app_now()"
    before = count(world, "reports", alive)
    made = demo.refresh(world, people)
    world.commit()
    assert made > 50
    # A few of them may have been denied until they ended.
    assert before + 50 < count(world, "reports", alive) <= before + made
    assert demo.refresh(world, people) == 0
