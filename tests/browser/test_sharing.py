"""Sharing on a telephone and a desktop: the link, the text, the code, the sheet, the embed."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import COLOURS, DESKTOP, PHONE, Axe, Site, Spot


def a_place(page: Page, site: Site, spot: Spot, name: str) -> str:
    """Suggests a place as a moderator; returns its public id."""
    page.goto(f"{site.url}/places/new")
    page.locator("#name").fill(name)
    page.locator("#category").select_option("cafe")
    page.locator("#lat").fill(spot.lat)
    page.locator("#lon").fill(spot.lon)
    page.locator("form[data-draft] button.button--speak").click()
    page.locator("#reviews").wait_for()
    return page.url.split("#")[0].rsplit("/", 1)[-1]


def test_the_pages_to_share_are_accessible_and_fit(
    browser: Browser, site: Site, spot: Spot, axe: Axe, accessible: Callable[[Page], None]
) -> None:
    context = browser.new_context(viewport=PHONE, color_scheme="dark", locale="en")  # type: ignore[arg-type]
    page = context.new_page()
    handle = "share-looks"
    site.enter(page, handle)
    site.make_moderator(handle)
    long = f"Gran Cafetería y Heladería Artesana de Nuestra Señora مقهى 東京 {handle}"
    place = a_place(page, site, spot, long)
    page.goto(f"{site.url}/places/{place}")
    page.get_by_role("link", name="Share", exact=True).first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Share")
    accessible(page)
    page.get_by_role("button", name="Make my link").click()
    expect(page.locator("#link")).to_be_visible()
    picture = page.locator(".share-card img")
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") == 800
    accessible(page)
    page.goto(f"{site.url}/spread/of/{place}")
    expect(page.get_by_text("No member has come by a link yet")).to_be_visible()
    accessible(page)
    page.go_back()
    page.get_by_role("link", name="A sheet to print").click()
    expect(page.locator(".poster__qr")).to_be_visible()
    accessible(page)
    page.emulate_media(media="print")
    expect(page.locator(".topbar")).to_be_hidden()
    expect(page.locator(".poster")).to_be_visible()
    page.emulate_media(media="screen")
    for width, height in ((480, 330), (240, 140)):
        page.set_viewport_size({"width": width, "height": height})
        page.goto(f"{site.url}/embed/{place}?lang=en")
        assert axe(page) == []
        page.emulate_media(color_scheme="light")
        assert axe(page, COLOURS) == []
        page.emulate_media(color_scheme="dark")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate("document.documentElement.scrollHeight") <= height
    page.goto(f"{site.url}/embed/nothing?lang=en")
    expect(page.get_by_text("not there any more")).to_be_visible()
    assert axe(page) == []


def test_copying_sharing_and_changing_the_text(browser: Browser, site: Site, spot: Spot) -> None:
    context = browser.new_context(
        viewport=PHONE,
        locale="en",
        permissions=["clipboard-read", "clipboard-write"],  # type: ignore[arg-type]
    )
    page = context.new_page()
    page.add_init_script(
        "window.shared = [];navigator.share = async (what) => { window.shared.push(what); };"
    )
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    site.enter(page, "sharing")
    page.goto(f"{site.url}/share/site")
    page.get_by_role("button", name="Make my link").click()
    link = page.locator("#link").input_value()
    copy = page.get_by_role("button", name="Copy").first
    copy.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#link-copied")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == link

    text = page.locator("#text")
    for words in ("It's 100 % (mine) & yours!\nReally", "Otra *cosa* así #1"):
        text.fill(words)
        found = {}
        for place in page.locator("[data-place]").all():
            parts = urlsplit(str(place.get_attribute("href")))
            found[place.get_attribute("data-place")] = parse_qs(parts.query or parts.fragment)
        assert found["whatsapp"]["text"] == [f"{words}\n{link}?by=whatsapp"]
        assert found["telegram"] == {"text": [words], "url": [f"{link}?by=telegram"]}
        assert found["mail"]["body"] == [f"{words}\n{link}?by=mail"]
        assert found["x"] == {"text": [words], "url": [f"{link}?by=x"]}
        assert found["mastodon"]["text"] == [f"{words}\n{link}?by=mastodon"]
        assert found["facebook"] == {"u": [f"{link}?by=facebook"]}
    page.get_by_role("button", name="Share…").click()
    [shared] = page.evaluate("window.shared")
    assert shared == {"url": f"{link}?by=web_share", "title": "Boca", "text": words}
    page.get_by_role("link", name="Español", exact=True).click()
    expect(text).to_have_value("En Boca la gente pone en el mapa lo que ve: avisos, lugares,"
                               " reseñas. Vente.")  # fmt: skip
    assert problems == []


def test_it_works_without_scripts(browser: Browser, site: Site) -> None:
    context = browser.new_context(viewport=PHONE, locale="en")
    page = context.new_page()
    site.enter(page, "plain")
    state = context.storage_state()
    plain = browser.new_context(
        viewport=PHONE,
        locale="en",
        java_script_enabled=False,
        storage_state=state,  # type: ignore[arg-type]
    ).new_page()
    plain.goto(f"{site.url}/share/site")
    plain.get_by_role("button", name="Make my link").click()
    link = plain.locator("#link").input_value()
    expect(plain.locator("[data-copy]").first).to_be_hidden()
    plain.locator("#text").fill("My own words")
    plain.get_by_role("button", name="Use this text").click()
    target = str(plain.locator("[data-place=whatsapp]").get_attribute("href"))
    assert parse_qs(urlsplit(target).query)["text"] == [f"My own words\n{link}?by=whatsapp"]
    with plain.expect_download() as download:
        plain.get_by_role("link", name="PNG 1024").click()
    assert download.value.suggested_filename == "qr-boca-boca.png"


@pytest.fixture
def elsewhere(site: Site, tmp_path: Any) -> Iterator[tuple[str, Any]]:
    """Another web site, with a page that one may write: (address, path of the page)."""
    handler = lambda *args: http.server.SimpleHTTPRequestHandler(  # noqa: E731
        *args, directory=str(tmp_path)
    )
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/page.html", tmp_path / "page.html"
    server.shutdown()
    server.server_close()


def test_the_snippet_works_on_another_site(
    browser: Browser, site: Site, spot: Spot, elsewhere: tuple[str, Any]
) -> None:
    page = browser.new_context(viewport=DESKTOP, locale="en").new_page()
    site.enter(page, "embedder")
    site.make_moderator("embedder")
    place = a_place(page, site, spot, "Embedded Café")
    page.goto(f"{site.url}/share/{place}")
    page.get_by_role("button", name="Make my link").click()
    code = page.locator("#link").input_value().rsplit("/", 1)[-1]
    snippet = page.locator("#snippet").input_value()
    address, file = elsewhere
    start = "<!doctype html><title>x</title><p>Mine</p>"
    file.write_text(start + snippet, encoding="utf-8")
    visitor = browser.new_context(viewport=DESKTOP, locale="en")
    other = visitor.new_page()
    other.goto(address)
    link = other.frame_locator("iframe").get_by_role("link", name="Embedded Café")
    expect(link).to_be_visible()
    assert link.get_attribute("href") == f"{site.url}/r/{code}?by=embed"
    assert visitor.cookies() == []
    # No other page of the site can be framed.
    framed = visitor.new_page()
    about = f'<iframe src="{site.url}/about"></iframe>'
    file.write_text(start + about, encoding="utf-8")
    framed.goto(address)
    framed.wait_for_load_state("networkidle")
    expect(framed.frame_locator("iframe").locator("main#main")).to_have_count(0)
    with visitor.expect_page() as opened:
        link.click()
    expect(opened.value.get_by_role("heading", level=1)).to_contain_text("Embedded Café")
