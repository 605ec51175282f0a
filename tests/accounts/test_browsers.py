"""What the site asks of browsers: where a form comes from, which cookies they hold, what they
clear; and the lines that the operator reads of it."""

import logging
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from tests.factories.members import PASSWORD
from ugc.accounts.actions import grants as accounts_grants_actions
from ugc.accounts.rules.roles import Role
from ugc.config import ROOT
from ugc.core import audit, security
from ugc.core.access import SYSTEM
from ugc.core.db import Session

Browser = Callable[..., FlaskClient]
SITE = "https://boca.example.org"


@pytest.fixture
def production(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    """The cookies and the checks of a site behind https."""
    for name, value in (
        ("SESSION_COOKIE_SECURE", True),
        ("SESSION_COOKIE_NAME", "__Host-boca"),
        ("SITE_URL", SITE),
        ("HOSTS", ("boca.example.org",)),
        ("WTF_CSRF_ENABLED", True),
        ("PREFERRED_URL_SCHEME", "https"),
    ):
        monkeypatch.setitem(app.config, name, value)
    return app


def form_token(browser: FlaskClient, path: str = "/sign-in") -> str:
    page = browser.get(path, base_url=SITE).text
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found is not None
    return found[1]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 303),  # neither Referer nor Origin: the token decides
        ({"Origin": SITE}, 303),
        ({"Origin": "null"}, 303),
        ({"Referer": f"{SITE}/sign-in"}, 303),
        ({"Sec-Fetch-Site": "same-origin", "Origin": SITE}, 303),
        ({"Sec-Fetch-Site": "none"}, 303),
        ({"Origin": "https://evil.example"}, 400),
        ({"Origin": "https://boca.example.org.evil.example"}, 400),
        ({"Origin": "http://boca.example.org"}, 400),
        ({"Sec-Fetch-Site": "cross-site"}, 400),
        ({"Sec-Fetch-Site": "same-site", "Origin": SITE}, 400),
    ],
)
def test_where_a_form_comes_from(
    production: Flask, session: Session, make_member: Browser, headers: dict[str, str], status: int
) -> None:
    make_member("ana")
    browser = production.test_client()
    form = {
        "email": "ana@example.org", "password": PASSWORD, "csrf_token": form_token(browser),
    }  # fmt: skip
    answer = browser.post("/sign-in", data=form, headers=headers, base_url=SITE)
    assert answer.status_code == status, answer.text
    form["csrf_token"] = "x" * 40
    other = production.test_client()
    assert other.post("/sign-in", data=form, headers=headers, base_url=SITE).status_code == 400


def test_a_form_is_taken_by_its_masked_token_only(production: Flask, session: Session) -> None:
    browser = production.test_client()
    token = form_token(browser, "/about")

    def status(sent: str) -> int:
        form = {"theme": "dark", "next": "/", "csrf_token": sent}
        return browser.post("/theme", data=form, base_url=SITE).status_code

    assert status(token) == 303
    # Of a page that was open before tokens were masked.
    assert status(security.unmasked(token)) == 303
    for wrong in (security.masked("x.y.z"), token[:-8] + "AAAAAAA=", "nonsense", ""):
        assert status(wrong) == 400


def test_every_cookie_of_production_is_the_hosts_own(
    production: Flask, session: Session, make_member: Browser
) -> None:
    make_member("ana")
    browser = production.test_client()
    form = {"csrf_token": form_token(browser), "email": "ana@example.org", "password": PASSWORD}
    set_by = browser.post("/sign-in", data=form, base_url=SITE).headers.getlist("Set-Cookie")
    form = {"csrf_token": form_token(browser, "/about"), "theme": "dark"}
    set_by += browser.post("/theme", data=form, base_url=SITE).headers.getlist("Set-Cookie")
    names = {cookie.partition("=")[0] for cookie in set_by}
    assert names == {"__Host-boca", "__Host-known", "__Host-theme"}
    for cookie in set_by:
        assert "Secure" in cookie
        assert "Path=/" in cookie
        assert "SameSite=Lax" in cookie
        assert "Domain" not in cookie
        assert ("HttpOnly" in cookie) is not cookie.startswith("__Host-theme")
    assert 'data-theme="dark"' in browser.get("/about", base_url=SITE).text


