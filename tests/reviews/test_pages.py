"""Reviews over HTTP."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from ugc.core import subjects
from ugc.core.db import Session
from ugc.places.models import KIND as PLACE
from ugc.places.models import Place
from ugc.reputation.models import Score
from ugc.reviews.models import HelpfulVote, Review, ReviewVersion

Browser = Callable[..., FlaskClient]
TEXT = "Quiet in the morning, the waiters know everybody, and the churros are worth the walk."
FORM = {"rating": "4", "title": "Worth the walk", "text": TEXT, "aspect_food": "5"}


@pytest.fixture
def place(session: Session) -> Place:
    subject = subjects.create(session, PLACE)
    made = Place(
        id=subject.id, name="Café Comercial", category="cafe", geom="SRID=4326;POINT(-3.7 40.4)"
    )
    session.add(made)
    session.commit()
    return made


@pytest.fixture
def address(session: Session, place: Place) -> str:
    return f"/places/{session.get_one(subjects.Subject, place.id).public_id}"


def reviews(session: Session) -> list[Review]:
    return list(session.scalars(sa.select(Review).order_by(Review.id)))


def totals(session: Session, place: Place) -> tuple[int, int]:
    session.refresh(place)
    return place.rating_count, place.rating_sum


def review_address(session: Session) -> str:
    public_id = session.get_one(subjects.Subject, reviews(session)[-1].id).public_id
    return f"/reviews/{public_id}"


def decide(browser: FlaskClient, session: Session, outcome: str) -> int:
    case_id, version = session.execute(
        sa.text("SELECT id, version FROM cases WHERE decided_at IS NULL ORDER BY id LIMIT 1")
    ).one()
    form = {"version": version, "outcome": outcome, "rule": "false", "note": "Not so."}
    return browser.post(f"/moderation/{case_id}", data=form).status_code


def test_a_newcomers_review_waits_whole_and_is_then_published(
    client: FlaskClient,
    session: Session,
    signed_in: Browser,
    place: Place,
    address: str,
    run_jobs: Callable[[], int],
) -> None:
    ana = signed_in("ana")
    assert ana.post(f"{address}/review", data=FORM).status_code == 303
    assert "Worth the walk" in ana.get(address).text
    assert "Worth the walk" not in client.get(address).text
    assert totals(session, place) == (0, 0)
    run_jobs()
    [score] = session.scalars(sa.select(Score))
    assert (score.points, score.points_held) == (0, 10)
    mod = signed_in("mod", role="moderator")
    assert "Worth the walk" in mod.get("/moderation").text
    assert decide(mod, session, "approved") == 303
    run_jobs()
    session.refresh(score)
    assert (score.points, score.points_held) == (10, 0)
    page = client.get(address).text
    assert "Worth the walk" in page
    assert "Food: 5/5" in page
    assert totals(session, place) == (1, 4)
    assert "(8 × 4 + sum) ÷ (8 + count) = 4" in page


def test_a_refused_review_tells_its_author_why(
    client: FlaskClient, session: Session, signed_in: Browser, address: str
) -> None:
    ana = signed_in("ana")
    ana.post(f"{address}/review", data=FORM)
    assert decide(signed_in("mod", role="moderator"), session, "refused") == 303
    page = ana.get(review_address(session)).text
    assert "False or misleading" in page
    assert "Not so." in page
    assert client.get(review_address(session)).status_code == 404


def test_one_review_per_member_and_place(
    session: Session, signed_in: Browser, address: str
) -> None:
    ana = signed_in("ana")
    ana.post(f"{address}/review", data=FORM)
    answer = ana.post(f"{address}/review", data=FORM)
    assert answer.status_code == 409
    assert "edit that review" in answer.text
    assert len(reviews(session)) == 1
    assert ana.get(f"{address}/review").location == f"{review_address(session)}/edit"


def test_the_database_keeps_one_review_per_member_and_place(
    session: Session, signed_in: Browser, address: str
) -> None:
    signed_in("ana").post(f"{address}/review", data=FORM)
    [review] = reviews(session)
    subject = subjects.create(session, "review")
    twin = Review(id=subject.id, place_id=review.place_id, author_id=review.author_id, rating=1)
    session.add(twin)
    with pytest.raises(sa.exc.IntegrityError, match="uq_reviews_place_author"):
        session.flush()


@pytest.mark.parametrize(
    ("change", "english", "spanish"),
    [
        ({"rating": ""}, "from 1 to 5 stars", "de 1 a 5 estrellas"),
        ({"rating": "6"}, "from 1 to 5 stars", "de 1 a 5 estrellas"),
        ({"rating": "4.5"}, "from 1 to 5 stars", "de 1 a 5 estrellas"),
        ({"text": "Too short."}, "at least 50", "al menos 50"),
        ({"text": "x" * 5001}, "At most 5000", "Como mucho 5000"),
        ({"title": "x" * 121}, "At most 120", "Como mucho 120"),
        ({"visited_month": "2999-01"}, "not one to come", "no uno por venir"),
        ({"visited_month": "spring"}, "not one to come", "no uno por venir"),
        ({"visit_kind": "alien"}, "kinds of visit", "tipos de visita"),
        ({"aspect_food": "9"}, "from 1 to 5 stars", "de 1 a 5 estrellas"),
        ({"aspect_rooms": "3"}, "does not know this field", "no conoce este campo"),
    ],
)
def test_refusals_say_what_to_do_and_keep_the_text(
    session: Session,
    signed_in: Browser,
    address: str,
    change: dict[str, str],
    english: str,
    spanish: str,
) -> None:
    form = {**FORM, **change}
    for language, words in (("en", english), ("es", spanish)):
        ana = signed_in(f"ana-{language}", language=language)
        answer = ana.post(f"{address}/review", data=form)
        assert answer.status_code == 422
        if "aspect_rooms" not in change:
            assert words in answer.text
        assert form["text"][:40] in answer.text
    assert reviews(session) == []


def test_editing_keeps_what_it_said(
    client: FlaskClient, session: Session, signed_in: Browser, place: Place, address: str
) -> None:
    mod = signed_in("mod", role="moderator")
    mod.post(f"{address}/review", data=FORM)
    where = review_address(session)
    changed = {**FORM, "rating": "2", "title": "Not any more", "revision": "1"}
    assert mod.post(f"{where}/edit", data=changed).status_code == 303
    assert totals(session, place) == (1, 2)
    page = client.get(where).text
    assert "Not any more" in page
    assert "What it said before" in page
    assert "Worth the walk" in page
    stale = mod.post(f"{where}/edit", data={**changed, "title": "Stale title"})
    assert stale.status_code == 409
    assert "Stale title" in stale.text
    assert totals(session, place) == (1, 2)
    assert len(list(session.scalars(sa.select(ReviewVersion)))) == 1


def test_others_cannot_edit_or_withdraw(session: Session, signed_in: Browser, address: str) -> None:
    signed_in("mod", role="moderator").post(f"{address}/review", data=FORM)
    where = review_address(session)
    bea = signed_in("bea")
    assert bea.get(f"{where}/edit").status_code == 404
    assert bea.post(f"{where}/edit", data={**FORM, "revision": "1"}).status_code == 403
    assert bea.post(f"{where}/withdraw").status_code == 403


def test_helpful_votes_count_once_and_earn_a_point(
    session: Session, signed_in: Browser, address: str, run_jobs: Callable[[], int]
) -> None:
    mod = signed_in("mod", role="moderator")
    mod.post(f"{address}/review", data=FORM)
    where = review_address(session)
    bea = signed_in("bea")
    for _ in range(2):
        assert bea.post(f"{where}/helpful", data={"helpful": "yes"}).status_code == 303
    assert mod.post(f"{where}/helpful", data={"helpful": "yes"}).status_code == 403
    session.expire_all()
    assert reviews(session)[0].helpful == 1
    run_jobs()
    assert session.scalars(sa.select(Score.points)).all() == [11]
    bea.post(f"{where}/helpful", data={"helpful": "no"})
    run_jobs()
    session.expire_all()
    assert reviews(session)[0].helpful == 0
    assert list(session.scalars(sa.select(HelpfulVote))) == []
    assert session.scalars(sa.select(Score.points)).all() == [10]


def test_withdrawing_takes_the_rating_and_the_points(
    client: FlaskClient,
    session: Session,
    signed_in: Browser,
    place: Place,
    address: str,
    run_jobs: Callable[[], int],
) -> None:
    mod = signed_in("mod", role="moderator")
    mod.post(f"{address}/review", data=FORM)
    where = review_address(session)
    assert totals(session, place) == (1, 4)
    assert mod.post(f"{where}/withdraw").status_code == 303
    run_jobs()
    assert totals(session, place) == (0, 0)
    assert session.scalars(sa.select(Score.points)).all() == [0]
    assert client.get(where).status_code == 404
    # And may be written anew.
    assert mod.post(f"{address}/review", data=FORM).status_code == 303


@pytest.mark.parametrize(("content", "left"), [("keep", (1, 4)), ("remove", (0, 0))])
def test_erasure_leaves_right_totals(
    client: FlaskClient,
    session: Session,
    signed_in: Browser,
    place: Place,
    address: str,
    content: str,
    left: tuple[int, int],
) -> None:
    mod = signed_in("mod", role="moderator")
    mod.post(f"{address}/review", data=FORM)
    form = {"content": content, "password": "correct horse battery"}
    assert mod.post("/settings/erase", data=form).status_code == 303
    assert totals(session, place) == left
    page = client.get(address).text
    assert ">mod<" not in page
    assert ("Worth the walk" in page) is (content == "keep")
