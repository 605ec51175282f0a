"""The map, its list and what changes without a new page, on a desktop and on a phone."""

import io
import itertools
import re
from collections.abc import Callable
from typing import Any

import psycopg
from PIL import Image
from playwright.sync_api import Browser, expect

from tests.browser.conftest import PHONE, Site, Spot, make_reports
from tests.browser.steps import add_place, add_report, look_at_picker, press_map, shown
from tests.factories import content
from tests.factories.committed import committed


def test_the_map_and_its_list_say_the_same(
    browser: Browser, site: Site, spot: Spot, database: psycopg.Connection[Any]
) -> None:
    page = browser.new_context(viewport={"width": 1200, "height": 800}, locale="en").new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    site.enter(page, "mapa")
    address = add_report(page, site, spot, "Lighting")
    # The map's code comes when the picture is pressed, also by a key.
    picture = page.locator("a[data-mini-map]")
    expect(picture).to_have_accessible_name("Map of where it is: press to move it")
    picture.locator("img").evaluate("each => each.decode()")
    picture.press("Enter")
    expect(page.locator("[data-mini-map][data-ready]")).to_be_visible(timeout=20_000)
    expect(page.locator("[data-mini-map] canvas")).to_be_focused()
    add_place(page, site, spot)
    # As a moderator would: until then it is nobody's but its author's, and tiles are for everybody.
    database.execute(
        "WITH shown AS (UPDATE places SET visibility = 'published' WHERE visibility = 'held'"
        " RETURNING id) UPDATE subjects SET visible = true, changed_txid = pg_current_xact_id()"
        " FROM shown WHERE shown.id = subjects.id"
    )
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
    site.enter(page, "lejos")
    page.goto(f"{site.url}/reports/new")
    look_at_picker(page)
    page.evaluate("scrollTo(0, 0)")
    assert page.evaluate("document.activeElement.tagName") == "BODY"  # nothing was refused yet
    page.get_by_role("radio", name="Traffic jam").check()
    page.get_by_label("Latitude").fill("95")
    page.get_by_label("Longitude").fill("west")
    page.get_by_role("button", name="Put it on the map").click()
    told = page.locator("#location-error")
    expect(told).to_contain_text("not on the map")
    expect(told).to_be_in_viewport()
    look_at_picker(page)
    expect(page.get_by_label("Latitude")).to_have_value("95")


def test_choosing_where_by_name_and_seeing_what_is_near(
    browser: Browser, site: Site, spot: Spot
) -> None:
    page = browser.new_context(viewport=PHONE, locale="en").new_page()
    site.enter(page, "mapa2")
    add_report(page, site, spot, "Lighting")
    page.goto(f"{site.url}/reports/new?lat={spot.lat}&lon={spot.lon}")
    look_at_picker(page)
    page.wait_for_selector("body[data-near-by='1']", state="attached")
    name = page.get_by_label("Or a street, address or place")
    name.press_sequentially("Barcelo")
    option = page.get_by_role("option", name=re.compile("^Barcelona")).first
    option.click()
    expect(page.get_by_label("Latitude")).to_have_value(re.compile(r"^41\.\d+$"))


def test_a_vote_changes_only_its_part_of_the_page(browser: Browser, site: Site, spot: Spot) -> None:
    author = browser.new_context(viewport=PHONE, locale="en").new_page()
    site.enter(author, "mapa3")
    address = add_report(author, site, spot, "Animals")
    voter = browser.new_context(viewport=PHONE, locale="en").new_page()
    site.enter(voter, "mapa4")
    voter.goto(address)
    voter.evaluate("window.stays = true")
    voter.get_by_role("button", name="Still there").click()
    expect(voter.locator("#notices")).to_contain_text("Your word counts")
    expect(voter.get_by_role("button", name="Still there")).to_have_attribute(
        "aria-pressed", "true"
    )
    expect(voter.get_by_role("button", name="Still there")).to_be_focused()
    # What the answer says to do can be done.
    expect(voter.locator("#notices")).to_contain_text("send it and say it again")
    expect(voter.get_by_role("button", name="Send my position with my vote")).to_be_visible()
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


def test_clusters_open_into_what_they_hold(
    browser: Browser, site: Site, ocean: Spot, database: psycopg.Connection[Any]
) -> None:
    """From far out numbers, which a press takes nearer; there each thing by itself."""
    page = browser.new_context(viewport={"width": 1200, "height": 800}, locale="en").new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    make_reports(database, ocean, 40, 1e-6)
    page.goto(f"{site.url}/#at=6/{ocean.lat}/{ocean.lon}")
    shown(page, 40)  # as one circle
    expect(page.locator("#map-list")).to_contain_text("40 live reports here")
    for zoom in (8, 10):
        press_map(page)
        expect(page).to_have_url(re.compile(f"#at={zoom}/"))
        shown(page, 40)
    # They lie on each other, once the circle gave way to them: a press lists them.
    page.wait_for_selector("body[data-map-clusters='0']", state="attached", timeout=20_000)
    shown(page, 40)
    press_map(page)
    popup = page.locator(".maplibregl-popup")
    expect(popup.get_by_role("link")).to_have_count(8)
    expect(popup.get_by_role("link").first).to_contain_text("Traffic jam")
    popup.get_by_role("button", name="32 more: come closer").click()
    expect(page).to_have_url(re.compile("#at=12/"))
    expect(popup).to_have_count(0)
    assert problems == []


