"""Take the pictures of docs/pictures, in Chromium, of a demo world that `make run` serves.

usage: python scripts/pictures.py ADDRESS FOLDER
"""

from __future__ import annotations

import io
import os
import re
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

WIDTHS = {390: 844, 1280: 800}
SCHEMES = ("light", "dark")
MEMBER, PASSWORD = "demo-ana", "boca-demo-world"
VISITOR = ("map", "join")  # seen without an account
SETTLE_MS = 1500  # tiles and markers fade in
QUALITY = 62


def first_link(page: Page, address: str, pattern: str) -> str:
    """The first link of a page that looks like `pattern`, without what comes after its path."""
    page.goto(address)
    links = page.eval_on_selector_all("a[href]", "all => all.map(a => a.getAttribute('href'))")
    return str(next(link for link in links if re.search(pattern, link))).split("?")[0]


def addresses(page: Page, site: str) -> dict[str, str]:
    """The path of each page by its name in the pictures."""
    around = f"{site}/map/list?bbox=-3.8,40.35,-3.6,40.48"
    return {
        "report": first_link(page, around, r"^/reports/[^/]{12}$"),
        "place": first_link(page, f"{site}/places?order=best", r"^/places/[^/]{12}"),
        "brand": first_link(page, f"{site}/brands", r"^/brands/[^/]{12}"),
        "places": "/places",
        "profile": f"/members/{MEMBER}",
        "inbox": "/inbox",
        "join": "/join",
        "map": "/#at=14/40.4168/-3.7038",  # the slowest: last
    }


def context(browser: Browser, width: int, scheme: str) -> BrowserContext:
    return browser.new_context(
        viewport={"width": width, "height": WIDTHS[width]},
        locale="es-ES",
        color_scheme="dark" if scheme == "dark" else "light",
    )


def sign_in(page: Page, site: str) -> None:
    page.goto(f"{site}/sign-in")
    page.locator("input[name=email]").fill(f"{MEMBER}@example.org")
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("main form button").first.click()
    page.wait_for_load_state("networkidle")


def take(site: str, folder: Path) -> None:
    """Writes `<page>-<width>-<scheme>.webp` of every page into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=os.environ.get("BOCA_CHROMIUM"))
        pages = addresses(browser.new_context(locale="es-ES").new_page(), site)
        for width in WIDTHS:
            for scheme in SCHEMES:
                member = context(browser, width, scheme).new_page()
                sign_in(member, site)
                visitor = context(browser, width, scheme).new_page()
                for name, path in pages.items():
                    page = visitor if name in VISITOR else member
                    page.goto(site + path)
                    page.wait_for_timeout(SETTLE_MS * (10 if name == "map" else 1))
                    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
                    picture.save(folder / f"{name}-{width}-{scheme}.webp", quality=QUALITY)
        browser.close()


if __name__ == "__main__":
    take(sys.argv[1].rstrip("/"), Path(sys.argv[2]))
