"""What search engines ask for: robots.txt and the sitemap."""

from __future__ import annotations

import datetime as dt
import gzip
from collections.abc import Iterable
from typing import Any
from xml.sax.saxutils import escape

from flask import Response, request

from ugc.cards import queries
from ugc.cards.pages.base import absolute, bp
from ugc.core import cache, limits
from ugc.core.access import public
from ugc.core.db import db
from ugc.core.errors import NotFound

KEPT_SECONDS = 3600
PAGES = ("/", "/places", "/brands", "/leaderboard", "/about", "/map/history", "/api")
NAMESPACE = "http://www.sitemaps.org/schemas/sitemap/0.9"
# Members' own pages, forms and what changes by the second. Everything else may be read.
CLOSED = (
    "/share/", "/flag/", "/moderation", "/contacts", "/inbox", "/settings", "/watches", "/welcome",
    "/confirm/", "/password/", "/search", "/geo/", "/map/list", "/map/card/", "/map/features",
    "/map/changes", "/map/tiles/", "/map/history/", "/live", "/session", "/offline/",
    "/reports/new", "/places/new", "/brands/new",
)  # fmt: skip
# Who draws the previews of links: they obey robots.txt, and a short link is what they are shown.
PREVIEWERS = (
    "Twitterbot", "facebookexternalhit", "Facebot", "LinkedInBot", "Slackbot-LinkExpanding",
    "TelegramBot", "WhatsApp", "Discordbot", "Applebot", "Mastodon", "Pinterestbot", "redditbot",
    "SkypeUriPreview", "Iframely",
)  # fmt: skip


@bp.get("/robots.txt")
@public
def robots() -> Response:
    """Crawlers stay out of short links, which count visits; previewers may follow them."""
    closed = [f"Disallow: {path}" for path in CLOSED]
    lines = [
        *(f"User-agent: {name}" for name in PREVIEWERS),
        *closed,
        "",
        "User-agent: *",
        "Disallow: /r/",
        "Disallow: /embed/",
        *closed,
        "",
        f"Sitemap: {absolute('/sitemap.xml')}",
        "",
    ]
    response = Response("\n".join(lines), content_type="text/plain; charset=utf-8")
    response.headers["Cache-Control"] = "public, max-age=3600"
    return response


def _kept(key: str, make: Any) -> Response:
    """An XML file, kept for an hour; packed, as it is nearly all repetition."""
    packed = cache.get(key)
    if packed is None:
        limits.hit("search")
        packed = gzip.compress("".join(make()).encode(), 5)
        cache.put(key, packed, KEPT_SECONDS)
    response = Response(content_type="application/xml; charset=utf-8")
    if "gzip" in request.accept_encodings:
        response.data = packed
        response.headers["Content-Encoding"] = "gzip"
    else:
        response.data = gzip.decompress(packed)
    response.headers["Vary"] = "Accept-Encoding"
    response.headers["Cache-Control"] = f"private, max-age={KEPT_SECONDS}"
    return response


def _file(element: str, addresses: Iterable[tuple[str, dt.datetime | None]]) -> Iterable[str]:
    """A sitemap (`url`) or the index of several (`sitemap`)."""
    root = "urlset" if element == "url" else "sitemapindex"
    yield f'<?xml version="1.0" encoding="UTF-8"?>\n<{root} xmlns="{NAMESPACE}">\n'
    for path, changed_at in addresses:
        moment = changed_at.astimezone(dt.UTC).isoformat(timespec="seconds") if changed_at else ""
        lastmod = f"<lastmod>{moment}</lastmod>" if moment else ""
        yield f"<{element}><loc>{escape(absolute(path))}</loc>{lastmod}</{element}>\n"
    yield f"</{root}>\n"


@bp.get("/sitemap.xml")
@public
def sitemap_index() -> Response:
    """The files of the sitemap: the site's own pages, and each 50,000 places, brands, reviews and
    living reports."""

    def make() -> Iterable[str]:
        files: list[tuple[str, dt.datetime | None]] = [("/sitemaps/pages.xml", None)]
        for kind in queries.LISTED_KINDS:
            files += [
                (f"/sitemaps/{kind}/{start}.xml", None)
                for start in queries.sitemap_starts(db.session(), kind)
            ]
        return _file("sitemap", files)

    return _kept("sitemap:index", make)


@bp.get("/sitemaps/pages.xml")
@public
def sitemap_of_pages() -> Response:
    return _kept("sitemap:pages", lambda: _file("url", [(path, None) for path in PAGES]))


@bp.get("/sitemaps/<kind>/<start>.xml")
@public
def sitemap(kind: str, start: str) -> Response:
    """Up to 50,000 things of a kind by key, from the one whose public id is `start`."""
    if kind not in queries.LISTED_KINDS or not start.isalnum() or len(start) > 24:
        raise NotFound()
    return _kept(
        f"sitemap:{kind}:{start}",
        lambda: _file("url", queries.sitemap_page(db.session(), kind, start)),
    )
