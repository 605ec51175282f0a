"""One browser posts and another watches, while Valkey and the live process die."""

from __future__ import annotations

from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import PHONE
from tests.faults.site import FaultSite

SEA = "-41.25/-85.5"


def map_over_the_sea(page: Page, site: FaultSite) -> None:
    page.goto(f"{site.url}/#at=14/{SEA}")
    page.wait_for_selector("body[data-map-features]", state="attached", timeout=30_000)
    expect(page.locator("#live-state")).to_have_text("Live", timeout=30_000)


def post(page: Page, kind: str) -> None:
    page.locator("#report-here").click()
    sheet = page.get_by_role("dialog")
    expect(sheet).to_be_visible()
    sheet.locator(".kinds__kind", has_text=kind).click()
    sheet.get_by_role("button", name="Put it on the map").click()
    expect(sheet).to_be_hidden(timeout=30_000)


def test_one_posts_and_another_watches_while_servers_die(
    browser: Browser, guest_site: FaultSite
) -> None:
    site = guest_site
    phone = browser.new_context(viewport=PHONE, locale="en")
    name, value = site.cookie(site.author)["Cookie"].split("=", 1)
    phone.add_cookies([{"name": name, "value": value, "url": site.url}])
    ana = phone.new_page()
    desk = browser.new_context(viewport={"width": 1200, "height": 800}, locale="en")
    watcher = desk.new_page()
    problems: list[str] = []
    for page in (ana, watcher):
        page.on("pageerror", lambda error: problems.append(str(error)))
        map_over_the_sea(page, site)
    ana.wait_for_selector("body[data-sheet-ready]", state="attached")
    watcher.evaluate("window.sameDocument = true")
    seen = watcher.locator("#map-list li")

    post(ana, "Roadworks")
    expect(seen).to_have_count(1, timeout=20_000)
    site.kill_valkey()
    post(ana, "Street lighting")
    expect(seen).to_have_count(2, timeout=20_000)
    site.stop(kill=True)
    post(ana, "Traffic jam")
    expect(watcher.locator("#live-state")).not_to_have_text("Live", timeout=20_000)
    site.start_valkey()
    site.launch()
    # By the stream, or asking every few seconds where that took long to come back.
    expect(seen).to_have_count(3, timeout=60_000)
    site.kill_valkey()
    site.stop(kill=True)
    site.start_valkey()
    post(ana, "Accident")
    site.launch()
    expect(seen).to_have_count(4, timeout=60_000)
    assert watcher.evaluate("window.sameDocument") is True, "it was reloaded"

    # Each of them once, for whoever comes now as well.
    watcher.reload()
    expect(seen).to_have_count(4, timeout=20_000)
    rows = site.sql("SELECT kind, count(*) FROM reports GROUP BY kind ORDER BY kind")
    assert rows == [("accident", 1), ("jam", 1), ("lighting", 1), ("roadworks", 1)]
    expect(ana.locator("body")).to_have_attribute("data-outbox", "0")
    assert problems == []
    phone.close()
    desk.close()
