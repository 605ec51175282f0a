"""What the pages of this capability have in common."""

from __future__ import annotations

from collections.abc import Iterable

from flask import Blueprint, current_app, g
from flask_babel import gettext, lazy_gettext

from ugc.cards import queries
from ugc.cards.queries import Told
from ugc.cards.rules.cards import INVITATION, Card
from ugc.core import builds, limits, panels, render, subjects
from ugc.core.db import Session, db
from ugc.streets.pages import city_at

bp = Blueprint("cards", __name__)
# Pictures of shared things that must be drawn; those that are kept are free.
limits.declare("card", "60 per minute")
SITE_KIND = "site"

panels.declare("share.link", "the page of a link of one's own", "shared")


def _describe_site(session: Session, ids: object) -> list[subjects.SubjectInfo]:
    """The site can be shared as anything else can."""
    site = subjects.site(session)
    name = str(current_app.config["SITE_NAME"])
    wanted = site.id in set(ids)  # type: ignore[call-overload]
    info = subjects.SubjectInfo(site.id, SITE_KIND, site.public_id, name, "/")
    return [info] if wanted else []


subjects.register(subjects.Kind(SITE_KIND, lazy_gettext("site"), _describe_site))


def absolute(path: str) -> str:
    """The address of a path as the world knows it."""
    return f"{current_app.config['SITE_URL']}{path}"


def told(subject: subjects.Subject, language: str | None = None) -> Told | None:
    """What the public may see of a thing, in the reader's language if none is named; read once in a
    request."""
    language = language or render.language()
    kept: dict[tuple[int, str], Told | None] = g.setdefault("told", {})
    if (subject.id, language) not in kept:
        name = str(current_app.config["SITE_NAME"])
        kept[subject.id, language] = queries.told_of(db.session(), subject, language, name)
    return kept[subject.id, language]


def site_told(language: str | None = None) -> Told:
    """The site's own card."""
    return queries.site_told(language or render.language(), str(current_app.config["SITE_NAME"]))


def made_with(assets: Iterable[str], lon: float | None, lat: float | None) -> list[str]:
    """Names of the files that a picture of a point is drawn with, each telling its content."""
    city = city_at(lon, lat)
    return [*(builds.asset(name) for name in assets), *([city.path.name] if city else [])]


def picture_path(card: Card) -> str:
    """The address of a card's picture, which changes with what it shows."""
    version = card.version(*made_with(MADE_WITH, card.lon, card.lat))
    folder = "invitation/" if card.kind == INVITATION else ""
    ending = "jpg" if card.photo else "png"
    return f"/cards/{folder}{card.public_id}-{card.language}-{version}.{ending}"


def shown_path(card: Card) -> str:
    """The address of the same picture for a page of ours: smaller, for it is shown smaller."""
    return picture_path(card).rpartition(".")[0] + ".webp"


MADE_WITH = ("cards.pack", "basemap.pmtiles", "app-icon-512.png")


def picture_alt(card: Card) -> str:
    return gettext("Card: %(what)s", what=card.alt)
