"""Photos in a real browser: chosen with a preview, cleaned by the worker, looked at by keyboard."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Browser, expect

from tests.browser.conftest import PHONE, Site
from tests.browser.steps import picture


def test_choose_send_and_look(
    browser: Browser, site: Site, axe: Callable[[Any], list[Any]]
) -> None:
    page = browser.new_context(viewport=PHONE, locale="en").new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda text: problems.append(text.text) if text.type == "error" else None)
    site.enter(page, "photographer")
    page.goto(f"{site.url}/reports/new")
    page.get_by_role("radio", name="Roadworks").check()
    page.get_by_label("Latitude").fill("43.26")
    page.get_by_label("Longitude").fill("-2.93")
    chooser = page.get_by_label("Choose photos")
    chooser.set_input_files([picture("one.jpg", 640), picture("two.jpg", 500)])
    chooser.set_input_files([picture("three.jpg", 400)])
    chooser.set_input_files({"name": "film.mp4", "mimeType": "video/mp4", "buffer": b"film"})
    expect(page.get_by_text("film.mp4")).to_contain_text("not JPEG")
    drafts = page.locator(".photo-drafts .photo-draft")
    expect(drafts).to_have_count(3)
    drafts.nth(1).get_by_role("button", name="Leave it out").click()
    expect(drafts).to_have_count(2)
    drafts.nth(1).get_by_label("Describe it").fill("The third one")
    assert axe(page) == []
    page.get_by_role("button", name="Put it on the map").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Roadworks")
    # They come by themselves as soon as they are ready.
    expect(page.locator(".photo__image")).to_have_count(2)
    expect(page.get_by_alt_text("The third one")).to_have_count(1)
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    page.locator(".photo__link").first.focus()
    page.keyboard.press("Enter")
    viewer = page.get_by_role("dialog")
    expect(viewer).to_be_visible()
    page.keyboard.press("ArrowRight")
    expect(viewer.get_by_text("2 / 2 · The third one")).to_be_visible()
    expect(viewer.locator("img")).to_have_js_property("naturalWidth", 400)
    assert axe(page) == []
    page.keyboard.press("Escape")
    expect(viewer).to_be_hidden()
    assert page.evaluate("document.activeElement.querySelector('img').alt") == "The third one"
    assert problems == []
    # The site is shared: nothing stays in its queue or on its map.
    page.locator("summary", has_text="Withdraw…").click()
    page.get_by_role("button", name="Withdraw for good").click()
    expect(page.locator("#notices")).to_contain_text("withdrawn")
