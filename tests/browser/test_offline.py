"""Posting from the map, and without a network: what is written is sent once, or stays and asks.

Headless Chromium fires real Background Sync as soon as the network is back, so pages and the
worker race for the queue here as they do on a telephone."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import PASSWORD, PHONE, Site, Spot
from tests.browser.queueing import eventually, open_map, queued, rows
from ugc.config import libpq_url

Axe = Callable[[Any], list[Any]]
SHELLS = "caches.keys().then(names => names.filter(name => name.startsWith('boca-shell')))"
AREA = "caches.open('boca-area').then(cache => cache.keys())"
# Whether the list and at least one tile of what is shown are kept.
AREA_KEPT = f"""{AREA}.then(keys => ['/map/list', '/map/tiles/'].every(part =>
  keys.some(({{url}}) => new URL(url).pathname.startsWith(part))))"""
ITEMS = """new Promise((done, no) => {
  const asked = indexedDB.open('boca');
  asked.onerror = () => no(asked.error);
  asked.onsuccess = () => {
    const all = asked.result.transaction('outbox').objectStore('outbox').getAll();
    all.onsuccess = () => { asked.result.close(); done(all.result.map(
      ({photos, ...item}) => ({...item, photos: photos.map(photo => photo.buffer.byteLength)}))); };
  };
})"""


def photo(taken_at: Spot | None = None) -> dict[str, Any]:
    """A JPEG of about 200 KB, with where it was taken (south and west)."""
    image = Image.frombytes("RGB", (520, 390), os.urandom(520 * 390 * 3))
    exif = Image.Exif()
    if taken_at:
        lat, lon = (divmod(-float(text), 1) for text in (taken_at.lat, taken_at.lon))
        exif[0x8825] = {
            1: "S",
            2: (lat[0], lat[1] * 60, 0.0),
            3: "W",
            4: (lon[0], lon[1] * 60, 0.0),
        }
    out = io.BytesIO()
    image.save(out, "JPEG", quality=80, exif=exif)
    return {"name": "IMG_0001.jpg", "mimeType": "image/jpeg", "buffer": out.getvalue()}


def start_report(page: Page, kind: str = "Roadworks") -> Any:
    page.locator("#report-here").click()
    sheet = page.get_by_role("dialog")
    expect(sheet).to_be_visible()
    sheet.locator(".kinds__kind", has_text=kind).click()
    return sheet


def change_item(page: Page, change: str, value: int = 0) -> None:
    """Changes what waits: `change` is a statement about `item` and `value`."""
    page.evaluate(
        """(value) => new Promise((done) => {
          const asked = indexedDB.open('boca');
          asked.onsuccess = () => {
            const writing = asked.result.transaction('outbox', 'readwrite');
            const store = writing.objectStore('outbox');
            store.getAll().onsuccess = ({target}) => target.result.forEach((item) => {
              CHANGE;
              store.put(item);
            });
            writing.oncomplete = () => { asked.result.close(); done(); };
          };
        })""".replace("CHANGE", change),
        value,
    )


def a_while_ago(page: Page, minutes: int) -> None:
    """As if the report waiting had been written so long ago."""
    change_item(
        page,
        "item.fields.occurred_at = new Date(Date.now() - value * 60000).toISOString()",
        minutes,
    )


def due(page: Page) -> None:
    """As if the pause that the site asked for were over."""
    change_item(page, "item.not_before = 0")


def end_session(site: Site, handle: str) -> None:
    """As if it had expired."""
    with psycopg.connect(libpq_url(site.environment["DATABASE_URL"])) as connection:
        connection.execute(
            "UPDATE member_sessions SET revoked_at = now() WHERE member_id ="
            " (SELECT id FROM members WHERE handle = %s)",
            [handle],
        )


@pytest.fixture
def phone(browser: Browser) -> BrowserContext:
    return browser.new_context(viewport=PHONE, locale="en")  # type: ignore[arg-type]


def test_three_presses_from_the_map(
    phone: BrowserContext, site: Site, spot: Spot, axe: Axe
) -> None:
    page = phone.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    site.enter(page, "tapper")
    open_map(page, site, spot)
    page.locator("#report-here").click()
    sheet = page.get_by_role("dialog", name="What do you see?")
    expect(sheet).to_be_visible()
    assert axe(page) == []
    sheet.locator(".kinds__kind", has_text="Roadworks").click()
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    sheet.get_by_role("button", name="Put it on the map").click()
    expect(page.locator("#notices").filter(has_text="on the map")).to_be_visible(timeout=30_000)
    expect(sheet).to_be_hidden()
    [row] = rows(site, spot)
    assert (row["kind"], row["photos"], row["minutes"] < 5) == ("roadworks", 0, True)
    # What I reported last comes first the next time.
    page.locator("#report-here").click()
    expect(sheet.get_by_role("radio").first).to_have_value("roadworks")
    assert problems == []


def test_posting_by_keyboard_alone_in_spanish(
    browser: Browser, site: Site, spot: Spot, axe: Axe
) -> None:
    page = browser.new_context(viewport={"width": 1200, "height": 800}, locale="es").new_page()
    page.goto(f"{site.url}/join")
    page.locator("#handle").fill("teclas")
    page.locator("#email").fill("teclas@example.org")
    page.locator("#password").fill(PASSWORD)
    page.locator("main form button").click()
    page.goto(site.link_for("teclas@example.org"))
    page.locator("main form button").click()
    open_map(page, site, spot)
    page.locator("#report-here").focus()
    page.keyboard.press("Enter")
    sheet = page.get_by_role("dialog", name="¿Qué ves?")
    expect(sheet).to_be_visible()
    assert axe(page) == []
    page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
    expect(page.locator("#report-here")).to_be_focused()
    page.keyboard.press("Enter")
    page.locator(".brand-mark").first.focus()  # the sheet lets one go on to the page
    page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
    page.locator("#report-here").focus()
    page.keyboard.press("Enter")
    for _ in range(2):  # close, then the kinds
        page.keyboard.press("Tab")
    page.keyboard.press("Space")
    before = page.locator("#sheet-lat").input_value()
    for _ in range(30):
        if page.evaluate("document.activeElement.matches('.sheet summary')"):
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert float(page.locator("#sheet-lat").input_value()) > float(before)
    for _ in range(30):
        if page.evaluate("document.activeElement.matches('[data-sheet-send]')"):
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#notices").filter(has_text="está en el mapa")).to_be_visible(
        timeout=30_000
    )
    assert len(rows(site, spot)) == 1


def test_written_without_a_network_and_sent_once(
    phone: BrowserContext, site: Site, spot: Spot, axe: Axe
) -> None:
    page = phone.new_page()
    site.enter(page, "offliner")
    open_map(page, site, spot)
    phone.set_offline(True)
    sheet = start_report(page)
    sheet.get_by_label("Say more").fill("A hole as wide as the lane.")
    sheet.get_by_label("Photos").set_input_files([photo(spot)])
    expect(sheet.get_by_text("Where the photo was taken")).to_be_visible(timeout=15_000)
    expect(sheet.locator("[data-sheet-photos] img")).to_have_count(1)
    sheet.get_by_text("Direction and privacy").click()
    sheet.get_by_label("Direction").select_option("90")
    sheet.get_by_role("button", name="Put it on the map").click()
    queued(page, 1)
    expect(page.get_by_role("button", name="Waiting to send (1)")).to_be_visible()
    page.get_by_role("button", name="Waiting to send (1)").click()
    assert axe(page) == []
    [item] = page.evaluate(ITEMS)
    assert item["photos"][0] > 100_000
    a_while_ago(page, 45)
    # The tab is gone; what it wrote is not.
    page.close()
    phone.set_offline(False)
    again = phone.new_page()
    again.goto(f"{site.url}/about")
    queued(again, 0)
    found = rows(site, spot)
    assert [(row["photos"], row["text"], row["heading"]) for row in found] == [
        (1, "A hole as wide as the lane.", 90)
    ]
    assert 44 < found[0]["minutes"] < 60
    again.goto(f"{site.url}/#at=14/{spot.lat}/{spot.lon}")
    again.locator("#map-list a").first.click()
    expect(again.get_by_text("posted late")).to_be_visible()


def test_what_waits_can_be_edited(phone: BrowserContext, site: Site, spot: Spot) -> None:
    page = phone.new_page()
    site.enter(page, "editor")
    open_map(page, site, spot)
    phone.set_offline(True)
    sheet = start_report(page)
    sheet.get_by_label("Say more").fill("Two lamps.")
    sheet.get_by_role("button", name="Put it on the map").click()
    queued(page, 1)
    # From any page that opens without a network.
    page.goto(f"{site.url}/about")
    page.get_by_role("button", name="Waiting to send (1)").click()
    page.locator(".outbox-item").get_by_role("button", name="Edit").click()
    expect(sheet.get_by_role("radio", name="Roadworks")).to_be_checked()
    expect(sheet.get_by_label("Say more")).to_have_value("Two lamps.")
    sheet.get_by_label("Say more").fill("Three lamps.")
    sheet.get_by_role("button", name="Another kind").click()
    sheet.locator(".kinds__kind", has_text="Street lighting").click()
    sheet.get_by_role("button", name="Put it on the map").click()
    expect(sheet).to_be_hidden(timeout=15_000)
    queued(page, 1)
    notices = page.locator("#notices")
    expect(notices).to_contain_text("No network")
    phone.set_offline(False)
    queued(page, 0)
    # What waits is told until it was sent, and no longer.
    expect(notices).to_contain_text("The text waits for a moderator")
    expect(notices).not_to_contain_text("No network")
    assert [(row["kind"], row["text"]) for row in rows(site, spot)] == [
        ("lighting", "Three lamps.")
    ]


def test_two_tabs_send_it_once(phone: BrowserContext, site: Site, spot: Spot) -> None:
    page = phone.new_page()
    site.enter(page, "twotabs")
    open_map(page, site, spot)
    other = phone.new_page()
    open_map(other, site, spot)
    sent: list[str] = []
    phone.on("request", lambda request: sent.append(request.url) if request.method == "POST" else 0)
    phone.set_offline(True)
    for text in ("the first", "the second"):
        sheet = start_report(page, "Roadworks" if text == "the first" else "Accident")
        sheet.get_by_label("Say more").fill(text)
        sheet.get_by_role("button", name="Put it on the map").click()
    queued(other, 2)
    # One is taken back before it went out.
    other.get_by_role("button", name="Waiting to send (2)").click()
    item = other.locator(".outbox-item", has_text="the second")
    item.get_by_role("button", name="Discard").click()
    queued(page, 1)
    phone.set_offline(False)
    queued(page, 0)
    queued(other, 0)
    assert [row["text"] for row in rows(site, spot)] == ["the first"]
    assert sum(url.endswith("/reports") for url in sent) == 1


def test_a_session_that_ended_meanwhile(phone: BrowserContext, site: Site, spot: Spot) -> None:
    page = phone.new_page()
    site.enter(page, "sleeper")
    open_map(page, site, spot)
    phone.set_offline(True)
    sheet = start_report(page)
    sheet.get_by_role("button", name="Put it on the map").click()
    queued(page, 1)
    end_session(site, "sleeper")
    phone.set_offline(False)
    page.get_by_role("button", name="Waiting to send (1)").click()
    outbox = page.get_by_role("dialog", name="Waiting to send")
    expect(outbox.get_by_text("Sign in as the member who wrote it")).to_be_visible(timeout=30_000)

    # Somebody else signs in on the same browser: it stays, and says so without saying what it is.
    site.enter(page, "another")
    page.goto(site.url)
    queued(page, 1)
    page.get_by_role("button", name="Waiting to send (1)").click()
    expect(outbox.get_by_text("Something of another member waits here")).to_be_visible()
    expect(outbox.get_by_text("Roadworks")).to_have_count(0)
    assert rows(site, spot) == []
    outbox.get_by_role("button", name="Close").click()

    page.locator(".menu summary").click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_selector("body[data-member='']", state="attached")
    page.goto(f"{site.url}/sign-in")
    page.get_by_label("E-mail").fill("sleeper@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    queued(page, 0)
    assert [row["handle"] for row in rows(site, spot)] == ["sleeper"]


def test_signing_in_is_asked_in_the_sheet(phone: BrowserContext, site: Site, spot: Spot) -> None:
    page = phone.new_page()
    site.enter(page, "expired")
    open_map(page, site, spot)
    end_session(site, "expired")
    sheet = start_report(page)
    sheet.get_by_role("button", name="Put it on the map").click()
    asked = page.locator("#report-sheet .outbox-item")
    expect(asked.get_by_text("Sign in as the member who wrote it")).to_be_visible(timeout=30_000)
    asked.get_by_role("link", name="Sign in").click()
    page.get_by_label("E-mail").fill("expired@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    queued(page, 0)
    assert len(rows(site, spot)) == 1


def test_something_similar_is_near(
    browser: Browser, phone: BrowserContext, site: Site, spot: Spot, axe: Axe
) -> None:
    first = browser.new_context(viewport=PHONE, locale="en").new_page()  # type: ignore[arg-type]
    site.enter(first, "firstone")
    open_map(first, site, spot)
    start_report(first).get_by_role("button", name="Put it on the map").click()
    expect(first.locator("#notices").filter(has_text="on the map")).to_be_visible(timeout=30_000)

    page = phone.new_page()
    site.enter(page, "secondone")
    open_map(page, site, spot)
    sheet = start_report(page)
    sheet.get_by_label("Say more").fill("Mine is a bit further.")
    sheet.get_by_role("button", name="Put it on the map").click()
    question = page.locator("#report-sheet .outbox-item")
    expect(question.get_by_text("Is it one of these?")).to_be_visible(timeout=30_000)
    expect(question.locator(".outbox-similar")).to_have_count(1)
    assert axe(page) == []
    question.get_by_role("button", name="Yes, this one").click()
    queued(page, 0)
    [row] = rows(site, spot)
    assert row["confirmations"] == 1

    # Without a network the question comes later, in the list of what waits.
    phone.set_offline(True)
    sheet = start_report(page)
    sheet.get_by_label("Say more").fill("Another hole, twenty metres on.")
    sheet.get_by_role("button", name="Put it on the map").click()
    queued(page, 1)
    phone.set_offline(False)
    page.get_by_role("button", name="Needs an answer (1)").click(timeout=30_000)
    outbox = page.get_by_role("dialog", name="Waiting to send")
    assert axe(page) == []
    outbox.get_by_role("button", name="No, mine is another one").click()
    queued(page, 0)
    assert [row["text"] for row in rows(site, spot)] == ["", "Another hole, twenty metres on."]


def test_too_late_becomes_history(phone: BrowserContext, site: Site, spot: Spot) -> None:
    page = phone.new_page()
    site.enter(page, "historian")
    open_map(page, site, spot)
    phone.set_offline(True)
    start_report(page, "Accident").get_by_role("button", name="Put it on the map").click()
    queued(page, 1)
    a_while_ago(page, 60 * 24 * 30)
    phone.set_offline(False)
    page.get_by_role("button", name="Needs an answer (1)").click(timeout=30_000)
    page.get_by_role("button", name="Add it as history").click()
    queued(page, 0)
    [row] = rows(site, spot)
    assert row["minutes"] > 60 * 24 * 29


def test_only_the_site_itself_ends_the_waiting(
    phone: BrowserContext, site: Site, spot: Spot
) -> None:
    """A network's welcome page, a pause that the site asks for, and a refusal of what is meant."""
    page = phone.new_page()
    site.enter(page, "traveller2")
    open_map(page, site, spot)
    answers: list[dict[str, Any]] = [
        {"status": 200, "content_type": "text/html", "body": "<h1>Welcome to our hotel</h1>"},
        {
            "status": 429,
            "headers": {"Retry-After": "3"},
            "content_type": "application/problem+json",
            "body": '{"code": "too_fast", "title": "Slower"}',
        },
    ]
    keys: set[str] = set()

    def answer(route: Any) -> None:
        keys.add(route.request.headers["idempotency-key"])
        if answers:
            route.fulfill(**answers.pop())
        else:
            route.continue_()

    phone.route("**/reports", answer)
    sheet = start_report(page)
    sheet.get_by_label("Say more").fill("x")
    sheet.get_by_role("button", name="Put it on the map").click()
    queued(page, 1)
    page.get_by_role("button", name="Waiting to send (1)").click()
    outbox = page.get_by_role("dialog", name="Waiting to send")
    # The hotel's page is no answer: it is kept for a minute, and then goes out.
    expect(outbox.get_by_text("The site asked to wait")).to_be_visible(timeout=30_000)
    for _ in range(300):
        if not answers:
            break
        page.wait_for_timeout(100)
    assert rows(site, spot) == []
    due(page)
    outbox.get_by_role("button", name="Try now").click()
    queued(page, 0)
    assert len(keys) == 1
    assert [row["text"] for row in rows(site, spot)] == ["x"]


