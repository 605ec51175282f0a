"""The map, its list and what changes without a new page, on a desktop and on a phone."""

import io
import re
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Site, Spot
from tests.browser.test_story import PHONE, join


def add_report(page: Page, site: Site, spot: Spot, kind: str) -> str:
    page.goto(f"{site.url}/reports/new")
    page.get_by_role("radio", name=kind).check()
    page.get_by_label("Latitude").fill(spot.lat)
    page.get_by_label("Longitude").fill(spot.lon)
    page.get_by_role("button", name="Put it on the map").click()
    page.get_by_role("button", name="It is over").wait_for()
    return page.url


def add_place(page: Page, site: Site, spot: Spot) -> None:
    page.goto(f"{site.url}/places/new")
    page.locator("#name").fill("Faro de prueba")
    page.locator("#category").select_option("museum")
    page.locator("#lat").fill(spot.lat)
    page.locator("#lon").fill(f"{spot.lon}1")
    page.locator("form[data-draft] button.button--speak").click()
    page.wait_for_url("**/places/*")


def shown(page: Page, number: int) -> None:
    page.wait_for_selector(f"body[data-map-features='{number}']", state="attached", timeout=20_000)


def press_map(page: Page, right: int = 0) -> None:
    """Presses the map's centre, `right` pixels to the right of it."""
    box: Any = page.locator("#map").bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2 + right, box["y"] + box["height"] / 2)


def test_the_map_and_its_list_say_the_same(browser: Browser, site: Site, spot: Spot) -> None:
    page = browser.new_context(viewport={"width": 1200, "height": 800}, locale="en").new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    join(page, site, "mapa")
    address = add_report(page, site, spot, "Lighting")
    expect(page.locator("[data-mini-map][data-ready]")).to_be_visible(timeout=20_000)
    add_place(page, site, spot)
    page.goto(f"{site.url}/#at=14/{spot.lat}/{spot.lon}")
    shown(page, 2)
    page.wait_for_selector("body[data-map-icons]", state="attached")
    listed = page.locator("#map-list li")
    expect(listed).to_have_count(2)

    listed.first.hover()
    expect(listed.first).to_have_class("is-chosen")
    page.wait_for_selector("body[data-map-ready]", state="attached")
    press_map(page)
    popup = page.locator(".maplibregl-popup")
    expect(popup).to_contain_text("Street lighting")
    assert page.evaluate("scrollY") == 0  # the list scrolls by itself: the map stays under the hand
    expect(popup.get_by_role("link")).to_have_attribute("href", address.removeprefix(site.url))

    page.get_by_role("checkbox", name="Reports").uncheck()
    shown(page, 1)
    expect(listed).to_have_count(1)
    expect(listed).to_contain_text("Faro de prueba")
    page.reload()
    shown(page, 1)
    expect(page.get_by_role("checkbox", name="Reports")).not_to_be_checked()
    assert problems == []


def test_coordinates_that_are_none_keep_the_map_and_are_in_focus(
    browser: Browser, site: Site
) -> None:
    page = browser.new_context(viewport=PHONE, locale="en").new_page()
    join(page, site, "lejos")
    page.goto(f"{site.url}/reports/new")
    expect(page.locator("[data-pick-map] canvas")).to_be_visible(timeout=20_000)
    assert page.evaluate("document.activeElement.tagName") == "BODY"  # nothing was refused yet
    page.get_by_role("radio", name="Traffic jam").check()
    page.get_by_label("Latitude").fill("95")
    page.get_by_label("Longitude").fill("west")
    page.get_by_role("button", name="Put it on the map").click()
    told = page.locator("#location-error")
    expect(told).to_contain_text("not on the map")
    expect(told).to_be_in_viewport()
    expect(page.locator("[data-pick-map] canvas")).to_be_visible()
    expect(page.get_by_label("Latitude")).to_have_value("95")


def test_choosing_where_by_name_and_seeing_what_is_near(
    browser: Browser, site: Site, spot: Spot
) -> None:
    page = browser.new_context(viewport=PHONE, locale="en").new_page()
    join(page, site, "mapa2")
    add_report(page, site, spot, "Lighting")
    page.goto(f"{site.url}/reports/new?lat={spot.lat}&lon={spot.lon}")
    page.wait_for_selector("body[data-near-by='1']", state="attached")
    name = page.get_by_label("Or the name of a city")
    name.press_sequentially("Barcelo")
    option = page.locator("datalist option[value^='Barcelona']").first
    expect(option).to_be_attached()
    name.fill(str(option.get_attribute("value")))
    expect(page.get_by_label("Latitude")).to_have_value(re.compile(r"^41\.\d+$"))


def test_a_vote_changes_only_its_part_of_the_page(browser: Browser, site: Site, spot: Spot) -> None:
    author = browser.new_context(viewport=PHONE, locale="en").new_page()
    join(author, site, "mapa3")
    address = add_report(author, site, spot, "Animals")
    voter = browser.new_context(viewport=PHONE, locale="en").new_page()
    join(voter, site, "mapa4")
    voter.goto(address)
    voter.evaluate("window.stays = true")
    voter.get_by_role("button", name="Still there").click()
    expect(voter.get_by_role("status")).to_contain_text("Your word counts")
    expect(voter.get_by_role("button", name="Still there")).to_have_attribute(
        "aria-pressed", "true"
    )
    expect(voter.get_by_role("button", name="Still there")).to_be_focused()
    assert voter.evaluate("window.stays")

    # Over meanwhile: the refusal is said, and what is on the page stays.
    author.get_by_role("button", name="It is over").click()
    voter.get_by_role("button", name="Not there").click()
    expect(voter.get_by_role("alert")).to_be_visible()
    expect(voter.get_by_role("button", name="Not there")).to_be_visible()
    assert voter.evaluate("window.stays")


def test_land_stays_land_where_the_bundled_map_ends(browser: Browser, site: Site) -> None:
    """Deep tiles exist round Spain only; elsewhere the world's are enlarged."""
    page = browser.new_context(viewport={"width": 1200, "height": 800}).new_page()
    page.goto(f"{site.url}/#at=13/38.9/-98.6")
    page.wait_for_selector("body[data-map-ready]", state="attached")
    shot = Image.open(io.BytesIO(page.locator("#map").screenshot())).convert("RGB")
    assert shot.getpixel((shot.width // 4, shot.height // 4)) == (0xF6, 0xF1, 0xE9)
