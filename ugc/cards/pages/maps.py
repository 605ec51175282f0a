"""The still maps on the pages of things that are somewhere."""

from __future__ import annotations

from typing import Any

from flask import Response, redirect, request, url_for
from markupsafe import Markup

from ugc.cards import queries
from ugc.cards.pages.base import bp, made_with
from ugc.cards.pages.pictures import PUBLIC_SECONDS, built, kept_or_drawn
from ugc.cards.rules import previews
from ugc.cards.rules.previews import Preview
from ugc.core import cookies, render, subjects
from ugc.core.access import ANONYMOUS, ViewResult, current_actor, public
from ugc.core.db import db
from ugc.core.errors import NotFound
from ugc.drawing import basemap, typeset
from ugc.streets.pages import city_at

MADE_WITH = ("cards.pack", "basemap.pmtiles")


def _name(preview: Preview) -> str:
    return preview.name(*made_with(MADE_WITH, preview.lon, preview.lat))


@bp.app_template_global()
def map_preview(row: Any, alt: str) -> Markup:
    """The picture of where a place or report is, as light or dark as the page."""
    language = render.language()
    themes = [cookies.get("theme")] if cookies.get("theme") in previews.PALETTES else []
    light, *dark = [
        url_for("cards.map_picture", name=_name(previews.preview_of(row, language, theme)))
        for theme in themes or previews.PALETTES
    ]
    image = Markup('<img src="{}" alt="{}" width="{}" height="{}">').format(
        light, alt, previews.WIDTH, previews.HEIGHT
    )
    if not dark:
        return image
    return Markup(
        '<picture><source srcset="{}" media="(prefers-color-scheme: dark)">{}</picture>'
    ).format(dark[0], image)


@bp.get("/previews/<name>.webp")
@public
def map_picture(name: str) -> ViewResult:
    """`<public id>-<es|en>-<light|dark>-<version>`: where the thing is, as the reader may see it.
    Another version leads to that of now; what the reader does not see is 404."""
    asked = previews.NAME.fullmatch(name)
    if asked is None:
        raise NotFound()
    subject = subjects.resolve(db.session(), asked["public_id"])
    row, is_public = _row(subject)
    preview = previews.preview_of(row, asked["language"], asked["theme"])
    now = _name(preview)
    if now != name:
        moved = redirect(url_for("cards.map_picture", name=now), 302)
        moved.headers["Cache-Control"] = "private, no-store"
        return moved
    response = Response(content_type="image/webp")
    # Answers to members renew their cookie, which no shared cache may keep.
    scope = "private" if current_actor().is_member or not is_public else "public"
    response.headers["Cache-Control"] = f"{scope}, max-age={PUBLIC_SECONDS}, immutable"
    response.set_etag(name)
    if not request.if_none_match.contains(name):
        response.data = kept_or_drawn(
            f"preview:{name}",
            lambda: previews.draw(
                preview,
                typeset.pack(built("cards.pack")),
                basemap.basemap(built("basemap.pmtiles")),
                city_at(preview.lon, preview.lat),
            ),
        )
    return response.make_conditional(request)


def _row(subject: subjects.Subject) -> tuple[Any, bool]:
    """The place or report as the reader sees it, and whether all may see it so. Raises NotFound."""
    session = db.session()
    try:
        return queries.whereabouts(session, ANONYMOUS, subject), True
    except NotFound:
        return queries.whereabouts(session, current_actor(), subject), False