def test_the_site_opens_without_a_network(
    phone: BrowserContext, site: Site, spot: Spot, axe: Axe
) -> None:
    page = phone.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    site.enter(page, "traveller")
    open_map(page, site, spot)
    start_report(page).get_by_role("button", name="Put it on the map").click()
    expect(page.locator("#notices").filter(has_text="on the map")).to_be_visible(timeout=30_000)
    page.wait_for_selector("body[data-map-features='1']", state="attached", timeout=30_000)
    # Asked for anew by a fresh page: the report may have been told by the stream only.
    open_map(page, site, spot)
    page.wait_for_selector("body[data-map-features='1']", state="attached", timeout=30_000)
    eventually(page, AREA_KEPT)
    eventually(
        page,
        """caches.open('boca-area').then(cache => cache.match('/map/list', {ignoreSearch: true}))
           .then(kept => kept ? kept.text() : '').then(kept => kept.includes('data-id'))""",
    )
    page.close()
    phone.set_offline(True)
    page = phone.new_page()
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(site.url)
    # The same part of the map, and it says how old it is.
    page.wait_for_selector("body[data-map-features='1']", state="attached", timeout=30_000)
    page.wait_for_selector("body[data-map-ready]", state="attached", timeout=30_000)
    expect(page.locator("#offline-line")).to_contain_text("Offline, as of")
    assert spot.lat in page.url
    expect(page.locator("#map-list .item")).to_have_count(1)
    assert axe(page) == []
    assert "traveller" not in page.content()
    # Any other page leads here, and one can still post.
    page.goto(f"{site.url}/settings")
    expect(page.locator("#offline-line")).to_contain_text("That page needs the network")
    sheet = start_report(page, "Accident")
    sheet.get_by_role("button", name="Put it on the map").click()
    queued(page, 1)
    phone.set_offline(False)
    queued(page, 0)
    assert [row["kind"] for row in rows(site, spot)] == ["roadworks", "accident"]
    # Nothing that was kept is a page of a member.
    kept = page.evaluate(
        """caches.keys().then(names =>
           Promise.all(names.map(name => caches.open(name).then(cache => cache.keys()))))
           .then(all => all.flat().map(request => new URL(request.url).pathname))"""
    )
    pages = {path for path in kept if not path.startswith(("/static/", "/basemap/"))}
    tiles = {path for path in pages if path.startswith("/map/tiles/")}
    assert pages - tiles == {"/offline/es", "/offline/en", "/map/list"}
    assert problems == []


