"""The card of what is pressed on the map, and the two words about a report, on a telephone and on a
desktop."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import DESKTOP, Site, Spot, make_reports
from tests.browser.steps import press_map, shown

TELEPHONE = {"width": 390, "height": 844}
# Whether what is drawn at each part of an element is its own: nothing lies over it.
UNCOVERED = """(node) => {
  const box = node.getBoundingClientRect();
  const at = [0.1, 0.5, 0.9];
  const isOwn = (x, y) => node.contains(
    document.elementFromPoint(box.left + box.width * x, box.top + box.height * y));
  return box.bottom <= innerHeight && at.every((x) => at.every((y) => isOwn(x, y)));
}"""


def open_at(page: Page, site: Site, spot: Spot, many: int, zoom: int = 15) -> None:
    page.goto(f"{site.url}/#at={zoom}/{spot.lat}/{spot.lon}")
    shown(page, many)
    page.wait_for_selector("body[data-map-icons]", state="attached")


@pytest.mark.parametrize("many", [1, 3], ids=["one", "several"])
def test_on_a_telephone_the_card_is_a_sheet_that_nothing_covers(
    browser: Browser,
    site: Site,
    spot: Spot,
    database: psycopg.Connection[Any],
    axe: Callable[[Any], list[Any]],
    many: int,
) -> None:
    page = browser.new_context(viewport=TELEPHONE, locale="es", has_touch=True).new_page()  # type: ignore[arg-type]
    make_reports(database, spot, many, 1e-6)
    open_at(page, site, spot, many)
    press_map(page)
    sheet = page.get_by_role("dialog", name="Lo que has pulsado en el mapa")
    expect(sheet.get_by_role("link")).to_have_count(many)
    expect(sheet.get_by_role("link").first).to_contain_text("Atasco")
    expect(sheet).to_be_focused()
    assert sheet.evaluate(UNCOVERED)
    expect(page.get_by_role("button", name="Cerca de mí")).to_be_hidden()
    assert axe(page) == []
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Cerrar")).to_be_focused()
    page.keyboard.press("Escape")
    expect(sheet).to_have_count(0)
    expect(page.locator("#map canvas")).to_be_focused()
    expect(page.get_by_role("button", name="Cerca de mí")).to_be_visible()
    # A press elsewhere on the map ends it too, and one on the thing opens it again.
    press_map(page)
    expect(sheet).to_be_visible()
    press_map(page, right=90)
    expect(sheet).to_have_count(0)


def test_on_a_desktop_the_map_moves_until_the_card_fits(
    browser: Browser, site: Site, spot: Spot, database: psycopg.Connection[Any]
) -> None:
    page = browser.new_context(viewport=DESKTOP, locale="en").new_page()  # type: ignore[arg-type]
    page.emulate_media(reduced_motion="reduce")
    make_reports(database, spot, 1)
    open_at(page, site, spot, 1)
    box: Any = page.locator("#map").bounding_box()
    # The thing goes to the upper edge, where its card has no room.
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 30, steps=12)
    page.mouse.up()
    page.wait_for_selector("body[data-map-features='1']", state="attached")
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + 30)
    card = page.locator(".maplibregl-popup-content")
    expect(card).to_contain_text("Traffic jam")
    page.wait_for_function(f"({UNCOVERED})(document.querySelector('.maplibregl-popup-content'))")
    page.keyboard.press("Escape")
    expect(card).to_have_count(0)


@pytest.mark.parametrize("language", ["es", "en"])
def test_the_two_words_are_in_sight_and_stay_pressed(
    browser: Browser,
    site: Site,
    spot: Spot,
    database: psycopg.Connection[Any],
    axe: Callable[[Any], list[Any]],
    language: str,
) -> None:
    """On the report's page without scrolling, and on its card on the map."""
    page = browser.new_context(viewport=TELEPHONE, locale=language).new_page()  # type: ignore[arg-type]
    page.emulate_media(reduced_motion="reduce")
    site.enter(page, f"passer{language}")
    [report] = make_reports(database, spot, 1)
    yes, no = {"es": ("Sigue ahí", "Ya no está"), "en": ("Still there", "Not there")}[language]
    page.goto(f"{site.url}/reports/{report}")
    there = page.get_by_role("button", name=yes, exact=True)
    gone = page.get_by_role("button", name=no, exact=True)
    for button in (there, gone):
        assert button.evaluate(UNCOVERED)
    plain = there.evaluate("(node) => getComputedStyle(node).backgroundColor")
    there.click()
    expect(there).to_have_attribute("aria-pressed", "true")
    assert there.evaluate("(node) => getComputedStyle(node).backgroundColor") != plain
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    assert there.evaluate(UNCOVERED)
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= TELEPHONE["width"]

    open_at(page, site, spot, 1)
    press_map(page)
    sheet = page.get_by_role("dialog")
    pressed = sheet.get_by_role("button", pressed=True)
    expect(pressed).to_have_text(re.compile(yes))
    sheet.get_by_role("button", name=no, exact=True).click()
    expect(pressed).to_have_text(re.compile(no))
    expect(sheet.get_by_role("status")).not_to_be_empty()
    expect(page.locator("#map-list").get_by_role("button", pressed=True)).to_have_text(
        re.compile(no)
    )
    assert database.execute(
        "SELECT still_there FROM votes v JOIN subjects s ON s.id = v.report_id"
        " WHERE s.public_id = %s",
        [report],
    ).fetchall() == [(False,)]
