"""What every public page says of itself to other sites: title, description, picture, canonical
address, languages, oEmbed, JSON-LD."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

from flask import current_app, render_template, request, url_for
from markupsafe import Markup

from ugc import languages
from ugc.cards import queries
from ugc.cards.pages.base import absolute, picture_alt, picture_path, site_told, told
from ugc.cards.pages.base import bp as bp
from ugc.cards.queries import Told
from ugc.cards.rules import linked
from ugc.cards.rules.cards import HEIGHT, WIDTH
from ugc.core import builds, render, subjects
from ugc.core.access import current_actor
from ugc.core.db import db, now
from ugc.core.errors import NotFound
from ugc.core.people import called, who
from ugc.core.telephones import shown_phone
from ugc.geography import geo
from ugc.places.rules import hours as places_hours
from ugc.streets.rules import wording as streets_wording

# Pages of one thing, by the name of its public id (or handle) in their address.
THINGS = {
    "places.place_page": "public_id",
    "reviews.page": "public_id",
    "reports.page": "public_id",
    "brands.brand_page": "public_id",
    "accounts.profile_page": "handle",
}
# Public pages that search engines should not list: forms, and answers to a question that was typed.
NOT_FOUND_BY_SEARCH = frozenset(
    {
        "accounts.sign_in_page", "accounts.join_page", "accounts.forgotten_page",
        "livemap.search_page",
    }
)  # fmt: skip


def _subject() -> subjects.Subject | None:
    """The thing that this page is of; None for a page of the site."""
    name = THINGS.get(request.endpoint or "")
    if name is None:
        return None
    value = str((request.view_args or {}).get(name, ""))
    if name == "handle":
        return queries.member_subject(db.session(), value)
    try:
        return subjects.resolve(db.session(), value)
    except NotFound:
        return None


def _canonical(path: str) -> str:
    """Without anything that came with the way here; a language that was asked for stays, for it is
    another page."""
    said = request.args.get("lang")
    query = f"?{urlencode({'lang': said})}" if said in languages.CODES else ""
    return absolute(path) + query


def _is_shown() -> bool:
    """Whether this is a page for the world: public, and without a secret in its address."""
    view = current_app.view_functions.get(request.endpoint or "")
    access = getattr(view, "access", None)
    if access is None or access.policy != "public" or request.method not in ("GET", "HEAD"):
        return False
    return not request.view_args or request.endpoint in THINGS


@bp.app_template_global()
def page_head(title: str, description: str) -> Markup:
    """The tags of the page that is being rendered, for its <head>; `title` is that of its own."""
    if not _is_shown():
        return Markup('<meta name="description" content="{}">').format(description)
    subject = _subject()
    found = told(subject) if subject is not None else None
    if request.endpoint in THINGS and found is None:
        # It waits, or shows to its author or to moderators only: nothing of it is told.
        return Markup(_head(None, "", "", is_closed=True))
    if found is None:
        return _site_head(
            title, description, request.path, str(request.endpoint), render.language(),
            str(request.args.get("lang", "")), *_settings(),
        )  # fmt: skip
    return Markup(_head(found, title, description))


def _settings() -> tuple[str, ...]:
    """What heads are made of beside the page: where the site is, its name, its build."""
    config = current_app.config
    return str(config["SITE_URL"]), str(config["SITE_NAME"]), builds.current().version


@lru_cache(maxsize=256)
def _site_head(title: str, description: str, *_of: str) -> Markup:
    """The head of a page of the site, which says the same to all readers of a language; `_of` is
    the rest of what it depends on."""
    return Markup(_head(None, title, description))


def _head(found: Told | None, title: str, description: str, *, is_closed: bool = False) -> str:
    card = (found or site_told()).card
    path = "/" if is_closed else found.card.path if found else request.path
    is_home = found is None and path == "/"
    site_name = str(current_app.config["SITE_NAME"])
    own_title = Markup(title).striptags().removesuffix(f" · {site_name}")
    language = render.language()
    canonical = _canonical(path)
    return render_template(
        "cards/_head.html",
        card=card,
        title=card.title if found or is_home else own_title,
        description=card.description if found or is_home else Markup(description).striptags(),
        canonical=canonical,
        others={code: f"{absolute(path)}?lang={code}" for code in languages.CODES},
        plain=absolute(path),
        picture=absolute(picture_path(card)),
        picture_type="image/jpeg" if card.photo else "image/png",
        size=(WIDTH, HEIGHT),
        alt=picture_alt(card),
        locales={
            "own": languages.locale_of(language),
            "others": [languages.locale_of(code) for code in languages.CODES if code != language],
        },
        type={"member": "profile", "review": "article", "report": "article"}.get(
            found.card.kind if found else "", "website"
        ),
        oembed=url_for("cards.oembed", url=canonical) if found or is_home else None,
        is_found=not is_closed and request.endpoint not in NOT_FOUND_BY_SEARCH,
        linked=_linked(found or (site_told() if is_home and not is_closed else None)),
    )


def _linked(found: Told | None) -> Markup:
    """The JSON-LD of a thing as a <script>; nothing for what has none."""
    node = _node(found) if found is not None else None
    if node is None:
        return Markup("")
    # A data block: no browser runs it, so that the policy of scripts does not ask about it.
    return Markup('<script type="application/ld+json">{}</script>').format(
        Markup(linked.as_text(node))
    )


def _node(found: Told) -> dict[str, Any] | None:
    card, row = found.card, found.row
    if card.kind == "place":
        opinions = (
            _opinion(each) for each in queries.reviews_told(db.session(), current_actor(), row.id)
        )
        return linked.place(_venue(found), opinions)
    if card.kind == "review":
        if row.by_team:
            return None
        # The place as far as the review's page shows it.
        reviewed = {
            "@type": linked.type_of(row.category.code),
            "@id": absolute(f"/places/{row.place_public_id}"),
            "name": row.place_name,
            "url": absolute(f"/places/{row.place_public_id}"),
        }
        return linked.review(_opinion(row), reviewed)
    if card.kind == "brand":
        return linked.brand(row.name, absolute(card.path), row.about, row.website)
    if card.kind == "site":
        search = absolute(url_for("livemap.search_page")) + "?q={search_term_string}"
        return linked.site(card.title, absolute("/"), search)
    return None


def _venue(found: Told) -> linked.Venue:
    row = found.row
    return linked.Venue(
        url=absolute(found.card.path),
        name=row.name,
        category=row.category.code,
        lon=row.lon,
        lat=row.lat,
        address=row.address or (streets_wording.postal_line(row.located) if row.located else ""),
        city=(row.located.town if row.located else "") or row.locality or "",
        country=row.country or "",
        phone=shown_phone(row.phone) if row.phone else "",
        website=row.website,
        image=absolute(picture_path(found.card)),
        brand=found.brand.title if found.brand else "",
        count=row.rating_count,
        mean=row.rating_sum / row.rating_count if row.rating_count else None,
        week=[] if row.closed_at else _open_days(row),
        closed_on=row.closed_at.date() if row.closed_at else None,
    )


def _open_days(row: Any) -> list[linked.OpenDay]:
    """The week of the place's page. What is open to the end of its day closes at 23:59, as search
    engines read it."""
    week = places_hours.week(
        row.opening_hours,
        row.timezone,
        now(db.session()),
        geo.Point(row.lon, row.lat),
        row.region,
    )
    found = []
    for day in week:
        times = [
            (span.start.time(), dt.time(23, 59) if day.is_whole else span.end.time())
            for span in day.spans
        ]
        notes = [*(span.comment for span in day.spans), day.comment]
        said = list(dict.fromkeys(filter(None, notes)))
        found.append(linked.OpenDay(day.date, times, said, day.is_known))
    return found


def _picture(author: Any) -> str:
    path = who(author).picture_path() if author else ""
    return absolute(path) if path else ""


def _opinion(row: Any) -> linked.Opinion:
    return linked.Opinion(
        url=absolute(f"/reviews/{row.public_id}"),
        rating=row.rating,
        title=row.title,
        text=row.text,
        language=row.language,
        author=called(row.author) if row.author else row.attribution or "",
        written_at=row.created_at,
        picture=_picture(row.author),
    )


@bp.app_template_global()
def page_public_id() -> str:
    """Public id of the thing that this page is of."""
    subject = _subject()
    return subject.public_id if subject else ""


@bp.app_template_global()
def share_address(public_id: str, owner: str = "") -> str:
    """Where one takes one's link to a thing (`owner` "brand": the brand's own)."""
    values: dict[str, Any] = {"as": owner} if owner else {}
    return url_for("cards.share_page", public_id=public_id, **values)
