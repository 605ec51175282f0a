"""Suggesting, finding and reviewing a place on a phone, by keyboard, in the dark."""

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Browser, expect

from tests.browser.conftest import PHONE, Site
from tests.browser.steps import look_at_picker
from ugc.core import subjects
from ugc.geography import geo
from ugc.places.actions.facts import offer
from ugc.places.models import Origin

TEXT = "Quiet in the morning, the waiters know everybody, and the churros are worth it."


def test_a_place_is_suggested_found_and_reviewed(
    browser: Browser, site: Site, axe: Callable[[Any], list[Any]]
) -> None:
    phone = browser.new_context(viewport=PHONE, locale="en", color_scheme="dark")  # type: ignore[arg-type]
    page = phone.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))

    def check() -> None:
        assert axe(page) == [], page.url
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], page.url

    site.enter(page, "placer")
    site.make_moderator("placer")
    page.goto(f"{site.url}/places/new")
    check()
    page.get_by_label("Name", exact=True).fill("Café Comercial")
    page.get_by_label("Category").select_option(label="Café")
    page.get_by_label("Latitude").fill("40.4287")
    page.get_by_label("Longitude").fill("-3.7021")
    monday = page.get_by_role("group", name="Monday", exact=True)
    monday.get_by_role("combobox").select_option(label="open")
    monday.get_by_label("Monday: Opens").fill("20:00")
    monday.get_by_label("Monday: Closes").fill("03:00")
    expect(monday.get_by_text("until the next day")).to_be_visible()
    expect(page.locator("[name=hours_Mo]")).to_have_value("20:00-03:00")
    check()
    monday.get_by_role("combobox").select_option(label="24 hours")
    monday.get_by_role("button", name="Copy to the days below").click()
    page.get_by_role("button", name="Put it on the map").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Café Comercial")
    address = page.url
    # Who suggests it again is shown it while choosing where.
    page.goto(f"{site.url}/places/new?lat=40.4287&lon=-3.7021")
    look_at_picker(page)
    expect(page.locator("[data-pick-near]")).to_contain_text("Café Comercial")
    check()
    page.goto(address)
    page.get_by_text("Always open").click()
    expect(page.get_by_text("all day").first).to_be_visible()
    check()

    page.get_by_role("link", name="Write a review").click()
    check()
    page.get_by_role("group", name="How was it?").get_by_role("radio").first.focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    expect(page.get_by_role("radio", name="4: good").first).to_be_checked()
    page.get_by_label("Tell others").fill("Too short.")
    expect(page.get_by_text("40 more characters to go")).to_be_visible()
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_text("at least 50 characters").first).to_be_visible()
    expect(page.get_by_label("Tell others")).to_have_value("Too short.")
    page.get_by_label("Tell others").fill(TEXT)
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_text("churros are worth it")).to_be_visible()
    check()

    page.goto(f"{site.url}/search?q=cafe+comerical")
    check()
    page.get_by_role("link", name="Café Comercial").click()
    expect(page.get_by_text("churros are worth it")).to_be_visible()
    phone.grant_permissions(["geolocation"])
    phone.set_geolocation({"latitude": 40.43, "longitude": -3.70})
    page.goto(f"{site.url}/places")
    page.get_by_role("button", name="Near me").click()
    expect(page.get_by_role("link", name="Café Comercial")).to_contain_text("230 m")
    check()
    page.get_by_role("link", name="Café Comercial").click()
    page.get_by_role("link", name="see on the map").click()
    expect(page.locator("#map")).to_have_attribute("data-zoom", "16.0")
    assert problems == []


def test_what_is_proposed_is_decided_and_a_place_closes_for_good(
    browser: Browser, site: Site, axe: Callable[[Any], list[Any]]
) -> None:
    phone = browser.new_context(viewport=PHONE, locale="es", color_scheme="dark")  # type: ignore[arg-type]
    page = phone.new_page()

    def check() -> None:
        assert axe(page) == [], page.url
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], page.url

    site.enter(page, "decider")
    site.make_moderator("decider")
    page.goto(f"{site.url}/places/new")
    page.get_by_label("Nombre", exact=True).fill("Horno de la Plaza")
    page.get_by_label("Categoría").select_option("cafe")
    page.get_by_label("Latitud").fill("40.4287")
    page.get_by_label("Longitud").fill("-3.7021")
    page.get_by_label("Teléfono").fill("+34911111111")
    page.get_by_label("Web").fill("horno.example")
    page.get_by_role("button", name="Ponerlo en el mapa").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Horno de la Plaza")
    values = {
        "phone": "+34912345678", "website": f"https://horno.example/{'largo' * 40}",
        "point": geo.Point(-3.7, 40.43),
    }  # fmt: skip
    with site.transaction() as session:
        place_id = subjects.resolve(session, page.url.rsplit("/", 1)[-1]).id
        offer(session, place_id, Origin.EXTRACT, values)
    address = page.url
    page.goto(f"{site.url}/moderation")
    page.get_by_role("link", name="por decidir").click()
    check()
    page.get_by_role("link", name="3 datos por decidir").click()
    assert page.url.split("#")[0] == address
    expect(page.get_by_role("heading", name="OpenStreetMap dice otra cosa")).to_be_visible()
    check()
    page.get_by_role("button", name="Tomarlo: Teléfono").click()
    expect(page.get_by_role("link", name="+34 912 34 56 78")).to_be_visible()
    page.get_by_role("button", name="Dejar lo nuestro: Web").click()
    expect(page.get_by_role("form", name="Web")).to_have_count(0)
    expect(page.get_by_role("link", name="Algunos datos son de")).to_be_visible()
    page.get_by_role("link", name="Editar").click()
    page.get_by_label("Ha cerrado definitivamente").check()
    check()
    page.get_by_role("button", name="Guardar").click()
    expect(page.get_by_text("Cerrado definitivamente").first).to_be_visible()
    check()
