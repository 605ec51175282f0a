"""Categories, what a place may say of itself, and what looks like the same place. Pure."""

from __future__ import annotations

import datetime as dt
import re
from zoneinfo import ZoneInfo

from opening_hours import OpeningHours  # type: ignore[attr-defined]

from ugc.brands.rules import domain_of
from ugc.core import names
from ugc.core.access import Actor
from ugc.core.subjects import Visibility
from ugc.geography import geo

NAME_MAX, ADDRESS_MAX, HOURS_MAX, WEBSITE_MAX, PHONE_MAX = 120, 200, 500, 300, 60

SEARCH_MAX = 100
# Likely the same: so near with so similar a name (similarity of trigrams, 0 to 1).
DUPLICATE_RADIUS_M, DUPLICATE_SIMILARITY = 150, 0.4
# The whole address of a web site shared at a greater distance is a chain's, not the same place's.
SAME_CONTACT_RADIUS_M = 5_000

SHORT_QUERY = 3  # so few letters are the beginning of a word
# A brand's domain that has stood on a place for so long, written by others, is proof.
DOMAIN_DAYS = 30

RADII_M = (500, 2_000, 10_000, 50_000)

POINT_RADIUS_M, CITY_RADIUS_M = 2_000, 10_000
# The Bayesian mean: so many ratings of the average place (C) are added to each place's own. The
# average is that of all published ratings; `PRIOR_MEAN` before there is one.
PRIOR_WEIGHT, PRIOR_MEAN = 8, 3.7


def timezone_at(point: geo.Point) -> str:
    """The IANA zone of a position. Opening hours are told in it."""
    everyday = OpeningHours("Mo-Su 06:00-18:00", coords=(point.lat, point.lon))
    change = everyday.next_change(dt.datetime.now(ZoneInfo("UTC")))
    zone = change.tzinfo if change is not None else None
    return zone.key if isinstance(zone, ZoneInfo) else "UTC"


def search_text(text: str) -> str:
    """What is looked for: blanks folded, hidden characters and LIKE's own signs gone, 100
    characters at most."""
    cleaned = names.cleaned_name(re.sub(r"[%_\\]", " ", text[: 4 * SEARCH_MAX]))
    return cleaned[:SEARCH_MAX].strip()


def shown_website(address: str) -> str:
    """As people say it: without scheme, `www.` and the last stroke."""
    return re.sub(r"^https?://(www\.)?", "", address).rstrip("/")


def weighted_mean(rating_sum: float, count: int, mean: float = PRIOR_MEAN) -> float:
    """(C·m + sum) / (C + n), IMDb's weighted rating: C = `PRIOR_WEIGHT` ratings of the average
    place (m, the mean of all ratings of the site) stand beside its own, so that one five does not
    outrank a hundred fours. It ranks; what is shown is the plain mean."""
    return (PRIOR_WEIGHT * mean + rating_sum) / (PRIOR_WEIGHT + count)


def proves_running(
    website: str, domain: str, since: dt.datetime | None, moment: dt.datetime
) -> bool:
    """Whether a place's web address, which others wrote, says that the brand of `domain` runs it:
    it lies in the domain and has stood for `DOMAIN_DAYS`."""
    host = domain_of(website)
    within = bool(domain) and (host == domain or host.endswith(f".{domain}"))
    return within and since is not None and moment - since >= dt.timedelta(days=DOMAIN_DAYS)


def may_see(actor: Actor, author_id: int | None, visibility: str) -> bool:
    """Held ones wait whole: their author and moderators see them."""
    mine = actor.id is not None and actor.id == author_id
    return visibility == Visibility.PUBLISHED or mine or actor.is_moderator


def may_edit(
    actor: Actor, author_id: int | None, visibility: str, brand_id: int | None = None
) -> bool:
    """Its author, moderators, and while it is published the team of the brand that runs it."""
    mine = actor.is_member and actor.id is not None and actor.id == author_id
    standing = visibility in (Visibility.PUBLISHED, Visibility.HELD)
    may = mine or actor.may("edit_content")
    if brand_id is not None and visibility == Visibility.PUBLISHED:
        may = may or actor.may("run_places", brand_id)
    return standing and not actor.suspended and may


def may_withdraw(actor: Actor, author_id: int | None, visibility: str, reviews: int) -> bool:
    """Its author, while it has no review; with one it belongs to all."""
    mine = actor.is_member and actor.id is not None and actor.id == author_id
    return mine and visibility in (Visibility.PUBLISHED, Visibility.HELD) and reviews == 0
