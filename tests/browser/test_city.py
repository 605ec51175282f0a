"""A loaded city from the search box to the mail: an address is looked for, a report stands there,
and everything that tells of it says the street."""

from __future__ import annotations

import html
import re
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from email import message_from_bytes, policy
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import COMMAND, DESKTOP, Axe, Site
from tests.factories.committed import committed
from tests.streets.colours import colours_of, near
from tests.streets.conftest import HELSINKI
from ugc.accounts.models import Member
from ugc.config import ROOT
from ugc.drawing.citymap import LIGHT
from ugc.watches.models import MailChoice

STREET = "Aleksanterinkatu"
# A house of that street that stands beside it, and not on a passage behind.
HOUSE = """
SELECT number FROM addresses WHERE street = %s AND number ~ '^[0-9]+$'
GROUP BY number HAVING count(*) = 1 AND bool_and((SELECT w.street FROM where_is(geom) AS w) = %s)
ORDER BY number LIMIT 1
"""
MAIL_SECONDS = 90


@pytest.fixture
def city(site: Site) -> Iterator[None]:
    """Helsinki's middle; gone again, and forgotten by the site's processes, after the test."""

    def ugc(*arguments: str) -> None:
        command = [*COMMAND, "city", *arguments]
        subprocess.run(command, env=site.environment, cwd=ROOT, check=True, capture_output=True)

    def is_known() -> bool:
        with urllib.request.urlopen(f"{site.url}/about", timeout=30) as answer:
            assert answer.status == 200
        with urllib.request.urlopen(site.url, timeout=30) as answer:
            return b"/basemap/city/helsinki" in answer.read()

    def wait_until(known: bool) -> None:
        deadline = time.monotonic() + 30
        while is_known() != known:
            assert time.monotonic() < deadline
            time.sleep(0.2)

    ugc("load", str(HELSINKI))
    try:
        wait_until(True)
        yield
    finally:
        ugc("remove", "helsinki", "--yes")
        wait_until(False)


def letter(site: Site, address: str) -> tuple[str, str]:
    """Subject and text of the newest mail to an address."""
    deadline = time.monotonic() + MAIL_SECONDS
    while time.monotonic() < deadline:
        for path in sorted((site.data / "mail").glob(f"*-{address}.eml"), reverse=True):
            message = message_from_bytes(path.read_bytes(), policy=policy.default)
            body = message.get_body(("plain",))
            if body is not None and STREET in body.get_content():
                return str(message["Subject"]), str(body.get_content())
        time.sleep(0.1)
    raise AssertionError(f"no mail to {address} within {MAIL_SECONDS} s")


def meta(page: Page, name: str) -> str:
    """What a page tells those that show links to it."""
    said = page.locator(f"meta[property='{name}']").get_attribute("content")
    assert said is not None
    return html.unescape(said)


def test_an_address_goes_from_the_box_to_list_mail_and_picture(
    browser: Browser, site: Site, city: None, database: psycopg.Connection[Any], axe: Axe
) -> None:
    found = database.execute(HOUSE, (STREET, STREET)).fetchone()
    assert found is not None
    address = f"{STREET} {found[0]}"
    # Without scripts, a watch round an address.
    plain = browser.new_context(java_script_enabled=False, locale="en").new_page()
    site.enter(plain, "vigilante")
    with committed(site.environment["DATABASE_URL"]) as session:
        who = session.scalars(sa.select(Member.id).where(Member.handle == "vigilante")).one()
        session.add(MailChoice(member_id=who, delivery="now", quiet_from=0, quiet_until=0))
    plain.goto(f"{site.url}/watching/new?shape=area")
    plain.get_by_label("Name").fill("My corner")
    plain.get_by_label("Street, address or place").fill(address)
    plain.get_by_label("Radius in kilometres").fill("0.5")
    plain.get_by_role("button", name="Watch", exact=True).click()
    expect(plain.get_by_role("heading", level=1)).to_contain_text("My corner")

    page = browser.new_context(viewport=DESKTOP, locale="en").new_page()  # type: ignore[arg-type]
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    site.enter(page, "callejera")
    site.make_moderator("callejera")
    page.goto(f"{site.url}/")
    box = page.locator(".topbar input[name='q']")
    box.click()
    expect(box).to_have_attribute("role", "combobox")
    box.press_sequentially(address.lower())
    option = page.get_by_role("option", name=re.compile(f"^{address}"))
    expect(option.first).to_be_visible()
    option.first.click()
    page.wait_for_function("/^#at=1[5-8].*\\/60\\.1.*\\/24\\.9/.test(location.hash)")
    page.locator("body[data-map-ready]").wait_for(state="attached")
    assert axe(page) == []
    page.locator("#report-here").click()
    sheet = page.get_by_role("dialog")
    sheet.locator(".kinds__kind", has_text="Roadworks").click()
    sheet.get_by_role("button", name="Put it on the map").click()
    listed = page.locator("li[data-id]", has_text=STREET).filter(has_text="Roadworks")
    expect(listed.first).to_be_visible()

    subject, text = letter(site, "vigilante@example.org")
    assert STREET in subject + text
    listed.first.get_by_role("link").first.click()
    expect(page).to_have_title(re.compile(f"Roadworks.*{STREET}"))
    expect(page.get_by_role("main")).to_contain_text(STREET)
    assert axe(page) == []
    assert STREET in meta(page, "og:title") + meta(page, "og:description")
    assert STREET in meta(page, "og:image:alt")
    picture = page.request.get(meta(page, "og:image"))
    assert picture.ok
    assert near(colours_of(picture.body()), LIGHT.building)
    # The still map, which is all there is without scripts, has the streets too.
    plain.goto(page.url)
    still = plain.locator("[data-mini-map] img")
    expect(still).to_be_visible()
    drawn = plain.request.get(site.url + str(still.get_attribute("src")))
    assert near(colours_of(drawn.body()), LIGHT.building)
    assert problems == []
