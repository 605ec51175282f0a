"""Looking back: the slider plays a day, the bars narrow it, and it all works without a pointer."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import PHONE, Site, Spot
from tests.factories import content
from tests.factories.committed import committed

MADRID = ZoneInfo("Europe/Madrid")
DAY = dt.datetime.now(MADRID).date() - dt.timedelta(days=10)
DESKTOP = {"width": 1200, "height": 800}
ORANGE = (0xD2, 0x60, 0x1A)  # of a traffic jam


def at(hour: int, minute: int = 0) -> dt.datetime:
    return dt.datetime(DAY.year, DAY.month, DAY.day, hour, minute, tzinfo=MADRID)


@pytest.fixture
def reports(site: Site, spot: Spot) -> list[str]:
    """A jam from 9:30 to 11:00 in the middle, and waste from 16:00 on a little beside it."""
    rows = [
        ("jam", 0.0, at(9, 30), at(11)),
        ("waste", 0.002, at(16), at(16) + dt.timedelta(days=2)),
    ]
    made = []
    with committed(site.environment["DATABASE_URL"]) as session:
        for kind, beside, began, ended in rows:
            made.append(
                content.report(
                    session, kind=kind, lon=float(spot.lon) + beside, lat=float(spot.lat),
                    text="Long ago.", language="en", state="expired", created_at=began,
                    occurred_at=began, seen_at=began, believed_at=began, expires_at=ended,
                    closed_at=ended,
                ).public_id
            )  # fmt: skip
    return made


def look_back(
    browser: Browser, site: Site, spot: Spot, size: dict[str, int] = DESKTOP, **context: Any
) -> Page:
    window = browser.new_context(
        viewport=size, timezone_id="Europe/Madrid", **{"locale": "en", **context}
    )  # type: ignore[arg-type]
    page = window.new_page()
    page.goto(f"{site.url}/map/history?span=day&day={DAY}#at=15/{spot.lat}/{spot.lon}")
    page.wait_for_selector("body[data-history='2']", state="attached", timeout=20_000)
    page.wait_for_selector("body[data-map-ready]", state="attached", timeout=20_000)
    return page


def seconds(moment: dt.datetime) -> str:
    return str(round(moment.timestamp()))


def state(page: Page) -> tuple[str, str]:
    """(the moment that is shown, how many are there)"""
    moment, there = page.evaluate("[document.body.dataset.moment, document.body.dataset.there]")
    return moment, there


def is_drawn(page: Page) -> bool:
    """Whether the jam's orange is in the middle of the map."""
    shot = Image.open(io.BytesIO(page.locator("#map").screenshot())).convert("RGB")
    x, y = shot.width // 2, shot.height // 2
    around = {shot.getpixel((x + dx, y + dy)) for dx in range(-9, 10, 3) for dy in range(-9, 10, 3)}
    return ORANGE in around


def eventually(page: Page, question: Callable[[], bool], wanted: bool) -> None:
    """The map draws a little after it was told."""
    for _ in range(100):
        if question() is wanted:
            return
        page.wait_for_timeout(100)
    raise AssertionError(wanted)


def test_the_slider_shows_what_was_there_at_each_moment(
    browser: Browser, site: Site, spot: Spot, reports: list[str]
) -> None:
    page = look_back(browser, site, spot)
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    assert state(page) == ("whole", "2")
    eventually(page, lambda: is_drawn(page), True)
    slider = page.get_by_role("slider", name="Moment")
    expect(slider).to_have_attribute("aria-valuetext", "the whole span")

    # By keyboard: a step is five minutes, Home and End are the ends of the day.
    slider.focus()
    page.keyboard.press("ArrowRight")
    assert state(page) == (seconds(at(0, 5)), "0")
    expect(slider).to_have_attribute(
        "aria-valuetext", f"{DAY:%a}, {DAY:%b} {DAY.day}, 12:05 AM: 0 there"
    )
    eventually(page, lambda: is_drawn(page), False)
    page.keyboard.press("End")
    assert state(page)[1] == "1"

    slider.fill(str(10 * 12))
    assert state(page) == (seconds(at(10)), "1")
    expect(page.locator("#clock")).to_contain_text("10:00 AM")
    expect(page.locator(".bar.is-now")).to_have_attribute("data-bar", "40")
    eventually(page, lambda: is_drawn(page), True)
    slider.fill(str(11 * 12))
    assert state(page) == (seconds(at(11)), "0")
    eventually(page, lambda: is_drawn(page), False)

    page.get_by_role("button", name="The whole span").click()
    assert state(page) == ("whole", "2")
    assert problems == []


def test_it_plays_until_it_is_stopped(
    browser: Browser, site: Site, spot: Spot, reports: list[str]
) -> None:
    page = look_back(browser, site, spot)
    page.get_by_role("button", name="Play").click()
    eventually(page, lambda: state(page)[0] > seconds(at(0, 30)), True)
    page.get_by_role("button", name="Pause").click()
    stopped = state(page)
    page.wait_for_timeout(400)
    assert state(page) == stopped
    page.get_by_label("Speed").select_option("4")
    page.get_by_role("button", name="Play").click()
    eventually(page, lambda: state(page)[0] > stopped[0], True)


