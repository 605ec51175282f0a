"""What a first and a next visit of each page load, in bytes on the wire, through the front."""

from __future__ import annotations

from playwright.sync_api import Browser, BrowserContext, expect

from tests.browser.conftest import PHONE, Site, Spot
from tests.browser.test_map import add_place, add_report

MAP, THING, NEXT = 700_000, 160_000, 60_000


def loaded(context: BrowserContext, address: str, is_map: bool) -> int:
    """Bytes of a page and all that it loads, headers included, until it is drawn."""
    page = context.new_page()
    client = context.new_cdp_session(page)
    client.send("Network.enable")
    sizes: list[float] = []
    client.on("Network.loadingFinished", lambda each: sizes.append(each["encodedDataLength"]))
    page.goto(address)
    if is_map:
        page.wait_for_selector("body[data-map-ready]", state="attached")
    else:
        expect(page.locator("h1").first).to_be_visible()
        page.wait_for_load_state("networkidle")
    page.close()
    return round(sum(sizes))


def test_pages_are_light(browser: Browser, site: Site, spot: Spot) -> None:
    """The service worker, which keeps the site for later, is left out: it comes after the page."""
    english = browser.new_context(viewport=PHONE, locale="en", service_workers="block")  # type: ignore[arg-type]
    author = english.new_page()
    site.enter(author, "ligero")
    report = add_report(author, site, spot, "Lighting")
    add_place(author, site, spot)
    author.wait_for_url("**/places/*")
    place = author.url
    state = english.storage_state()
    found = {}
    for name, address in {
        "map": f"{site.url}/",
        "place": place,
        "report": report,
        "profile": f"{site.url}/members/ligero",
        "share": place.replace("/places/", "/share/"),
    }.items():
        visitor = browser.new_context(
            viewport=PHONE,
            locale="en",
            storage_state=state,
            service_workers="block",  # type: ignore[arg-type]
        )
        found[name] = tuple(loaded(visitor, address, name == "map") for _ in range(2))
        visitor.close()
    heavy = {
        name: sizes
        for name, sizes in found.items()
        if sizes[0] > (MAP if name == "map" else THING) or sizes[1] > NEXT
    }
    assert heavy == {}, found
