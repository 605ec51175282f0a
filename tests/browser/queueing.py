"""The queue of a browser without a network."""

from __future__ import annotations

from typing import Any

import psycopg
from playwright.sync_api import Page

from tests.browser.conftest import Site, Spot
from ugc.config import libpq_url


def rows(site: Site, spot: Spot) -> list[dict[str, Any]]:
    """What the site has near a spot: kind, text, minutes between seen and posted, photos."""
    url = libpq_url(site.environment["DATABASE_URL"])
    with psycopg.connect(url, row_factory=psycopg.rows.dict_row) as connection:
        return connection.execute(
            """SELECT r.id, r.kind, r.text, r.heading, m.handle, r.confirmations,
                 extract(epoch FROM r.created_at - r.occurred_at) / 60 AS minutes,
                 (SELECT count(*) FROM photos p WHERE p.subject_id = r.id) AS photos
               FROM reports r JOIN members m ON m.id = r.author_id
               WHERE ST_DWithin(r.geom, ST_SetSRID(ST_MakePoint(%s, %s), 4326), 0.2)
               ORDER BY r.id""",
            [float(spot.lon), float(spot.lat)],
        ).fetchall()


def eventually(page: Page, expression: str, seconds: int = 60) -> None:
    """Until a promise gives something true: `wait_for_function` takes the promise for true."""
    for _ in range(seconds * 10):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"never true: {expression}")


def open_map(page: Page, site: Site, spot: Spot) -> None:
    """The map over a spot, with a service worker that serves this page."""
    # From the front page this address would be a movement of the same map, which may write its own.
    page.goto("about:blank")
    page.goto(f"{site.url}/#at=14/{spot.lat}/{spot.lon}")
    eventually(page, "navigator.serviceWorker.controller !== null")
    page.wait_for_selector("body[data-sheet-ready]", state="attached")
    page.wait_for_selector("body[data-map-features]", state="attached", timeout=30_000)


def queued(page: Page, number: int) -> None:
    page.wait_for_selector(f"body[data-outbox='{number}']", state="attached", timeout=30_000)
