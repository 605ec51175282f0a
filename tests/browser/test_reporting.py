"""Reporting from wherever one is: one sheet, few presses, with and without a position."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import DESKTOP, Site, Spot
from tests.browser.queueing import open_map, queued, rows
from tests.browser.steps import look_at_picker

Axe = Callable[..., list[Any]]
PHONE = {"width": 390, "height": 844}
SMALL = {"width": 360, "height": 640}
# Whether an element can be seen and pressed as it is: nothing lies on it, nothing cuts it off.
IN_SIGHT = """(element) => {
  const {left, top, right, bottom} = element.getBoundingClientRect();
  const cut = element.closest('.sheet__body')?.getBoundingClientRect();
  const inside = !cut || (top >= cut.top - 1 && bottom <= cut.bottom + 1);
  const hit = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
  return inside && left >= 0 && right <= innerWidth && top >= 0 && bottom <= innerHeight
    && (hit === element || element.contains(hit) || hit.contains(element));
}"""


def visitor(browser: Browser, spot: Spot | None, size: dict[str, int] | None = None) -> Page:
    """A browser in Spanish that says where it is, or refuses to."""
    options: dict[str, Any] = {"viewport": size or PHONE, "locale": "es"}
    if spot:
        place = {"latitude": float(spot.lat), "longitude": float(spot.lon), "accuracy": 9}
        options |= {"geolocation": place, "permissions": ["geolocation"]}
    return browser.new_context(**options).new_page()


class Presses:
    """Presses as a person makes them, counted."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, what: Any) -> None:
        self.count += 1
        what.click()


def sheet_of(page: Page) -> Any:
    sheet = page.get_by_role("dialog", name="¿Qué ves?")
    expect(sheet).to_be_visible()
    return sheet


def loaded_scripts(page: Page) -> list[str]:
    return page.evaluate(
        "performance.getEntriesByType('resource').map(({name}) => name)"
        ".filter((name) => /\\.(js|pbf|pmtiles)/.test(name))"
    )


# What leads to the form: where it stands, and how it is called there.
ENTRANCES = {
    "map: floating": ("/#at=14/{lat}/{lon}", "#report-here"),
    "map: tab": ("/#at=14/{lat}/{lon}", ".thumbbar a[href='/reports/new']"),
    "about: tab": ("/about", ".thumbbar a[href='/reports/new']"),
    "inbox: nothing yet": ("/inbox", "main a[href='/reports/new']"),
    "welcome": ("/welcome", "main a[href='/reports/new']"),
    "a link with what it is": ("/about", "#given"),
    "mail: map": ("/?report=1#at=14/{lat}/{lon}", ""),
    "mail: any page": ("/about?report=1", ""),
}


@pytest.mark.parametrize("entrance", ENTRANCES)
def test_a_report_by_the_sheet_from_every_entrance(
    browser: Browser, site: Site, spot: Spot, entrance: str, axe: Axe
) -> None:
    address, link = ENTRANCES[entrance]
    page = visitor(browser, spot)
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    site.enter(page, "avisa" + "".join(c for c in entrance if c.isalpha())[-12:])
    page.goto(site.url + address.format(lat=spot.lat, lon=spot.lon))
    on_map = address.startswith(("/#", "/?"))
    if on_map:
        page.wait_for_selector("body[data-sheet-ready]", state="attached")
    if link == "#given":
        page.evaluate(
            """(href) => document.querySelector('main').append(Object.assign(
              document.createElement('a'), {href, id: 'given', textContent: 'Avisar'}))""",
            f"/reports/new?kind=hazard_road&lat={spot.lat}&lon={spot.lon}",
        )
    press = Presses()
    if link:
        press(page.locator(link))
    sheet = sheet_of(page)
    if link == "#given":
        expect(sheet.get_by_text("Punto elegido")).to_be_visible()
    elif not on_map:
        expect(sheet.get_by_text("Tu posición")).to_be_visible()
    if entrance == "about: tab":
        assert axe(page) == []
    if link != "#given":
        press(sheet.locator(".kinds__kind", has_text="Peligro en la calzada"))
    # The other kinds are gone; what it is more exactly is offered.
    expect(sheet.locator(".kinds__kind:visible")).to_have_count(1)
    expect(sheet.get_by_role("radio", name="Bache")).to_be_visible()
    press(sheet.get_by_role("button", name="Ponerlo en el mapa"))
    expect(page.locator("#notices")).to_contain_text("está en el mapa", timeout=30_000)
    expect(sheet).to_be_hidden()
    assert press.count == (3 if link and link != "#given" else 2)
    [row] = rows(site, spot)
    assert row["kind"] == "hazard_road"
    assert problems == []
    if not on_map:  # and without a map's code
        assert not [name for name in loaded_scripts(page) if "map" in name or "pbf" in name]