def test_signing_out_forgets_the_area_and_keeps_what_waits(
    phone: BrowserContext, site: Site, spot: Spot
) -> None:
    page = phone.new_page()
    site.enter(page, "leaver")
    open_map(page, site, spot)
    eventually(page, AREA_KEPT)
    phone.set_offline(True)
    sheet = start_report(page)
    sheet.get_by_label("Say more").fill("Sent another day.")
    sheet.get_by_role("button", name="Put it on the map").click()
    queued(page, 1)
    # Sent only after the answer to a question about the session, which never comes here.
    phone.route("**/session", lambda route: route.abort())
    phone.set_offline(False)
    page.goto(f"{site.url}/about")
    page.locator(".menu summary").click()
    page.get_by_role("button", name="Sign out").click()
    asked = page.get_by_role("dialog", name="Before you sign out")
    expect(asked.get_by_text("Not sent yet")).to_contain_text("1")
    # The site cannot be reached for it: nothing is lost, and the member is told.
    asked.get_by_role("button", name="Send it, then sign out").click()
    expect(asked.get_by_role("alert")).to_be_visible()
    asked.get_by_role("button", name="Keep it here").click()
    page.wait_for_selector("body[data-member='']", state="attached")
    queued(page, 1)
    # The map that opens next may have kept a view of its own by now; the member's is gone.
    view = "new Promise(done => done(localStorage.getItem('map-view') ?? ''))"
    eventually(page, f"{view}.then(kept => !kept.includes('{spot.lat}'))")
    assert "Sent another day." not in page.content()
    assert [item["fields"]["text"] for item in page.evaluate(ITEMS)] == ["Sent another day."]


