"""What was typed survives until the server has taken it."""

from playwright.sync_api import Browser, expect

from tests.browser.conftest import PHONE, Site

TEXT = "Three lamps in a row are out, since Monday."


def test_drafts_survive_a_lost_connection_and_a_refusal(browser: Browser, site: Site) -> None:
    context = browser.new_context(viewport=PHONE, locale="en")  # type: ignore[arg-type]
    page = context.new_page()
    site.enter(page, "drafter")
    page.goto(f"{site.url}/reports/new")
    page.get_by_role("radio", name="Street lighting").check()
    page.get_by_label("Say more").fill(TEXT)
    page.get_by_label("Latitude").fill("-53.16")
    page.get_by_label("Longitude").fill("-70.91")
    context.set_offline(True)
    page.get_by_role("button", name="Put it on the map").click()
    page.wait_for_timeout(500)
    context.set_offline(False)
    page.goto(f"{site.url}/reports/new")
    expect(page.get_by_label("Say more")).to_have_value(TEXT)
    expect(page.get_by_role("radio", name="Street lighting")).to_be_checked()
    # Refused: the coordinates are not on the map.
    page.get_by_label("Latitude").fill("95")
    page.get_by_label("Longitude").fill("-70.91")
    page.get_by_role("button", name="Put it on the map").click()
    expect(page.get_by_text("not on the map")).to_be_visible()
    page.goto(f"{site.url}/reports/new")
    expect(page.get_by_label("Say more")).to_have_value(TEXT)
    # Taken: the next form is empty.
    page.get_by_label("Latitude").fill("-53.16")
    page.get_by_label("Longitude").fill("-70.91")
    page.get_by_role("button", name="Put it on the map").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Street lighting")
    address = page.url
    page.goto(f"{site.url}/reports/new")
    expect(page.get_by_label("Say more")).to_have_value("")
    page.goto(address)
    page.locator(".sure > summary").click()
    page.get_by_role("button", name="Withdraw for good").click()
    expect(page.get_by_role("status")).to_contain_text("withdrawn")
