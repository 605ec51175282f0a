"""Points: rules as tables, the rest over HTTP and through the jobs."""

import io
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from tests.deciding import decide_only
from tests.factories import reputation
from tests.factories.members import PASSWORD
from tests.media.pictures import saved, scene
from tests.reading import words
from ugc.accounts.models import Member
from ugc.core.db import Session
from ugc.reputation import actions as reputation_actions
from ugc.reputation import rules as reputation_rules
from ugc.reputation.models import PointTotals
from ugc.reputation.queries import board as reputation_board
from ugc.reputation.queries import ledger as reputation_ledger

FORM = {"kind": "jam", "lat": "40.42", "lon": "-3.70", "text": "Slow."}
Browser = Callable[..., FlaskClient]
Jobs = Callable[[], int]


@pytest.mark.parametrize(
    ("points", "level"), [(-5, 1), (0, 1), (14, 1), (15, 2), (75, 3), (99_999, 9), (100_000, 10)]
)
def test_levels(points: int, level: int) -> None:
    assert reputation_rules.level(points) == level


def member_id(session: Session, handle: str) -> int:
    return session.scalars(sa.select(Member.id).where(Member.handle == handle)).one()


def test_points_wait_are_released_and_go_with_the_content(
    session: Session, signed_in: Browser, run_jobs: Jobs
) -> None:
    ana, moderator = signed_in("ana"), signed_in("mod", role="moderator")
    address = ana.post("/reports", data=FORM).location
    run_jobs()
    ana_id = member_id(session, "ana")
    assert reputation_ledger.balance(session, ana_id) == (0, 6)
    decide_only(moderator, session)
    run_jobs()
    assert reputation_ledger.balance(session, ana_id) == (6, 0)
    ana.post(f"{address}/withdraw")
    run_jobs()
    assert reputation_ledger.balance(session, ana_id) == (0, 0)
    assert reputation_ledger.score(session, ana_id).points == 0


def test_refused_points_never_arrive(session: Session, signed_in: Browser, run_jobs: Jobs) -> None:
    signed_in("ana").post("/reports", data=FORM)
    run_jobs()
    decide_only(signed_in("mod", role="moderator"), session, "refused", rule="spam")
    run_jobs()
    assert reputation_ledger.balance(session, member_id(session, "ana")) == (0, 0)


def test_a_vote_earns_once_however_often_it_changes(
    session: Session, signed_in: Browser, run_jobs: Jobs
) -> None:
    address = signed_in("mod", role="moderator").post("/reports", data=FORM).location
    ben = signed_in("ben")
    for answer in ("yes", "no", "yes"):
        ben.post(f"{address}/vote", data={"still_there": answer})
    run_jobs()
    # It waits until it proves true, and gives the author nothing: ben is not established.
    assert reputation_ledger.balance(session, member_id(session, "ben")) == (0, 1)
    assert reputation_ledger.balance(session, member_id(session, "mod")) == (6, 0)


def test_every_entry_is_made_once(session: Session, make_member: Callable[..., Member]) -> None:
    ana = make_member("ana")
    for _ in range(3):
        reputation_actions.credit(session, ana.id, "report", "report:1", held=True)
    for _ in range(3):
        reputation_actions.release(session, "report:1")
    assert reputation_ledger.balance(session, ana.id) == (6, 0)
    for _ in range(3):
        reputation_actions.reverse(session, "report:1")
    assert reputation_ledger.balance(session, ana.id) == (0, 0)


def test_the_leaderboard_of_a_city(client: FlaskClient, signed_in: Browser, run_jobs: Jobs) -> None:
    signed_in("mad", role="moderator").post("/reports", data=FORM)
    far = {**FORM, "lat": "41.39", "lon": "2.16"}
    signed_in("bcn", role="moderator").post("/reports", data=far)
    run_jobs()
    world = client.get("/leaderboard").text
    assert "/members/mad" in world
    assert "/members/bcn" in world
    city = client.get("/leaderboard?city=Barcelona&span=month").text
    assert "/members/mad" not in city
    assert "/members/bcn" in city
    assert "No city with this name" in client.get("/leaderboard?city=Xyzzyx").text
    assert "6 points" in client.get("/members/mad").text


