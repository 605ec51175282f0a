"""What a profile lists of what its owner contributed, to whom."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from ugc.accounts.models import Member
from ugc.core.db import Session

Browser = Callable[..., FlaskClient]
NEAR = {"lat": "40.41681", "lon": "-3.70379"}
TOLD = ("Waste and cleaning", "Café", "Madrid")
# Links to what was contributed, its coordinates, names and texts, and its pictures.
EXACT = re.compile(
    r'href="/(?:reports|places|reviews)/\w{12}|40\.416|Bar Uno|Worth it|Slow|/photos/'
)


@pytest.fixture
def ana(signed_in: Browser, session: Session) -> FlaskClient:
    """One of each kind of thing that a profile lists."""
    browser = signed_in("ana", role="moderator")
    assert browser.post("/reports", data={**NEAR, "kind": "waste", "text": "Slow"}).location
    place = browser.post("/places", data={**NEAR, "name": "Bar Uno", "category": "cafe"}).location
    review = {"rating": "4", "title": "Worth it", "text": "Worth it, " * 9}
    assert browser.post(f"{place}/review", data=review).status_code == 303
    return browser


def choose(browser: FlaskClient, session: Session, chosen: str) -> None:
    form = {"language": "en", "timezone": "UTC", "profile_lists": chosen}
    assert browser.post("/settings", data=form).status_code == 303
    session.expire_all()


def listed(browser: FlaskClient) -> str:
    """The lists of a profile, without its header and its facts."""
    return browser.get("/members/ana").text.split("with-aside__rest", 1)[1]


def test_by_default_kind_city_and_day(client: FlaskClient, ana: FlaskClient) -> None:
    page = listed(client)
    assert [word for word in TOLD if word not in page] == []
    assert EXACT.findall(page) == []
    assert "<time datetime" not in page.split("<h2>Reports</h2>", 1)[1]


@pytest.mark.parametrize("chosen", ["nothing", "days", "all"])
def test_the_owner_chooses(
    client: FlaskClient, session: Session, ana: FlaskClient, signed_in: Browser, chosen: str
) -> None:
    choose(ana, session, chosen)
    told = {
        "nothing": (False, False), "days": (True, False), "all": (True, True),
    }[chosen]  # fmt: skip
    for reader in (client, signed_in("bea")):
        page = listed(reader)
        assert ("Waste and cleaning" in page, bool(EXACT.search(page))) == told
    # Who owns it and who moderates read everything; the owner reads what others see.
    for reader in (ana, signed_in("mod", role="moderator")):
        led_to = re.findall(r'href="/(\w+)/\w{12}', listed(reader))
        assert {"reports", "places", "reviews"} <= set(led_to)
    assert "Change it" in ana.get("/members/ana").text
    assert "Change it" not in client.get("/members/ana").text
    assert f'"profile_lists": "{chosen}"' in ana.get("/settings/export").text


def test_a_day_is_the_same_for_every_reader(
    app: object, session: Session, ana: FlaskClient, signed_in: Browser
) -> None:
    """Else the hour would show by reading it from many time zones."""
    lines = {
        re.findall(r'<span class="muted">([^<]+)</span>', listed(reader))[-1]
        for reader in (
            signed_in("east", timezone="Pacific/Kiritimati"),
            signed_in("west", timezone="Pacific/Pago_Pago"),
        )
    }
    assert len(lines) == 1


def test_an_unknown_choice_is_refused(session: Session, ana: FlaskClient) -> None:
    form = {"language": "en", "timezone": "UTC", "profile_lists": "friends"}
    assert ana.post("/settings", data=form).status_code == 422
    assert session.scalar(sa.select(Member.profile_lists).where(Member.handle == "ana")) == "days"
