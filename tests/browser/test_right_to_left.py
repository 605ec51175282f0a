"""Arabic and Hebrew on a phone: each text in its own direction, nothing beside it turned, and a
field that is full as the browser counts it is taken."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.conftest import PHONE, Site

NAME = "קפה השלום 24"
TEXT = "המקום יפה.\n\nالمكان جميل والقهوة طيبة (جدا)!\n\nAnd the coffee is good."


def shot(page: Page, name: str) -> None:
    if folder := os.environ.get("BOCA_SHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def directions(page: Page, selector: str) -> list[str]:
    found: list[str] = page.eval_on_selector_all(
        selector, "all => all.map(each => getComputedStyle(each).direction)"
    )
    return found


@pytest.mark.parametrize("locale", ["es", "en"])
def test_texts_run_as_they_are_written(
    browser: Browser, site: Site, accessible: Callable[[Page], None], locale: str
) -> None:
    context = browser.new_context(
        viewport=PHONE,  # type: ignore[arg-type]
        locale=locale,
        color_scheme="dark" if locale == "es" else "light",
    )
    page = context.new_page()
    site.enter(page, f"rtl-{locale}")

    page.goto(f"{site.url}/brands/new")
    page.locator("#name").fill(f"{NAME} {locale}")
    page.locator("#about").fill(TEXT)
    assert directions(page, "#name, #about, #website") == ["rtl", "rtl", "ltr"]
    shot(page, f"rtl-form-{locale}")
    page.locator("main form button").last.click()
    page.wait_for_url("**/brands/*")

    assert directions(page, "h1") == ["rtl"]
    assert directions(page, ".says p") == ["rtl", "rtl", "ltr"]
    assert page.evaluate("document.documentElement.dir") == ""
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert page.title().startswith(f"\u2068{NAME} {locale}\u2069 · ")
    shot(page, f"rtl-brand-{locale}")
    accessible(page)


def test_a_field_that_is_full_is_taken(browser: Browser, site: Site) -> None:
    page = browser.new_context(viewport=PHONE, locale="en").new_page()  # type: ignore[arg-type]
    site.enter(page, "full-field")
    page.goto(f"{site.url}/settings")
    about = page.locator("#about")
    most = int(about.get_attribute("maxlength") or 0)
    about.fill("🚲\n" * (most // 3))
    about.press("Control+End")
    page.keyboard.type("x" * (most % 3 + 5))
    assert about.evaluate("area => area.value.length") == most
    assert page.locator("[data-counter-for=about]").inner_text() == f"{most} / {most}"
    full = about.input_value()
    page.locator("form:has(#about) button").click()
    page.wait_for_load_state()
    assert page.locator("main .error").count() == 0
    assert page.locator("#about").input_value() == full
