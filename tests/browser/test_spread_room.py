"""Spread, looked at in a browser: the room, the rings, prescriptores and invitations."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import DESKTOP, PHONE, Site
from tests.browser.seeding import seed


def signed_in(browser: Browser, site: Site, handle: str, **options: Any) -> Page:
    page = browser.new_context(**options).new_page()
    site.enter(page, handle)
    return page


def test_pages_of_the_spread_are_accessible(
    browser: Browser, site: Site, accessible: Callable[[Page], None]
) -> None:
    handle = "room-looks"
    page = signed_in(browser, site, handle, viewport=PHONE, color_scheme="dark", locale="es")
    brand = seed(site, handle)
    page.goto(f"{site.url}/brands/{brand}/invitations")
    page.locator("#text").fill("Trae a alguien a nuestra marca, por favor.")
    page.locator("#thanks").fill("Muchas gracias, de verdad.")
    page.get_by_role("button", name="Escribirla").click()
    invitation = page.url.removeprefix(site.url)
    paths = [
        "/contacts", "/spread/of/site", "/prescriptores", "/spread", "/settings", invitation,
        f"/brands/{brand}", f"/brands/{brand}/spread", f"/brands/{brand}/spread?span=custom",
        f"/brands/{brand}/prescriptores", f"/brands/{brand}/invitations",
    ]  # fmt: skip
    for path in paths:
        page.goto(site.url + path)
        page.evaluate(
            "document.querySelectorAll('main details').forEach((d) => { d.open = true; })"
        )
        accessible(page)
    page.goto(f"{site.url}/spread/of/site")
    expect(page.locator(".rings__dot")).to_have_count(6)
    page.goto(f"{site.url}/brands/{brand}/spread")
    expect(page.locator(".chart__bars rect").first).to_be_visible()
    expect(page.locator(".cascade__hub").first).to_be_visible()
    expect(page.locator(".curve__line")).to_be_visible()


def test_the_room_is_used_by_keyboard_and_exported(browser: Browser, site: Site) -> None:
    page = signed_in(browser, site, "room-keys", viewport=DESKTOP, locale="en")
    brand = seed(site, "room-keys")
    page.goto(f"{site.url}/brands/{brand}/spread")
    expect(page.locator("#from")).to_be_hidden()
    page.locator("#span").select_option("custom")
    expect(page.locator("#from")).to_be_visible()
    page.locator("#span").select_option("4w")
    page.get_by_role("button", name="Show", exact=True).focus()
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
    other.get_by_role("button", name="Show", exact=True).click()
    expect(other.locator("#weeks")).to_be_visible()


def test_the_map_of_cities_draws_and_motion_can_be_off(browser: Browser, site: Site) -> None:
    page = signed_in(
        browser, site, "room-map", viewport=DESKTOP, locale="en", reduced_motion="reduce"
    )
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
