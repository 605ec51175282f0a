"""What the world may see of a thing: read as an anonymous visitor, so that nothing hidden, held or
exact can come in; and the addresses of a sitemap."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from flask_babel import force_locale, format_date, format_decimal, gettext, ngettext

from ugc.accounts.models import Member
from ugc.accounts.queries import lookup as accounts_lookup
from ugc.brands.models import Brand
from ugc.brands.queries import reading as brands_reading
from ugc.cards.rules import cards
from ugc.cards.rules.cards import Card
from ugc.comments import queries as comments_queries
from ugc.core import people, stars, subjects, texts
from ugc.core.access import ANONYMOUS, Actor
from ugc.core.db import Session
from ugc.core.errors import NotFound
from ugc.core.subjects import Subject, Visibility
from ugc.geography import towns
from ugc.media import queries as media_queries
from ugc.places.models import Place
from ugc.places.queries import reading as places_reading
from ugc.places.queries import running as places_running
from ugc.reports.models import Report
from ugc.reports.queries import reading as reports_reading
from ugc.reviews import queries as reviews_queries
from ugc.reviews.models import Review

SITEMAP_PAGE = 50_000  # addresses; sitemaps.org


@dataclass(frozen=True)
class Told:
    """A card and the row that it was made of (a `PlaceRow`, `ReviewRow`…; None of the site); of a
    place also its brand (a `SubjectInfo`)."""

    card: Card
    row: Any = None
    brand: subjects.SubjectInfo | None = None


def told_of(session: Session, subject: Subject, language: str, site_name: str) -> Told | None:
    """What the public may see of a thing now; None when it is not public, or there is no card of
    its kind."""
    if subject.public_id == subjects.SITE_PUBLIC_ID:
        return site_told(language, site_name)
    make = _MAKERS.get(subject.kind)
    if make is None:
        return None
    with force_locale(language):
        try:
            told = make(session, subject, language, site_name)
        except NotFound:
            return None
        if told is None:
            return None
        cover = media_queries.covers(session, ANONYMOUS, [subject.id]).get(subject.id)
    if cover is None:
        return told
    card = replace(told.card, photo=cover.key, photo_text=cover.description)
    return replace(told, card=card)


def whereabouts(session: Session, actor: Actor, subject: Subject) -> Any:
    """The row of a place or report (`PlaceRow`, `ReportRow`) as the actor sees it. Raises NotFound
    for what they do not see, and for other kinds."""
    read = _WHEREABOUTS.get(subject.kind)
    if read is None:
        raise NotFound()
    return read(session, actor, subject.id)


_WHEREABOUTS: dict[str, Callable[[Session, Actor, int], Any]] = {
    "place": places_reading.place_by_id,
    "report": reports_reading.report_by_id,
}


def _rounded(value: float) -> float:
    return round(value, cards.POSITION_DECIMALS)


def _mean_text(mean: float) -> str:
    return str(format_decimal(stars.shown(mean)[0], format="0.0"))


def _joined(*sentences: str) -> str:
    return " ".join(sentence for sentence in sentences if sentence)


def site_told(language: str, site_name: str) -> Told:
    """The site's own card, without asking the database: lists and forms show it."""
    with force_locale(language):
        about = gettext("A community puts what it knows on the map.")
        eyebrow = gettext("The living map")
    card = Card(
        kind="site",
        public_id=subjects.SITE_PUBLIC_ID,
        path="/",
        language=language,
        title=site_name,
        eyebrow=eyebrow,
        description=about,
        icon="map",
        colour="violet",
        quote=about,
    )
    return Told(card)


def _city(place: places_reading.PlaceRow, language: str) -> str:
    """What the card's reader calls the place's city; '' when it is not known."""
    return towns.town_name(place.city, place.country, language) if place.city else ""


def _where(place: places_reading.PlaceRow, city: str) -> str:
    """The place's address by a loaded extract, else its city as the card's reader calls it."""
    return place.where if place.located else city