def test_of_many_tiles_the_last_ones_seen_are_kept(
    phone: BrowserContext, site: Site, spot: Spot
) -> None:
    page = phone.new_page()
    site.enter(page, "seer")
    open_map(page, site, spot)
    eventually(page, AREA_KEPT)
    page.evaluate(
        """async () => {
          for (let x = 0; x < 230; x += 1) await fetch(`/map/tiles/places/14/${x}/1`);
          await fetch('/map/tiles/places/14/100/1');
        }"""
    )
    urls = f"{AREA}.then(keys => keys.map(each => each.url))"
    tiles = f"{urls}.then(urls => urls.filter(url => url.includes('/map/tiles/')))"
    eventually(page, f"{tiles}.then(urls => urls.length === 200)")
    kept = page.evaluate(tiles)
    assert any(url.endswith("/14/100/1") for url in kept)
    assert any(url.endswith("/14/229/1") for url in kept)
    assert not any(url.endswith("/14/0/1") for url in kept)


def test_from_far_out_the_sheet_asks_where(
    phone: BrowserContext, site: Site, spot: Spot, axe: Axe
) -> None:
    """A country's middle is no place: it says so at once, not when everything is written."""
    page = phone.new_page()
    site.enter(page, "fromafar")
    page.goto("about:blank")
    page.goto(f"{site.url}/#at=5/{spot.lat}/{spot.lon}")
    page.wait_for_selector("body[data-sheet-ready]", state="attached")
    sheet = start_report(page)
    expect(sheet.get_by_text("too far out to say where")).to_be_visible()
    assert page.locator("#sheet-lat").input_value() == ""
    assert axe(page) == []
    sheet.get_by_role("button", name="Put it on the map").click()
    expect(sheet.get_by_role("button", name="Write a street or place")).to_be_focused()
    page.keyboard.press("Enter")
    city = sheet.get_by_label("Or a street, address or place")
    expect(city).to_be_focused()
    # A name that is none is told, and no press on Enter sends.
    city.fill("Qqqqqq")
    city.press("Enter")
    expect(sheet.get_by_role("alert")).to_contain_text("No address or city with this name")
    city.fill("zaragoza")
    city.press("Enter")
    expect(sheet.get_by_text("Chosen point: 41.6")).to_be_visible(timeout=15_000)
    expect(sheet.get_by_role("button", name="Write a street or place")).to_be_hidden()
    expect(sheet).to_be_visible()
    expect(sheet.get_by_role("alert")).to_be_hidden()


