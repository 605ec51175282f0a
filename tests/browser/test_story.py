"""The product as a person meets it, on a phone-sized screen."""

from collections.abc import Callable

from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import PHONE, Site, Spot
from tests.browser.steps import join


def test_join_report_and_be_approved(browser: Browser, site: Site, spot: Spot) -> None:
    phone = browser.new_context(viewport=PHONE, locale="en")
    ana = phone.new_page()
    problems: list[str] = []
    ana.on("pageerror", lambda error: problems.append(str(error)))
    join(ana, site, "ana")
    ana.goto(f"{site.url}/reports/new")
    ana.get_by_role("radio", name="Roadworks").check()
    ana.get_by_label("Latitude").fill(spot.lat)
    ana.get_by_label("Longitude").fill(spot.lon)
    ana.get_by_label("Say more").fill("The pavement is up.")
    ana.get_by_role("button", name="Put it on the map").click()
    expect(ana.get_by_role("heading", level=1)).to_contain_text("Roadworks")
    address = ana.url

    visitor = browser.new_context(viewport=PHONE, locale="es").new_page()
    visitor.goto(address)
    expect(visitor.get_by_role("heading", level=1)).to_contain_text("Obras")
    expect(visitor.get_by_text("sin confirmar").first).to_be_visible()
    expect(visitor.get_by_text("The pavement is up.")).to_have_count(0)

    mod = browser.new_context(viewport=PHONE, locale="en").new_page()
    join(mod, site, "olga")
    site.make_moderator("olga")
    mod.goto(f"{site.url}/moderation")
    case = mod.locator("main article", has_text="The pavement is up.")
    expect(case).to_be_visible()
    case.get_by_role("button", name="Approve").click()
    expect(case).to_have_count(0)
    mod.goto(address)
    mod.get_by_role("button", name="Still there").click()
    expect(mod.get_by_role("heading", name="Reliability 7 of 10")).to_be_visible()

    visitor.reload()
    expect(visitor.get_by_text("The pavement is up.")).to_be_visible()
    visitor.goto(f"{site.url}/#at=12/{spot.lat}/{spot.lon}")
    visitor.wait_for_selector("body[data-map-ready]", state="attached", timeout=20_000)
    visitor.wait_for_selector("body[data-map-features='1']", state="attached", timeout=20_000)
    expect(visitor.locator("#map-list .item")).to_have_count(1)
    assert problems == []


def some_content(page: Page, site: Site, name: str) -> list[str]:
    """A report, a place with a review, and a brand; the addresses of their pages."""
    # Far from those of the other runs: nothing similar is near by.
    lat = str(-sum(map(ord, name)) / 50)
    page.goto(f"{site.url}/reports/new")
    page.locator("input[value=waste]").check(force=True)
    page.locator("#lat").fill(lat)
    page.locator("#lon").fill("-70.66")
    page.locator("form[data-draft] button.button--speak").click()
    report = page.url
    page.locator(".sure > summary").wait_for()
    page.goto(f"{site.url}/places/new")
    page.locator("#name").fill(f"Sitio {name}")
    page.locator("#category").select_option("cafe")
    page.locator("#lat").fill(lat)
    page.locator("#lon").fill("-70.66")
    page.locator("select[name=hours_Mo_is]").select_option("whole")
    page.locator("form[data-draft] button.button--speak").click()
    page.wait_for_load_state()
    if "/places/" not in page.url:
        page.locator("input[name=anyway]").check()
        page.locator("form[data-draft] button.button--speak").click()
    page.locator("#reviews").wait_for()
    place = page.url.split("#")[0]
    page.goto(f"{place}/review")
    form = page.url
    page.locator("input[name=rating][value='4']").check(force=True)
    page.locator("#text").fill(
        "Tranquilo por la mañana, buen café y gente que lo conoce todo. " * 2
    )
    page.locator("form[data-draft] button.button--speak").click()
    page.locator(".review").first.wait_for()
    page.goto(f"{site.url}/brands/new")
    page.locator("#name").fill(f"Marca {name}")
    page.locator("form[data-draft] button").last.click()
    page.locator("form[action$='/follow']").wait_for()
    brand = page.url
    share = f"/share/{brand.rsplit('/', 1)[-1]}"
    found = [address.removeprefix(site.url) for address in (report, place, form, brand)]
    return [*found, share]


def test_no_page_has_an_accessibility_violation(
    browser: Browser, site: Site, accessible: Callable[[Page], None]
) -> None:
    context = browser.new_context(viewport=PHONE, color_scheme="dark", locale="es")  # type: ignore[arg-type]
    page = context.new_page()
    handle = "axe-everywhere"
    site.enter(page, handle)
    site.make_moderator(handle)
    pages = [
        "/",
        "/welcome",
        "/reports/new",
        "/settings",
        "/settings/places",
        f"/members/{handle}",
        "/moderation",
        "/places",
        "/places/new",
        "/places?q=xylophone",
        "/brands",
        "/brands/new",
        "/search",
        "/search?q=mad",
        "/contacts",
        "/leaderboard",
        "/about",
        "/map/history",
        "/map/history?span=month",
        "/api",
        "/api/errors",
        "/nothing",
        *some_content(page, site, handle),
    ]
    for path in pages:
        page.goto(site.url + path)
        accessible(page)
    context.clear_cookies()
    for path in ("/", "/places", "/brands", "/join", "/sign-in", "/password/forgotten"):
        page.goto(site.url + path)
        accessible(page)
