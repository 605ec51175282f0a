"""What a link to the site shows before it is opened: who invites, in words and in a picture."""

from __future__ import annotations

import re

from flask import current_app, render_template
from flask_babel import force_locale, gettext
from markupsafe import Markup

from ugc import languages
from ugc.cards.pages.base import absolute, bp, picture_alt, picture_path
from ugc.cards.pages.pictures import answer
from ugc.cards.rules import cards
from ugc.cards.rules.cards import HEIGHT, VERSION_LENGTH, WIDTH, Card
from ugc.core import panels, render, subjects, texts
from ugc.core.access import ViewResult, public
from ugc.core.db import db
from ugc.core.errors import NotFound
from ugc.referrals import queries as referrals_queries
from ugc.referrals.models import ReferralLink

NAME = re.compile(
    rf"(?P<code>[0-9a-z]{{1,16}})-(?P<language>es|en)-(?P<version>[0-9a-f]{{{VERSION_LENGTH}}})"
)


def invitation_card(link: ReferralLink, language: str) -> Card | None:
    """Of a link to the site; None when it leads elsewhere, or its owner is not to be seen."""
    session = db.session()
    if link.subject_id != subjects.site(session).id:
        return None
    site = str(current_app.config["SITE_NAME"])
    with force_locale(language):
        owner = subjects.describe(session, [link.owner_id]).get(link.owner_id)
        if owner is None:
            return None
        about = gettext(
            "See what is happening near you and where to go, told by the people who live there."
        )
        return Card(
            kind=cards.INVITATION,
            public_id=link.code,
            path=f"/r/{link.code}",
            language=language,
            title=gettext(
                "%(name)s invites you to %(site)s", name=texts.isolated(owner.title), site=site
            ),
            eyebrow=gettext("Invitation"),
            description=about,
            icon="users",
            colour="violet",
            quote=about,
            initials=cards.initials(str(owner.title)),
        )


@bp.get("/cards/invitation/<name>.<any(png, webp):kind>")
@public
def invitation_picture(name: str, kind: str) -> ViewResult:
    """`<code>-<es|en>-<version>`: as the pictures of things."""
    asked = NAME.fullmatch(name)
    link = referrals_queries.link_with_code(db.session(), asked["code"]) if asked else None
    card = invitation_card(link, asked["language"]) if asked and link else None
    if card is None:
        raise NotFound()
    return answer(card, f"/cards/invitation/{name}.{kind}")


def preview_panel(link: ReferralLink) -> str:
    """The page that link previewers read at the link itself; '' when it is no invitation."""
    card = invitation_card(link, render.language())
    if card is None:
        return ""
    language = render.language()
    head = render_template(
        "cards/_head.html",
        card=card,
        title=card.title,
        description=card.description,
        canonical=absolute(card.path),
        others={},
        plain=absolute(card.path),
        picture=absolute(picture_path(card)),
        picture_type="image/png",
        size=(WIDTH, HEIGHT),
        alt=picture_alt(card),
        locales={
            "own": languages.locale_of(language),
            "others": [languages.locale_of(code) for code in languages.CODES if code != language],
        },
        type="website",
        oembed=None,
        is_found=False,
        linked="",
    )
    return render_template("cards/invitation.html", card=card, head=Markup(head))


panels.register("link.preview", preview_panel)
