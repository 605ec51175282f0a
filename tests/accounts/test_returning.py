"""Joining and signing in lead back to where one was."""

import re
from collections.abc import Callable
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.accounts.mails import links_in
from tests.factories.members import PASSWORD
from ugc.config import ROOT
from ugc.core import returning
from ugc.core.db import Session

Browser = Callable[..., FlaskClient]
NEWCOMERS = "plum tractor silence"
JOIN = {"handle": "zoe", "email": "zoe@example.org", "password": NEWCOMERS, "timezone": "UTC"}
ELSEWHERE = [
    "https://evil.example/",
    "//evil.example/",
    "/\\evil.example/",
    "\\\\evil.example/",
    "/\t/evil.example/",
    "/\n/evil.example",
    "javascript:alert(1)",
    "http:evil.example",
    "evil.example",
    "",
]


def steps_on(page: str) -> list[str]:
    """The addresses of the links to join or sign in."""
    found = re.findall(r'href="(/(?:join|sign-in)(?:\?[^"]*)?)"', page)
    return [unescape(address) for address in found]


def next_of(address: str) -> str:
    return parse_qs(urlsplit(address).query).get("next", ["/"])[0]


@pytest.fixture
def things(signed_in: Browser) -> dict[str, str]:
    mod = signed_in("mod", role="moderator")
    place = mod.post(
        "/places", data={"name": "Bar Uno", "category": "cafe", "lat": "1", "lon": "1"}
    )
    report = mod.post("/reports", data={"kind": "jam", "lat": "2", "lon": "2"}).location
    brand = mod.post("/brands", data={"name": "Marca", "about": "", "website": ""}).location
    mod.post(f"{place.location}/review", data={"rating": "4", "text": "Quiet, good coffee. " * 4})
    review = mod.get(f"{place.location}/review").location.removesuffix("/edit")
    return {"place": place.location, "report": report, "brand": brand, "review": review}


PAGES = [
    "/", "/?lat=40", "/places", "/places?category=cafe&page=1", "/brands", "/leaderboard", "/about",
    "/search?q=cafe", "/members/mod", "/map/history", "{place}", "{report}", "{brand}", "{review}",
    "/share/site", "/inbox", "/settings", "/reports/new", "{place}/review",
    "/watching/new?shape=way", "/no/such/page",
]  # fmt: skip


@pytest.mark.parametrize("page", PAGES)
def test_every_link_to_join_or_sign_in_leads_back(
    client: FlaskClient, things: dict[str, str], page: str
) -> None:
    address = page.format(**things)
    found = steps_on(client.get(address).text)
    assert len(found) >= 3
    assert {next_of(step) for step in found} - {"/?report=1"} == {address}


def test_no_template_writes_such_a_link_by_itself() -> None:
    by_hand = [
        page.name
        for page in (ROOT / "templates").rglob("*.html")
        if re.search(r"accounts\.(join|sign_in)_page'", page.read_text(encoding="utf-8"))
    ]
    assert by_hand == []


def test_a_refused_form_leads_back_to_its_page(client: FlaskClient, things: dict[str, str]) -> None:
    comment = f"/comments/{things['report'].rsplit('/', 1)[-1]}"
    sent_from = {"Referer": f"http://localhost{things['report']}"}
    refused = client.post(comment, data={"text": "Hello."}, headers=sent_from)
    assert refused.status_code == 401
    assert {next_of(step) for step in steps_on(refused.text)} - {"/?report=1"} == {things["report"]}
    elsewhere = client.post(comment, headers={"Referer": "https://evil.example/x"})
    assert "evil.example" not in elsewhere.text


