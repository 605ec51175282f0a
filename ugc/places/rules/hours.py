"""Opening hours, evaluated day by day. Pure.

A night belongs to the day on which it began: no rule of the next day cuts it. Holidays are those of
the place's region."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from functools import lru_cache
from zoneinfo import ZoneInfo

from opening_hours import OpeningHours, State  # type: ignore[attr-defined]

from ugc.core import wall
from ugc.geography import geo
from ugc.places.rules import holidays
from ugc.places.rules.written import (
    BY_WEEK,
    DAY,
    OPEN,
    PLAIN_SPAN,
    TIME,
    UNKNOWN,
    Rule,
    rules_of,
)

DAY_MINUTES = 24 * 60
# A change that is farther away is not told. Fewer days are looked at for more rules.
HORIZON, FEWEST_DAYS, MOST_LOOKS = 366, 15, 3_000
MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


@dataclass(frozen=True)
class Span:
    """A part of a day that is open or unknown; aware, in the place's zone."""

    start: dt.datetime
    end: dt.datetime
    state: str = OPEN
    comment: str = ""

    @property
    def is_open(self) -> bool:
        return self.state == OPEN


@dataclass(frozen=True)
class Hours:
    """Whether it is open at a moment (None: the hours do not say), when that changes (in the
    place's zone; None: not within a year), and what the hours say of it (`by appointment`)."""

    is_open: bool | None
    changes_at: dt.datetime | None
    comment: str = ""
    changes_to_open: bool = True


@dataclass(frozen=True)
class Day:
    """One day of the week to come. A night belongs to the day on which it began. `comment` is what
    the hours say of the rest of the day; `is_known` is false where they leave it at that."""

    date: dt.date
    spans: list[Span]
    comment: str = ""
    is_known: bool = True

    @property
    def is_whole(self) -> bool:
        """Whether it is open from its first moment to its last, of whatever length it is."""
        if len(self.spans) != 1:
            return False
        [span] = self.spans
        zone = span.start.tzinfo or dt.UTC
        first, last = wall.midnight(self.date, zone), wall.midnight(self.date + DAY, zone)
        return span.start.astimezone(dt.UTC) <= first and last <= span.end.astimezone(dt.UTC)


@dataclass(frozen=True)
class Where:
    """Where a place is: its zone, its point (sunrise; whose holidays, without a region) and its
    region (country by ISO 3166-1, subdivision by ISO 3166-2 or '')."""

    zone: ZoneInfo
    point: geo.Point | None = None
    region: holidays.Region | None = None

    def is_holiday(self, day: dt.date) -> bool:
        return holidays.is_holiday(day, self.region, self.point)


@dataclass(frozen=True)
class _Part:
    """Minutes of the wall clock from a day's 00:00 on."""

    start: int
    end: int
    state: str
    comment: str


def _minutes_of(rule: Rule, day: dt.date, where: Where) -> list[tuple[int, int]]:
    """The rule's times on a day, in minutes from its 00:00; past 24:00 for a night."""
    if not rule.times:
        return [(0, DAY_MINUTES)]
    found = []
    for time in re.findall(TIME, rule.times, re.IGNORECASE):
        plain = PLAIN_SPAN.fullmatch(time)
        if plain is None:
            found += _by_library(time, day, where)
            continue
        hour, minute, end_hour, end_minute = map(int, plain.groups())
        start, end = hour * 60 + minute, end_hour * 60 + end_minute
        found.append((start, end if end > start else end + DAY_MINUTES))
    return found


def _by_library(time: str, day: dt.date, where: Where) -> list[tuple[int, int]]:
    """Times with the sun, without an end, or repeated."""
    coords = (where.point.lat, where.point.lon) if where.point else None
    one = OpeningHours(
        f"{day.year} {MONTHS[day.month - 1]} {day.day:02} {time}",
        timezone=where.zone, coords=coords, auto_country=False,
    )  # fmt: skip
    first = dt.datetime.combine(day, dt.time())
    found = []
    for start, end, state, _comment in one.intervals(
        wall.midnight(day, where.zone).astimezone(where.zone),
        wall.midnight(day + 3 * DAY, where.zone).astimezone(where.zone),
    ):
        if state == State.OPEN:
            begin, until = (
                round((wall.shown(each, where.zone) - first).total_seconds() / 60)
                for each in (start, end)
            )
            found.append((max(0, begin), until))
    return found


