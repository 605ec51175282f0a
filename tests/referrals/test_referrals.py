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


def test_a_link_to_the_site_says_who_invites(
    app: Flask, signed_in: Callable[..., FlaskClient]
) -> None:
    ana, ben = signed_in("ana"), signed_in("ben")
    link = link_of(ana)
    for browser, invited in ((app.test_client(), True), (ben, False)):
        answer = browser.get(link, headers=AGENT, follow_redirects=True)
        assert answer.request.path == "/"
        assert ("ana invites you" in answer.text) is invited
        assert "not there any more" not in answer.text


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


@pytest.mark.parametrize(("days", "contacts"), [(89, 1), (91, 0)])
def test_a_visit_survives_90_days_until_joining(
    app: Flask,
    session: Session,
    signed_in: Callable[..., FlaskClient],
    days: int,
    contacts: int,
) -> None:
    link = link_of(signed_in("ana"))
    visitor = app.test_client()
    answer = visitor.get(link, headers=AGENT)
    [cookie] = (c for c in answer.headers.getlist("Set-Cookie") if c.startswith("via="))
    assert f"Max-Age={90 * 86_400}" in cookie
    assert "HttpOnly" in cookie
    session.execute(sa.text(f"SET LOCAL boca.clock_offset = '{days} days'"))
    form = {"handle": "leo", "email": "leo@example.org", "password": PASSWORD}
    # The browser itself forgets the cookie after 90 days; here it is sent all the same.
    visitor.set_cookie("via", cookie.split("=", 1)[1].split(";")[0])
    assert visitor.post("/join", data=form).status_code == 303
    assert session.scalar(sa.text("SELECT count(*) FROM referrals")) == contacts


def test_a_contact_stays_whoevers_link_is_opened_later(
    app: Flask, session: Session, signed_in: Callable[..., FlaskClient]
) -> None:
    first, second = link_of(signed_in("ana")), link_of(signed_in("ben"))
    leo = join_through(app, first, "leo")
    leo.get(second, headers=AGENT)
    leo.post("/sign-out")
    leo.post("/sign-in", data={"email": "leo@example.org", "password": PASSWORD})
    parents = session.scalars(
        sa.text("SELECT handle FROM referrals r JOIN members m ON m.id = parent_id")
    ).all()
    assert parents == ["ana"]
    with pytest.raises(sa.exc.IntegrityError, match="append-only"):
        session.execute(sa.text("UPDATE referrals SET link_id = link_id"))


def test_far_contacts_are_named_where_they_allow_it(
    app: Flask, signed_in: Callable[..., FlaskClient]
) -> None:
    ana = signed_in("ana")
    ben = join_through(app, link_of(ana), "ben")
    eva = join_through(app, link_of(ben), "eva")
    join_through(app, link_of(eva), "leo")
    settings = {"about": "", "language": "en", "timezone": "UTC"}
    eva.post("/settings", data={**settings, "shown_to_far_contacts": "yes"})
    page = ana.get("/contacts").text
    assert "/members/eva" in page
    assert "/members/leo" not in page


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


@pytest.mark.parametrize(("child", "parent"), [("old", "young"), ("old", "old")])
def test_the_database_refuses_oneself_and_who_is_younger(
    session: Session,
    make_member: Callable[..., Member],
    signed_in: Callable[..., FlaskClient],
    child: str,
    parent: str,
) -> None:
    """So that no cycle can be written: on a way round, somebody would be older than themselves."""
    link_of(signed_in("ana"))
    ids = {name: make_member(name).id for name in ("old", "young")}
    with pytest.raises(sa.exc.IntegrityError, match="parent_is_older"):
        session.execute(
            sa.text(
                "INSERT INTO referrals (member_id, parent_id, link_id)"
                " SELECT :m, :p, min(id) FROM referral_links"
            ),
            {"m": ids[child], "p": ids[parent]},
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
