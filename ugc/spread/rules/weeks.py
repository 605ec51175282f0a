"""Spans of complete ISO weeks (UTC, Monday to Sunday). Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from flask_babel import lazy_gettext

from ugc.core.errors import Invalid

WEEK = dt.timedelta(weeks=1)
LENGTHS = {"4w": 4, "12w": 12, "52w": 52}
DEFAULT = "12w"
CUSTOM = "custom"
LONGEST = 520  # weeks


@dataclass(frozen=True)
class Span:
    """From the Monday `first` to the Sunday of the week that begins at `last`."""

    code: str
    first: dt.date
    last: dt.date

    @property
    def weeks(self) -> list[dt.date]:
        """The Mondays, the newest first."""
        count = (self.last - self.first).days // 7 + 1
        return [self.last - WEEK * number for number in range(count)]

    @property
    def end(self) -> dt.date:
        """Its last day."""
        return self.last + dt.timedelta(days=6)


def monday(day: dt.date) -> dt.date:
    return day - dt.timedelta(days=day.weekday())


def last_complete(today: dt.date) -> dt.date:
    """The Monday of the last week that is over."""
    return monday(today) - WEEK


def iso_week(day: dt.date) -> str:
    """`2026-W48`."""
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02}"


def _day(values: Mapping[str, str], name: str) -> dt.date:
    try:
        return dt.date.fromisoformat(values.get(name, "").strip())
    except ValueError:
        text = lazy_gettext("There is no such day: write one as 2026-11-28.")
        raise Invalid(fields={name: [text]}) from None


def last_counted(today: dt.date, told: dt.date | None) -> dt.date:
    """The Monday of the newest week that figures may end with: the last week that is over, or an
    earlier one while the job has not told it. A span that ended later would hold the members of
    its cohorts, and not yet their contacts."""
    return last_complete(today) if told is None else min(told, last_complete(today))


def last_weeks(count: int, last: dt.date, code: str = CUSTOM) -> Span:
    """`count` weeks, the newest of which begins on the Monday `last`."""
    return Span(code, last - WEEK * (count - 1), last)


def chosen(values: Mapping[str, str], newest: dt.date) -> Span:
    """The span that `span` names (4w, 12w, 52w), or the whole weeks that lie in `from` to `to`
    (days, both included): none after `newest` (the Monday of `last_counted`), never a part of one.
    Raises Invalid."""
    code = values.get("span") or (CUSTOM if values.get("from") or values.get("to") else DEFAULT)
    if code in LENGTHS:
        return last_weeks(LENGTHS[code], newest, code)
    if code != CUSTOM:
        known = ", ".join((*LENGTHS, CUSTOM))
        text = lazy_gettext("Choose one of these: %(known)s.", known=known)
        raise Invalid(fields={"span": [text]})
    begin, end = _day(values, "from"), _day(values, "to")
    if end < begin:
        raise Invalid(fields={"to": [lazy_gettext("The last day is before the first.")]})
    try:
        first = monday(begin) if begin == monday(begin) else monday(begin) + WEEK
        last = min(monday(end + dt.timedelta(days=1)) - WEEK, newest)
    except OverflowError:
        text = lazy_gettext("There is no such day: write one as 2026-11-28.")
        raise Invalid(fields={"from": [text]}) from None
    if last < first:
        text = lazy_gettext(
            "There is no complete week (Monday to Sunday) that is counted between these days."
        )
        raise Invalid(fields={"to": [text]})
    if (last - first).days // 7 >= LONGEST:
        text = lazy_gettext("At most %(count)d weeks.", count=LONGEST)
        raise Invalid(fields={"from": [text]})
    return Span(CUSTOM, first, last)
