"""A brand, its team and the moderators' queue, over HTTP."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from tests import deciding
from ugc.core.db import Session

Browser = Callable[..., FlaskClient]
Decide = Callable[..., int]
FORM = {"name": "Café Mora", "about": "Coffee and books.", "website": "https://cafemora.example"}
MESSAGE = "I run the shop in the old town and answer its mail."


@pytest.fixture
def mod(signed_in: Browser) -> FlaskClient:
    return signed_in("mod", role="moderator")


@pytest.fixture
def decide(mod: FlaskClient, session: Session) -> Decide:
    """Decides the oldest open case; returns the status of the answer."""

    def decided(outcome: str, rule: str = "false", by: FlaskClient = mod) -> int:
        session.expire_all()
        return deciding.decide(by, session, outcome, rule=rule, note="Show a document.")

    return decided


@pytest.fixture
def address(mod: FlaskClient) -> str:
    location = mod.post("/brands", data=FORM).location
    assert isinstance(location, str)
    return location


@pytest.fixture
def owner(signed_in: Browser, decide: Decide, address: str) -> FlaskClient:
    """The browser of a member whose claim was approved."""
    browser = signed_in("owner")
    assert browser.post(f"{address}/claim", data={"message": MESSAGE}).status_code == 303
    assert decide("approved") == 303
    return browser
