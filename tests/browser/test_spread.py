"""How a place and a brand spread: by a QR code, from phone to phone, three degrees deep."""

from __future__ import annotations

import html
import io
import re
import urllib.request
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
import zxingcpp
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import PASSWORD, Site, Spot
from tests.browser.seeding import seed
from tests.browser.steps import REVIEW, approve, fits
from ugc.rewards import actions as rewards_actions
from ugc.rewards import queries as rewards_queries

SMALL = {"width": 360, "height": 740}
LARGE = {"width": 412, "height": 915}
DESKTOP = {"width": 1280, "height": 800}
ANDROID = (
    "Mozilla/5.0 (Linux; Android 15; {}) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/141.0.0.0 Mobile Safari/537.36"
)
# What draws the preview in a chat.
PREVIEWER = {"User-Agent": "WhatsApp/2.23.20.0", "Accept-Language": "es"}


def phone(browser: Browser, model: str, locale: str, size: dict[str, int]) -> Page:
    """Somebody's own telephone; a browser that says it has no head would be a machine."""
    context = browser.new_context(
        viewport=size,  # type: ignore[arg-type]
        locale=locale,
        user_agent=ANDROID.format(model),
        has_touch=True,
    )
    return context.new_page()


def join_here(page: Page, site: Site, handle: str) -> None:
    """Fills in the form that is open, in any language, and confirms the address."""
    page.locator("#handle").fill(handle)
    page.locator("#email").fill(f"{handle}@example.org")
    page.locator("#password").fill(PASSWORD)
    page.locator("main form button").click()
    page.goto(site.link_for(f"{handle}@example.org"))
    page.locator("main form button").click()
    page.locator("#notices p").first.wait_for()


def decoded(picture: bytes) -> str:
    """What a telephone reads in a picture of a QR code."""
    [found] = zxingcpp.read_barcodes(Image.open(io.BytesIO(picture)).convert("RGB"))
    return found.text


def preview(link: str) -> tuple[dict[str, str], Image.Image]:
    """(Open Graph properties, the picture) as a chat reads them."""
    request = urllib.request.Request(link, headers=PREVIEWER)
    with urllib.request.urlopen(request, timeout=20) as answer:
        page = answer.read().decode()
    said = dict(re.findall(r'<meta property="(og:[^"]+)" content="([^"]*)"', page))
    told = {name: html.unescape(value) for name, value in said.items()}
    request = urllib.request.Request(told["og:image"], headers=PREVIEWER)
    with urllib.request.urlopen(request, timeout=20) as answer:
        return told, Image.open(io.BytesIO(answer.read())).convert("RGB")


def a_day_later(site: Site) -> None:
    """What the night's jobs do when everybody joined more than a day ago (here, for the worker's
    clock stands where it is)."""
    with site.transaction() as session:
        session.execute(sa.text("SET LOCAL boca.clock_offset = '25 hours'"))
        for newcomer_id in rewards_queries.newcomers_held(session, 0, 1000):
            rewards_actions.release(session, newcomer_id)


