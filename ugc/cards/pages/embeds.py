"""oEmbed, and the pages that other sites may frame."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree

from flask import (
    Response,
    current_app,
    g,
    jsonify,
    render_template,
    request,
    url_for,
)
from flask.sessions import SessionMixin
from flask_babel import lazy_gettext
from markupsafe import Markup

from ugc import languages
from ugc.cards import queries
from ugc.cards.pages.base import absolute, bp, picture_alt, picture_path, told
from ugc.cards.rules.cards import HEIGHT, WIDTH, Card
from ugc.core import render, signed, subjects
from ugc.core.access import ViewResult, public
from ugc.core.db import db
from ugc.core.errors import DomainError, Invalid, NotFound, SignInNeeded
from ugc.core.people import called
from ugc.referrals import queries as referrals_queries

# Pixels of an embed by default, and of the words under its picture.
USUAL_WIDTH, USUAL_HEIGHT, BAR = 480, 330, 78
CACHE_SECONDS = 3600
PATHS = re.compile(r"/(?:places|reviews|reports|brands)/(?P<public_id>[0-9a-z]{1,24})")
LINK = re.compile(r"/r/(?P<code>[0-9a-z]{1,16})")
MEMBER = re.compile(r"/members/(?P<handle>[^/]{1,60})")
# Pages of ours that only members see.
PRIVATE = re.compile(r"/(settings|contacts|inbox|moderation|watches|contributions)(/|$)")
EMBED_CSP = (
    "default-src 'none'; img-src 'self'; style-src 'self'; font-src 'self'; base-uri 'none';"
    " form-action 'none'; frame-ancestors *"
)


class NoSuchFormat(DomainError):
    """The provider cannot answer in the format that was asked for (oembed.com, 501)."""

    code = "format_unknown"
    status = 501
    default = lazy_gettext("Ask for format=json or format=xml.")


class Sessions(signed.Sessions):
    """Embeds set no cookie, not even to renew one that was sent."""

    def should_set_cookie(self, app: Any, session: SessionMixin) -> bool:
        return not g.get("cookieless") and super().should_set_cookie(app, session)


def _use_sessions(state: Any) -> None:
    state.app.session_interface = Sessions()


bp.record_once(_use_sessions)


@dataclass(frozen=True)
class Asked:
    """What an address of ours leads to, and the code of the link that led there ('' for none)."""

    subject: subjects.Subject
    code: str = ""


def _asked(url: str) -> Asked:
    """Raises NotFound for what is not ours or is no thing, SignInNeeded for members' pages."""
    try:
        parts = urlsplit(url)
        ours = urlsplit(str(current_app.config["SITE_URL"]))
        same = (parts.hostname, parts.port) == (ours.hostname, ours.port)
    except ValueError:
        raise NotFound() from None
    if not same or parts.scheme not in ("http", "https"):
        raise NotFound()
    session = db.session()
    path = parts.path.rstrip("/")
    if PRIVATE.match(path):
        raise SignInNeeded()
    if not path:
        return Asked(subjects.site(session))
    thing, link, member = PATHS.fullmatch(path), LINK.fullmatch(path), MEMBER.fullmatch(path)
    if thing:
        return Asked(subjects.resolve(session, thing["public_id"]))
    if link:
        found = referrals_queries.link_by_code(session, link["code"])
        return Asked(session.get_one(subjects.Subject, found.subject_id), found.code)
    found_member = queries.member_subject(session, member["handle"]) if member else None
    if found_member is None:
        raise NotFound()
    return Asked(found_member)


def _most(name: str) -> int | None:
    """A largest size of the address, in pixels. Raises Invalid."""
    text = request.args.get(name, "")
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:6]) <= 100_000:
        bad = lazy_gettext("Give a whole number of pixels.")
        raise Invalid(fields={name: [bad]})
    return int(text[:6])


def embed_size(most_width: int | None, most_height: int | None) -> tuple[int, int]:
    """(width, height) of an embed within what the consumer has room for, in pixels."""
    width = min(USUAL_WIDTH, most_width or USUAL_WIDTH)
    height = min(round(width * HEIGHT / WIDTH) + BAR, most_height or USUAL_HEIGHT)
    return width, height


def snippet(card: Card, code: str, size: tuple[int, int]) -> str:
    """The element that puts an embed on a page; its links are those of `code`."""
    address = absolute(embed_path(card, code))
    return str(
        Markup(
            '<iframe src="{}" width="{}" height="{}" title="{}" loading="lazy" frameborder="0"'
            ' referrerpolicy="no-referrer-when-downgrade"></iframe>'
        ).format(address, *size, f"{card.title} · {current_app.config['SITE_NAME']}")
    )


