"""Links, visits and the tree of contacts."""

import datetime as dt
import re
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import PASSWORD
from ugc.accounts.models import Member
from ugc.core.db import Session
from ugc.referrals import queries, rules

AGENT = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"}
NOON = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)


@pytest.mark.parametrize(("days", "counted"), [(0, True), (90, True), (90.01, False), (-1, False)])
def test_a_click_lives_90_days(days: float, counted: bool) -> None:
    assert rules.counts(NOON - dt.timedelta(days=days), NOON) is counted


@pytest.mark.parametrize(
    ("agent", "purpose", "machine"),
    [
        (AGENT["User-Agent"], "", False),
        (AGENT["User-Agent"], "prefetch;prerender", True),
        ("WhatsApp/2.23", "", True),
        ("Googlebot/2.1", "", True),
        ("", "", True),
    ],
)
def test_machines(agent: str, purpose: str, machine: bool) -> None:
    assert rules.is_machine(agent, purpose) is machine


def link_of(browser: FlaskClient) -> str:
    assert browser.post("/contacts/link").status_code == 303
    found = re.search(r'value="http://localhost(/r/\w+)"', browser.get("/contacts").text)
    assert found is not None
    return found[1]


def join_through(app: Flask, link: str, handle: str) -> FlaskClient:
    browser = app.test_client()
    assert browser.get(link, headers=AGENT).status_code == 302
    form = {"handle": handle, "email": f"{handle}@example.org", "password": PASSWORD}
    assert browser.post("/join", data=form).status_code == 303
    return browser


def test_three_degrees(app: Flask, session: Session, signed_in: Callable[..., FlaskClient]) -> None:
    ana = signed_in("ana")
    ben = join_through(app, link_of(ana), "ben")
    eva = join_through(app, link_of(ben), "eva")
    leo = join_through(app, link_of(eva), "leo")
    join_through(app, link_of(leo), "mia")
    ids = {m.handle: m.id for m in session.scalars(sa.select(Member))}
    assert queries.reach(session, ids["ana"]) == (1, 1, 1)
    assert queries.reach(session, ids["ben"]) == (1, 1, 1)
    assert queries.reach(session, ids["leo"]) == (1, 0, 0)
    page = ana.get("/contacts").text
    assert "/members/ben" in page
    assert "/members/eva" not in page  # farther contacts are named only where they allow it


def test_the_last_click_wins_and_machines_do_not_click(
    app: Flask, session: Session, signed_in: Callable[..., FlaskClient]
) -> None:
    first, second, third = (link_of(signed_in(name)) for name in ("ana", "ben", "eva"))
    visitor = app.test_client()
    visitor.get(first, headers=AGENT)
    visitor.get(second, headers=AGENT)
    visitor.get(second, headers=AGENT)
    visitor.get(third, headers={"User-Agent": "WhatsApp/2.23"})
    visitor.head(third, headers=AGENT)
    assert session.scalar(sa.text("SELECT count(*) FROM visits")) == 2
    form = {"handle": "leo", "email": "leo@example.org", "password": PASSWORD}
    visitor.post("/join", data=form)
    parent = session.scalar(
        sa.text("SELECT m.handle FROM referrals r JOIN members m ON m.id = r.parent_id")
    )
    assert parent == "ben"


def test_a_false_cookie_makes_no_contact(
    session: Session, client: FlaskClient, signed_in: Callable[..., FlaskClient]
) -> None:
    link_of(signed_in("ana"))
    client.set_cookie("via", "forged.value")
    form = {"handle": "leo", "email": "leo@example.org", "password": PASSWORD}
    assert client.post("/join", data=form).status_code == 303
    assert session.scalar(sa.text("SELECT count(*) FROM referrals")) == 0


def test_ones_own_link_counts_nothing(
    session: Session, signed_in: Callable[..., FlaskClient]
) -> None:
    ana = signed_in("ana")
    ana.get(link_of(ana), headers=AGENT)
    assert session.scalar(sa.text("SELECT count(*) FROM visits")) == 0


def test_the_database_refuses_a_parent_younger_than_the_child(
    session: Session, make_member: Callable[..., Member], signed_in: Callable[..., FlaskClient]
) -> None:
    link_of(signed_in("ana"))
    old, young = make_member("old"), make_member("young")
    with pytest.raises(sa.exc.IntegrityError, match="parent_is_older"):
        session.execute(
            sa.text(
                "INSERT INTO referrals (member_id, parent_id, link_id)"
                " SELECT :m, :p, min(id) FROM referral_links"
            ),
            {"m": old.id, "p": young.id},
        )


def test_the_qr_code_is_the_link(signed_in: Callable[..., FlaskClient]) -> None:
    ana = signed_in("ana")
    assert ana.get("/contacts/qr.svg").status_code == 404
    link_of(ana)
    picture = ana.get("/contacts/qr.svg")
    assert picture.content_type.startswith("image/svg+xml")
    assert b"<svg" in picture.data


@pytest.mark.parametrize("header", ["Sec-Purpose", "Purpose", "X-Purpose", "X-Moz"])
def test_what_is_fetched_ahead_is_no_visit(
    client: FlaskClient, session: Session, signed_in: Callable[..., FlaskClient], header: str
) -> None:
    code = site_link(session, signed_in("ana"))
    client.get(f"/r/{code}", headers={"User-Agent": "Mozilla/5.0", header: "prefetch"})
    assert session.scalar(sa.text("SELECT count(*) FROM visits")) == 0


def test_one_network_does_not_make_a_link_popular(
    app: Flask, session: Session, signed_in: Callable[..., FlaskClient]
) -> None:
    code = site_link(session, signed_in("ana"))
    for _ in range(103):
        answer = app.test_client().get(f"/r/{code}", headers={"User-Agent": "Mozilla/5.0"})
        assert answer.status_code == 302
    assert "via=" in answer.headers["Set-Cookie"]
    assert session.scalar(sa.text("SELECT count(*) FROM visits")) == 100


def site_link(session: Session, browser: FlaskClient) -> str:
    browser.post("/contacts/link")
    code = session.scalar(sa.text("SELECT code FROM referral_links"))
    assert isinstance(code, str)
    return code