def test_a_long_list_has_a_next_page(
    browser: Browser, site: Site, ocean: Spot, database: psycopg.Connection[Any]
) -> None:
    page = browser.new_context(viewport={"width": 1200, "height": 800}, locale="en").new_page()
    made = make_reports(database, ocean, 14, 2e-3)
    page.goto(f"{site.url}/#at=12/{ocean.lat}/{ocean.lon}")
    shown(page, 14)
    entries, pages = page.locator("#map-list li"), page.locator("#map-list nav")
    expect(entries).to_have_count(12)
    ids = "all => all.map(each => each.dataset.id)"
    first = entries.evaluate_all(ids)
    pages.get_by_role("link", name="Next page").click()
    expect(page.locator("#map-list")).to_contain_text("13 to 14 of 14")
    expect(entries).to_have_count(2)
    assert sorted(first + entries.evaluate_all(ids)) == sorted(made)
    shown(page, 14)  # the map keeps them all
    pages.get_by_role("link", name="Before").click()
    expect(entries).to_have_count(12)
    assert entries.evaluate_all(ids) == first


def test_what_is_asked_for_again_is_not_lost_to_a_later_look(browser: Browser, site: Site) -> None:
    """The first worker of a browser comes while the view still loads, moves or is narrowed."""
    page = browser.new_context(locale="en").new_page()
    with page.expect_request("**/live?*"):
        page.goto(f"{site.url}/#at=12/-20/-120")
    page.wait_for_selector("body[data-map-features]", state="attached")
    with page.expect_request("**/map/tiles/reports/**"):
        page.evaluate(
            """() => {
              navigator.serviceWorker.dispatchEvent(new Event('controllerchange'));
              document.getElementById('map-filters').dispatchEvent(new Event('change'));
            }"""
        )


def test_filters_narrow_the_map_and_the_list_alike(
    browser: Browser, site: Site, ocean: Spot, database: psycopg.Connection[Any]
) -> None:
    page = browser.new_context(viewport=PHONE, locale="en").new_page()
    sure, old, dubious, _plain = make_reports(database, ocean, 4, 2e-3)
    database.execute(
        "UPDATE reports SET believed = CASE public_id WHEN %s THEN 0.97 WHEN %s THEN 0.2"
        " ELSE believed END, half_life_s = 1e9, occurred_at = CASE public_id WHEN %s"
        " THEN app_now() - interval '3 hours' ELSE occurred_at END"
        " FROM subjects s WHERE s.id = reports.id AND s.public_id = ANY(%s)",
        (sure, dubious, old, [sure, old, dubious, _plain]),
    )
    page.goto(f"{site.url}/#at=12/{ocean.lat}/{ocean.lon}")
    shown(page, 4)
    entries = page.locator("#map-list li")
    expect(entries).to_have_count(4)
    filters = page.locator("#map-filters summary")
    expect(page.locator("#filters-count")).to_be_hidden()
    filters.click()
    page.get_by_label("Reliability").select_option("5")
    shown(page, 3)
    expect(entries).to_have_count(3)
    page.get_by_label("Reliability").select_option("8")
    shown(page, 1)
    expect(entries).to_have_attribute("data-id", sure)
    expect(filters).to_contain_text("1")
    page.get_by_label("Reliability").select_option("")
    page.get_by_label("Reported").select_option("1")
    shown(page, 3)
    expect(page.locator(f"#map-list li[data-id='{old}']")).to_have_count(0)
    # The address says it, for whoever comes with it and without scripts too.
    assert "hours=1" in page.url
    assert "reliability" not in page.url
    page.reload()
    shown(page, 3)
    expect(filters).to_contain_text("1")
    expect(page.get_by_label("Reported")).to_have_value("1")


def test_a_brand_on_the_map(
    browser: Browser, site: Site, ocean: Spot, database: psycopg.Connection[Any]
) -> None:
    """Its places and what is reported near them, until the reader wants to see more."""
    make_reports(database, ocean, 1)
    far = Spot(lat=ocean.lat, lon=f"{ocean.lon}3")
    make_reports(database, far, 1)
    with committed(site.environment["DATABASE_URL"]) as session:
        brand = content.brand(session, name="Faro Azul")
        where = {"lon": float(ocean.lon), "lat": float(ocean.lat)}
        place = content.place(session, name="Faro Azul Mar", category="museum", **where)
        content.run_place(session, place.id, brand.id)
        code = brand.public_id
    page = browser.new_context(viewport=PHONE, locale="en").new_page()
    page.goto(f"{site.url}/brands/{code}")
    address = page.get_by_role("link", name="On the map").get_attribute("href")
    page.goto(f"{site.url}{address}#at=12/{ocean.lat}/{ocean.lon}")
    shown(page, 2)
    expect(page.locator("#brand-chip")).to_contain_text("Faro Azul")
    expect(page.locator("#map-list li")).to_have_count(2)
    page.get_by_role("link", name="Show more than Faro Azul").click()
    shown(page, 3)
    assert "brand" not in page.url