def test_from_a_qr_code_to_three_degrees(browser: Browser, site: Site, spot: Spot) -> None:
    mod = browser.new_context(viewport=DESKTOP, locale="en").new_page()  # type: ignore[arg-type]
    site.enter(mod, "loop-mod")
    site.make_moderator("loop-mod")
    mod.goto(f"{site.url}/brands/new")
    mod.locator("#name").fill("Marca Bucle")
    mod.get_by_role("button", name="Save").click()
    expect(mod.get_by_role("heading", level=1)).to_have_text("Marca Bucle")
    brand = mod.url.split("?")[0]

    # Ana opens a place, which a moderator sees first.
    ana = phone(browser, "SM-S921B", "es", SMALL)
    problems: list[str] = []
    ana.on("pageerror", lambda error: problems.append(str(error)))
    ana.goto(f"{site.url}/join")
    join_here(ana, site, "loop-ana")
    ana.goto(f"{site.url}/places/new")
    ana.get_by_label("Nombre", exact=True).fill("Horno Bucle")
    ana.get_by_label("Categoría").select_option("cafe")
    ana.get_by_label("Latitud").fill(spot.lat)
    ana.get_by_label("Longitud").fill(spot.lon)
    ana.get_by_role("button", name="Ponerlo en el mapa").click()
    expect(ana.get_by_role("heading", level=1)).to_have_text("Horno Bucle")
    place = ana.url.split("?")[0].split("#")[0]
    approve(mod, site, "Horno Bucle")

    # She takes her link to it: the same one however often she asks.
    ana.goto(place)
    ana.get_by_role("link", name="Compartir", exact=True).first.click()
    ana.get_by_role("button", name="Crear mi enlace").click()
    link = ana.locator("#link").input_value()
    share = ana.url.split("#")[0]
    csrf = ana.locator("main input[name=csrf_token], input[name=csrf_token]").first.input_value()
    again = ana.request.post(share, form={"csrf_token": csrf}, headers={"Referer": share})
    assert again.ok, again.status
    ana.goto(share)
    assert ana.locator("#link").input_value() == link
    with ana.expect_download() as download:
        ana.get_by_role("link", name="PNG 1024").click()
    code = decoded(download.value.path().read_bytes())
    assert code == f"{link}?by=qr"
    # The drawing on the screen is the same code, read from the screen.
    assert decoded(ana.locator(".share-qr .qr").screenshot()) == code

    # A chat draws a preview of it.
    told, picture = preview(link)
    assert told["og:title"].startswith("Horno Bucle")
    assert told["og:url"].endswith(place.removeprefix(site.url))
    assert picture.size == (1200, 630)
    assert (told["og:image:width"], told["og:image:height"]) == ("1200", "630")
    assert len(picture.getcolors(1 << 20) or []) > 100, "nothing is drawn"

    ana.goto(f"{site.url}/contacts")
    expect(ana.get_by_text("Nadie todavía.")).to_be_visible()
    ana.evaluate("window.loaded = 'once'")
    people = ana.locator("#contacts-tree .people__one")
    dots = ana.locator("#contacts-tree .rings__dot")

    # Ben points his telephone at the code, reads on, is asked, and joins.
    ben = phone(browser, "Pixel 9", "en", LARGE)
    ben.goto(code)
    expect(ben.get_by_role("heading", level=1)).to_have_text("Horno Bucle")
    expect(ben.get_by_text("loop-ana shared this with you.")).to_be_visible()
    assert "via=" in ben.url
    ben.goto(f"{site.url}/places?{ben.url.partition('?')[2]}")
    ben.get_by_role("main").get_by_role("searchbox").fill("Horno Bucle")
    ben.get_by_role("main").get_by_role("searchbox").press("Enter")
    ben.get_by_role("link", name="Horno Bucle").first.click()
    expect(ben.get_by_role("heading", level=1)).to_have_text("Horno Bucle")
    assert "via=" in ben.url, "it was lost by a form or a link"
    assert ben.context.cookies() == [] or "via" not in {c["name"] for c in ben.context.cookies()}
    ben.get_by_role("button", name="Yes", exact=True).click()
    expect(ben.get_by_text("We remember for 90 days who invited you.")).to_be_visible()
    assert "via" in {cookie["name"] for cookie in ben.context.cookies()}
    ben.goto(f"{site.url}/join")
    expect(ben.get_by_text("You come by the word of loop-ana")).to_be_visible()
    join_here(ben, site, "loop-ben")
    assert "via" not in {cookie["name"] for cookie in ben.context.cookies()}

    # He grows on the page that Ana has open.
    expect(people.get_by_role("link", name="loop-ben")).to_be_visible(timeout=20_000)
    expect(dots).to_have_count(1)
    expect(ana.locator("#contacts-news")).to_have_text("Alguien se ha unido.")

    # Ben shares the brand; Eva comes by that, says no to a cookie; Leo comes by Eva's.
    ben.goto(brand)
    ben.locator("#brand-head").get_by_role("link", name="Share").click()
    ben.get_by_role("button", name="Make my link").click()
    bens = ben.locator("#link").input_value()
    eva = phone(browser, "motorola edge 50", "es", SMALL)
    eva.goto(f"{bens}?by=whatsapp&utm_campaign=otoño")
    expect(eva.get_by_text("loop-ben ha compartido esto contigo.")).to_be_visible()
    assert "utm_campaign=" in eva.url
    eva.get_by_role("button", name="No", exact=True).click()
    expect(eva.locator(".invitation")).to_have_count(0)
    assert "via" not in {cookie["name"] for cookie in eva.context.cookies()}
    eva.get_by_role("link", name="Unirse").first.click()
    expect(eva.get_by_text("Vienes de parte de loop-ben")).to_be_visible()
    join_here(eva, site, "loop-eva")
    expect(people).to_have_count(2, timeout=20_000)
    expect(people.get_by_text("por loop-ben")).to_be_visible()
    # She did not say that farther contacts may see her name.
    expect(ana.locator("#contacts-tree").get_by_text("loop-eva")).to_have_count(0)
    eva.goto(f"{site.url}/settings")
    eva.locator("input[name=shown_to_far_contacts]").check()
    eva.locator("form:has(input[name=shown_to_far_contacts]) button").last.click()
    expect(eva.locator("#notices p").first).to_be_visible()
    eva.goto(f"{site.url}/share/{brand.rsplit('/', 1)[-1]}")
    eva.get_by_role("button", name="Crear mi enlace").click()
    leo = phone(browser, "CPH2607", "en", LARGE)
    leo.goto(eva.locator("#link").input_value())
    leo.locator(".invitation").get_by_role("link", name="Join").click()
    join_here(leo, site, "loop-leo")
    expect(people).to_have_count(3, timeout=20_000)
    expect(dots).to_have_count(3)
    expect(ana.locator(".rings-sum dd")).to_have_text(["1", "1", "1"])
    expect(people.get_by_role("link", name="loop-eva")).to_be_visible()
    expect(ana.locator("#contacts-tree").get_by_text("loop-leo")).to_have_count(0)
    assert ana.evaluate("window.loaded") == "once", "the page was loaded anew"
    wide = "t => t.getBoundingClientRect().right <= t.parentElement.getBoundingClientRect().right"
    assert ana.locator(".caused table").evaluate(wide), "the table leaves its card"

    # Ben's first genuine thing is not enough, nor his second on the first day.
    ben.goto(place)
    ben.get_by_role("link", name="Write a review").click()
    ben.get_by_role("radio", name="4: good").check(force=True)
    ben.get_by_label("Tell others").fill(f"{REVIEW} The oven is hot all day.")
    ben.get_by_role("button", name="Publish").click()
    expect(ben.get_by_text("It waits for a moderator").first).to_be_visible()
    approve(mod, site, "The oven is hot all day.")
    second = ana.context.new_page()
    second.goto(f"{site.url}/contacts")
    second.get_by_role("link", name="Qué espera, y por qué").click()
    waits = second.locator("li.item").filter(has_text="loop-ben")
    expect(waits).to_contain_text("hasta que loop-ben haga 1 cosa genuina más")
    ben.goto(f"{site.url}/reports/new")
    ben.get_by_role("radio", name="Roadworks").check()
    ben.get_by_label("Latitude").fill(spot.lat)
    ben.get_by_label("Longitude").fill(spot.lon)
    ben.get_by_label("Say more").fill("Works before the oven.")
    ben.get_by_role("button", name="Put it on the map").click()
    expect(ben.get_by_role("heading", level=1)).to_contain_text("Roadworks")
    approve(mod, site, "Works before the oven.")
    second.reload()
    expect(waits).to_contain_text("hasta que pase un día")
    a_day_later(site)
    second.reload()
    expect(waits).to_have_count(0)
    expect(second.locator("dl.facts").first).to_contain_text("20")

    # A brand's team reads of so few people only that they are few.
    ana.goto(brand)
    ana.get_by_text("¿Hablas por esta marca?").click()
    ana.locator("textarea[name=message]").fill("Llevo este horno desde hace once años.")
    ana.get_by_role("button", name="Solicitar", exact=True).click()
    approve(mod, site, "Llevo este horno")
    ana.goto(brand)
    ana.get_by_role("link", name="Cómo se difunde").click()
    expect(ana.get_by_role("heading", level=1)).to_contain_text("Marca Bucle")
    expect(ana.locator(".big__number").first).to_have_text("menos de 10")
    words = ana.locator("main").inner_text()
    assert not re.search(r"loop-(ben|eva|leo)", words)
    assert fits(ana)
    assert problems == []