@pytest.mark.parametrize("again", [False, True], ids=["first mail", "second mail"])
def test_joining_leads_through_the_mail_back(
    app: Flask,
    session: Session,
    things: dict[str, str],
    run_jobs: Callable[[], int],
    mails: Callable[[], list[str]],
    again: bool,
) -> None:
    browser, target = app.test_client(), things["report"]
    run_jobs()
    mails()
    [join] = {step for step in steps_on(browser.get(target).text) if step.startswith("/join")}
    form = browser.get(join).text
    assert f'name="next" value="{target}"' in form
    # A refused form keeps it, and so does the other way in.
    refused = browser.post("/join", data={**JOIN, "handle": "", "next": target})
    assert f'name="next" value="{target}"' in refused.text
    assert {next_of(step) for step in steps_on(refused.text)} - {"/?report=1"} == {target}
    welcome = browser.post("/join", data={**JOIN, "next": target}).location
    assert next_of(welcome) == target
    page = browser.get(welcome).text
    assert f'href="{target}"' in page
    if again:
        run_jobs()
        mails()
        answer = browser.post("/confirm/again", data={"next": target})
        assert next_of(answer.location) == target
    run_jobs()
    [link] = [link for link in links_in(mails()) if "/confirm/" in link]
    path = urlsplit(link).path
    # In another browser, which is signed in nowhere.
    other = app.test_client()
    assert f'name="next" value="{target}"' in other.get(link).text
    answer = other.post(path, data={"next": target})
    assert urlsplit(answer.location).path == "/sign-in"
    assert next_of(answer.location) == target
    signed_in = other.post(
        "/sign-in", data={"email": JOIN["email"], "password": NEWCOMERS, "next": target}
    )
    assert signed_in.location == target
    # In the first one.
    assert browser.post(path, data={"next": target}).location == target
    assert browser.get(f"{path}?next={target}").location == target
    assert browser.get(f"/sign-in?next={target}").location == target
    assert browser.get(f"/join?next={target}").location == target


def test_a_new_password_leads_back(
    app: Flask,
    make_member: Callable[..., object],
    things: dict[str, str],
    run_jobs: Callable[[], int],
    mails: Callable[[], list[str]],
) -> None:
    make_member("ana")
    run_jobs()
    mails()
    browser, target = app.test_client(), things["place"]
    sign_in = browser.get(f"/sign-in?next={target}").text
    assert f'href="/password/forgotten?next={target}"' in sign_in
    assert f'name="next" value="{target}"' in browser.get(f"/password/forgotten?next={target}").text
    sent = browser.post("/password/forgotten", data={"email": "ana@example.org", "next": target})
    assert next_of(sent.location) == target
    run_jobs()
    [link] = [link for link in links_in(mails()) if "/password/reset" in link]
    other = app.test_client()
    assert f'name="next" value="{target}"' in other.get(link).text
    token = parse_qs(urlsplit(link).query)["token"][0]
    form = {"token": token, "password": "another plum tractor", "next": target}
    assert other.post("/password/reset", data=form).location == target


@pytest.mark.parametrize("target", ELSEWHERE)
def test_nothing_leads_to_another_site(
    app: Flask, make_member: Callable[..., object], target: str
) -> None:
    assert returning.checked(target) == "/"
    make_member("ana")
    browser = app.test_client()
    for step in ("/join", "/sign-in", "/password/forgotten", "/password/reset"):
        page = browser.get(step, query_string={"next": target}).text
        assert {next_of(link) for link in steps_on(page)} - {"/?report=1"} == {"/"}
        assert re.search(r'(href|action|src)="[^"]*(evil|javascript:)', page) is None
    form = {"email": "ana@example.org", "password": PASSWORD, "next": target}
    assert browser.post("/sign-in", data=form).location == "/"
    joined = app.test_client().post("/join", data={**JOIN, "next": target})
    assert joined.location == "/welcome"


@pytest.mark.parametrize(
    ("target", "kept", "mailed"),
    [
        ("/places/abc", "/places/abc", "/places/abc"),
        ("/#at=15/40.41/-3.69", "/#at=15/40.41/-3.69", "/#at=15/40.41/-3.69"),
        ("/#<b>", "/", "/"),
        ("/places?page=2&via=a.b", "/places?page=2", "/places?page=2"),
        ("/search?q=what+I+typed", "/search?q=what+I+typed", "/search"),
        ("/search?q=me", "/search?q=me", "/search"),
        ("/places?x=two+words&page=2", "/places?x=two+words&page=2", "/places?page=2"),
        ("/" + "x" * 2_000, "/", "/"),
        ("/join?next=/places", "/join", "/join"),
    ],
)
def test_words_of_a_person_go_into_no_mail(target: str, kept: str, mailed: str) -> None:
    assert returning.checked(target) == kept
    assert returning.plain(target) == mailed
