"""Links, visits and the tree of contacts."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from tests.factories.members import PASSWORD
from tests.referrals.steps import AGENT, join, link_of, open_link, site_link
from ugc.accounts.models import Member
from ugc.core.db import Session
from ugc.referrals import queries as referrals_queries
from ugc.referrals.models import Referral, ReferralLink


def join_through(app: Flask, link: str, handle: str) -> FlaskClient:
    browser = app.test_client()
    join(browser, open_link(browser, link), handle)
    return browser


def test_three_degrees(app: Flask, session: Session, signed_in: Callable[..., FlaskClient]) -> None:
    ana = signed_in("ana")
    ben = join_through(app, link_of(ana), "ben")
    eva = join_through(app, link_of(ben), "eva")
    leo = join_through(app, link_of(eva), "leo")
    join_through(app, link_of(leo), "mia")
    ids = {m.handle: m.id for m in session.scalars(sa.select(Member))}
    assert referrals_queries.reach(session, ids["ana"]) == (1, 1, 1)
    assert referrals_queries.reach(session, ids["ben"]) == (1, 1, 1)
    assert referrals_queries.reach(session, ids["leo"]) == (1, 0, 0)
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
    via = open_link(visitor, second)
    for answer in (
        visitor.get(third, headers={"User-Agent": "WhatsApp/2.23"}),
        visitor.head(third, headers=AGENT),
    ):
        # Previewers are told who invites; nothing leads them on in the name of a visitor.
        assert answer.status_code == 200 or "via=" not in answer.location
        assert "via=" not in answer.text
    assert session.scalar(sa.text("SELECT count(*) FROM visits")) == 2
    join(visitor, via, "leo")
    parent = session.scalar(
        sa.text("SELECT m.handle FROM referrals r JOIN members m ON m.id = r.parent_id")
    )
    assert parent == "ben"


def test_a_contact_stays_whoevers_link_is_opened_later(
    app: Flask, session: Session, signed_in: Callable[..., FlaskClient]
) -> None:
    first, second = link_of(signed_in("ana")), link_of(signed_in("ben"))
    leo = join_through(app, first, "leo")
    leo.get(second, headers=AGENT)
    leo.post("/sign-out")
    via = open_link(leo, second)
    leo.post(f"/sign-in{via}", data={"email": "leo@example.org", "password": PASSWORD})
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
    settings = {"language": "en", "timezone": "UTC"}
    eva.post("/settings", data={**settings, "shown_to_far_contacts": "yes"})
    page = ana.get("/contacts").text
    assert "/members/eva" in page
    assert "/members/leo" not in page


@pytest.mark.parametrize("forged", ["forged", "a.b.c.d", "é", "x" * 3000, "abc.1.link.signature"])
def test_what_we_did_not_sign_makes_no_contact(
    session: Session, client: FlaskClient, signed_in: Callable[..., FlaskClient], forged: str
) -> None:
    code = link_of(signed_in("ana")).rsplit("/", 1)[-1]
    client.set_cookie("via", forged)
    join(client, f"?via={forged.replace('abc', code)}", "leo")
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
            sa.insert(Referral).values(
                member_id=ids[child],
                parent_id=ids[parent],
                link_id=sa.select(sa.func.min(ReferralLink.id)).scalar_subquery(),
            )
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
    for number in range(103):
        agent = {"User-Agent": f"Mozilla/5.0 Firefox/{number}"}
        answer = app.test_client().get(f"/r/{code}", headers=agent)
        assert answer.status_code == 302
    assert "via=" in answer.location  # and still invites
    assert session.scalar(sa.text("SELECT count(*) FROM visits")) == 100
