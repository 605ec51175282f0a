"""Watching on a phone, in the dark, by keyboard and without a script; and what a push does."""

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import PHONE, Site, Spot

# A push service that answers as a real one does, and counts what it was asked.
BROWSER_WITH_PUSH = """
const P256DH = 'BGsX0fLhLEJH-Lzm5WOkQPJ3A32BLeszoPShOUXYmMKWT-NC4v4af5uO5-tK'
  + 'fA-eFivOM1drMV7Oy7ZAaDe_UfU';
window.asked = [];
Notification.requestPermission = async () => { window.asked.push('permission'); return 'granted'; };
const pushManager = {
  getSubscription: async () => null,
  subscribe: async ({applicationServerKey, userVisibleOnly}) => {
    window.asked.push(`subscribe ${applicationServerKey.length} ${userVisibleOnly}`);
    return {endpoint: `https://push.example.org/${Math.random()}`,
      keys: {p256dh: P256DH, auth: 'AAAAAAAAAAAAAAAAAAAAAA'}};
  },
};
Object.defineProperty(navigator.serviceWorker, 'ready', {value: Promise.resolve({pushManager})});
navigator.serviceWorker.getRegistration = async () => ({pushManager});
"""


def test_an_area_and_a_way_on_a_phone(
    browser: Browser, site: Site, spot: Spot, axe: Callable[[Any], list[Any]]
) -> None:
    phone = browser.new_context(viewport=PHONE, locale="en", color_scheme="dark")  # type: ignore[arg-type]
    phone.add_init_script(BROWSER_WITH_PUSH)
    page = phone.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))

    def check() -> None:
        assert axe(page) == [], page.url
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], page.url

    site.enter(page, "watcher")
    site.make_moderator("watcher")
    page.goto(f"{site.url}/reports/new")
    page.get_by_role("radio", name="Roadworks").check()
    page.get_by_label("Latitude").fill(spot.lat)
    page.get_by_label("Longitude").fill(spot.lon)
    page.get_by_label("Say more").fill("The quay is up.")
    page.get_by_role("button", name="Put it on the map").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Roadworks")

    page.locator("summary", has_text="Menu of watcher").click()
    page.get_by_role("link", name="Watching").click()
    expect(page.get_by_text("Nothing watched yet")).to_be_visible()
    expect(page.get_by_role("main").get_by_text("Roadworks")).to_be_visible()
    check()
    page.get_by_role("link", name="Watch an area").click()
    page.get_by_label("Name").fill("My sea")
    page.get_by_label("Latitude").fill(spot.lat)
    page.get_by_label("Longitude").fill(spot.lon)
    page.get_by_label("Radius in kilometres").fill("10")
    expect(page.locator("[data-watch-draw][data-ready]")).to_be_visible()
    page.get_by_role("radio", name="By mail once a day").check()
    check()
    page.get_by_role("button", name="Watch", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("My sea")
    expect(page.get_by_text("The quay is up.")).to_be_visible()
    # An outline until the map is wanted.
    expect(page.locator("[data-watch-shown] .watch-outline")).to_be_visible()
    check()
    page.get_by_role("button", name="Show the map").click()
    expect(page.locator("[data-watch-shown][data-ready]")).to_be_visible()
    expect(page.locator("[data-watch-shown] .kind")).to_have_count(1)
    check()

    # Nothing is asked before the button is pressed.
    assert page.evaluate("window.asked") == []
    page.get_by_role("button", name="Show it in this browser too").click()
    expect(page.get_by_text("This browser will show what happens")).to_be_visible()
    assert page.evaluate("window.asked") == ["permission", "subscribe 65 true"]
    page.reload()
    expect(page.get_by_text("this one")).to_be_visible()
    check()
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_text("That browser shows nothing any more")).to_be_visible()

    draw_a_way_by_keyboard(page, site)
    check()
    page.get_by_role("button", name="Watch", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("The ferry")
    check()
    page.get_by_role("link", name="Change", exact=True).click()
    expect(page.get_by_role("radio", name="Where it is now")).to_be_checked()
    expect(page.locator("[data-watch-draw][data-ready]")).to_be_visible()
    check()
    page.goto(f"{site.url}/settings#watching")
    expect(page.get_by_role("radio", name="By mail once a day")).to_be_checked()
    check()
    assert problems == []


def draw_a_way_by_keyboard(page: Page, site: Site) -> None:
    """Moves the map with the arrows and adds its middle; one point is taken back."""
    page.goto(f"{site.url}/watching/new?shape=way")
    page.get_by_label("Name").fill("The ferry")
    # A way begins with drawing it; each choice shows its own fields.
    expect(page.get_by_role("radio", name="A line that I draw")).to_be_checked()
    expect(page.get_by_label("File", exact=True)).to_be_hidden()
    draw = page.locator("[data-watch-draw]")
    expect(page.locator("[data-watch-draw][data-ready]")).to_be_visible()
    canvas = draw.locator("canvas")
    for number in range(1, 4):
        canvas.focus()
        before = page.locator("[name=drawn]").input_value()
        for _ in range(2):
            page.keyboard.press("+" if number == 1 else "ArrowRight")
        page.get_by_role("button", name="Add the middle of the map").focus()
        page.keyboard.press("Enter")
        expect(draw).to_have_attribute("data-points", str(number))
        assert page.locator("[name=drawn]").input_value() != before
    page.get_by_role("button", name="Take the last one back").click()
    expect(page.get_by_text("2 points")).to_be_visible()


def test_a_watch_is_made_without_a_script(browser: Browser, site: Site) -> None:
    page = browser.new_context(locale="es", java_script_enabled=False).new_page()
    site.enter(page, "watcher-plain")
    page.goto(f"{site.url}/watching/new")
    expect(page.get_by_role("radio", name="Una forma que dibujo")).to_be_hidden()
    page.get_by_label("Nombre").fill("Mi ciudad")
    page.get_by_label("Calle, dirección o lugar").fill("Zaragoza")
    page.get_by_label("Radio en kilómetros").fill("12,5")
    page.get_by_role("button", name="Vigilar", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Mi ciudad")
    expect(page.get_by_text("a menos de 12 km")).to_be_visible()
    page.get_by_role("button", name="Pausar").click()
    expect(page.get_by_text("en pausa", exact=True)).to_be_visible()
    page.get_by_role("button", name="Eliminar").click()
    expect(page.get_by_text("Aún no vigilas nada")).to_be_visible()


def test_what_a_worker_does_with_a_push(browser: Browser, site: Site) -> None:
    page = browser.new_context().new_page()
    page.goto(f"{site.url}/about")
    run = """async (data) => {
      const {onPush, onNotificationClick} = await import('/static/js/push.mjs');
      const shown = [], went = [], waits = [];
      const showNotification = async (title, options) => shown.push({title, options});
      self.registration = {showNotification};
      self.clients = {matchAll: async () => [], openWindow: async (url) => went.push(url)};
      const waitUntil = (promise) => waits.push(promise);
      onPush({waitUntil, data: {json: () => JSON.parse(data)}});
      const {data: kept} = shown[0].options;
      const notification = {data: kept, close: () => went.push('closed')};
      onNotificationClick({waitUntil, notification});
      await Promise.all(waits);
      return {title: shown[0].title, body: shown[0].options.body, tag: shown[0].options.tag, went};
    }"""
    said = '{"title": "Casa", "body": "Nuevo", "url": "/reports/x", "tag": "x", "lang": "es"}'
    assert page.evaluate(run, said) == {
        "title": "Casa", "body": "Nuevo", "tag": "x", "went": ["closed", f"{site.url}/reports/x"],
    }  # fmt: skip
    unreadable = page.evaluate(run, "not JSON")
    assert unreadable["title"] == "Boca"
    elsewhere = page.evaluate(run, '{"url": "https://evil.example/"}')
    assert elsewhere["went"] == ["closed", site.url]
