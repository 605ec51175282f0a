"""Names that look like a claimed brand's or the site's wait for a moderator, who sees why."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from tests.brands.conftest import FORM, MESSAGE, Decide
from tests.factories import content
from tests.factories.members import PASSWORD
from ugc.accounts.models import Member
from ugc.core.db import Session

Browser = Callable[..., FlaskClient]
CYRILLIC = "Cаfé Mora"  # its a is U+0430


@pytest.fixture
def ana(signed_in: Browser, session: Session) -> FlaskClient:
    """A member whose contributions show at once."""
    browser = signed_in("ana")
    author = session.scalars(sa.select(Member.id).where(Member.handle == "ana")).one()
    for number in range(3):
        content.brand(session, name=f"Brand {number}", author_id=author)
    session.commit()
    return browser


def reasons(session: Session) -> list[str]:
    return list(session.scalars(sa.text("SELECT reason FROM cases WHERE decided_at IS NULL")))


@pytest.mark.parametrize(
    ("name", "reason", "told"),
    [
        (CYRILLIC, "lookalike", "looks like that of a brand"),
        ("Café-Mоra", "lookalike", "looks like that of a brand"),
        ("Boca Soporte", "lookalike", "as if those who run the site spoke"),
        ("Café Loro", None, ""),
    ],
)
def test_a_look_alike_is_held_with_its_reason(
    client: FlaskClient,
    session: Session,
    mod: FlaskClient,
    owner: FlaskClient,
    ana: FlaskClient,
    name: str,
    reason: str | None,
    told: str,
) -> None:
    where = ana.post("/brands", data={**FORM, "name": name}).location
    assert reasons(session) == ([reason] if reason else [])
    assert client.get(where).status_code == (404 if reason else 200)
    queue = mod.get("/moderation").text
    assert told in queue
    assert ("a name like another" in queue) is bool(reason)


def test_nothing_is_like_an_unclaimed_brand(
    session: Session, address: str, ana: FlaskClient
) -> None:
    ana.post("/brands", data={**FORM, "name": CYRILLIC})
    assert reasons(session) == []


def test_a_claim_shows_whom_its_brand_looks_like(
    session: Session, mod: FlaskClient, address: str, ana: FlaskClient, decide: Decide
) -> None:
    older = ana.post("/brands", data={**FORM, "name": CYRILLIC}).location
    ana.post(f"{address}/claim", data={"message": MESSAGE})
    assert "looks like that of a brand" not in mod.get("/moderation").text
    assert decide("approved") == 303
    ana.post(f"{older}/claim", data={"message": MESSAGE})
    assert "looks like that of a brand" in mod.get("/moderation").text


@pytest.mark.parametrize(
    ("handle", "told"),
    [
        ("cafe-mora", "Café Mora, which has a verified team"),
        ("cafernora", "Café Mora, which has a verified team"),
        ("Boca-Soporte", "“Boca” is kept for those who run the site"),
        ("moderator1", "is kept for those who run the site"),
        ("cafe-moral", None),
    ],
)
def test_nobody_joins_by_a_name_like_a_claimed_brand_or_the_site(
    client: FlaskClient, owner: FlaskClient, handle: str, told: str | None
) -> None:
    form = {"handle": handle, "email": "new@example.org", "password": PASSWORD}
    answer = client.post("/join", data=form)
    assert answer.status_code == (422 if told else 303)
    assert told is None or told in answer.text
