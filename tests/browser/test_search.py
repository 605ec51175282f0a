"""The search box of every page: it suggests, is worked by keys, moves the map, and is a plain form
without scripts."""

from __future__ import annotations

import re

from playwright.sync_api import Browser, expect

from tests.browser.conftest import PHONE, Axe, Site


def test_the_box_of_the_header_suggests_and_moves_the_map(
    browser: Browser, site: Site, axe: Axe
) -> None:
    page = browser.new_context(viewport={"width": 1280, "height": 800}, locale="en").new_page()
    page.goto(f"{site.url}/")
    box = page.get_by_role("combobox", name="Street, place, city…").or_(
        page.get_by_role("searchbox", name="Street, place, city…")
    )
    box.click()
    expect(box).to_have_attribute("aria-expanded", "false")
    box.press_sequentially("barcelna")
    option = page.get_by_role("option", name=re.compile("^Barcelona"))
    expect(option.first).to_be_visible(timeout=15_000)
    expect(box).to_have_attribute("aria-expanded", "true")
    assert axe(page) == []
    box.press("ArrowDown")
    expect(option.first).to_have_attribute("aria-selected", "true")
    assert box.get_attribute("aria-activedescendant") == option.first.get_attribute("id")
    # Escape closes the list and keeps what was typed.
    box.press("Escape")
    expect(option.first).to_be_hidden()
    expect(box).to_have_value("barcelna")
    box.press("ArrowDown")
    expect(option.first).to_be_visible()
    box.press("ArrowDown")
    box.press("Enter")
    page.wait_for_function("location.hash.startsWith('#at=12/41.3')")
    assert page.url.split("#")[0] == f"{site.url}/"
    # On other pages it leads to the map there.
    page.goto(f"{site.url}/about")
    box.click()
    box.press_sequentially("barcelona")
    option.first.click()
    page.wait_for_url(re.compile(r"/\?lat=41\.38"))


def test_enter_leads_to_the_results_and_a_phone_has_the_page(
    browser: Browser, site: Site, axe: Axe
) -> None:
    page = browser.new_context(viewport=PHONE, locale="es").new_page()
    page.goto(f"{site.url}/about")
    page.get_by_role("link", name="Buscar", exact=True).click()
    field = page.get_by_role("searchbox").or_(page.get_by_role("combobox"))
    field.fill("qqqqq")
    field.press("Enter")
    expect(page.get_by_text("No hemos encontrado nada")).to_be_visible()
    assert axe(page) == []
    field.fill("barcelna")
    field.press("Enter")
    expect(page.locator(".found .item__title").first).to_have_text("Barcelona")
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