def _without(parts: list[_Part], start: int, end: int) -> list[_Part]:
    """The parts outside of [start, end)."""
    found = []
    for part in parts:
        for begin, until in ((part.start, min(part.end, start)), (max(part.start, end), part.end)):
            if begin < until:
                found.append(_Part(begin, until, part.state, part.comment))
    return found


def _group_on(
    rules: list[Rule], day: dt.date, where: Where
) -> tuple[list[_Part], tuple[bool, str]]:
    """What rules that are no fallback of each other make of a day: its parts, and whether the rest
    is closed by a rule of its own, with that rule's comment."""
    parts: list[_Part] = []
    closed, comment = False, ""
    for rule in rules:
        if not rule.matches(day, where.is_holiday):
            continue
        spans = _minutes_of(rule, day, where)
        if rule.state == "":
            if rule.times:
                for start, end in spans:
                    parts = _without(parts, start, end)
            else:
                parts, closed, comment = [], True, rule.comment
            continue
        if rule.sep != ",":
            parts, closed, comment = [], False, ""
        for start, end in spans:
            parts = _without(parts, start, end)
            parts.append(_Part(start, end, rule.state, rule.comment))
    return sorted(parts, key=lambda part: part.start), (closed, comment)


def _parts_on(
    rules: tuple[Rule, ...], day: dt.date, where: Where
) -> tuple[list[_Part], tuple[bool, str]]:
    """The open and unknown parts that begin on a day."""
    groups: list[list[Rule]] = [[]]
    for rule in rules:
        if rule.sep == "||" and groups[-1]:
            groups.append([])
        groups[-1].append(rule)
    parts, rest = _group_on(groups[0], day, where)
    for group in groups[1:]:
        if rest[0]:  # closed by a rule of its own: nothing is left to fill
            break
        more, rest = _group_on(group, day, where)
        for taken in parts:
            more = _without(more, taken.start, taken.end)
        parts = sorted([*parts, *more], key=lambda part: part.start)
    return parts, rest


def _spans_on(rules: tuple[Rule, ...], day: dt.date, where: Where) -> tuple[list[Span], str]:
    """The same as instants, and the comment of a day that is closed."""
    parts, (_closed, comment) = _parts_on(rules, day, where)
    first = dt.datetime.combine(day, dt.time())
    found = []
    for part in parts:
        start, end = (
            wall.instant(first + dt.timedelta(minutes=minutes), where.zone).astimezone(where.zone)
            for minutes in (part.start, part.end)
        )
        if start.astimezone(dt.UTC) < end.astimezone(dt.UTC):  # else the clocks skipped it
            found.append(Span(start, end, part.state, part.comment))
    return found, comment