def embed_path(card: Card, code: str) -> str:
    values: dict[str, Any] = {"link": code} if code else {}
    return url_for("cards.embed", public_id=card.public_id, lang=card.language, **values)


def _author(found: queries.Told) -> dict[str, str]:
    """A brand speaks on its own page and on that of a place that it runs; the member who once
    suggested either is not its author."""
    if found.card.kind == "brand":
        return {"author_name": found.card.title, "author_url": absolute(found.card.path)}
    if found.card.kind == "place":
        brand = found.brand
        return {"author_name": brand.title, "author_url": absolute(brand.url)} if brand else {}
    author = getattr(found.row, "author", None)
    if not author:
        return {}
    profile = url_for("accounts.profile_page", handle=author)
    return {"author_name": called(author), "author_url": absolute(profile)}


@bp.get("/oembed")
@public
def oembed() -> ViewResult:
    """`?url=` of a page or short link of ours → a rich oEmbed (oembed.com): `format` json or xml,
    `maxwidth` and `maxheight` in pixels."""
    kind = request.args.get("format", "json")
    if kind not in ("json", "xml"):
        raise NoSuchFormat()
    width, height = embed_size(_most("maxwidth"), _most("maxheight"))
    asked = _asked(request.args.get("url", ""))
    found = told(asked.subject)
    if found is None:
        raise NotFound()
    card = found.card
    answer: dict[str, Any] = {
        "version": "1.0",
        "type": "rich",
        "title": card.title,
        "provider_name": str(current_app.config["SITE_NAME"]),
        "provider_url": absolute("/"),
        "cache_age": CACHE_SECONDS,
        "html": snippet(card, asked.code, (width, height)),
        "width": width,
        "height": height,
    }
    answer |= _author(found)
    # A thumbnail may not be larger than what there is room for either.
    most_width, most_height = _most("maxwidth"), _most("maxheight")
    if (most_width or WIDTH) >= WIDTH and (most_height or HEIGHT) >= HEIGHT:
        answer |= {
            "thumbnail_url": absolute(picture_path(card)),
            "thumbnail_width": WIDTH,
            "thumbnail_height": HEIGHT,
        }
    if kind == "json":
        response = jsonify(answer)
    else:
        root = ElementTree.Element("oembed")
        for name, value in answer.items():
            ElementTree.SubElement(root, name).text = str(value)
        body = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
        response = Response(body, content_type="text/xml; charset=utf-8")
    g.cookieless = True
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Cache-Control"] = "private, max-age=300"
    return response


@bp.get("/embed/<public_id>")
@public
def embed(public_id: str) -> Response:
    """What other sites frame: a card that leads here, by the link `?link=` when that one shares
    this thing. It is the same for all readers, reads and sets no cookie."""
    g.cookieless = True
    language = request.args.get("lang")
    if language not in languages.CODES:
        best = request.accept_languages.best_match(languages.CODES)
        language = best or str(current_app.config["DEFAULT_LANGUAGE"])
    subject = _subject(public_id)
    found = told(subject, language) if subject else None
    # Inside the page of another site, what is gone says so itself: an error page may not be framed.
    shown: dict[str, Any] = {"card": None, "address": absolute("/")}
    if subject is not None and found is not None:
        shown = {
            "card": found.card,
            "address": _way_in(subject, found.card),
            "picture": picture_path(found.card),
            "alt": picture_alt(found.card),
        }
    with render.in_language(language):
        body = render_template("cards/embed.html", locale=language, **shown)
    status = 200 if found else 404
    response = Response(body, status, content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = EMBED_CSP
    response.headers["Cross-Origin-Opener-Policy"] = "unsafe-none"
    response.headers["Referrer-Policy"] = "no-referrer-when-downgrade"
    response.headers["Cache-Control"] = "private, max-age=300"
    return response


def _subject(public_id: str) -> subjects.Subject | None:
    try:
        return subjects.resolve(db.session(), public_id)
    except NotFound:
        return None


def _way_in(subject: subjects.Subject, card: Card) -> str:
    """The short link that the embed carries, when it is one to this thing, else the page."""
    code = request.args.get("link", "")
    if code and LINK.fullmatch(f"/r/{code}"):
        try:
            link = referrals_queries.link_by_code(db.session(), code)
        except NotFound:
            return absolute(card.path)
        if link.subject_id == subject.id:
            return absolute(f"/r/{code}?by=embed")
    return absolute(card.path)
