"""The page to share anything from: a member takes their link to it, a brand's team the brand's own,
and who has no account the address of the page itself."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import segno
from flask import Response, current_app, redirect, render_template, request, url_for
from flask_babel import gettext

from ugc import languages
from ugc.brands.models import KIND as BRAND
from ugc.brands.queries import reading as brands_reading
from ugc.cards.pages.base import absolute, bp, picture_alt, shown_path, told
from ugc.cards.pages.embeds import embed_path, embed_size, snippet
from ugc.cards.pages.invitations import invitation_card
from ugc.cards.queries import Told
from ugc.cards.rules import cards
from ugc.core import limits, render, subjects, texts
from ugc.core.access import ViewResult, current_actor, members, public, require_contributor
from ugc.core.db import db
from ugc.core.errors import NotFound
from ugc.referrals import queries as referrals_queries
from ugc.referrals.actions import linking as referrals_linking
from ugc.referrals.models import ReferralLink
from ugc.referrals.pages import address_of

INK, PAPER = "#24161f", "#ffffff"
QUIET = 4  # modules of white round a QR code, ISO/IEC 18004


@dataclass(frozen=True)
class Shared:
    """What is shared and by which owner: `owner_id` is the member, or the brand whose own link it
    is. It is None for visitors, and for members without a link who may not make one."""

    subject: subjects.Subject
    info: subjects.SubjectInfo
    owner_id: int | None
    is_brands_own: bool

    @property
    def values(self) -> dict[str, Any]:
        """Of this page's addresses."""
        own: dict[str, Any] = {"as": "brand"} if self.is_brands_own else {}
        return {"public_id": self.info.public_id, **own}

    @property
    def link(self) -> ReferralLink | None:
        if self.owner_id is None:
            return None
        return referrals_queries.link_of(db.session(), self.owner_id, self.info.id)

    @property
    def address(self) -> str:
        """What is shared: the owner's link, or the page's own address for who can have none; ''
        while a link is still to be made."""
        if self.owner_id is None:
            return absolute(self.info.url)
        link = self.link
        return address_of(link) if link else ""


def _shared(public_id: str) -> Shared:
    """Raises NotFound for what the public may not see, and for the brand's own link unless one is
    in its team."""
    session, actor = db.session(), current_actor()
    subject = subjects.resolve(session, public_id)
    info = subjects.describe(session, [subject.id]).get(subject.id)
    if info is None or subject.kind in cards.NOT_SHARED:
        raise NotFound()
    own = request.values.get("as") == "brand"
    if own:
        if subject.kind != BRAND:
            raise NotFound()
        brands_reading.team_brand(session, actor, subject.public_id, "share")
    if own:
        return Shared(subject, info, subject.id, True)
    may_have_one = actor.confirmed and not actor.suspended
    has_one = actor.id is not None and referrals_queries.link_of(session, actor.id, info.id)
    return Shared(subject, info, actor.id if may_have_one or has_one else None, False)


def _own_address(shared: Shared) -> str:
    """Raises NotFound when there is no link yet."""
    address = shared.address
    if not address:
        raise NotFound()
    return address


def suggested_text(shared: Shared, language: str) -> str:
    """What goes with the link, in one of the languages, as that kind of thing is talked about."""
    with render.in_language(language):
        # In that language: what the name of a kind of report is, say.
        info = subjects.describe(db.session(), [shared.info.id])[shared.info.id]
        site = str(current_app.config["SITE_NAME"])
        name = {"name": info.named, "site": site}
        if shared.is_brands_own:
            return gettext("Follow %(name)s on %(site)s and tell us what you think.", **name)
        texts = {
            "site": gettext(
                "On %(site)s people put what they see on the map: reports, places, reviews. Join"
                " me.",
                site=site,
            ),
            "place": gettext("Do you know %(name)s? Look at it on %(site)s.", **name),
            "review": gettext("A review worth reading on %(site)s: %(name)s", **name),
            "report": gettext(
                "Careful: %(name)s. See on %(site)s whether it is still there.", **name
            ),
            "brand": gettext("I follow %(name)s on %(site)s. Have a look.", **name),
            "comment": gettext("Look at what is being said on %(site)s: %(name)s", **name),
            "member": gettext("See what %(name)s puts on the map of %(site)s.", **name),
        }
        return texts.get(shared.subject.kind, gettext("Look at this on %(site)s: %(name)s", **name))


