"""What people do with links."""

from __future__ import annotations

import re

import sqlalchemy as sa
from flask.testing import FlaskClient

from tests.factories.members import PASSWORD
from ugc.core.db import Session

AGENT = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}


def link_of(browser: FlaskClient) -> str:
    assert browser.post("/contacts/link").status_code == 303
    found = re.search(r'value="http://localhost(/r/\w+)"', browser.get("/contacts").text)
    assert found is not None
    return found[1]


def open_link(browser: FlaskClient, link: str, **headers: str) -> str:
    """What the address that it leads to says of who invited: `?via=…`."""
    answer = browser.get(link, headers=AGENT | headers)
    assert answer.status_code == 302
    assert "Set-Cookie" not in answer.headers
    found = re.search(r"[?&](via=[^&#]+)", answer.location)
    return f"?{found[1]}" if found else ""


def join(browser: FlaskClient, via: str, handle: str) -> None:
    form = {"handle": handle, "email": f"{handle}@example.org", "password": PASSWORD}
    assert browser.post(f"/join{via}", data=form).status_code == 303


def site_link(session: Session, browser: FlaskClient) -> str:
    browser.post("/contacts/link")
    code = session.scalar(sa.text("SELECT code FROM referral_links"))
    assert isinstance(code, str)
    return code