def test_cookies_are_set_in_one_place() -> None:
    setting = re.compile(r"\.(?:set|delete)_cookie\(|request\.cookies")
    found = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "ugc").rglob("*.py")
        if setting.search(path.read_text())
    }
    # The session's own, read: a digest tells anonymous people apart, a stream whose it is.
    readers = {"ugc/core/idempotency.py", "ugc/stream/visitors.py"}
    assert found == {"ugc/core/cookies.py"} | readers


def test_what_a_browser_clears(signed_in: Browser) -> None:
    ana = signed_in("ana")
    assert ana.post("/sign-out").headers["Clear-Site-Data"] == '"cache"'
    ben = signed_in("ben")
    gone = ben.post("/settings/erase", data={"password": PASSWORD, "content": "keep"})
    # The storage holds what other members keep in this browser until they come back.
    assert gone.headers["Clear-Site-Data"] == '"cache", "cookies"'
    page = ben.get(gone.location)
    assert page.status_code == 200
    assert "Clear-Site-Data" not in page.headers  # a link to it clears nothing


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "ugc.audit"]


def test_what_happens_at_the_door_is_logged_without_names(
    app: Flask, session: Session, make_member: Browser, signed_in: Browser,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    caplog.set_level(logging.INFO, "ugc.audit")
    make_member("ana", role="moderator")
    ana = app.test_client()
    ana.post("/sign-in", data={"email": "ana@example.org", "password": PASSWORD})
    who = session.scalar(sa.text("SELECT id FROM members"))
    brand = ana.post("/brands", data={"name": "Mora", "about": "", "website": ""}).location
    brand_id = session.scalar(sa.text("SELECT id FROM brands")) or 0
    member_id = session.scalar(sa.text("SELECT id FROM members WHERE handle = 'ana'")) or 0
    accounts_grants_actions.give(
        session, member_id, Role.OWNER, by=SYSTEM, subject_id=brand_id, announce=False
    )
    session.commit()
    ana.post(f"{brand}/keys", data={"name": "dashboard", "scopes": ["reports:read"]})
    key = session.scalar(sa.text("SELECT id FROM api_keys"))
    ana.post(f"{brand}/keys/{key}/revoke")
    stranger = app.test_client()
    for _ in range(11):
        stranger.post("/sign-in", data={"email": "ana@example.org", "password": "x\nsign_in"})
    stranger.post("/reports", data={"kind": "jam"})
    ben = signed_in("ben", confirmed=False)
    ben.post("/reports", data={"kind": "jam", "lat": "1", "lon": "1"})
    ana.post("/sign-out")
    text = "\n".join(lines(caplog))
    for said in (
        rf"^sign_in outcome=ok how=password member={who} session=\d+$",
        r"^sign_in outcome=failed account=[0-9a-f]{12} network=[0-9a-f]{12}$",
        r"^sign_in outcome=locked account=[0-9a-f]{12}$",
        rf"^key\.made brand=\d+ by=member:{who}$",
        rf"^key\.revoked key={key} brand=\d+ by=member:{who}$",
        r"^refused status=401 code=sign_in_needed endpoint=reports.post who=anonymous$",
        r"^refused status=403 code=email_unconfirmed endpoint=reports.post who=member:\d+$",
        rf"^sign_out member={who} session=\d+$",
    ):
        assert re.search(said, text, re.MULTILINE), (said, text)
    for name in ("ana", "ben", "example", "127.0.0.1", PASSWORD):
        assert name not in text.replace("endpoint", "")
    assert all(re.fullmatch(r"[\w.]+( \w+=[\w.:/<>-]+)*", line) for line in lines(caplog))


def test_no_request_forges_a_line(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "ugc.audit")
    audit.note_now("refused", code="x\nsign_in outcome=ok", who="ana maria", status=403)
    assert lines(caplog) == ["refused code=? who=? status=403"]


def test_every_event_is_documented() -> None:
    said = set()
    for path in Path(ROOT / "ugc").rglob("*.py"):
        said |= set(re.findall(r'audit\.note_now\(\s*"(\w+)"', path.read_text()))
    documented = (ROOT / "docs" / "operations.md").read_text()
    assert [event for event in sorted(said) if f"`{event}`" not in documented] == []