def _horizon(rules: tuple[Rule, ...]) -> int:
    """How many days ahead a change can be."""
    if all(not rule.holiday and BY_WEEK.fullmatch(rule.days) for rule in rules):
        return FEWEST_DAYS
    return max(FEWEST_DAYS, min(HORIZON, MOST_LOOKS // len(rules)))


def _state(spans: list[Span], at: dt.datetime) -> tuple[str, str]:
    """Of the spans about a moment (UTC) the one that counts: open before unknown, then the one that
    began last."""
    under_way = [
        span for span in spans if span.start.astimezone(dt.UTC) <= at < span.end.astimezone(dt.UTC)
    ]
    if not under_way:
        return "", ""
    best = max(under_way, key=lambda span: (span.is_open, span.start.astimezone(dt.UTC)))
    return best.state, best.comment


def _read(text: str) -> tuple[Rule, ...] | None:
    """None when the place says nothing, or nothing that is understood (an import's)."""
    try:
        return rules_of(text) if text else None
    except ValueError:
        return None


def hours_at(
    text: str,
    timezone: str,
    moment: dt.datetime,
    point: geo.Point | None = None,
    region: holidays.Region | None = None,
) -> Hours | None:
    """Open, closed or neither in the minute of `moment`; None when the place says nothing at all.
    Hours have no seconds: what was found for a minute is kept."""
    minute = moment.astimezone(dt.UTC).replace(second=0, microsecond=0)
    return _hours_at(text, timezone, minute, point, region) if text else None


@lru_cache(maxsize=2048)
def _hours_at(
    text: str,
    timezone: str,
    at: dt.datetime,
    point: geo.Point | None,
    region: holidays.Region | None,
) -> Hours | None:
    rules, where = _read(text), Where(ZoneInfo(timezone), point, region)
    if rules is None:
        return None
    today = wall.shown(at, where.zone).date()
    spans: list[Span] = []
    comments = {}
    for day in (today - 2 * DAY, today - DAY, today):
        more, comments[day] = _spans_on(rules, day, where)
        spans += more
    state, comment = _state(spans, at)
    if not state:
        comment = comments[today]
    is_open = None if state == UNKNOWN else state == OPEN
    if is_open is None and not comment:
        return None
    change = _change(rules, spans, today, where, at, state)
    if change is None:
        return Hours(is_open, None, comment)
    return Hours(is_open, change[0].astimezone(where.zone), comment, change[1] == OPEN)


def _change(
    rules: tuple[Rule, ...], spans: list[Span], today: dt.date, where: Where, at: dt.datetime,
    state: str,
) -> tuple[dt.datetime, str] | None:  # fmt: skip
    """The first moment after `at` with another state, in UTC, and that state. No later day reaches
    back: an edge is decided when the spans of its own day are known."""
    seen = at
    for ahead in range(1, _horizon(rules) + 1):
        day = today + ahead * DAY
        until = wall.midnight(day, where.zone)
        edges = {edge.astimezone(dt.UTC) for span in spans for edge in (span.start, span.end)}
        for edge in sorted(edge for edge in edges if seen < edge < until):
            following = _state(spans, edge)[0]
            if following != state:
                return edge, following
        seen = max(seen, until - dt.timedelta(microseconds=1))
        spans = [span for span in spans if span.end.astimezone(dt.UTC) > at]
        if len(spans) > 200:
            spans = [span for span in spans if span.end.astimezone(dt.UTC) >= until]
        spans += _spans_on(rules, day, where)[0]
    return None


def week(
    text: str,
    timezone: str,
    moment: dt.datetime,
    point: geo.Point | None = None,
    region: holidays.Region | None = None,
) -> list[Day]:
    """The seven days from `moment`'s on; empty when nothing is known."""
    today = wall.shown(moment, ZoneInfo(timezone)).date()
    return list(_week(text, timezone, today, point, region)) if text else []


@lru_cache(maxsize=512)
def _week(
    text: str,
    timezone: str,
    today: dt.date,
    point: geo.Point | None,
    region: holidays.Region | None,
) -> tuple[Day, ...]:
    rules, where = _read(text), Where(ZoneInfo(timezone), point, region)
    if rules is None:
        return ()
    days = []
    for number in range(7):
        day = today + number * DAY
        spans, comment = _spans_on(rules, day, where)
        open_spans = _joined([span for span in spans if span.is_open])
        said = [span.comment for span in spans if not span.is_open and span.comment]
        is_known = not any(not span.is_open for span in spans) or bool(open_spans)
        days.append(Day(day, open_spans, "; ".join(dict.fromkeys(said)) or comment, is_known))
    said_nothing = all(not day.is_known and not day.comment for day in days)
    return () if said_nothing else tuple(days)


def _joined(spans: list[Span]) -> list[Span]:
    """What follows without a break and says the same is one."""
    found: list[Span] = []
    for span in spans:
        last = found[-1] if found else None
        if (
            last is not None
            and last.comment == span.comment
            and last.end.astimezone(dt.UTC) >= span.start.astimezone(dt.UTC)
        ):
            end = max(last.end, span.end, key=lambda each: each.astimezone(dt.UTC))
            found[-1] = Span(last.start, end, last.state, last.comment)
        else:
            found.append(span)
    return found