def test_a_members_shell_has_a_menu_and_nothing_lies_on_it(
    browser: Browser, site: Site, spot: Spot, axe: Axe
) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 740}, locale="en")
    page = context.new_page()
    site.enter(page, "shelly")
    open_map(page, site, spot)
    context.set_offline(True)
    sheet = start_report(page)
    sheet.get_by_role("button", name="Put it on the map").click()
    queued(page, 1)
    page.goto(f"{site.url}/settings")
    waiting: Any = page.get_by_role("button", name="Waiting to send (1)").bounding_box()
    page.locator("#shell-menu summary").click()
    expect(page.get_by_role("link", name="My contributions")).to_be_visible()
    assert axe(page) == []
    page.locator("#shell-menu summary").click()
    # Scrolled to its end, the page ends above what waits.
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    last: Any = page.locator(".foot > span").bounding_box()
    assert last["y"] + last["height"] <= waiting["y"]
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


WORKERS = "navigator.serviceWorker.getRegistrations().then(all => all.length)"
BASEMAP = """caches.keys().then(names => Promise.all(names
  .map(name => caches.open(name).then(cache => cache.keys()))))
  .then(all => all.flat().filter(({url}) => url.endsWith('.pmtiles')).length)"""


def test_a_visitor_keeps_what_they_ask_for(
    phone: BrowserContext, site: Site, spot: Spot, axe: Axe
) -> None:
    page = phone.new_page()
    page.goto(f"{site.url}/#at=5/{spot.lat}/{spot.lon}")
    page.wait_for_selector("body[data-keeps='nothing']", state="attached")
    assert page.evaluate(WORKERS) == 0
    # What is written in the sheet may have to wait: from now on the site opens without a network.
    page.locator("#report-here").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    eventually(page, "navigator.serviceWorker.controller !== null")
    assert page.evaluate(BASEMAP) == 0
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Keep the map for where there is no network").click()
    expect(page.get_by_text("The whole map opens without a network now.")).to_be_visible()
    assert page.evaluate(BASEMAP) == 1
    assert axe(page) == []
    # Land that was never looked at.
    phone.set_offline(True)
    page.goto("about:blank")
    page.goto(f"{site.url}/#at=6/47/13")
    page.wait_for_selector("body[data-map-ready]", state="attached")
    expect(page.locator("#keep-map")).to_be_hidden()


