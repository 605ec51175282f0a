"""Reviews over HTTP."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from tests.deciding import decide
from ugc.content import actions as content_actions
from ugc.content.models import Version
from ugc.core import subjects
from ugc.core.db import Session
from ugc.core.subjects import Visibility
from ugc.places.actions import editing as places_editing
from ugc.places.models import KIND as PLACE
from ugc.places.models import Place
from ugc.reputation.models import PointTotals
from ugc.reviews.models import HelpfulVote, Review

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
    [score] = session.scalars(sa.select(PointTotals))
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
    assert "(8 × 4.00 + sum) ÷ (8 + count) = 4.00" in page


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
    texts = sa.select(Version).where(Version.field == "text")
    assert len(list(session.scalars(texts))) == 1


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
    assert session.scalars(sa.select(PointTotals.points)).all() == [11]
    bea.post(f"{where}/helpful", data={"helpful": "no"})
    run_jobs()
    session.expire_all()
    assert reviews(session)[0].helpful == 0
    assert list(session.scalars(sa.select(HelpfulVote))) == []
    assert session.scalars(sa.select(PointTotals.points)).all() == [10]


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
    assert session.scalars(sa.select(PointTotals.points)).all() == [0]
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


def test_what_nobody_could_read_never_becomes_public(
    client: FlaskClient, session: Session, signed_in: Browser, address: str
) -> None:
    """A held text that was edited away is not approved with the one that a moderator saw."""
    ana, mod = signed_in("ana"), signed_in("mod", role="moderator")
    ana.post(f"{address}/review", data={**FORM, "title": "Buy tyres"})
    where = review_address(session)
    assert ana.post(f"{where}/edit", data={**FORM, "revision": "1"}).status_code == 303
    decide(mod, session, "approved")
    page = client.get(where).text
    assert "Worth the walk" in page
    assert "Buy tyres" not in page
    assert list(session.scalars(sa.select(Version))) == []


def test_what_a_newcomer_edits_waits_again(
    client: FlaskClient,
    session: Session,
    signed_in: Browser,
    place: Place,
    address: str,
    run_jobs: Callable[[], int],
) -> None:
    ana, mod = signed_in("ana"), signed_in("mod", role="moderator")
    ana.post(f"{address}/review", data=FORM)
    where = review_address(session)
    decide(mod, session, "approved")
    changed = {**FORM, "title": "Buy tyres", "rating": "1", "revision": "1"}
    assert ana.post(f"{where}/edit", data=changed).status_code == 303
    assert client.get(where).status_code == 404
    assert "Buy tyres" not in client.get(address).text
    assert totals(session, place) == (0, 0)
    assert decide(mod, session, "approved") == 303
    assert totals(session, place) == (1, 1)
    assert "Buy tyres" in client.get(where).text
    run_jobs()
    assert session.scalars(sa.select(PointTotals.points)).all() == [10]


def test_an_edit_meanwhile_stops_a_decision(
    session: Session, signed_in: Browser, address: str
) -> None:
    ana, mod = signed_in("ana"), signed_in("mod", role="moderator")
    ana.post(f"{address}/review", data=FORM)
    seen = session.execute(sa.text("SELECT id, version FROM cases")).one()
    ana.post(f"{review_address(session)}/edit", data={**FORM, "title": "Spam", "revision": "1"})
    form = {"version": seen.version, "action": "approve"}
    assert mod.post(f"/moderation/{seen.id}", data=form).status_code == 409


@pytest.mark.parametrize("visibility", ["held", "hidden", "removed", "withdrawn"])
def test_reviews_are_as_public_as_their_place(
    client: FlaskClient,
    session: Session,
    signed_in: Browser,
    place: Place,
    address: str,
    visibility: str,
) -> None:
    mod = signed_in("mod", role="moderator", profile_lists="all")
    mod.post(f"{address}/review", data=FORM)
    where = review_address(session)
    assert "Worth the walk" in client.get("/members/mod").text
    place.visibility = visibility
    session.commit()
    bea = signed_in("bea")
    assert bea.get(where).status_code == 404
    assert bea.post(f"{where}/helpful", data={"helpful": "yes"}).status_code == 404
    assert bea.get(where.replace("/reviews/", "/flag/")).status_code == 404
    assert bea.post(f"{address}/review", data=FORM).status_code == 404
    assert "Worth the walk" not in client.get("/members/mod").text
    assert mod.get(where).status_code == 200


def test_a_hidden_place_takes_no_review_of_those_who_see_it(
    session: Session, signed_in: Browser, place: Place, address: str
) -> None:
    place.visibility = "hidden"
    session.commit()
    mod = signed_in("mod", role="moderator")
    assert mod.post(f"{address}/review", data=FORM).status_code == 404
    assert reviews(session) == []


def test_a_refused_review_leads_to_the_reason_not_to_a_form(
    session: Session, signed_in: Browser, address: str
) -> None:
    ana = signed_in("ana")
    ana.post(f"{address}/review", data=FORM)
    decide(signed_in("mod", role="moderator"), session, "refused")
    assert ana.get(f"{address}/review").location == review_address(session)
    again = ana.post(f"{address}/review", data=FORM)
    assert again.status_code == 409
    assert "Open the review that you wrote before" in again.text


def test_nothing_that_people_write_is_markup(
    client: FlaskClient, session: Session, signed_in: Browser
) -> None:
    evil = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{ 4321*7654 }}"
    mod = signed_in("mod", role="moderator")
    form = {
        "name": evil, "address": evil, "category": "cafe", "lat": "40.4", "lon": "-3.7",
        "website": "https://example.org/\"onmouseover=alert(1)",
    }  # fmt: skip
    address = mod.post("/places", data=form).location
    mod.post(f"{address}/review", data={**FORM, "title": evil, "text": evil * 2})
    where = review_address(session)
    mod.post(f"{where}/edit", data={**FORM, "revision": "1"})
    refused = mod.post(f"{address}/review", data={**FORM, "title": evil, "text": evil})
    pages = [
        client.get(path) for path in (address, where, "/places", "/search?q=script", "/members/mod")
    ]
    pages += [mod.get(f"{where}/edit"), mod.get(f"{address}/edit"), refused]
    pages.append(client.get("/search", query_string={"q": evil}))
    pages.append(client.get("/places", query_string={"q": evil, "category": evil, "order": evil}))
    for page in pages:
        assert page.status_code in (200, 409)
        assert "<script>alert" not in page.text
        assert "<img src=x" not in page.text
        assert '"onmouseover' not in page.text
        assert str(4321 * 7654) not in page.text


def test_helpful_points_go_with_the_review(
    session: Session, signed_in: Browser, address: str, run_jobs: Callable[[], int]
) -> None:
    mod = signed_in("mod", role="moderator")
    mod.post(f"{address}/review", data=FORM)
    where = review_address(session)
    signed_in("bea").post(f"{where}/helpful", data={"helpful": "yes"})
    run_jobs()
    assert session.scalars(sa.select(PointTotals.points)).all() == [11]
    mod.post(f"{where}/withdraw")
    run_jobs()
    assert session.scalars(sa.select(PointTotals.points)).all() == [0]


def test_a_place_that_nobody_else_reviewed_goes_with_its_author(
    client: FlaskClient, session: Session, signed_in: Browser
) -> None:
    mod = signed_in("mod", role="moderator")
    form = {"name": "Librería Nueva", "category": "shop", "lat": "40.4", "lon": "-3.7"}
    address = mod.post("/places", data=form).location
    mod.post(f"{address}/review", data={**FORM, "aspect_food": ""})
    erasure = {"content": "remove", "password": "correct horse battery"}
    assert mod.post("/settings/erase", data=erasure).status_code == 303
    assert client.get(address).status_code == 404
    rows = session.execute(sa.text("SELECT visibility, author_id FROM places")).all()
    assert rows == [("withdrawn", None)]
    assert session.execute(sa.text("SELECT text, subratings FROM reviews")).all() == [("", {})]


@pytest.mark.parametrize(
    ("language", "confirm", "fast"),
    [("en", "Confirm your e-mail", "too fast"), ("es", "Confirma", "demasiado deprisa")],
)
def test_who_is_told_to_wait(
    signed_in: Browser, address: str, language: str, confirm: str, fast: str
) -> None:
    new = signed_in("new", confirmed=False, language=language)
    assert confirm in new.get(f"{address}/review").text
    refused = new.post(f"{address}/review", data=FORM)
    assert refused.status_code == 403
    assert confirm in refused.text
    ana = signed_in("ana", language=language)
    for _ in range(20):
        ana.post(f"{address}/review", data={**FORM, "rating": "9"})
    limited = ana.post(f"{address}/review", data=FORM)
    assert limited.status_code == 429
    assert fast in limited.text.lower()
    assert TEXT in limited.text


def test_reviews_are_sorted_filtered_and_paged(
    client: FlaskClient, session: Session, place: Place, address: str
) -> None:
    for n in range(23):
        subject = subjects.create(session, "review")
        session.add(
            Review(
                id=subject.id,
                place_id=place.id,
                rating=1 + n % 5,
                title=f"Title {n:02}",
                text=TEXT,
                helpful=n,
                created_at=sa.text(f"app_now() - interval '{n} hours'"),
            )
        )
    place.rating_count, place.rating_sum = 23, 66
    session.commit()

    def titles(query: str) -> list[int]:
        text = client.get(f"{address}?{query}").text
        return [int(part[:2]) for part in text.split(">Title ")[1:]]

    assert titles("") == list(range(22, 2, -1))
    assert titles("page=2") == [2, 1, 0]
    assert titles("reviews=newest")[:3] == [0, 1, 2]
    assert titles("reviews=best")[:5] == [4, 9, 14, 19, 3]
    assert titles("reviews=worst")[0] == 0
    assert titles("stars=5") == [19, 14, 9, 4]
    assert titles("stars=9&page=x&reviews=%25") == titles("")
    first = client.get(f"{address}?stars=2&reviews=newest").text
    assert 'rel="next"' not in first
    assert 'rel="next"' in client.get(address).text
    assert 'rel="prev"' in client.get(f"{address}?page=2").text


def test_reviews_are_seen_with_their_place_alone(
    session: Session, signed_in: Browser, place: Place, address: str
) -> None:
    """Also for readers of the change feed, and the photos of the reviews."""

    def told() -> tuple[bool, int]:
        row = session.execute(
            sa.text("SELECT s.visible, s.changed_txid::text::bigint AS txid FROM subjects s"
                    " JOIN reviews r ON r.id = s.id")
        ).one()  # fmt: skip
        return row.visible, row.txid

    critic = signed_in("critic", role="moderator")
    critic.post(f"{address}/review", data=FORM)
    assert told()[0] is True
    signed_in("ana").post(f"/flag/{address.removeprefix('/places/')}", data={"rule": "private"})
    mod = signed_in("mod", role="moderator")
    assert decide(mod, session, "refused") == 303
    assert told()[0] is False
    content_actions.set_visibility(
        session, places_editing.PLACES, place.id, Visibility.PUBLISHED, "appeal", "system"
    )
    session.commit()
    assert told()[0] is True
