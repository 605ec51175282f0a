"""A team's reviews of its own places are refused; older ones are marked and count for nothing."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from tests.brands.conftest import Decide
from tests.factories.members import join_team
from tests.forms import PLACE, REVIEW
from ugc.core.db import Session
from ugc.places.models import Place

Browser = Callable[..., FlaskClient]
MARK = "team: does not count"


@pytest.fixture
def place(mod: FlaskClient) -> str:
    return str(mod.post("/places", data=PLACE).location)


def told(session: Session) -> tuple[int, int]:
    session.expire_all()
    row = session.scalars(sa.select(Place)).one()
    return row.rating_count, row.rating_sum


def take(owner: FlaskClient, decide: Decide, place: str, address: str) -> None:
    owner.post(f"{place}/brand", data={"brand": address.rsplit("/", 1)[-1]})
    assert decide("approved") == 303


def test_the_team_does_not_review_or_rate_its_own_place(
    session: Session,
    mod: FlaskClient,
    owner: FlaskClient,
    address: str,
    place: str,
    decide: Decide,
) -> None:
    take(owner, decide, place, address)
    for refused in (owner.get(f"{place}/review"), owner.post(f"{place}/review", data=REVIEW)):
        assert refused.status_code == 403
        assert "for its guests to write" in refused.text
    mod.post(f"{place}/review", data=REVIEW)
    query = sa.text("SELECT public_id FROM subjects WHERE kind = 'review'")
    review = session.execute(query).scalar_one()
    vote = owner.post(f"/reviews/{review}/helpful", data={"helpful": "yes"})
    assert vote.status_code == 403
    assert told(session) == (1, 4)


@pytest.mark.parametrize("last", ["place", "role"])
def test_an_older_review_is_marked_and_counts_no_more(
    client: FlaskClient,
    session: Session,
    mod: FlaskClient,
    owner: FlaskClient,
    address: str,
    place: str,
    decide: Decide,
    run_jobs: Callable[[], int],
    signed_in: Browser,
    last: str,
) -> None:
    bea = signed_in("bea", role="moderator")
    bea.post(f"{place}/review", data={**REVIEW, "rating": "5"})
    mod.post(f"{place}/review", data=REVIEW)
    assert told(session) == (2, 9)
    if last == "place":
        join_team(session, "bea", "analyst")
        session.commit()
        take(owner, decide, place, address)
    else:
        take(owner, decide, place, address)
        run_jobs()
        assert told(session) == (2, 9)
        asked = {"handle": "bea", "role": "analyst"}
        assert owner.post(f"{address}/team", data=asked).status_code == 303
        assert bea.post(f"{address}/join-team", data={"answer": "accept"}).status_code == 303
    run_jobs()
    assert told(session) == (1, 4)
    page = client.get(place).text
    assert page.count(MARK) == 1
    assert '"ratingCount":1' in page.replace(" ", "").replace("reviewCount", "ratingCount")
    assert page.count('"@type":"Review"') + page.count('"@type": "Review"') == 1
    # Who has left the team since still spoke for it then.
    session.execute(sa.text("UPDATE grants SET ended_at = app_now() + interval '1 s'"))
    session.commit()
    assert client.get(place).text.count(MARK) == 1
