"""What a review must be, and who may do what to it. Pure."""

from __future__ import annotations

import datetime as dt

from flask_babel import lazy_gettext

from ugc.core.access import Actor
from ugc.core.subjects import Visibility

TEXT_MIN, TEXT_MAX, TITLE_MAX = 50, 5000, 120
RATINGS = (1, 2, 3, 4, 5)
OLDEST_VISIT_YEARS = 5
MONTHS_OFFERED = 36
RATING_NAMES = {
    1: lazy_gettext("1: bad"),
    2: lazy_gettext("2: poor"),
    3: lazy_gettext("3: fair"),
    4: lazy_gettext("4: good"),
    5: lazy_gettext("5: excellent"),
}
VISIT_KINDS = {
    "solo": lazy_gettext("Alone"),
    "couple": lazy_gettext("As a couple"),
    "family": lazy_gettext("With the family"),
    "friends": lazy_gettext("With friends"),
    "business": lazy_gettext("For work"),
}


def recent_months(today: dt.date) -> list[dt.date]:
    """The first days of the last MONTHS_OFFERED months, this one first."""
    count = today.year * 12 + today.month - 1
    return [
        dt.date((count - back) // 12, (count - back) % 12 + 1, 1) for back in range(MONTHS_OFFERED)
    ]


def visited_month(text: str, today: dt.date) -> dt.date | None:
    """The first of the month `YYYY-MM`, None for ''. Raises ValueError when it is no month, in the
    future, or longer ago than anybody remembers."""
    if not text:
        return None
    month = dt.date.fromisoformat(f"{text}-01")
    if month > today or month.year < today.year - OLDEST_VISIT_YEARS:
        raise ValueError(text)
    return month


def may_see(
    actor: Actor, author_id: int | None, visibility: str, place_visibility: str = "published"
) -> bool:
    """Published ones of published places; all of one's own; moderators see all."""
    mine = actor.id is not None and actor.id == author_id
    public = visibility == place_visibility == Visibility.PUBLISHED
    return public or mine or actor.is_moderator


def may_vote(actor: Actor, author_id: int | None, visibility: str) -> bool:
    """Any confirmed member but the author."""
    return (
        actor.is_member
        and actor.confirmed
        and not actor.suspended
        and actor.id != author_id
        and visibility == Visibility.PUBLISHED
    )
