"""Spread, looked at in a browser: the room, the rings, prescriptores and invitations."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Site
from ugc.config import ROOT

PASSWORD = "correct horse battery"
PHONE = {"width": 360, "height": 740}
DESK = {"width": 1280, "height": 900}


def signed_in(browser: Browser, site: Site, handle: str, **options: Any) -> Page:
    page = browser.new_context(**options).new_page()
    page.goto(f"{site.url}/join")
    page.locator("#handle").fill(handle)
    page.locator("#email").fill(f"{handle}@example.org")
    page.locator("#password").fill(PASSWORD)
    page.locator("main form button").click()
    page.goto(site.link_for(f"{handle}@example.org"))
    page.locator("main form button").click()
    return page


def seed(site: Site, handle: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "tests.insights.seed", handle],
        check=True, env=site.environment, cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    return done.stdout.split()[-1]


@pytest.mark.parametrize(
    ("scheme", "size"), [("dark", PHONE), ("light", DESK)], ids=["dark-phone", "light-desktop"]
)
def test_pages_of_the_spread_are_accessible(
    browser: Browser, site: Site, axe: Callable[[Any], list[Any]], scheme: str, size: dict[str, int]
) -> None:
    handle = f"room-{scheme}-{size['width']}"
    page = signed_in(browser, site, handle, viewport=size, color_scheme=scheme, locale="es")
    brand = seed(site, handle)
    page.goto(f"{site.url}/brands/{brand}/invitations")
    page.locator("#text").fill("Trae a alguien a nuestra marca, por favor.")
    page.locator("#thanks").fill("Muchas gracias, de verdad.")
    page.get_by_role("button", name="Escribirla").click()
    invitation = page.url.removeprefix(site.url)
    paths = [
        "/contacts", "/prescriptores", "/spread", "/settings", invitation,
        f"/brands/{brand}", f"/brands/{brand}/spread", f"/brands/{brand}/spread?span=custom",
        f"/brands/{brand}/prescriptores", f"/brands/{brand}/invitations",
    ]  # fmt: skip
    for path in paths:
        page.goto(site.url + path)
        page.evaluate(
            "document.querySelectorAll('main details').forEach((d) => { d.open = true; })"
        )
        assert axe(page) == [], path
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= size["width"], path
    page.goto(f"{site.url}/brands/{brand}/spread")
    expect(page.locator(".chart__bars rect").first).to_be_visible()
    expect(page.locator(".cascade__hub").first).to_be_visible()
    expect(page.locator(".curve__line")).to_be_visible()


def test_the_room_is_used_by_keyboard_and_exported(browser: Browser, site: Site) -> None:
    page = signed_in(browser, site, "room-keys", viewport=DESK, locale="en")
    brand = seed(site, "room-keys")
    page.goto(f"{site.url}/brands/{brand}/spread")
    expect(page.locator("#from")).to_be_hidden()
    page.locator("#span").select_option("custom")
    expect(page.locator("#from")).to_be_visible()
    page.locator("#span").select_option("4w")
    page.get_by_role("button", name="Show").focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("span=4w"))
    with page.expect_download() as waiting:
        page.get_by_role("link", name="CSV").click()
    text = waiting.value.path().read_text()
    assert text.startswith("week,starts_on,series,key,people")


def test_rings_and_room_without_scripts(browser: Browser, site: Site) -> None:
    page = signed_in(browser, site, "room-plain", viewport=PHONE, locale="en")
    brand = seed(site, "room-plain")
    state = page.context.storage_state()
    plain = browser.new_context(java_script_enabled=False, storage_state=state, viewport=PHONE)
    other = plain.new_page()
    other.goto(f"{site.url}/contacts")
    expect(other.locator(".rings__dot").first).to_be_visible()
    expect(other.get_by_text("They came by your word")).to_be_visible()
    expect(other.locator(".cities-map")).to_be_hidden()
    expect(other.get_by_role("cell").first).to_be_visible()
    other.goto(f"{site.url}/brands/{brand}/spread")
    other.locator("#span").select_option("52w")
    other.get_by_role("button", name="Show").click()
    expect(other.locator("#weeks")).to_be_visible()


def test_the_map_of_cities_draws_and_motion_can_be_off(browser: Browser, site: Site) -> None:
    page = signed_in(browser, site, "room-map", viewport=DESK, locale="en", reduced_motion="reduce")
    seed(site, "room-map")
    page.goto(f"{site.url}/contacts")
    assert (
        page.evaluate(
            "getComputedStyle(document.querySelector('.rings__dot circle')).animationName"
        )
        == "none"
    )
    box = page.locator("[data-cities-map]")
    box.scroll_into_view_if_needed()
    expect(box).to_be_visible()
