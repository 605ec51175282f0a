"""Taking photos from a form, serving their files, and taking one back."""

from __future__ import annotations

import logging
from typing import Any

from flask import Blueprint, Response, flash, g, redirect, render_template, request
from flask_babel import gettext
from itsdangerous import BadData
from werkzeug.utils import secure_filename

from ugc.accounts.pages import profile as accounts_profile
from ugc.accounts.rules import credentials as accounts_credentials
from ugc.core import files, images, inputs, limits, panels, privacy, render, signed
from ugc.core.access import Actor, ViewResult, current_actor, members, public, require_contributor
from ugc.core.db import db
from ugc.core.errors import Invalid, NotFound
from ugc.media import actions, queries, rules
from ugc.media.models import Photo

log = logging.getLogger(__name__)
bp = Blueprint("media", __name__)
limits.declare("photo", "60 per hour")
privacy.register("photos", actions.export_member, actions.erase_member)

# Seconds that a browser or a cache in between may show a photo without asking again; so long, at
# most, does one live on that was hidden.
CACHE_SECONDS = 300
KEPT_SALT = "media.kept"  # of the tokens of photos that a form keeps
# One transparent pixel, WebP: browsers draw it although the status is 404, and no sign of a broken
# image, so that the initials under a picture show.
NOTHING = (
    b"RIFF\x1a\x00\x00\x00WEBPVP8L\r\x00\x00\x00/\x00\x00\x00"
    b"\x10\x07\x10\x11\x11\x88\x88\xfe\x07\x00"
)
FILE_CSP = "default-src 'none'; sandbox; frame-ancestors 'none'"


def uploads() -> list[actions.Upload]:
    """The photos of this request's form (`media/_field.html`), checked and in the quarantine.

    A form that is refused, for whatever reason, is shown again with them: they stay for
    `rules.KEEP_SECONDS`. Raises Invalid on `photos`, Forbidden, TooFast, Unavailable."""
    member_id = require_contributor(current_actor())
    problems: list[Any] = []
    kept = _kept(member_id, problems)
    g.kept_photos = kept
    sent = [file for file in request.files.getlist("photos") if file.filename]
    if len(kept) + len(sent) > rules.MAX_PER_FORM:
        raise actions.too_many()
    texts = request.form.getlist("photo_text")
    for place, file in enumerate(sent):
        limits.hit("photo")
        # Without JavaScript there is one text for all of them.
        text = texts[0] if len(texts) == 1 else (texts[place] if place < len(texts) else "")
        text = _description(text, problems)
        name = (file.filename or "")[-60:]
        try:
            kept.append(actions.store_upload(file.stream.read(), name, text))
        except images.Unreadable as unreadable:
            problems.append(rules.problem_text(unreadable.problem, name))
    if problems:
        raise Invalid(fields={"photos": problems})
    return kept


def _description(text: str, problems: list[Any]) -> str:
    """What a photo shows, as it is stored; one that is too long becomes a problem."""
    try:
        return inputs.checked_text(text, most=rules.DESCRIPTION_MAX, field="photos")
    except Invalid as bad:
        problems += bad.fields["photos"]
        return text


def _kept(member_id: int, problems: list[Any]) -> list[actions.Upload]:
    """Photos of an earlier attempt at this form, which the form names by signed tokens."""
    found = []
    texts = request.form.getlist("kept_text")
    dropped = set(request.form.getlist("kept_drop"))
    for place, token in enumerate(request.form.getlist("kept_photo")[: rules.MAX_PER_FORM]):
        try:
            key, name, owner = signed.serializer(KEPT_SALT).loads(token, max_age=rules.KEEP_SECONDS)
        except (BadData, ValueError):
            continue
        if owner == member_id and key not in dropped:
            text = _description(texts[place] if place < len(texts) else "", problems)
            found.append(actions.Upload(key, name, text))
    return found


@bp.app_template_global()
def kept_photos() -> list[dict[str, str]]:
    """For the form shown again: what it keeps, as {token, key, name, description}."""
    member_id = current_actor().id
    return [
        {
            "token": str(signed.serializer(KEPT_SALT).dumps([upload.key, upload.name, member_id])),
            "key": upload.key,
            "name": upload.name,
            "description": upload.description,
        }
        for upload in g.get("kept_photos", [])
    ]