def test_the_list_is_sorted_by_distance(
    browser: Browser, site: Site, ocean: Spot, database: psycopg.Connection[Any]
) -> None:
    context = browser.new_context(
        viewport=PHONE, locale="en", permissions=["geolocation"],
        geolocation={"latitude": float(ocean.lat), "longitude": float(ocean.lon) + 0.02},
    )  # fmt: skip
    page = context.new_page()
    [near] = make_reports(database, ocean, 1, 0)
    far = Spot(lat=ocean.lat, lon=str(float(ocean.lon) + 0.015))
    [newer] = make_reports(database, far, 1, 0)
    page.goto(f"{site.url}/#at=13/{ocean.lat}/{ocean.lon}")
    first = page.locator("#map-list li").first
    expect(first).to_have_attribute("data-id", newer)
    page.get_by_role("radio", name="Nearest").check()
    expect(first).to_have_attribute("data-id", near)
    expect(page.locator("#sort-from")).to_have_text("from the middle of the map")
    assert "sort=near" in page.url
    page.get_by_role("button", name="Near me").click()
    expect(page.locator("#sort-from")).to_have_text("from where you are")
    expect(first).to_have_attribute("data-id", newer)
    expect(first).to_contain_text("m")
    page.get_by_role("radio", name="Newest").check()
    expect(page.locator("#sort-from")).to_have_text("")


def test_the_list_by_keyboard_alone(
    browser: Browser, site: Site, ocean: Spot, database: psycopg.Connection[Any]
) -> None:
    page = browser.new_context(viewport={"width": 1200, "height": 800}, locale="es").new_page()
    [public_id] = make_reports(database, ocean, 1)
    page.goto(f"{site.url}/#at=12/{ocean.lat}/{ocean.lon}")
    shown(page, 1)
    expect(page.locator("#map-list li")).to_have_count(1)

    def tab_to(selector: str) -> None:
        for _ in range(40):
            page.keyboard.press("Tab")
            if page.evaluate("s => document.activeElement.matches(s)", selector):
                return
        raise AssertionError(f"the keyboard does not reach {selector}")

    page.locator("#locate").focus()
    tab_to("#map-filters summary")
    page.keyboard.press("Enter")
    tab_to("#kinds")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(page.locator("#hours")).to_have_value("6")
    tab_to("#map-filters [name=sort]")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#sort-from")).to_have_text("desde el centro del mapa")
    shown(page, 1)
    tab_to("#map-list a")
    expect(page.locator("#map-list li")).to_have_class("is-chosen")
    # A renewed list keeps the mark, as it keeps the focus.
    with page.expect_response("**/map/list?*"):
        make_reports(database, ocean, 1)
    expect(page.locator("#map-list li")).to_have_count(2)
    expect(page.locator(f"#map-list li[data-id='{public_id}']")).to_have_class("is-chosen")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/reports/{public_id}")


def test_the_map_fits_a_small_phone(
    browser: Browser, site: Site, ocean: Spot, database: psycopg.Connection[Any],
    axe: Callable[[Any], list[Any]],
) -> None:  # fmt: skip
    context = browser.new_context(
        viewport={"width": 360, "height": 740}, locale="es", color_scheme="dark", has_touch=True
    )
    page = context.new_page()
    make_reports(database, ocean, 3, 0)
    page.goto(f"{site.url}/?reliability=5&kinds=jam#at=12/{ocean.lat}/{ocean.lon}")
    shown(page, 3)
    chips = page.locator("#map-filters .chip")
    boxes: list[Any] = [chip.bounding_box() for chip in chips.all()[:3]]
    assert len({box["y"] for box in boxes}) == 1, "they take more than one line"
    assert all(a["x"] + a["width"] <= b["x"] for a, b in itertools.pairwise(boxes))
    summary = page.locator("#map-filters summary")
    expect(summary).to_contain_text("2")
    assert axe(page) == []
    summary.click()
    expect(page.get_by_label("Fiabilidad")).to_have_value("5")
    press_map(page)
    expect(page.locator(".map-sheet").get_by_role("link")).to_have_count(3)
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_land_is_painted_until_the_sea_is_known(browser: Browser, site: Site, spot: Spot) -> None:
    """No tile of the basemap comes: what is reported there does not lie in the sea."""
    context = browser.new_context(viewport=PHONE, service_workers="block", color_scheme="light")  # type: ignore[arg-type]
    page = context.new_page()
    page.route("**/basemap/*", lambda _: None)
    page.goto(f"{site.url}/#at=14/{spot.lat}/{spot.lon}")
    page.locator("#map canvas").wait_for()
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
    picture = Image.open(io.BytesIO(page.locator("#map").screenshot())).convert("RGB")
    most = max(picture.getcolors(1 << 20) or [], key=lambda each: each[0])[1]
    assert most == (0xF6, 0xF1, 0xE9)
    context.close()
