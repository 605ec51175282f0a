"""What was typed survives until the server has taken it."""

from typing import Any

import psycopg
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import PASSWORD, PHONE, Site, Spot, make_reports

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
    expect(page.locator("#notices")).to_contain_text("withdrawn")


def kept(page: Page) -> list[str]:
    """The drafts in this browser."""
    keys: list[str] = page.evaluate("Object.keys(localStorage).filter(k => k.startsWith('draft:'))")
    return keys


def test_what_was_said_is_gone_from_its_box(
    browser: Browser, site: Site, database: psycopg.Connection[Any], spot: Spot
) -> None:
    [report] = make_reports(database, spot, 1)
    context = browser.new_context(viewport=PHONE, locale="es")  # type: ignore[arg-type]
    page = context.new_page()
    box = page.get_by_label("Añade algo")
    dialog = page.locator("#sign-out")

    def begin(handle: str, text: str) -> None:
        site.enter(page, handle)
        page.goto(f"{site.url}/reports/{report}")
        box.fill(text)

    def sign_out(answer: str) -> None:
        page.locator(".menu summary").last.click()
        page.locator("form[data-sign-out] button").click()
        expect(dialog).to_contain_text("Textos empezados aquí y sin enviar: 1")
        expect(dialog.locator("[data-send]")).to_be_hidden()
        dialog.get_by_role("button", name=answer).click()
        expect(dialog).to_have_count(0)

    begin("talker", "Por la derecha se pasa.")
    assert len(kept(page)) == 1
    page.get_by_role("button", name="Decirlo").click()
    expect(page.locator(".comment")).to_have_count(1)
    # The page opens at the comment, and what became of it is in sight.
    expect(page.locator(".comment:target")).to_be_in_viewport()
    expect(page.locator("#notices .notice")).to_be_in_viewport()
    expect(box).to_have_value("")
    assert kept(page) == []
    # Signing out asks about a text that was begun.
    box.fill("Y también")
    sign_out("Conservarlo")
    begin("talker-two", "Otra cosa")
    assert len(kept(page)) == 2
    sign_out("Descartarlo")
    [first] = kept(page)
    # Erasing takes what was begun, and leaves what is another's.
    begin("talker-three", "Y otra")
    page.goto(f"{site.url}/settings")
    page.locator("#erase > summary").click()
    page.locator("#erase-password").fill(PASSWORD)
    page.locator("form[data-erase] button").click()
    page.wait_for_url("**/erased")
    expect(page.locator("[data-erased]")).to_be_visible()
    assert kept(page) == [first]
