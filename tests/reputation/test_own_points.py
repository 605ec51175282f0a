"""One's own points by what they came from, and one's place on the leaderboard."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from tests.factories import reputation
from tests.reading import words
from ugc.accounts.models import Member
from ugc.core import subjects
from ugc.core.db import Session
from ugc.reputation import actions as reputation_actions
from ugc.reputation.queries import board as reputation_board
from ugc.reputation.queries import ledger as reputation_ledger
from ugc.reputation.queries import own as reputation_own

FORM = {"kind": "jam", "lat": "40.42", "lon": "-3.70", "text": "Slow."}
Browser = Callable[..., FlaskClient]
Jobs = Callable[[], int]
Make = Callable[..., Member]
MADRID = 3117735


def earn(
    session: Session, member: Member, points: int, *, days: int = 0, city: int | None = None
) -> None:
    reputation.earn(session, member.id, points, days=days, city_id=city)
    reputation_actions.recount(session, member.id)


@pytest.fixture
def crowd(session: Session, make_member: Make) -> list[Member]:
    """Sixty members with 60, 59 … 1 points."""
    members = [make_member(f"m{number:02}", language="en") for number in range(1, 61)]
    for number, member in enumerate(members):
        earn(session, member, 60 - number, city=MADRID)
    session.commit()
    return members


def test_my_place_with_who_is_round_me(session: Session, crowd: list[Member]) -> None:
    places = {0: [1, 2, 3], 1: [1, 2, 3, 4], 54: [53, 54, 55, 56, 57], 59: [58, 59, 60]}
    for days, city in itertools.product([None, 30], [None, MADRID]):
        # The list says the same of each member that it reaches.
        leaders = reputation_board.leaders(session, days=days, city_id=city)
        listed = {one.member_id: one for one in leaders}
        for at, beside in places.items():
            case = (days, city, at)
            mine = reputation_board.my_place(session, crowd[at].id, days=days, city_id=city)
            assert mine is not None, case
            assert (mine.place, mine.of, mine.points) == (at + 1, 60, 60 - at), case
            assert [one.place for one in mine.beside] == beside, case
            assert [one.handle for one in mine.beside] == [f"m{n:02}" for n in beside], case
            assert all(listed.get(one.member_id, one) == one for one in mine.beside), case


def test_ties_stand_by_who_joined_first(session: Session, make_member: Make) -> None:
    one, two, three = (make_member(handle) for handle in ("one", "two", "three"))
    for member in (one, two, three):
        earn(session, member, 5)
    places = [reputation_board.my_place(session, each.id, days=None) for each in (one, two, three)]
    assert [each.place for each in places if each] == [1, 2, 3]
    assert [[s.place for s in each.beside] for each in places if each] == [[1, 2, 3]] * 3


def test_my_line_is_told_in_the_page(
    session: Session, client: FlaskClient, crowd: list[Member], signed_in: Browser
) -> None:
    ana = signed_in("ana", language="en")
    me = session.scalars(sa.select(Member).where(Member.handle == "ana")).one()
    earn(session, me, 3)
    session.commit()
    page = words(ana.get("/leaderboard").text)
    assert "You are number 59 of 61" in page
    assert "1 point more and you are one place higher" in page
    assert "You are number" not in client.get("/leaderboard").text
    assert "You have no points in this list yet." in ana.get("/leaderboard?city=Madrid").text


@pytest.mark.parametrize(("points", "times"), [(100, 1), (3, 2)])
def test_who_stands_at_the_top_is_told_once_there(
    session: Session, crowd: list[Member], signed_in: Browser, points: int, times: int
) -> None:
    ana = signed_in("ana", language="en")
    me = session.scalars(sa.select(Member).where(Member.handle == "ana")).one()
    earn(session, me, points)
    session.commit()
    page = ana.get("/leaderboard").text
    assert page.count('<ol class="items">') == times


def test_what_says_the_same_on_one_day_is_one_line() -> None:
    def line(id: int, at: str, points: int = 2, **values: object) -> reputation_own.Line:
        told = {"action": "invited", "step": "credit", "about": None, **values}
        return reputation_own.Line(id=id, points=points, at=dt.datetime.fromisoformat(at), **told)  # type: ignore[arg-type]

    thing = subjects.SubjectInfo(1, "report", "x", "X", "/x")
    lines = [
        line(9, "2026-07-02T12:00+00:00"),
        line(8, "2026-07-02T11:00+00:00", about=thing),
        line(7, "2026-07-02T10:00+00:00", about=thing),
        line(6, "2026-07-01T23:00+00:00"),  # the next day in Madrid
        line(5, "2026-07-01T12:00+00:00"),
        line(4, "2026-07-01T11:00+00:00", -2, step="reverse"),
        line(3, "2026-07-01T10:00+00:00", 0),
    ]
    folded = reputation_own.folded(lines, "Europe/Madrid")
    assert [(each.id, each.points, each.times) for each in folded] == [
        (9, 4, 2), (8, 2, 1), (7, 2, 1), (5, 2, 1), (4, -2, 1), (3, 0, 1),
    ]  # fmt: skip


@pytest.mark.parametrize("filters", ["?city=Madrid", "?span=month"])
def test_whose_profile_lists_nothing_is_not_named_where_the_list_tells_of_a_city_or_days(
    session: Session, client: FlaskClient, crowd: list[Member], signed_in: Browser, filters: str
) -> None:
    crowd[0].profile_lists = "nothing"
    session.commit()
    assert "/members/m01" in client.get("/leaderboard").text
    narrow = client.get(f"/leaderboard{filters}").text
    assert "/members/m01" not in narrow
    assert "/members/m02" in narrow
    assert "a member" in narrow
    beside = reputation_board.my_place(session, crowd[1].id, days=30)
    assert beside is not None
    assert [one.handle for one in beside.beside] == [None, "m02", "m03", "m04"]
    own_view = reputation_board.leaders(session, days=30, reader_id=crowd[0].id)
    assert own_view[0].handle == "m01"


def test_points_by_what_they_came_from(
    session: Session, signed_in: Browser, run_jobs: Jobs
) -> None:
    ana = signed_in("ana", role="moderator", language="en")
    first = ana.post("/reports", data=FORM).location
    second = ana.post("/reports", data={**FORM, "lat": "41"}).location
    run_jobs()
    page = words(ana.get("/points").text)
    assert "12 points" in page
    assert "3 points more to level 2" in page
    assert "Report published" in page
    html = ana.get("/points").text
    assert f'href="{first}"' in html
    assert f'href="{second}"' in html
    ana.post(f"{second}/withdraw")
    run_jobs()
    page = words(ana.get("/points").text)
    assert "−6" in page
    assert "taken back" in page
    me = session.scalars(sa.select(Member.id).where(Member.handle == "ana")).one()
    totals = reputation_own.totals_by_action(session, me)
    assert sum(total.points for total in totals) == reputation_ledger.balance(session, me)[0] == 6


def test_what_waits_is_told_to_oneself_alone(
    session: Session, client: FlaskClient, signed_in: Browser, run_jobs: Jobs
) -> None:
    ana = signed_in("ana", language="en")
    address = ana.post("/reports", data=FORM).location
    run_jobs()
    page = ana.get("/points").text
    assert "What waits" in page
    assert f'href="{address}"' in page
    assert "and 6 that wait" in words(page)
    assert "6 that wait" in words(ana.get("/members/ana").text)
    for reader in (
        client,
        signed_in("ben", language="en"),
        signed_in("mod", role="moderator", language="en"),
    ):
        assert "that wait" not in words(reader.get("/members/ana").text)
    assert client.get("/points").status_code == 401


def test_a_page_of_movements_follows_the_last(
    session: Session, make_member: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reputation_own, "PAGE", 2)
    ana = make_member("ana")
    for points in (1, 2, 3, 4, 5):
        earn(session, ana, points)
    seen: list[int] = []
    before = None
    while True:
        lines, before = reputation_own.movements(session, ana.id, before)
        seen += [line.points for line in lines]
        if before is None:
            break
    assert seen == [5, 4, 3, 2, 1]


def test_a_day_that_was_full_is_said(session: Session, make_member: Make) -> None:
    ana = make_member("ana")
    for number in range(21):
        reputation_actions.credit(session, ana.id, "comment", f"comment:{number}", held=False)
    lines, _ = reputation_own.movements(session, ana.id)
    assert [line.full for line in lines[:2]] == [True, False]
    assert reputation_own.totals_by_action(session, ana.id)[0].times == 20
