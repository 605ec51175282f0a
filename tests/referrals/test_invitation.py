"""An invitation travels without a cookie, is remembered where that was agreed, and is explained."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from tests.factories.members import PASSWORD
from tests.reading import words
from tests.referrals.steps import AGENT, join, link_of, open_link, site_link
from ugc.accounts.models import Member
from ugc.core.db import Session
from ugc.referrals.models import FalseMember

Browser = Callable[..., FlaskClient]
BRAND = {"name": "Café Mora", "about": "Coffee and books.", "website": "cafemora.example"}


@pytest.fixture
def shared(session: Session, signed_in: Browser) -> tuple[str, str]:
    """(a link to a brand, the brand's address): shared by ana."""
    mod = signed_in("mod", role="moderator")
    address = mod.post("/brands", data=BRAND).location
    ana = signed_in("ana")
    ana.post(address.replace("/brands/", "/share/"))
    code = session.scalar(sa.text("SELECT code FROM referral_links"))
    return f"/r/{code}", address


def parents(session: Session) -> list[str]:
    return list(
        session.scalars(
            sa.text("SELECT m.handle FROM referrals r JOIN members m ON m.id = r.parent_id")
        )
    )


def cookies_named(answer: object, name: str) -> list[str]:
    return [c for c in answer.headers.getlist("Set-Cookie") if c.startswith(f"{name}=")]  # type: ignore[attr-defined]


def test_opening_a_link_sets_no_cookie_and_is_nobodys_cache(
    client: FlaskClient, shared: tuple[str, str]
) -> None:
    link, address = shared
    answer = client.get(link, headers=AGENT)
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert urlsplit(answer.location).path == address
    page = client.get(answer.location, headers=AGENT)
    assert page.headers["Cache-Control"] == "private, no-store"
    assert cookies_named(page, "via") == []
    assert "ana shared this with you" in page.text
    # Other pages are as they were.
    assert "via=" not in client.get(address).text
    assert client.get(address).headers["Cache-Control"] == "private, no-cache"


def test_it_travels_through_every_page_to_the_join_form(
    client: FlaskClient, session: Session, shared: tuple[str, str]
) -> None:
    """All links of a visit that lead on carry it, wherever one goes, back to the form to join."""
    link, _ = shared
    start = client.get(link, headers=AGENT).location
    [via] = parse_qs(urlsplit(start).query)["via"]
    seen: set[str] = set()
    waiting = [start]
    while waiting and len(seen) < 12:
        address = waiting.pop(0)
        path = urlsplit(address).path
        if path in seen:
            continue
        seen.add(path)
        answer = client.get(address, headers=AGENT)
        if answer.mimetype != "text/html" or answer.status_code != 200:
            continue
        here = re.findall(r'<(?:a|form)\b[^>]*?(?:href|action)="(/[^"]*)"', answer.text)
        assert here
        for found in map(html.unescape, here):
            if not found.startswith("/static/"):
                assert parse_qs(urlsplit(found).query).get("via") == [via], (path, found)
        waiting += [html.unescape(a) for a in re.findall(r'<a\b[^>]*?href="(/[^"]*)"', answer.text)]
    assert len(seen) == 12
    form = client.get(f"/join?via={via}").text
    assert "by the word of ana" in form
    [action] = re.findall(r'action="(/join[^"]*)"', form)
    # A refused form keeps it too.
    refused = client.post(action, data={"handle": "x", "email": "x", "password": "x"})
    assert refused.status_code == 422
    assert f'action="{action}"' in refused.text
    join(client, action.removeprefix("/join"), "leo")
    assert parents(session) == ["ana"]


def test_a_redirect_and_another_language_carry_it(
    client: FlaskClient, shared: tuple[str, str]
) -> None:
    start = client.get(shared[0], headers=AGENT).location
    page = client.get(start).text
    [action] = re.findall(r'action="(/language[^"]*)"', page)
    [target] = re.findall(r'name="next" value="([^"]*via=[^"]*)"', page)[:1]
    answer = client.post(action, data={"language": "es", "next": html.unescape(target)})
    assert "via=" in answer.location
    assert "ana ha compartido esto contigo" in client.get(answer.location).text


def test_yes_sets_the_cookie_and_ends_the_travelling(
    app: Flask, client: FlaskClient, session: Session, shared: tuple[str, str]
) -> None:
    start = client.get(shared[0], headers=AGENT).location
    page = client.get(start).text
    [action] = re.findall(r'action="(/invitation[^"]*)"', page)
    answer = client.post(action, data={"answer": "yes", "next": start})
    assert answer.status_code == 303
    assert answer.location == shared[1]
    [cookie] = cookies_named(answer, "via")
    assert f"Max-Age={90 * 86_400}" in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "via=" not in client.get(shared[1]).text
    assert "ana" in words(client.get("/invitation").text)
    join(client, "", "leo")
    assert parents(session) == ["ana"]
    # It has done its work.
    assert client.get_cookie("via") is None


def test_who_said_yes_is_led_on_plainly_and_the_last_link_counts(
    app: Flask, client: FlaskClient, session: Session, signed_in: Browser, shared: tuple[str, str]
) -> None:
    via = open_link(client, shared[0])
    client.post(f"/invitation{via}", data={"answer": "yes"})
    second = link_of(signed_in("ben"))
    answer = client.get(second, headers=AGENT)
    assert answer.location == "/"
    assert len(cookies_named(answer, "via")) == 1
    join(client, "", "leo")
    assert parents(session) == ["ben"]


def test_no_is_kept_for_the_session_only_and_the_visit_goes_on(
    client: FlaskClient, session: Session, shared: tuple[str, str]
) -> None:
    start = client.get(shared[0], headers=AGENT).location
    [action] = re.findall(r'action="(/invitation[^"]*)"', client.get(start).text)
    answer = client.post(action, data={"answer": "no", "next": start})
    assert cookies_named(answer, "via") == []
    assert all(
        "Expires" not in c and "Max-Age" not in c for c in answer.headers.getlist("Set-Cookie")
    )
    assert "via=" in answer.location
    page = client.get(answer.location).text
    assert "Remember for 90 days" not in page
    assert "Who invited you counts in this visit only." in page
    assert "via=" in page
    join(client, f"?{urlsplit(answer.location).query}", "leo")
    assert parents(session) == ["ana"]
    # From then on it is no invitation any more, but how they came.
    mine = client.get("/invitation").text
    assert re.search(r'You joined by the word of <a href="/members/ana">ana</a>', mine)


def test_it_can_be_forgotten(
    client: FlaskClient, session: Session, shared: tuple[str, str]
) -> None:
    via = open_link(client, shared[0])
    client.post(f"/invitation{via}", data={"answer": "yes"})
    page = client.get("/invitation").text
    assert "remembers it in a cookie until" in page
    answer = client.post("/invitation", data={"answer": "forget"})
    assert client.get_cookie("via") is None
    assert "Nothing here says" in client.get(answer.location).text
    # What travels is forgotten as well: the next page has it no more.
    forgotten = client.post(f"/invitation{via}", data={"answer": "forget"})
    assert "via=" not in forgotten.location
    join(client, "", "leo")
    assert parents(session) == []


def test_what_is_kept_is_said_in_both_languages(
    client: FlaskClient, shared: tuple[str, str]
) -> None:
    via = open_link(client, shared[0])
    for language, says, brand in (
        ("en", "no cookie was set", "To what"),
        ("es", "no se ha puesto ninguna cookie", "A qué"),
    ):
        page = client.get(f"/invitation{via}", headers={"Accept-Language": language}).text
        page = words(page)
        for text in (says, brand, "Café Mora", "ana"):
            assert text in page
    assert "Nothing here says" in client.get("/invitation", headers={"Accept-Language": "en"}).text


def test_an_answer_leads_nowhere_else(client: FlaskClient, shared: tuple[str, str]) -> None:
    via = open_link(client, shared[0])
    for target in ("https://evil.example/", "//evil.example", "/\\evil.example"):
        for answer in ("yes", "no", "forget", ""):
            sent = client.post(f"/invitation{via}", data={"answer": answer, "next": target})
            assert sent.location.startswith("/invitation")
    # Saying yes to nothing sets nothing.
    for forged in ("", "?via=forged"):
        answer = client.post(f"/invitation{forged}", data={"answer": "yes"})
        assert cookies_named(answer, "via") == []


@pytest.mark.parametrize(("days", "contacts"), [(89, ["ana"]), (91, [])])
@pytest.mark.parametrize("by_cookie", [True, False])
def test_a_click_lives_90_days(
    client: FlaskClient,
    session: Session,
    shared: tuple[str, str],
    days: int,
    contacts: list[str],
    by_cookie: bool,
) -> None:
    via = open_link(client, shared[0])
    if by_cookie:
        client.post(f"/invitation{via}", data={"answer": "yes"})
    kept = client.get_cookie("via")
    session.execute(sa.text(f"SET LOCAL boca.clock_offset = '{days} days'"))
    if kept is not None:
        # The browser itself forgets it after 90 days; here it is sent all the same.
        client.set_cookie("via", kept.value)
    join(client, "" if by_cookie else via, "leo")
    assert parents(session) == contacts


@pytest.mark.parametrize("state", ["suspended", "false", "erased"])
def test_who_is_no_good_parent_brings_nobody(
    client: FlaskClient, session: Session, shared: tuple[str, str], state: str
) -> None:
    via = open_link(client, shared[0])
    change = {
        "suspended": {"suspended_until": sa.text("now() + interval '1 day'")},
        "erased": {
            "handle": None, "email": None, "password_hash": None, "erased_at": sa.func.now()
        },
    }  # fmt: skip
    ana = session.scalars(sa.select(Member.id).where(Member.handle == "ana")).one()
    if state == "false":
        session.execute(sa.insert(FalseMember).values(member_id=ana))
    else:
        session.execute(sa.update(Member).where(Member.id == ana).values(change[state]))
    session.commit()
    join(client, via, "leo")
    assert parents(session) == []


def test_a_member_needs_no_cookie_and_is_reached_at_once(
    session: Session, signed_in: Browser, shared: tuple[str, str]
) -> None:
    ben = signed_in("ben")
    answer = ben.get(f"{shared[0]}?by=qr", headers=AGENT)
    assert answer.location == shared[1]
    assert cookies_named(answer, "via") == []
    reached = session.execute(
        sa.text(
            "SELECT m.handle, degree, channel, joined FROM cascade_reaches JOIN members m"
            " ON m.id = member_id"
        )
    ).all()
    assert reached == [("ben", 1, "qr", False)]
    # An address that somebody copied carries nothing on for a member.
    via = open_link(ben.application.test_client(), shared[0])
    page = ben.get(f"{shared[1]}{via}")
    assert page.headers["Cache-Control"] == "private, no-store, no-transform"
    assert not re.findall(r'(?:href|action)="[^"]*via=', page.text)
    assert "shared this with you" not in page.text


def test_utm_goes_on_and_says_the_channel(
    client: FlaskClient, session: Session, shared: tuple[str, str]
) -> None:
    query = "utm_source=Newsletter&utm_campaign=spring&utm_content=&next=//evil&by="
    answer = client.get(f"{shared[0]}?{query}", headers=AGENT)
    landed = parse_qs(urlsplit(answer.location).query)
    assert landed.pop("via")
    assert landed == {"utm_source": ["Newsletter"], "utm_campaign": ["spring"]}
    join(client, f"?{urlsplit(answer.location).query}", "leo")
    assert session.scalars(sa.text("SELECT channel FROM visit_days")).all() == ["mail"]
    assert set(session.scalars(sa.text("SELECT channel FROM cascade_reaches"))) == {"mail"}


@pytest.mark.parametrize("header", ["Sec-Purpose", "Purpose", "X-Purpose", "X-Moz"])
def test_what_is_fetched_ahead_is_not_counted_but_invites(
    client: FlaskClient, session: Session, shared: tuple[str, str], header: str
) -> None:
    via = open_link(client, shared[0], **{header: "prefetch"})
    assert session.scalar(sa.text("SELECT count(*) FROM visits")) == 0
    join(client, via, "leo")
    assert parents(session) == ["ana"]


def test_a_link_to_the_site_has_a_button_to_join(
    app: Flask, session: Session, signed_in: Browser
) -> None:
    code = site_link(session, signed_in("ana"))
    page = app.test_client().get(f"/r/{code}", headers=AGENT, follow_redirects=True)
    assert page.request.path == "/"
    panel = page.text.split('class="notice invitation"')[1].split("</section>")[0]
    assert "ana invites you" in panel
    assert re.search(r'href="/join\?via=[^"]+">Join<', panel)


def test_signing_in_is_an_arrival(
    client: FlaskClient,
    session: Session,
    make_member: Callable[..., object],
    shared: tuple[str, str],
) -> None:
    make_member("late")
    via = open_link(client, shared[0])
    client.post(f"/invitation{via}", data={"answer": "yes"})
    client.post("/sign-in", data={"email": "late@example.org", "password": PASSWORD})
    assert client.get_cookie("via") is None
    assert session.scalar(sa.text("SELECT count(*) FROM cascade_reaches")) == 1
    assert parents(session) == []