def test_everything_is_in_sight_on_a_small_telephone(
    browser: Browser, site: Site, spot: Spot, axe: Axe
) -> None:
    page = visitor(browser, spot, SMALL)
    site.enter(page, "pequena")
    open_map(page, site, spot)
    page.locator("#report-here").click()
    sheet = sheet_of(page)
    sheet.locator(".kinds__kind", has_text="Peligro en la calzada").click()
    for each in ("#sheet-text", ".sheet__camera", "[data-sheet-send]", "[data-sheet-change]"):
        assert sheet.locator(each).evaluate(IN_SIGHT), each
    assert sheet.get_by_role("radio", name="Bache").evaluate(IN_SIGHT)
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= SMALL["width"]
    # Another kind is one press away, and what was said of the first is not said of it.
    sheet.get_by_text("Bache", exact=True).click()
    sheet.get_by_role("button", name="Otro tipo").click()
    sheet.locator(".kinds__kind", has_text="Atasco").click()
    expect(sheet.get_by_role("radio", name="Bache")).to_be_hidden()
    sheet.get_by_text("Tráfico parado").click()
    sheet.get_by_role("button", name="Ponerlo en el mapa").click()
    expect(page.locator("#notices")).to_contain_text("está en el mapa", timeout=30_000)
    page.locator("#notices a").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Tráfico parado")


def test_a_desktop_without_a_position(
    browser: Browser, site: Site, spot: Spot, database: psycopg.Connection[Any]
) -> None:
    """From a page without a map: to the map with what was said already, and there to the place."""
    page = visitor(browser, None, DESKTOP)
    site.enter(page, "escritorio")
    page.goto(f"{site.url}/about")
    page.locator(".topbar__report").click()
    sheet = sheet_of(page)
    expect(sheet.get_by_text("Tu posición no está disponible")).to_be_visible()
    sheet.locator(".kinds__kind", has_text="Obras").click()
    sheet.get_by_label("Cuenta más").fill("Hasta el viernes.")
    sheet.get_by_role("button", name="Ponerlo en el mapa").click()
    expect(sheet.get_by_role("alert")).to_contain_text("Di dónde")
    sheet.get_by_role("button", name="En el mapa", exact=True).click()
    page.wait_for_selector("body[data-sheet-ready]", state="attached")
    sheet = sheet_of(page)
    expect(sheet.get_by_role("radio", name="Obras")).to_be_checked()
    expect(sheet.get_by_label("Cuenta más")).to_have_value("Hasta el viernes.")
    sheet.get_by_text("Mover el punto").first.click()
    sheet.get_by_label("Latitud").fill(spot.lat)
    sheet.get_by_label("Longitud").fill(spot.lon)
    sheet.get_by_label("Longitud").press("Tab")
    expect(sheet.get_by_text("Punto elegido")).to_be_visible()
    sheet.get_by_role("button", name="Ponerlo en el mapa").click()
    expect(page.locator("#notices")).to_contain_text("está en el mapa", timeout=30_000)
    assert [(row["kind"], row["text"]) for row in rows(site, spot)] == [
        ("roadworks", "Hasta el viernes.")
    ]
    # And without leaving the page, by the name of a city.
    page.goto(f"{site.url}/about")
    page.locator(".topbar__report").click()
    sheet = sheet_of(page)
    expect(sheet.get_by_text("Tu posición no está disponible")).to_be_visible()
    sheet.locator(".kinds__kind", has_text="Alumbrado").click()
    # Typed and not chosen from the list: it is what it says.
    sheet.get_by_label("una calle, dirección o lugar").fill("Zaragoza")
    sheet.get_by_role("button", name="Ponerlo en el mapa").click()
    expect(page.locator("#notices")).to_contain_text("está en el mapa", timeout=30_000)
    last = database.execute(
        "SELECT kind, round(ST_Y(geom)::numeric, 1) FROM reports ORDER BY id DESC LIMIT 1"
    ).fetchone()
    assert last == ("lighting", Decimal("41.7"))


def test_a_visitor_is_told_that_sending_needs_an_account(
    browser: Browser, site: Site, spot: Spot, axe: Axe
) -> None:
    page = visitor(browser, spot)
    page.goto(f"{site.url}/about")
    page.locator(".thumbbar a[href='/reports/new']").click()
    sheet = sheet_of(page)
    told = sheet.get_by_text("hace falta una cuenta")
    expect(told).to_be_visible()
    assert axe(page) == []
    for name in ("Unirse", "Entrar"):
        address = sheet.get_by_role("link", name=name).get_attribute("href") or ""
        assert address.endswith("?next=%2Fabout%3Freport%3D1")
    sheet.locator(".kinds__kind", has_text="Animales").click()
    sheet.get_by_label("Cuenta más").fill("Un jabalí en la rotonda")
    sheet.get_by_role("button", name="Ponerlo en el mapa").click()
    expect(page).to_have_url(re.compile("/join[?]next="))
    # Who comes back is where they were, with what they had filled in.
    site.enter(page, "vuelve")
    page.goto(f"{site.url}/about?report=1")
    sheet = sheet_of(page)
    expect(sheet.get_by_text("hace falta una cuenta")).to_be_hidden()
    expect(sheet.get_by_role("radio", name="Animales")).to_be_checked()
    expect(sheet.get_by_label("Cuenta más")).to_have_value("Un jabalí en la rotonda")
    expect(page).to_have_url(f"{site.url}/about")