def _place(session: Session, subject: Subject, language: str, _site: str) -> Told | None:
    row = places_reading.place_by_id(session, ANONYMOUS, subject.id)
    if row.visibility != Visibility.PUBLISHED:
        return None
    brand_id = places_running.brand_of(session, row.id)
    brand = brands_reading.described(session, brand_id) if brand_id else None
    kind, city = row.category.name(language), _city(row, language)
    where = (
        gettext("%(kind)s in %(city)s.", kind=kind, city=city)
        if city
        else gettext("%(kind)s on the map.", kind=kind)
    )
    if row.mean is None:
        stars_text = gettext("No review yet")
        rated = gettext("Nobody has reviewed it yet: do you know it?")
    else:
        stars_text = ngettext(
            "%(mean)s · %(num)d review", "%(mean)s · %(num)d reviews",
            row.rating_count, mean=_mean_text(row.mean),
        )  # fmt: skip
        rated = ngettext(
            "%(mean)s of 5, by %(num)d review.", "%(mean)s of 5, by %(num)d reviews.",
            row.rating_count, mean=_mean_text(row.mean),
        )  # fmt: skip
    closed = gettext("Closed for good") if row.closed_at else ""
    if closed:
        where = _joined(gettext("Closed for good."), where)
    card = Card(
        kind=subject.kind,
        public_id=row.public_id,
        path=f"/places/{row.public_id}",
        language=language,
        title=row.name,
        eyebrow=" · ".join(part for part in (closed, kind, _where(row, city)) if part),
        description=cards.excerpt(_joined(where, rated, row.address_line)),
        icon=row.category.icon,
        colour=row.category.colour,
        lon=_rounded(row.lon),
        lat=_rounded(row.lat),
        mean=float(stars.shown(row.mean)[0]) if row.mean is not None else None,
        stars_text=stars_text,
        byline=gettext("run by %(brand)s", brand=texts.isolated(brand.title)) if brand else "",
    )
    return Told(card, row, brand)


def _review(session: Session, subject: Subject, language: str, _site: str) -> Told | None:
    row = reviews_queries.review_by_id(session, ANONYMOUS, subject.id)
    if row.visibility != Visibility.PUBLISHED or row.place_visibility != Visibility.PUBLISHED:
        return None
    place = places_reading.place_by_id(session, ANONYMOUS, row.place_id)
    said = cards.excerpt(row.text or row.title)
    rating = gettext("%(rating)s of 5", rating=row.rating)
    card = Card(
        kind=subject.kind,
        public_id=row.public_id,
        path=f"/reviews/{row.public_id}",
        language=language,
        title=gettext("Review of %(place)s", place=texts.isolated(row.place_name)),
        eyebrow=" · ".join(
            part
            for part in (row.category.name(language), _where(place, _city(place, language)))
            if part
        ),
        description=said or gettext("Rated %(rating)s of 5.", rating=row.rating),
        icon=row.category.icon,
        colour=row.category.colour,
        lon=_rounded(place.lon),
        lat=_rounded(place.lat),
        mean=float(row.rating),
        stars_text=rating,
        byline=gettext("by %(name)s", name=people.who(row.author).in_text)
        if row.author
        else row.attribution or "",
        quote=cards.excerpt(row.title or row.text, 240),
        text_language=row.language,
    )
    return Told(card, row)


def _report(session: Session, subject: Subject, language: str, _site: str) -> Told | None:
    row = reports_reading.report_by_id(session, ANONYMOUS, subject.id)
    if row.visibility != Visibility.PUBLISHED:
        return None
    kind = row.name(language)
    believed = gettext("Reliability %(n)d of 10", n=row.reliability)
    seen = gettext("Seen on %(date)s.", date=format_date(row.occurred_at, "long"))
    card = Card(
        kind=subject.kind,
        public_id=row.public_id,
        path=f"/reports/{row.public_id}",
        language=language,
        title=kind,
        eyebrow=" · ".join(
            part for part in (gettext("Live") if row.alive else gettext("Over"), row.where) if part
        ),
        description=cards.excerpt(
            _joined(
                f"{row.whole_where}." if row.located else "",
                seen,
                f"{believed}." if row.alive else gettext("It is over."),
                row.text,
            )
        ),
        icon=row.kind.icon,
        colour=row.kind.colour,
        lon=_rounded(row.lon),
        lat=_rounded(row.lat),
        area_m=round(row.accuracy_m) if row.coarse and row.accuracy_m else None,
        reliability=row.reliability if row.alive else None,
        reliability_text=believed if row.alive else "",
        byline=seen,
        quote=cards.excerpt(row.text, 240),
        text_language=row.language,
    )
    return Told(card, row)


def _brand(session: Session, subject: Subject, language: str, _site: str) -> Told | None:
    row = brands_reading.brand_by_id(session, ANONYMOUS, subject.id)
    if row.visibility != Visibility.PUBLISHED:
        return None
    fans = ngettext("%(num)s follower", "%(num)s followers", row.fans)
    card = Card(
        kind=subject.kind,
        public_id=row.public_id,
        path=f"/brands/{row.public_id}",
        language=language,
        title=row.name,
        eyebrow=gettext("Brand, verified team") if row.claimed_at else gettext("Brand"),
        description=cards.excerpt(row.about) or f"{row.name} · {fans}",
        icon="store",
        colour="violet",
        stars_text=fans,
        byline=fans if row.about else "",
        quote=cards.excerpt(row.about, 240),
    )
    return Told(card, row)