def test_what_an_invited_visitor_and_a_spreader_read_is_accessible(
    browser: Browser, site: Site, accessible: Callable[[Page], None]
) -> None:
    handle = "spreader"
    options: dict[str, Any] = {"viewport": SMALL, "color_scheme": "dark", "locale": "en"}
    page = browser.new_context(**options).new_page()
    visitor = browser.new_context(
        **options | {"locale": "es"}, user_agent=ANDROID.format(handle)
    ).new_page()
    problems: list[str] = []
    for each in (page, visitor):
        each.on("pageerror", lambda error: problems.append(str(error)))

    site.enter(page, handle)
    brand = f"{site.url}/brands/{seed(site, handle)}"
    page.goto(brand.replace("/brands/", "/share/"))
    page.get_by_role("button", name="Make my link").click()
    link = page.locator("#link").input_value()

    # First the question, then what was agreed to.
    visitor.goto(link)
    expect(visitor.locator(".invitation")).to_contain_text(handle)
    accessible(visitor)
    visitor.get_by_role("link", name="Qué se guarda").click()
    expect(visitor.get_by_text("no se ha puesto ninguna cookie")).to_be_visible()
    accessible(visitor)
    visitor.get_by_role("button", name="Recordarlo 90 días").click()
    expect(visitor.get_by_text("Este navegador lo recuerda en una cookie")).to_be_visible()
    accessible(visitor)
    visitor.get_by_role("link", name="Unirse").last.click()
    expect(visitor.get_by_text(f"Vienes de parte de {handle}")).to_be_visible()
    accessible(visitor)
    visitor.goto(f"{site.url}/invitation")
    visitor.get_by_role("button", name="Olvidar quién me invitó").click()
    expect(visitor.get_by_text("Aquí nada dice que alguien te haya invitado.")).to_be_visible()
    accessible(visitor)

    for path in ("/prescriptores/me", "/rewards", "/prescriptores?city=Madrid"):
        page.goto(site.url + path)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        accessible(page)
    # What is wrong is said beside the fields.
    page.goto(f"{brand}/spread?span=custom&from=2026-02-30&to=x")
    expect(page.locator("#from[aria-invalid=true]")).to_be_visible()
    accessible(page)
    page.goto(f"{brand}/invitations")
    form = page.locator("form:has(#thanks)")
    form.evaluate("form => { form.noValidate = true; }")
    form.get_by_role("button").click()
    expect(page.locator("#text[aria-invalid=true]")).to_be_visible()
    accessible(page)
    assert problems == []