def _text_language() -> str:
    said = request.values.get("text_in")
    return said if said in languages.CODES else render.language()


@bp.get("/share/<public_id>")
@public
def share_page(public_id: str) -> ViewResult:
    """`text_in` es or en is the language of the suggested text; `text` what it was changed to."""
    shared = _shared(public_id)
    if shared.info.public_id != public_id:
        return redirect(url_for("cards.share_page", **shared.values), 301)
    link, language = shared.link, _text_language()
    found: Told | None = told(shared.subject, language)
    card = found.card if found else None
    suggested = suggested_text(shared, language)
    code = link.code if link else ""
    # What previewers show of the link: of one to the site, who invites.
    seen = (invitation_card(link, language) if link else None) or card
    text = texts.normal(request.args.get("text", suggested))[: cards.TEXT_MAX]
    title = str(shared.info.named)
    address = shared.address
    return render_template(
        "cards/share.html",
        shared=shared,
        subject=shared.info,
        address=address,
        is_link=link is not None,
        suggested={code: suggested_text(shared, code) for code in languages.CODES},
        text=text,
        text_in=language,
        text_max=cards.TEXT_MAX,
        places=cards.hand_overs(address, title, text) if address else [],
        web_share=cards.with_channel(address, "web_share"),
        title=title,
        card=card,
        picture=shown_path(seen) if seen else None,
        alt=picture_alt(seen) if seen else "",
        snippet=snippet(card, code, embed_size(None, None)) if card and address else "",
        embed_path=embed_path(card, code) if card and address else "",
        sizes=(cards.QR_USUAL, 1024, cards.QR_MOST),
    )


@bp.post("/share/<public_id>")
@members
def share(public_id: str) -> ViewResult:
    """Makes the link, once: a second time it is the same one."""
    limits.hit("write")
    shared = _shared(public_id)
    member_id = require_contributor(current_actor())
    referrals_linking.link_for(db.session(), shared.owner_id or member_id, shared.info.id)
    return redirect(url_for("cards.share_page", **shared.values), 303)


def qr_code(address: str) -> segno.QRCode:
    """Of a short link, whose visits by it are told apart, or of a page. 15 % of it may be dirty
    (correction M)."""
    return segno.make(cards.with_channel(address, "qr"), error="m", micro=False)


def _download(response: Response, shared: Shared, ending: str) -> Response:
    if request.args.get("download"):
        name = cards.file_name(str(current_app.config["SITE_NAME"]), str(shared.info.title))
        response.headers["Content-Disposition"] = f'attachment; filename="{name}.{ending}"'
    return response


@bp.get("/share/<public_id>/qr.svg")
@public
def qr_svg(public_id: str) -> Response:
    limits.hit("card")
    shared = _shared(public_id)
    out = io.BytesIO()
    qr_code(_own_address(shared)).save(
        out, kind="svg", scale=6, border=QUIET, dark=INK, light=PAPER, xmldecl=False
    )
    return _download(Response(out.getvalue(), mimetype="image/svg+xml"), shared, "svg")


@bp.get("/share/<public_id>/qr.png")
@public
def qr_png(public_id: str) -> Response:
    """`?size=` is the most pixels of its side; modules are whole pixels, so that it may be a little
    smaller."""
    limits.hit("card")
    shared = _shared(public_id)
    code = qr_code(_own_address(shared))
    modules = code.symbol_size(border=QUIET)[0]
    scale = max(1, cards.qr_size(request.args.get("size")) // modules)
    out = io.BytesIO()
    code.save(out, kind="png", scale=scale, border=QUIET, dark=INK, light=PAPER)
    return _download(Response(out.getvalue(), mimetype="image/png"), shared, "png")


@bp.get("/share/<public_id>/poster")
@public
def poster_page(public_id: str) -> str:
    """One sheet to print and hang up: name, QR code, address."""
    shared = _shared(public_id)
    language = _text_language()
    found = told(shared.subject, language)
    address = _own_address(shared)
    with render.in_language(language):
        return render_template(
            "cards/poster.html",
            shared=shared,
            subject=shared.info,
            card=found.card if found else None,
            address=address,
            locale=language,
            text_in=language,
        )


@bp.app_template_global()
def share_label(kind: str) -> str:
    """What a button to share says to who does not see which one it is."""
    return {
        "comment": gettext("Share this comment"),
        "review": gettext("Share this review"),
    }.get(kind, gettext("Share"))
