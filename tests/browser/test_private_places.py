"""Naming a private place on a phone without scripts, and the circle that others are shown."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import PHONE, Site

HOME = ("40.41678", "-3.70379")


def shot(page: Page, name: str) -> None:
    if folder := os.environ.get("BOCA_SHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


@pytest.mark.parametrize("locale", ["es", "en"])
def test_a_home_is_named_without_scripts_and_shown_as_an_area(
    browser: Browser, site: Site, locale: str
) -> None:
    handle = f"at-home-{locale}"
    context = browser.new_context(viewport=PHONE, locale=locale)  # type: ignore[arg-type]
    page = context.new_page()
    site.enter(page, handle)
    state = context.storage_state()
    plain = browser.new_context(
        viewport=PHONE,  # type: ignore[arg-type]
        locale=locale,
        java_script_enabled=False,
        storage_state=state,
        color_scheme="dark" if locale == "es" else "light",
    ).new_page()
    # With scripts, a position pasted into one field fills both.
    page.goto(f"{site.url}/settings/places")
    page.locator("#lat").fill("40,41678 \u22123,70379")
    page.locator("#lat").blur()
    expect(page.locator("#lon")).to_have_value("-3.703790")
    expect(page.locator("#lat")).to_have_value("40.416780")
    plain.goto(f"{site.url}/settings/places")
    plain.locator("#name").fill("Casa")
    plain.locator("#lat").fill(HOME[0])
    plain.locator("#lon").fill(HOME[1])
    shot(plain, f"places-form-{locale}")
    plain.locator("main form.card button").last.click()
    assert "Casa" in plain.locator("main .items").inner_text()
    shot(plain, f"places-{locale}")
    assert plain.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    plain.goto(f"{site.url}/reports/new")
    plain.locator("input[name=kind][value=waste]").check(force=True)
    plain.locator("#lat").fill(HOME[0])
    plain.locator("#lon").fill(HOME[1])
    assert plain.locator("input[name=near][value=area]").is_checked()
    shot(plain, f"report-form-{locale}")
    plain.locator("form[data-draft] button.button--speak").click()
    plain.wait_for_url("**/reports/*")
    shown = browser.new_context(viewport={"width": 1280, "height": 900}, locale=locale).new_page()
    shown.goto(plain.url)
    box = shown.locator("[data-mini-map]")
    assert 300 <= int(box.get_attribute("data-area") or 0) <= 500
    box.click()
    shown.locator("[data-mini-map][data-ready]").wait_for()
    shot(shown, f"report-{locale}")
    assert HOME[0] not in shown.locator("main").inner_text()