def test_who_prefers_less_motion_sees_hours_and_nothing_moves_by_itself(
    browser: Browser, site: Site, spot: Spot, reports: list[str]
) -> None:
    page = look_back(browser, site, spot, reduced_motion="reduce")
    page.wait_for_timeout(600)
    assert state(page)[0] == "whole"
    page.evaluate(
        """() => {
          window.moments = [];
          new MutationObserver(() => moments.push(Number(document.body.dataset.moment)))
            .observe(document.body, {attributeFilter: ['data-moment']});
        }"""
    )
    page.get_by_role("button", name="Play").click()
    eventually(page, lambda: page.evaluate("moments.length >= 3"), True)
    page.get_by_role("button", name="Pause").click()
    start = round(at(0).timestamp())
    assert {(moment - start) % 3600 for moment in page.evaluate("moments")} == {0}


def test_a_bar_narrows_the_span_and_a_dot_tells_its_report(
    browser: Browser, site: Site, spot: Spot, reports: list[str]
) -> None:
    page = look_back(browser, site, spot)
    bars: Any = page.locator(".bars").bounding_box()
    x = bars["x"] + bars["width"] * 38.5 / 96  # 9:30 to 9:45
    page.mouse.click(x, bars["y"] + bars["height"] / 2)
    page.wait_for_selector("body[data-history='1']", state="attached")
    assert "span=part" in page.url
    expect(page.locator("#history-title")).to_contain_text("9:30 – 9:45 AM")
    map_box: Any = page.locator("#map").bounding_box()
    page.mouse.click(map_box["x"] + map_box["width"] / 2, map_box["y"] + map_box["height"] / 2)
    popup = page.locator(".maplibregl-popup")
    expect(popup.get_by_role("link")).to_have_attribute("href", f"/reports/{reports[0]}")
    expect(popup).to_contain_text("over")
    page.reload()
    page.wait_for_selector("body[data-history='1']", state="attached")
    page.get_by_label("When", exact=True).select_option("day")
    page.wait_for_selector("body[data-history='2']", state="attached")


@pytest.mark.parametrize(
    ("locale", "title", "play", "table"),
    [
        ("en", "Look back", "Play", "The figures as a table"),
        ("es", "Mirar atrás", "Reproducir", "Las cifras en una tabla"),
    ],
)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_telephone_in_both_languages(
    browser: Browser, site: Site, spot: Spot, reports: list[str],
    axe: Callable[[Any], list[Any]], locale: str, title: str, play: str, table: str, scheme: str,
) -> None:  # fmt: skip
    page = look_back(browser, site, spot, size=PHONE, locale=locale, color_scheme=scheme)
    expect(page.get_by_role("heading", level=1)).to_have_text(title)
    expect(page.get_by_role("button", name=play)).to_be_visible()
    page.get_by_text(table).click()
    expect(page.locator("#history-table tbody tr")).to_have_count(2)
    page.get_by_role("slider").fill("120")
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_nothing_here_then_leads_to_the_nearest_day(
    browser: Browser, site: Site, spot: Spot, reports: list[str]
) -> None:
    page = look_back(browser, site, spot)
    earlier = DAY - dt.timedelta(days=5)
    page.get_by_label("Which day").fill(str(earlier))
    page.wait_for_selector("body[data-history='0']", state="attached")
    expect(page.locator("#player")).to_be_hidden()
    page.get_by_role("link", name="The nearest day with something").click()
    page.wait_for_selector("body[data-history='2']", state="attached")
    assert f"day={DAY}" in page.url


def test_the_map_leads_here_and_back_with_its_view(
    browser: Browser, site: Site, spot: Spot, reports: list[str]
) -> None:
    page = browser.new_context(viewport=DESKTOP, locale="en").new_page()  # type: ignore[arg-type]
    page.goto(f"{site.url}/#at=13/{spot.lat}/{spot.lon}")
    page.wait_for_selector("body[data-map-ready]", state="attached", timeout=20_000)
    page.get_by_role("link", name="Look back").click()
    page.wait_for_selector("body[data-history]", state="attached", timeout=20_000)
    assert f"#at=13/{spot.lat}" in page.url
    page.get_by_role("link", name="Live now").click()
    page.wait_for_selector("body[data-map-ready]", state="attached", timeout=20_000)
    assert f"#at=13/{spot.lat}" in page.url


def test_without_scripts_there_are_bars_a_table_and_the_list(
    browser: Browser, site: Site, spot: Spot, reports: list[str]
) -> None:
    page = browser.new_context(
        viewport=PHONE,
        locale="en",
        java_script_enabled=False,  # type: ignore[arg-type]
    ).new_page()
    lon, lat = float(spot.lon), float(spot.lat)
    box = f"{lon - 0.1},{lat - 0.1},{lon + 0.1},{lat + 0.1}"
    page.goto(f"{site.url}/map/history?bbox={box}&zone=Europe/Madrid")
    page.get_by_label("When", exact=True).select_option("day")
    page.get_by_label("Which day").fill(str(DAY))
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_text("2 reports began.")).to_be_visible()
    assert page.locator(".bars .bar").count() in (92, 96, 100)
    expect(page.locator("#history-list li")).to_have_count(2)
    page.get_by_text("The figures as a table").click()
    page.get_by_role("link", name="9:30 – 9:45 AM").click()
    expect(page.locator("#history-list li")).to_have_count(1)
    expect(page.locator("#map")).to_be_hidden()