def test_a_visitor_without_scripts_is_told_too(browser: Browser, site: Site) -> None:
    context = browser.new_context(viewport=PHONE, locale="es", java_script_enabled=False)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(f"{site.url}/about")
    page.locator(".thumbbar a[href='/reports/new']").click()
    expect(page.get_by_text("hace falta una cuenta")).to_be_visible()
    sign_in = page.get_by_role("main").get_by_role("link", name="Entrar")
    assert "next=" in (sign_in.get_attribute("href") or "")


def test_is_it_one_of_these_is_answered_where_it_is_asked(
    browser: Browser, site: Site, spot: Spot
) -> None:
    first = visitor(browser, spot)
    site.enter(first, "primera")
    open_map(first, site, spot)
    first.locator("#report-here").click()
    sheet_of(first).locator(".kinds__kind", has_text="Obras").click()
    first.get_by_role("button", name="Ponerlo en el mapa").click()
    expect(first.locator("#notices")).to_contain_text("está en el mapa", timeout=30_000)

    page = visitor(browser, spot, SMALL)
    site.enter(page, "segunda")
    open_map(page, site, spot)
    page.locator("#report-here").click()
    sheet_of(page).locator(".kinds__kind", has_text="Obras").click()
    page.get_by_role("button", name="Ponerlo en el mapa").click()
    other = page.locator("#report-sheet").get_by_role("button", name="No, el mío es otro")
    expect(other).to_be_visible(timeout=30_000)
    assert other.evaluate(IN_SIGHT)
    other.click()
    queued(page, 0)
    assert len(rows(site, spot)) == 2

    # Without scripts the same button stands with the question, and keeps what was written.
    context = browser.new_context(viewport=SMALL, locale="es", java_script_enabled=False)  # type: ignore[arg-type]
    plain = context.new_page()
    enter_without_scripts(plain, site, "tercera")
    plain.goto(f"{site.url}/reports/new?kind=roadworks&lat={spot.lat}&lon={spot.lon}&text=Otra")
    plain.get_by_role("button", name="Ponerlo en el mapa").click()
    asked = plain.get_by_role("alert").filter(has_text="¿Es uno de estos?")
    expect(asked).to_be_visible()
    asked.get_by_role("button", name="No, el mío es otro").click()
    expect(plain.get_by_text("Otra", exact=True)).to_be_visible()
    assert len(rows(site, spot)) == 3


def enter_without_scripts(page: Page, site: Site, handle: str) -> None:
    """`Site.enter` asks the browser for its language, which takes a script."""
    other = page.context.browser.new_context(locale="es").new_page()  # type: ignore[union-attr]
    site.enter(other, handle)
    page.context.add_cookies(other.context.cookies())  # type: ignore[arg-type]


def test_a_corrected_kind_and_place(
    browser: Browser, site: Site, spot: Spot, accessible: Callable[[Page], None]
) -> None:
    page = visitor(browser, spot)
    site.enter(page, "corrige")
    open_map(page, site, spot)
    page.locator("#report-here").click()
    sheet = sheet_of(page)
    sheet.locator(".kinds__kind", has_text="Atasco").click()
    sheet.get_by_role("button", name="Ponerlo en el mapa").click()
    expect(page.locator("#notices")).to_contain_text("está en el mapa", timeout=30_000)
    page.locator("#notices a").click()
    report = page.url
    page.get_by_role("link", name="Corregir tipo o lugar").click()
    accessible(page)
    page.locator(".kinds__kind", has_text="Peligro en la calzada").click()
    page.get_by_text("Bache", exact=True).click()
    page.get_by_label("Latitud").fill(f"{float(spot.lat) + 0.01}")
    page.get_by_role("button", name="Guardar").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Bache")
    expect(page.get_by_text("antes ponía: Atasco")).to_be_visible()
    [row] = rows(site, spot)
    assert row["kind"] == "hazard_road"

    # Somebody confirms it from there; now it stays of its family and about where it is.
    other = visitor(browser, spot)
    site.enter(other, "confirma")
    other.goto(report)
    other.get_by_role("button", name="Sigue ahí").click()
    expect(other.get_by_text("Tu palabra cuenta")).to_be_visible()
    page.goto(f"{report}/correct")
    expect(page.get_by_text("moverse 100 m como mucho")).to_be_visible()
    expect(page.locator(".kinds__kind", has_text="Residuos")).to_have_count(0)
    look_at_picker(page)
    page.get_by_label("Latitud").fill("10")
    page.get_by_role("button", name="Guardar").click()
    expect(page.get_by_text("puede moverse 100 m como mucho").first).to_be_visible()
