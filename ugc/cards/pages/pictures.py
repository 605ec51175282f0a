"""The pictures of cards, and how pictures are drawn once and kept."""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import redis
from flask import Response, current_app, redirect, request

from ugc.cards.pages.base import MADE_WITH, bp, picture_path, shown_path, told
from ugc.cards.rules import drawing
from ugc.cards.rules.cards import NAME, Card
from ugc.core import builds, cache, files, limits, render, subjects
from ugc.core.access import ViewResult, current_actor, public
from ugc.core.db import db
from ugc.core.errors import NotFound
from ugc.drawing import basemap, typeset
from ugc.media import rules as media_rules
from ugc.streets.pages import city_at

log = logging.getLogger(__name__)
KEPT_SECONDS = 86_400
# How long caches in between may show a card without asking again. One with a photo as short as the
# photo itself: so long, at most, does one live on that was hidden.
PUBLIC_SECONDS, PHOTO_SECONDS = 86_400, 300
WAIT_SECONDS, CLAIM_SECONDS = 4.0, 20
KEPT_HERE = 24

_drawing = threading.Lock()
_kept_here: OrderedDict[str, bytes] = OrderedDict()


@bp.get("/cards/<name>.<any(png, jpg, webp):kind>")
@public
def picture(name: str, kind: str) -> ViewResult:
    """`<public id>-<es|en>-<version>`: what the thing looks like now; for pages of ours, smaller,
    as WebP. An older version leads to that of now; what is no longer shown is 404, whatever its
    address was."""
    asked = NAME.fullmatch(name)
    if asked is None:
        raise NotFound()
    subject = subjects.resolve(db.session(), asked["public_id"])
    found = told(subject, asked["language"])
    if found is None:
        raise NotFound()
    return answer(found.card, f"/cards/{name}.{kind}")


def answer(card: Card, asked: str) -> ViewResult:
    """The picture of a card, when `asked` is its address of now; else the way there."""
    is_shown = asked.endswith(".webp")
    path = shown_path(card) if is_shown else picture_path(card)
    if path != asked:
        moved = redirect(path, 302)
        moved.headers["Cache-Control"] = "public, max-age=60"
        return moved
    # Answers to members renew their cookie, which no shared cache may keep.
    scope = "private" if current_actor().is_member else "public"
    seconds = PHOTO_SECONDS if card.photo else PUBLIC_SECONDS
    kind = "webp" if is_shown else "jpeg" if card.photo else "png"
    response = Response(content_type=f"image/{kind}")
    response.headers["Cache-Control"] = f"{scope}, max-age={seconds}"
    name = path.rpartition("/")[2].partition(".")[0]
    response.set_etag(name)
    if not request.if_none_match.contains(name):
        response.data = kept_or_drawn(
            f"card:{path}", lambda: drawing.shown(_drawn(card)) if is_shown else _drawn(card)
        )
    return response.make_conditional(request)


def kept_or_drawn(key: str, draw: Callable[[], bytes]) -> bytes:
    """The picture of a key: kept, or drawn by one process only, once, while the others wait for it
    a little. Raises TooFast for a reader who makes too many be drawn."""
    found = _kept(key)
    if found is not None:
        return found
    limits.hit("card")
    if not _claims(key):
        until = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < until:
            time.sleep(0.05)
            found = _kept(key)
            if found is not None:
                return found
        log.warning("a picture took longer than %s s elsewhere", WAIT_SECONDS)
    with _drawing:
        found = _kept(key)
        if found is None:
            found = draw()
            _keep(key, found)
    return found


def _kept(key: str) -> bytes | None:
    found = _kept_here.get(key)
    return found if found is not None else cache.get(key)


def _keep(key: str, content: bytes) -> None:
    cache.put(key, content, KEPT_SECONDS)
    # Also here, few of them: with Redis away a card that many look at is still drawn once.
    _kept_here[key] = content
    while len(_kept_here) > KEPT_HERE:
        _kept_here.popitem(last=False)


def _claims(key: str) -> bool:
    """Whether this process is the one that draws; with Redis away each does."""
    store = cache.client()
    if store is None:
        return True
    try:
        return bool(store.set(f"{key}:claim", b"1", nx=True, ex=CLAIM_SECONDS))
    except redis.RedisError as error:
        log.warning("cache is away: %s", type(error).__name__)
        return True


def built(name: str) -> Path:
    """The file of an asset."""
    return render.BUILD / builds.asset(name).rpartition("/")[2]


def _drawn(card: Card) -> bytes:
    pack_file, map_file, logo_file = (built(name) for name in MADE_WITH)
    frame = drawing.Frame(
        site=str(current_app.config["SITE_NAME"]),
        host=urlsplit(str(current_app.config["SITE_URL"])).netloc,
        logo=drawing.on_paper(logo_file.read_bytes()),
    )
    photo = None
    if card.photo:
        try:
            photo = files.store().read(media_rules.file_name(card.photo, "large"))
        except FileNotFoundError:
            log.error("the file of a photo of %s is missing", card.public_id)
    pack, base = typeset.pack(pack_file), basemap.basemap(map_file)
    return drawing.draw(card, frame, pack, base, photo, city_at(card.lon, card.lat))
