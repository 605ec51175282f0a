"""When a place is open, as pages say it."""

from __future__ import annotations

import datetime as dt

from babel.dates import format_date
from flask_babel import gettext

from ugc.core import formats, render
from ugc.core.db import db, now
from ugc.geography import geo
from ugc.places.queries import reading
from ugc.places.rules import hours as hours_rules


def week(place: reading.PlaceRow) -> list[hours_rules.Day]:
    """The next seven days."""
    return hours_rules.week(
        place.opening_hours, place.timezone, _moment(), _point(place), place.region
    )


def _moment() -> dt.datetime:
    """The application's time, asked once in a request."""
    return now(db.session())


def _point(place: reading.PlaceRow) -> geo.Point:
    return geo.Point(place.lon, place.lat)


def opening_text(place: reading.PlaceRow) -> tuple[bool | None, str] | None:
    """Whether a place is open (None: its hours do not say), and a sentence with what comes next in
    its own time and what the hours say beside it; None when nothing is known."""
    if place.closed_at:
        return False, gettext("Closed for good")
    if not place.opening_hours:
        return None
    hours = hours_rules.hours_at(
        place.opening_hours, place.timezone, _moment(), _point(place), place.region
    )
    if hours is None:
        return None
    if hours.is_open is None:
        return None, gettext("Ask for the hours: “%(comment)s”", comment=hours.comment)
    sentence = _opening_sentence(hours)
    if hours.comment:
        # Both are whole: what people wrote follows as a quotation.
        sentence = f"{sentence} · “{hours.comment}”"
    return hours.is_open, sentence


def _opening_sentence(hours: hours_rules.Hours) -> str:
    change = hours.changes_at
    if change is None:
        return gettext("Always open") if hours.is_open else gettext("Closed")
    days = (change.date() - _moment().astimezone(change.tzinfo).date()).days
    at = {"time": formats.clock(change), "day": formats.weekday(change)}
    if hours.is_open:
        # Past midnight is still tonight.
        if days == 0 or (days == 1 and change.hour < 6):
            return gettext("Open now, closes at %(time)s", **at)
        if days < 7:
            return gettext("Open now, until %(day)s at %(time)s", **at)
        return gettext("Open now")
    if not hours.changes_to_open:
        return gettext("Closed now")
    if days == 0:
        return gettext("Closed now, opens at %(time)s", **at)
    if days < 7:
        return gettext("Closed now, opens on %(day)s at %(time)s", **at)
    date = format_date(change, "long", locale=render.language())
    return gettext("Closed now, opens on %(date)s", date=date)


def day_text(day: hours_rules.Day) -> tuple[str, str]:
    """(name of the day, its hours)."""
    name = formats.weekday(day.date)
    if not day.spans:
        if not day.is_known:
            return name, f"“{day.comment}”" if day.comment else gettext("not known")
        return name, _noted(gettext("closed"), day.comment)
    if day.is_whole:
        return name, _noted(gettext("all day"), day.spans[0].comment or day.comment)
    spans = [
        _noted(f"{formats.clock(span.start)}–{formats.clock(span.end)}", span.comment)
        for span in day.spans
    ]
    said = [f"“{day.comment}”"] if day.comment else []
    return name, ", ".join([*spans, *said])


def _noted(text: str, comment: str) -> str:
    return f"{text} “{comment}”" if comment else text