def _comment(session: Session, subject: Subject, language: str, _site: str) -> Told | None:
    row = comments_queries.comment_by_id(session, ANONYMOUS, subject.id)
    if row.visibility != Visibility.PUBLISHED or row.about is None:
        return None
    card = Card(
        kind=subject.kind,
        public_id=row.public_id,
        path=f"{row.about.url}#comment-{row.public_id}",
        language=language,
        title=row.about.title,
        eyebrow=gettext("Talk"),
        description=cards.excerpt(row.text),
        icon="message-circle",
        colour="teal",
        byline=gettext("by %(name)s", name=people.who(row.author).in_text) if row.author else "",
        quote=cards.excerpt(row.text, 240),
        text_language=row.language,
    )
    return Told(card, row)


def _member(session: Session, subject: Subject, language: str, site_name: str) -> Told | None:
    row = session.get(Member, subject.id)
    who = accounts_lookup.who(session, subject.id)
    if row is None or who is None:
        return None
    card = Card(
        kind=subject.kind,
        public_id=subject.public_id,
        path=f"/members/{who}",
        language=language,
        title=who.called,
        eyebrow=gettext("Member of %(site)s", site=site_name),
        description=gettext(
            "What %(name)s puts on the map: reports, places and reviews.", name=who.in_text
        ),
        icon="user",
        colour="violet",
    )
    return Told(card, row)


_Maker = Callable[[Session, Subject, str, str], Told | None]
_MAKERS: dict[str, _Maker] = {
    "place": _place,
    "review": _review,
    "report": _report,
    "brand": _brand,
    "comment": _comment,
    "member": _member,
}


def member_subject(session: Session, handle: str) -> Subject | None:
    return session.scalar(
        sa.select(Subject).join(Member, Member.id == Subject.id).where(Member.handle == handle)
    )


def reviews_told(
    session: Session, actor: Actor, place_id: int, limit: int = 5
) -> list[reviews_queries.ReviewRow]:
    """The most helpful published reviews of a place that say something, none by its own brand. They
    are chosen among those that the place's page shows to `actor`, and the same for all."""
    found, _more = reviews_queries.reviews_of_place(session, actor, place_id)
    published = [row for row in found if row.visibility == Visibility.PUBLISHED]
    return [row for row in published[:limit] if row.text and not row.by_team]


# What a sitemap lists: of reports the living ones only, the others are history; no people.
_LISTED: dict[str, tuple[Any, Callable[[], list[Any]]]] = {
    "places": (Place, lambda: [Place.visibility == Visibility.PUBLISHED]),
    "brands": (Brand, lambda: [Brand.visibility == Visibility.PUBLISHED]),
    "reviews": (
        Review,
        lambda: [
            Review.visibility == Visibility.PUBLISHED,
            Review.text != "",
            sa.not_(reviews_queries.by_team()),
            sa.exists().where(
                Place.id == Review.place_id, Place.visibility == Visibility.PUBLISHED
            ),
        ],
    ),
    "reports": (
        Report,
        lambda: [
            Report.visibility == Visibility.PUBLISHED,
            reports_reading.is_alive(),
        ],
    ),
}
LISTED_KINDS = tuple(_LISTED)


def sitemap_starts(session: Session, kind: str, size: int = SITEMAP_PAGE) -> list[str]:
    """Public id of the first of each `size` of a kind, by key: each page begins where the last one
    ended, without counting what came before.

    SELECT id FROM places WHERE visibility = 'published' AND id > :last ORDER BY id OFFSET :size
    LIMIT 1, as often as there are pages."""
    table, conditions = _LISTED[kind]
    query = (
        sa.select(table.id, Subject.public_id)
        .join(Subject, Subject.id == table.id)
        .where(*conditions())
        .order_by(table.id)
        .limit(1)
    )
    starts: list[str] = []
    row = session.execute(query).first()
    while row is not None:
        starts.append(row.public_id)
        row = session.execute(query.where(table.id >= row.id).offset(size)).first()
    return starts


def sitemap_page(
    session: Session, kind: str, start: str, size: int = SITEMAP_PAGE
) -> list[tuple[str, dt.datetime]]:
    """(path, when it last changed) of the things from one on, by key. Raises NotFound for a start
    that there is not."""
    table, conditions = _LISTED[kind]
    first = session.scalar(
        sa.select(table.id).join(Subject, Subject.id == table.id).where(Subject.public_id == start)
    )
    if first is None:
        raise NotFound()
    rows = session.execute(
        sa.select(Subject.public_id, Subject.changed_at)
        .join(table, table.id == Subject.id)
        .where(table.id >= first, *conditions())
        .order_by(table.id)
        .limit(size)
    )
    return [(f"/{kind}/{row.public_id}", row.changed_at) for row in rows]
