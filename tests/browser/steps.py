"""What people do in a browser, step by step."""

from __future__ import annotations

import time
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.conftest import PASSWORD, Site, Spot
from tests.media import pictures


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


def look_at_picker(page: Page) -> None:
    """Scrolls to the map of a form, which comes when it is looked at."""
    page.locator("[data-pick-map]").scroll_into_view_if_needed()
    expect(page.locator("[data-pick-map] canvas")).to_be_visible()


def shown(page: Page, number: int) -> None:
    page.wait_for_selector(f"body[data-map-features='{number}']", state="attached", timeout=20_000)


def press_map(page: Page, right: int = 0) -> None:
    """Presses the map's centre, `right` pixels to the right of it."""
    box: Any = page.locator("#map").bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2 + right, box["y"] + box["height"] / 2)


def join(page: Page, site: Site, handle: str, by: str = "") -> None:
    """Joins (by somebody's link, without saying yes to a cookie), and confirms the address through
    the mail's link."""
    if by:
        page.goto(by)
        page.locator(".invitation").get_by_role("link", name="Join").click()
    else:
        page.goto(f"{site.url}/join")
    page.get_by_label("Username").fill(handle)
    page.get_by_label("E-mail").fill(f"{handle}@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Join").click()
    page.goto(site.link_for(f"{handle}@example.org"))
    page.get_by_role("button", name="Confirm").click()
    expect(page.locator("#notices")).to_contain_text("You can contribute now")


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def picture(name: str, width: int) -> dict[str, Any]:
    content = pictures.saved(pictures.scene(width, 480))
    return {"name": name, "mimeType": "image/jpeg", "buffer": content}


REVIEW = "Quiet in the morning, good coffee, and people who know where everything is in town."


def approve(mod: Page, site: Site, text: str) -> None:
    """Approves the case that shows `text`, as soon as its photos are ready."""
    for _ in range(40):
        mod.goto(f"{site.url}/moderation")
        case = mod.locator("article.card").filter(has_text=text)
        case.get_by_role("button", name="Approve").click()
        if "Decided." in mod.locator("main").inner_text():
            return
        time.sleep(0.25)
    raise AssertionError(f"{text!r} could not be approved")
