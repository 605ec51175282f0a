"""Everything but the map itself works in a browser that runs no scripts."""

import re

from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import PHONE, Site, Spot
from tests.browser.steps import join

TEXT = "Quiet in the morning, the waiters know everybody, and the churros are worth it."


def test_a_day_without_scripts(browser: Browser, site: Site, spot: Spot) -> None:
    def plain(handle: str) -> Page:
        context = browser.new_context(viewport=PHONE, locale="en", java_script_enabled=False)  # type: ignore[arg-type]
        page = context.new_page()
        join(page, site, handle)
        return page

    page = plain("plainer")
    site.make_moderator("plainer")

    # Report, with the name of a city in place of the map, and by coordinates.
    page.goto(f"{site.url}/reports/new")
    page.get_by_role("radio", name="Waste").check(force=True)
    page.get_by_label("Latitude").fill(spot.lat)
    page.get_by_label("Longitude").fill(spot.lon)
    page.get_by_label("Say more").fill("Three sacks at the corner.")
    page.get_by_role("button", name="Put it on the map").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Waste")
    report = page.url

    # Suggest a place, review it, edit the review, find the place again.
    page.goto(f"{site.url}/places/new")
    page.get_by_label("Name", exact=True).fill("Bar Sin Guion")
    page.get_by_label("Category").select_option(label="Café")
    page.get_by_label("Latitude").fill(spot.lat)
    page.get_by_label("Longitude").fill(spot.lon)
    page.get_by_role("button", name="Put it on the map").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Bar Sin Guion")
    page.get_by_role("link", name="Write a review").click()
    page.get_by_role("radio", name="4: good").first.check(force=True)
    page.get_by_label("Tell others").fill(TEXT)
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_text("churros are worth it")).to_be_visible()
    place = re.sub(r"#.*", "", page.url)
    page.goto(f"{site.url}/search?q=bar+sin+gion")
    expect(page.get_by_role("link", name="Bar Sin Guion")).to_be_visible()

    # Suggest a brand.
    page.goto(f"{site.url}/brands/new")
    page.get_by_label("Name", exact=True).fill("Sin Guion")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Sin Guion")
    brand = page.url

    # Somebody else confirms, finds helpful, follows, flags, shares.
    other = plain("plainest")
    other.goto(report)
    other.get_by_role("button", name="Still there").click()
    expect(other.get_by_text("Your word counts")).to_be_visible()
    other.goto(place)
    other.get_by_role("button", name="Helpful").first.click()
    expect(other.get_by_role("button", name="Helpful").first).to_contain_text("1")
    other.goto(brand)
    other.get_by_role("button", name="Follow").click()
    expect(other.get_by_role("button", name="Following")).to_be_visible()
    other.goto(report.replace("/reports/", "/flag/"))
    other.get_by_role("radio", name="False or misleading").check()
    other.get_by_role("main").get_by_role("button", name="Flag").click()
    expect(other.get_by_text("A moderator will look at it")).to_be_visible()
    other.goto(f"{site.url}/contacts")
    other.get_by_role("main").get_by_role("button").first.click()
    expect(other.locator('input[value*="/r/"]')).to_be_visible()

    # The list says what the map would show; settings and language are forms.
    lon, lat = float(spot.lon), float(spot.lat)
    other.goto(f"{site.url}/?bbox={lon - 1},{lat - 1},{lon + 1},{lat + 1}")
    expect(other.get_by_text("Three sacks at the corner.")).to_be_visible()
    other.get_by_role("button", name="Español").click()
    expect(other.locator("html")).to_have_attribute("lang", "es")