def test_an_update_takes_over(phone: BrowserContext, site: Site, spot: Spot) -> None:
    page = phone.new_page()
    site.enter(page, "updater")
    open_map(page, site, spot)
    [shell] = page.evaluate(SHELLS)
    assert page.evaluate(f"caches.open('{shell}').then(c => c.match('/offline/es')).then(Boolean)")
    # As an older release left it.
    page.evaluate("caches.open('boca-shell-old').then(cache => cache.put('/x', new Response('x')))")
    page.evaluate("navigator.serviceWorker.getRegistration().then(found => found.unregister())")
    page.goto(f"{site.url}/about")
    eventually(page, f"{SHELLS}.then(names => names.join() === '{shell}')")


def test_a_shared_photo_says_where(phone: BrowserContext, site: Site, spot: Spot) -> None:
    page = phone.new_page()
    site.enter(page, "sharer")
    open_map(page, site, spot)
    there = Spot(lat="-33.5", lon="-110.75")
    taken = photo(there)
    assert b"Exif" in taken["buffer"]
    page.evaluate(
        """() => {
          const form = Object.assign(document.createElement('form'), {
            method: 'post', action: '/share', enctype: 'multipart/form-data', id: 'from-an-app'});
          form.innerHTML = '<input type=file name=photos multiple><input name=text value="Look">';
          document.querySelector('main').append(form);
        }"""
    )
    page.locator("#from-an-app input[type=file]").set_input_files([taken])
    page.evaluate("document.getElementById('from-an-app').submit()")
    sheet = page.get_by_role("dialog", name="What do you see?")
    expect(sheet).to_be_visible(timeout=30_000)
    expect(sheet.get_by_text("Where the photo was taken: -33.5000, -110.7500")).to_be_visible()
    expect(sheet.locator("[data-sheet-photos] img")).to_have_count(1)
    sheet.locator(".kinds__kind", has_text="Roadworks").click()
    expect(sheet.get_by_label("Say more")).to_have_value("Look")
    phone.set_offline(True)
    sheet.get_by_role("button", name="Put it on the map").click()
    queued(page, 1)
    clean = page.evaluate(
        """new Promise((done) => {
          const asked = indexedDB.open('boca');
          asked.onsuccess = () => {
            const all = asked.result.transaction('outbox').objectStore('outbox').getAll();
            all.onsuccess = () => done(!new TextDecoder('latin1')
              .decode(all.result[0].photos[0].buffer).includes('Exif'));
          };
        })"""
    )
    assert clean
    phone.set_offline(False)
    queued(page, 0)
    [row] = rows(site, there)
    assert row["photos"] == 1
