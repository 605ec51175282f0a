"""Two browsers and one map: what one does, the other sees without a reload."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import PHONE, Site, Spot, close_reports, make_reports, move_report
from tests.browser.steps import add_report, shown


@pytest.fixture
def watcher(browser: Browser, site: Site, spot: Spot) -> Iterator[Page]:
    """A visitor who looks at the sea round `spot`."""
    context = browser.new_context(viewport={"width": 1200, "height": 800}, locale="en")
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(f"{site.url}/#at=12/{spot.lat}/{spot.lon}")
    shown(page, 0)
    expect(page.locator("#live-state")).to_have_text("Live", timeout=20_000)
    page.evaluate("window.sameDocument = true")
    yield page
    assert page.evaluate("window.sameDocument") is True, "it was reloaded"
    assert problems == []
    context.close()


def test_one_posts_and_the_other_sees_it(
    browser: Browser, site: Site, spot: Spot, watcher: Page
) -> None:
    ana = browser.new_context(viewport=PHONE, locale="en").new_page()
    site.enter(ana, "vivaana")
    address = add_report(ana, site, spot, "Roadworks")
    shown(watcher, 1)
    entry = watcher.locator("#map-list li")
    expect(entry).to_contain_text("Roadworks")
    expect(entry).to_contain_text("unconfirmed")
    expect(watcher.locator("#live-news")).to_have_text("1 new report")

    mod = browser.new_context(viewport=PHONE, locale="en").new_page()
    site.enter(mod, "vivamod")
    site.make_moderator("vivamod")
    entry.locator("a").focus()
    mod.goto(f"{site.url}/moderation")
    mod.locator("main article", has_text="Roadworks").get_by_role("button", name="Approve").click()
    expect(entry).not_to_contain_text("unconfirmed", timeout=20_000)
    mod.goto(address)
    mod.get_by_role("button", name="Still there").click()
    expect(entry).to_contain_text("reliability 7/10", timeout=20_000)
    # Whoever was reading there still is.
    expect(entry.locator("a")).to_be_focused()

    ana.goto(address)
    ana.get_by_role("button", name="It is over").click()
    shown(watcher, 0)
    expect(entry).to_have_count(0)


def test_the_page_of_a_report_says_when_it_is_no_longer_so(
    browser: Browser, site: Site, spot: Spot, database: psycopg.Connection[Any]
) -> None:
    """It says so instead of changing under who reads; what one did oneself is no news."""
    [public_id] = make_reports(database, spot, 1)
    ben = browser.new_context(viewport=PHONE, locale="en").new_page()
    site.enter(ben, "vivaben")
    problems: list[str] = []
    ben.on("pageerror", lambda error: problems.append(str(error)))
    with ben.expect_response(lambda answer: "/live?" in answer.url):
        ben.goto(f"{site.url}/reports/{public_id}")
    changed = ben.get_by_text("Something has changed here")
    ben.get_by_role("button", name="Still there").click()
    expect(ben.get_by_role("button", name="Still there")).to_have_attribute("aria-pressed", "true")
    ben.wait_for_timeout(4500)
    expect(changed).to_be_hidden()
    close_reports(database, [public_id])
    expect(changed).to_be_visible(timeout=10_000)
    ben.get_by_role("link", name="See it as it is now").click()
    expect(changed).to_be_hidden()
    expect(ben.get_by_text("over", exact=True)).to_be_visible()
    assert problems == []
    ben.context.close()


def test_a_cut_stream_misses_nothing(
    site: Site, spot: Spot, watcher: Page, database: psycopg.Connection[Any]
) -> None:
    """500 changes while the process is dead and Redis is gone: the same set as the database."""
    first = make_reports(database, spot, 60)
    shown(watcher, 60)
    site.kill_live()
    expect(watcher.locator("#live-state")).not_to_have_text("Live", timeout=20_000)
    close_reports(database, first[:40])
    for _ in range(46):
        make_reports(database, spot, 10)
    site.start_live()
    expect(watcher.locator("#live-state")).to_have_text("Live", timeout=60_000)
    shown(watcher, 20 + 460)
    seen = watcher.evaluate("document.body.dataset.mapFeatures")
    [alive] = database.execute(
        "SELECT count(*) FROM reports WHERE state = 'open' AND expires_at > app_now()"
        " AND geom && ST_MakeEnvelope(%s, %s, %s, %s, 4326)",
        (
            float(spot.lon) - 0.2,
            float(spot.lat) - 0.1,
            float(spot.lon) + 0.2,
            float(spot.lat) + 0.1,
        ),
    ).fetchone() or [0]
    assert int(seen) == alive == 480


def test_where_streams_are_blocked_it_asks_every_few_seconds(
    browser: Browser, site: Site, spot: Spot, database: psycopg.Connection[Any]
) -> None:
    context = browser.new_context(viewport=PHONE, locale="es")
    page = context.new_page()
    context.route(f"{site.environment['LIVE_URL']}/**", lambda route: route.abort())
    page.goto(f"{site.url}/#at=12/{spot.lat}/{spot.lon}")
    state = page.locator("#live-state")
    expect(state).to_have_text("Se renueva cada pocos segundos", timeout=60_000)
    made = make_reports(database, spot, 3)
    shown(page, 3)
    close_reports(database, made[:1])
    shown(page, 2)
    context.close()


def test_after_a_tunnel_it_goes_on(
    site: Site, spot: Spot, watcher: Page, database: psycopg.Connection[Any]
) -> None:
    made = make_reports(database, spot, 2)
    shown(watcher, 2)
    watcher.context.set_offline(True)
    expect(watcher.locator("#live-state")).to_have_text("Reconnecting…")
    close_reports(database, made[:1])
    make_reports(database, spot, 3, 2e-4)
    watcher.context.set_offline(False)
    shown(watcher, 4)
    expect(watcher.locator("#live-state")).to_have_text("Live", timeout=20_000)


def test_a_suspended_member_is_told_that_it_ended(
    browser: Browser, site: Site, spot: Spot, database: psycopg.Connection[Any]
) -> None:
    context = browser.new_context(viewport=PHONE, locale="en")
    page = context.new_page()
    site.enter(page, "vivabad")
    page.goto(f"{site.url}/#at=12/{spot.lat}/{spot.lon}")
    state = page.locator("#live-state")
    expect(state).to_have_text("Live", timeout=20_000)
    database.execute(
        "UPDATE members SET suspended_until = now() + interval '1 day' WHERE handle = 'vivabad'"
    )
    expect(state).to_have_text("Stopped: reload the page", timeout=20_000)
    context.close()


def test_the_live_map_is_accessible(watcher: Page, axe: Callable[[Any], list[Any]]) -> None:
    assert axe(watcher) == []


def test_clusters_follow_what_changes(
    browser: Browser, site: Site, ocean: Spot, database: psycopg.Connection[Any]
) -> None:
    """From far out things are counted: a new one is in the count, one that closed is not."""
    page = browser.new_context(viewport={"width": 1200, "height": 800}, locale="en").new_page()
    made = make_reports(database, ocean, 3)
    page.goto(f"{site.url}/#at=7/{ocean.lat}/{ocean.lon}")
    shown(page, 3)
    expect(page.locator("#live-state")).to_have_text("Live", timeout=20_000)
    page.evaluate("window.sameDocument = true")
    make_reports(database, ocean, 2, 2e-4)
    shown(page, 5)
    expect(page.locator("#map-list li")).to_have_count(5)
    expect(page.locator("#live-news")).to_have_text("2 new reports")
    close_reports(database, made)
    shown(page, 2)
    assert page.evaluate("window.sameDocument") is True


def test_what_closed_out_of_sight_does_not_come_back(
    site: Site, spot: Spot, watcher: Page, database: psycopg.Connection[Any]
) -> None:
    """Away and back while one closes, one is new and one moves: no ghost, and none twice."""
    closing, moving, _staying = make_reports(database, spot, 3, 1e-3)
    shown(watcher, 3)  # told by the stream, not by tiles
    look_at = "at => { location.hash = `#at=${at}`; }"
    away = f"12/{float(spot.lat) + 3}/{spot.lon}"
    watcher.evaluate(look_at, away)
    shown(watcher, 0)
    expect(watcher.locator("#live-state")).to_have_text("Live", timeout=20_000)
    close_reports(database, [closing])
    make_reports(database, spot, 1, 3e-3)
    move_report(database, moving, float(spot.lon) + 0.01, float(spot.lat))
    watcher.evaluate(look_at, f"12/{spot.lat}/{spot.lon}")
    shown(watcher, 3)
    watcher.wait_for_timeout(1500)  # nothing comes late
    shown(watcher, 3)
    expect(watcher.locator("#map-list li")).to_have_count(3)
    expect(watcher.locator(f"#map-list li[data-id='{closing}']")).to_have_count(0)


def test_what_moves_is_in_one_place(
    site: Site, spot: Spot, watcher: Page, database: psycopg.Connection[Any]
) -> None:
    """Out of the view, then the view goes after it."""
    [moving] = make_reports(database, spot, 1, 0)
    shown(watcher, 1)
    move_report(database, moving, float(spot.lon) + 0.6, float(spot.lat))
    shown(watcher, 0)
    watcher.evaluate(
        "at => { location.hash = `#at=${at}`; }", f"12/{spot.lat}/{float(spot.lon) + 0.6}"
    )
    shown(watcher, 1)
    watcher.evaluate("at => { location.hash = `#at=${at}`; }", f"10/{spot.lat}/{spot.lon}")
    expect(watcher.locator("#map-list li")).to_have_count(1)
    shown(watcher, 1)


def test_what_is_told_passes_the_filters(
    site: Site, spot: Spot, watcher: Page, database: psycopg.Connection[Any]
) -> None:
    watcher.locator("#map-filters summary").click()
    watcher.get_by_label("Reliability").select_option("8")
    expect(watcher.locator("#live-state")).to_have_text("Live", timeout=20_000)
    [public_id] = make_reports(database, spot, 1)
    watcher.wait_for_timeout(1500)
    shown(watcher, 0)
    believe = (
        "WITH told AS (UPDATE reports SET believed = %s, believed_at = app_now() FROM subjects s"
        " WHERE s.id = reports.id AND s.public_id = %s RETURNING reports.id)"
        " UPDATE subjects SET changed_txid = pg_current_xact_id() FROM told"
        " WHERE told.id = subjects.id"
    )
    database.execute(believe, (0.95, public_id))
    shown(watcher, 1)
    database.execute(believe, (0.4, public_id))
    shown(watcher, 0)