@bp.app_template_global()
def photo_limits() -> dict[str, int]:
    """What the form says and its script checks before sending."""
    return {
        "count": rules.MAX_PER_FORM,
        "bytes": images.MAX_BYTES,
        "megabytes": rules.MEGABYTES,
        "text": rules.DESCRIPTION_MAX,
    }


@bp.get("/photos/<key>/<any(thumb, medium, large, face96, face192):variant>.webp")
@public
def file(key: str, variant: str) -> ViewResult:
    """A clean copy, after a look at who asks. A public one may be kept for `CACHE_SECONDS` and is
    then asked for again (its ETag never changes); any other is not to be kept. A picture of a
    member that is not to be seen is 404 with a transparent pixel."""
    actor = current_actor()
    try:
        photo, for_all, content = _read(actor, key, variant)
    except NotFound:
        if variant not in images.SQUARES:
            raise
        return Response(
            NOTHING, 404, {"Cache-Control": "private, no-store"}, content_type="image/webp"
        )
    response = Response(content, content_type="image/webp")
    name = secure_filename(f"{photo.key}-{variant}.webp")
    response.headers["Content-Disposition"] = f'inline; filename="{name}"'
    response.headers["Content-Security-Policy"] = FILE_CSP
    if not for_all:
        response.headers["Cache-Control"] = "private, no-store"
        response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
        return response
    # Answers to members renew their cookie, which no shared cache may keep.
    scope = "private" if actor.is_member else "public"
    response.headers["Cache-Control"] = f"{scope}, max-age={CACHE_SECONDS}"
    response.set_etag(f"{photo.key}-{variant}")
    return response.make_conditional(request)


def _read(actor: Actor, key: str, variant: str) -> tuple[Photo, bool, bytes]:
    """The photo, whether all may see it, and the bytes of a copy. Raises NotFound."""
    photo, for_all = queries.seen_by_key(db.session(), actor, key)
    if variant not in photo.variants:
        raise NotFound()
    try:
        return photo, for_all, files.store().read(rules.file_name(photo.key, variant))
    except FileNotFoundError:
        log.error("the file of photo %d is missing", photo.id)
        raise NotFound() from None


@bp.app_template_global()
def photo_wait(tries: int) -> int:
    """Seconds before a page asks again for a photo that is being prepared."""
    return rules.ASK_AGAIN_S[min(tries, len(rules.ASK_AGAIN_S) - 1)]


@bp.app_template_global()
def photo_tries() -> int:
    """How often a page asks before it leaves that to its reader."""
    return len(rules.ASK_AGAIN_S)


@bp.get("/photos/<key>/figure")
@public
def figure(key: str) -> Response:
    """One photo of a gallery, as its reader sees it now; `at`, `total`, `tries` and `next` are as
    in `media/_photo.html`."""
    photo = queries.photo_of(db.session(), current_actor(), key)
    html = render_template(
        "media/_photo.html",
        photo=photo,
        at=request.args.get("at", 1, type=int),
        total=request.args.get("total", 1, type=int),
        tries=max(0, request.args.get("tries", 0, type=int)),
        back=render.safe_next(request.args.get("next")),
    )
    response = Response(html)
    response.headers["Cache-Control"] = "private, no-store"
    return response


@bp.post("/photos/<key>/withdraw")
@members
def withdraw(key: str) -> ViewResult:
    limits.hit("write")
    actions.withdraw(db.session(), current_actor(), key)
    flash(gettext("The photo is gone."), "good")
    return redirect(render.safe_next(request.form.get("next"), "/contributions"), 303)


def profile_panel(member_id: int, **_context: Any) -> str:
    """A picture shows where it was taken: only in profiles that list everything."""
    if accounts_profile.listing_of(member_id) is not accounts_credentials.Listing.ALL:
        return ""
    photos = queries.public_photos_by(db.session(), current_actor(), member_id)
    return render_template("media/_profile.html", photos=photos) if photos else ""


panels.register("profile", profile_panel)