@pytest.mark.parametrize("day", ["01 00:00:01", "01 09:00", "15 12:00", "28 23:59"])
def test_the_leaderboard_of_the_last_days(
    session: Session, client: FlaskClient, make_member: Callable[..., Member], day: str
) -> None:
    """What was earned longer ago counts for all time only; the first of a month begins no board."""
    session.execute(
        sa.text(
            "SELECT set_config('boca.clock_offset', (date_trunc('month', now() AT TIME ZONE 'UTC')"
            " - interval '1 day' + CAST(:day AS interval) + interval '1 month'"
            " - now() AT TIME ZONE 'UTC')::text, true)"
        ),
        {"day": f"{day[:2]} days {day[3:]}"},
    )
    old, new = make_member("old"), make_member("new")
    for member, days, points in ((old, 40, 100), (old, 0, 1), (new, 0, 6)):
        reputation.earn(session, member.id, points, days=days)
    reputation_actions.recount_all(session)
    session.commit()
    ever = client.get("/leaderboard").text
    month = client.get("/leaderboard?span=month").text
    assert ever.index("/members/old") < ever.index("/members/new")
    assert month.index("/members/new") < month.index("/members/old")


def test_photos_count_for_the_city_too(
    session: Session, signed_in: Browser, run_jobs: Jobs
) -> None:
    photo = {"photos": (io.BytesIO(saved(scene())), "x.jpg")}
    signed_in("mad", role="moderator").post("/reports", data={**FORM, **photo})
    run_jobs()
    [madrid] = reputation_board.leaders(session, days=30, city_id=3117735)
    assert (madrid.handle, madrid.points) == ("mad", 6 + 2)


def test_every_total_comes_from_the_ledger_again(
    session: Session, signed_in: Browser, make_member: Callable[..., Member], run_jobs: Jobs
) -> None:
    signed_in("ana", role="moderator").post("/reports", data=FORM)
    idle = make_member("idle")
    run_jobs()
    assert reputation_actions.recount_all(session) == []
    # Whatever happened to the folded table: wrong, missing, or there without an entry.
    session.execute(sa.text("UPDATE point_totals SET points = 999, level = 9"))
    session.execute(sa.insert(PointTotals).values(member_id=idle.id, points=50))
    session.expire_all()
    assert reputation_actions.recount_all(session) == [("ana", 999, 6), ("idle", 50, 0)]
    session.execute(sa.text("DELETE FROM point_totals"))
    session.expire_all()
    assert reputation_actions.recount_all(session) == [("ana", 0, 6)]
    assert reputation_ledger.score(session, member_id(session, "ana")).level == 1


@pytest.mark.parametrize("choice", ["keep", "remove"])
def test_points_stay_without_a_name_or_go_with_what_is_erased(
    session: Session, client: FlaskClient, signed_in: Browser, run_jobs: Jobs, choice: str
) -> None:
    ana = signed_in("ana", role="moderator")
    ana.post("/reports", data=FORM)
    run_jobs()
    ana_id = member_id(session, "ana")
    ana.post("/settings/erase", data={"password": PASSWORD, "content": choice})
    run_jobs()
    assert reputation_ledger.balance(session, ana_id) == ((6, 0) if choice == "keep" else (0, 0))
    assert "ana" not in words(client.get("/leaderboard").text)


def test_two_people_earn_nothing_by_posting_confirming_and_withdrawing(
    session: Session, signed_in: Browser, run_jobs: Jobs
) -> None:
    author, friend = signed_in("author", role="moderator"), signed_in("friend")
    address = author.post("/reports", data=FORM).location
    friend.post(f"{address}/vote", data={"still_there": "yes"})
    run_jobs()
    assert reputation_ledger.balance(session, member_id(session, "friend")) == (0, 1)
    author.post(f"{address}/withdraw")
    run_jobs()
    assert reputation_ledger.balance(session, member_id(session, "author")) == (0, 0)
    assert reputation_ledger.balance(session, member_id(session, "friend")) == (0, 0)


def test_what_was_taken_back_is_not_released(
    session: Session, make_member: Callable[..., Member]
) -> None:
    ana = make_member("ana").id
    reputation_actions.credit(session, ana, "photo", "photos:1", held=True)
    reputation_actions.reverse(session, "photos:1")
    reputation_actions.credit(session, ana, "photo", "photos:1", held=True)
    reputation_actions.release(session, "photos:1")
    assert reputation_ledger.balance(session, ana) == (0, 0)


def test_what_happens_to_one_thing_is_told_in_its_order(
    session: Session, signed_in: Browser
) -> None:
    author = signed_in("author", role="moderator")
    address = author.post("/reports", data=FORM).location
    author.post(f"{address}/withdraw")
    rows = session.execute(
        sa.text("SELECT lock, count(*) AS n FROM procrastinate_jobs"
                " WHERE task_name LIKE 'reputation.%' GROUP BY lock")
    ).all()  # fmt: skip
    # Posted, approved, gone, each with what may decide about votes: one waits for the other.
    assert [(row.lock.startswith("reputation:"), row.n) for row in rows] == [(True, 6)]
