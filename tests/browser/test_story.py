"""The product as a person meets it, on a phone-sized screen."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Site

PASSWORD = "plum tractor silence"
PHONE = {"width": 360, "height": 740}


def join(page: Page, site: Site, handle: str) -> None:
    """Joins, and confirms the address through the mail's link."""
    page.goto(f"{site.url}/join")
    page.get_by_label("Name on the site").fill(handle)
    page.get_by_label("E-mail").fill(f"{handle}@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Join").click()
    page.goto(site.link_for(f"{handle}@example.org"))
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_role("status")).to_contain_text("You can contribute now")


def test_join_report_and_be_approved(browser: Browser, site: Site) -> None:
    phone = browser.new_context(viewport=PHONE, locale="en")
    ana = phone.new_page()
    problems: list[str] = []
    ana.on("pageerror", lambda error: problems.append(str(error)))
    join(ana, site, "ana")
    ana.goto(f"{site.url}/reports/new")
    ana.get_by_role("radio", name="Roadworks").check()
    ana.get_by_label("Latitude").fill("40.4168")
    ana.get_by_label("Longitude").fill("-3.7038")
    ana.get_by_label("Say more").fill("The pavement is up.")
    ana.get_by_role("button", name="Put it on the map").click()
    expect(ana.get_by_role("heading", level=1)).to_contain_text("Roadworks")
    address = ana.url

    visitor = browser.new_context(viewport=PHONE, locale="es").new_page()
    visitor.goto(address)
    expect(visitor.get_by_role("heading", level=1)).to_contain_text("Obras")
    expect(visitor.get_by_text("sin confirmar").first).to_be_visible()
    expect(visitor.get_by_text("The pavement is up.")).to_have_count(0)

    mod = browser.new_context(viewport=PHONE, locale="en").new_page()
    join(mod, site, "mod")
    site.command("make-moderator", "mod")
    mod.goto(f"{site.url}/moderation")
    expect(mod.get_by_text("The pavement is up.")).to_be_visible()
    mod.get_by_role("button", name="Approve").click()
    expect(mod.get_by_text("Nothing waits")).to_be_visible()
    mod.goto(address)
    mod.get_by_role("button", name="Still there").click()
    expect(mod.get_by_role("heading", name="Reliability 7 of 10")).to_be_visible()

    visitor.reload()
    expect(visitor.get_by_text("The pavement is up.")).to_be_visible()
    visitor.goto(f"{site.url}/#at=12/40.4168/-3.7038")
    visitor.wait_for_selector("body[data-map-ready]", state="attached", timeout=20_000)
    visitor.wait_for_selector("body[data-map-features='1']", state="attached", timeout=20_000)
    expect(visitor.locator("#map-list .item")).to_have_count(1)
    assert problems == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, {"width": 1280, "height": 800}], ids=["phone", "desktop"])
def test_no_page_has_an_accessibility_violation(
    browser: Browser, site: Site, axe: Callable[[Any], list[Any]], scheme: str, size: dict[str, int]
) -> None:
    context = browser.new_context(viewport=size, color_scheme=scheme, locale="es")  # type: ignore[arg-type]
    page = context.new_page()
    handle = f"axe-{scheme}-{size['width']}"
    page.goto(f"{site.url}/join")
    page.locator("#handle").fill(handle)
    page.locator("#email").fill(f"{handle}@example.org")
    page.locator("#password").fill(PASSWORD)
    page.locator("main form button").click()
    page.goto(site.link_for(f"{handle}@example.org"))
    page.locator("main form button").click()
    site.command("make-moderator", handle)
    pages = [
        "/",
        "/welcome",
        "/reports/new",
        "/settings",
        f"/members/{handle}",
        "/moderation",
        "/nothing",
    ]
    for path in pages:
        page.goto(site.url + path)
        assert axe(page) == [], path
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= size["width"], path
    context.clear_cookies()
    for path in ("/join", "/sign-in", "/password/forgotten"):
        page.goto(site.url + path)
        assert axe(page) == [], path
