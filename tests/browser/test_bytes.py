"""What a first and a next visit of each page load, in bytes on the wire, through the front: all
that the server sends, whether a page, its scripts or the service worker asks for it."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from benchmarks.wire import Wire, wire
from tests.browser.conftest import PHONE, Site, Spot
from tests.browser.steps import add_place, add_report, look_at_picker
from tests.factories import content
from tests.factories.committed import committed
from ugc.core import subjects

MAP, THING, NEXT = 700_000, 160_000, 60_000
# What a page says once it knows whether this browser keeps the site.
KEEPS = "body[data-keeps]"
BASEMAP = """performance.getEntriesByType('resource').map(({name}) => name)
  .filter(name => name.includes('/basemap/'))"""


@pytest.fixture
def counted(site: Site) -> Iterator[Wire]:
    with wire(urlsplit(site.url).port or 0) as relay:
        yield relay


def loaded(context: BrowserContext, counted: Wire, path: str, keeps: str) -> int:
    """Bytes of a page and all that comes with it and after it, until it is drawn and, where the
    browser keeps the site, the service worker has what it wants."""
    before = counted.sent
    page = context.new_page()
    page.goto(counted.url + path)
    if path == "/":
        page.wait_for_selector("body[data-map-ready]", state="attached")
        # Chromium does not keep two ranges of one address that it asked for at once.
        ranges = page.evaluate(BASEMAP)
        assert len(ranges) > 1
        assert len(set(ranges)) == len(ranges), ranges
    else:
        expect(page.locator("h1").first).to_be_visible()
        page.wait_for_load_state("networkidle")
    page.wait_for_selector(f"{KEEPS}[data-keeps='{keeps}']", state="attached")
    found = page.evaluate("navigator.serviceWorker.getRegistrations().then(all => all.length)")
    assert bool(found) is (keeps != "nothing"), path
    if found:
        page.wait_for_function("navigator.serviceWorker.controller !== null")
    page.close()
    return counted.sent - before


def things(browser: Browser, site: Site, spot: Spot) -> list[str]:
    """Paths of the map and of one thing of each kind."""
    author = browser.new_context(viewport=PHONE, locale="en").new_page()  # type: ignore[arg-type]
    site.enter(author, "ligero")
    report = add_report(author, site, spot, "Lighting")
    add_place(author, site, spot)
    place = urlsplit(author.url).path
    with committed(site.environment["DATABASE_URL"]) as session:
        brand = content.brand(session, name="Faro Ligero")
        placed = subjects.resolve(session, place.rpartition("/")[2])
        content.run_place(session, placed.id, brand.id)
        code = brand.public_id
    share = place.replace("/places/", "/share/")
    return [
        "/", place, urlsplit(report).path, f"/brands/{code}", "/members/ligero", share,
    ]  # fmt: skip


def test_pages_are_light(browser: Browser, site: Site, spot: Spot, counted: Wire) -> None:
    found = {}
    for path in things(browser, site, spot):
        visitor = browser.new_context(viewport=PHONE, locale="en")  # type: ignore[arg-type]
        found[path] = [loaded(visitor, counted, path, "nothing") for _ in range(2)]
        visitor.close()
    # For a member the worker keeps the site, map and all; the basemap only as far as it was seen.
    member = browser.new_context(viewport=PHONE, locale="en")  # type: ignore[arg-type]
    site.enter(member.new_page(), "socia")
    found["member"] = [loaded(member, counted, "/", "site") for _ in range(2)]
    limits = {path: (MAP if path in ("/", "member") else THING, NEXT) for path in found}
    assert {
        path: sizes
        for path, sizes in found.items()
        if any(size > limit for size, limit in zip(sizes, limits[path], strict=True))
    } == {}, found


@pytest.mark.parametrize("path", ["/reports/new", "/settings/places", "/watching"])
def test_forms_load_no_map_before_it_is_looked_at(browser: Browser, site: Site, path: str) -> None:
    context = browser.new_context(viewport=PHONE, locale="en", service_workers="block")  # type: ignore[arg-type]
    page = context.new_page()
    site.enter(page, path.strip("/").replace("/", "-"))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(site.url + path)
    page.wait_for_load_state("networkidle")
    assert [url for url in asked if "map" in urlsplit(url).path] == []
    if path != "/watching":
        look_at_picker(page)
