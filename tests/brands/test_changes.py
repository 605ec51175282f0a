"""A claimed brand's name and web address change by a case; what they were before can be seen."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from tests.brands.conftest import FORM, Decide
from ugc.brands.models import Brand, BrandChange
from ugc.core.db import Session
from ugc.notifications.models import Notification

Browser = Callable[..., FlaskClient]
TAKEOVER = {**FORM, "name": "Starbucks Official", "website": "https://starbucks.example"}


def edit(browser: FlaskClient, session: Session, address: str, form: dict[str, str]) -> int:
    session.expire_all()
    revision = str(session.scalars(sa.select(Brand)).one().revision)
    return browser.post(f"{address}/edit", data={**form, "revision": revision}).status_code


def standing(session: Session) -> tuple[str, str]:
    session.expire_all()
    brand = session.scalars(sa.select(Brand)).one()
    return brand.name, brand.website


def public(client: FlaskClient, address: str) -> str:
    """Everything that is told of the brand to all."""
    public_id = address.rsplit("/", 1)[-1]
    pages = (address, "/brands", "/brands?q=starbucks", "/search?q=mora", f"/embed/{public_id}")
    return "".join(client.get(page).text for page in pages)


@pytest.mark.parametrize("field", ["name", "website"])
def test_the_old_stands_until_a_moderator_agrees(
    client: FlaskClient,
    session: Session,
    mod: FlaskClient,
    owner: FlaskClient,
    address: str,
    decide: Decide,
    field: str,
    run_jobs: Callable[[], int],
) -> None:
    before = (FORM["name"], FORM["website"])
    wanted = {**FORM, field: TAKEOVER[field], "about": "Tea."}
    assert edit(owner, session, address, wanted) == 303
    assert standing(session) == before
    assert "Tea." in client.get(address).text
    assert "starbucks.example" not in public(client, address)
    assert "Starbucks Official" not in public(client, address)
    assert "stand" in owner.get(address).text
    queue = mod.get("/moderation").text
    assert TAKEOVER[field] in queue
    assert "neither web domain" in queue
    # One waits at a time, and its text cannot be exchanged behind the moderator's back.
    assert edit(owner, session, address, {**FORM, "name": "Another"}) == 409
    assert decide("approved") == 303
    assert standing(session) == (wanted["name"], wanted["website"])
    run_jobs()
    assert "approved" in session.scalars(sa.select(Notification.kind)).all()
    page = client.get(address).text
    assert "Formerly" in page
    assert FORM["name"] in page


def test_a_refusal_is_told_and_changes_nothing(
    client: FlaskClient,
    session: Session,
    owner: FlaskClient,
    address: str,
    decide: Decide,
    run_jobs: Callable[[], int],
) -> None:
    edit(owner, session, address, TAKEOVER)
    assert decide("refused") == 303
    assert standing(session) == (FORM["name"], FORM["website"])
    assert "Formerly" not in client.get(address).text
    run_jobs()
    assert "refused" in session.scalars(sa.select(Notification.kind)).all()
    assert "False or misleading" in owner.get("/inbox").text
    assert edit(owner, session, address, TAKEOVER) == 303


def test_the_team_takes_a_change_back(
    session: Session, signed_in: Browser, mod: FlaskClient, owner: FlaskClient, address: str
) -> None:
    edit(owner, session, address, TAKEOVER)
    where = f"{address}/change/withdraw"
    assert signed_in("bea").post(where).status_code == 403
    assert owner.post(where).status_code == 303
    assert "Starbucks" not in mod.get("/moderation").text
    assert session.scalars(sa.select(BrandChange.visibility)).all() == ["withdrawn"]
    assert edit(owner, session, address, TAKEOVER) == 303


def test_a_moderator_of_the_team_does_not_decide_its_change(
    session: Session, mod: FlaskClient, address: str, signed_in: Browser, decide: Decide
) -> None:
    other = signed_in("other", role="moderator")
    mod.post(f"{address}/claim", data={"message": "I run the shop in the old town myself."})
    assert decide("approved", by=other) == 303
    assert edit(mod, session, address, TAKEOVER) == 303
    assert standing(session) == (FORM["name"], FORM["website"])
    assert decide("approved", by=mod) == 403
    assert decide("approved", by=other) == 303
    assert standing(session)[0] == TAKEOVER["name"]


def test_moderators_correct_an_unclaimed_brand_at_once_and_it_is_kept(
    client: FlaskClient, session: Session, mod: FlaskClient, address: str
) -> None:
    assert edit(mod, session, address, {**FORM, "name": "Café Mora y Loro"}) == 303
    page = client.get(address).text
    assert "Café Mora y Loro" in page
    assert "Formerly" in page


def test_moderators_change_a_claimed_brand_by_a_case_too(
    session: Session, mod: FlaskClient, owner: FlaskClient, address: str, decide: Decide
) -> None:
    assert edit(mod, session, address, TAKEOVER) == 303
    assert standing(session)[0] == FORM["name"]
    assert decide("approved", by=mod) == 403


def test_a_name_that_was_taken_meanwhile_is_not_given(
    session: Session, mod: FlaskClient, owner: FlaskClient, address: str, decide: Decide
) -> None:
    edit(owner, session, address, TAKEOVER)
    mod.post("/brands", data=TAKEOVER)
    assert decide("approved") == 409
    session.expire_all()
    assert session.scalar(sa.select(Brand.name).where(Brand.claimed_at.is_not(None))) == "Café Mora"
