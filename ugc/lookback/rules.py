"""Which span is looked at, its bars, and the size of a cell of heat. Pure."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from flask_babel import lazy_gettext

from ugc.core import wall, zones
from ugc.core.errors import Invalid
from ugc.geography.geo import Bounds

SPANS = ("today", "yesterday", "week", "month", "day", "between", "part")
FIRST_DAY = dt.date(1970, 1, 1)
LONGEST = dt.timedelta(days=8 * 366)
SHORTEST = dt.timedelta(minutes=5)
MOMENTS = dt.timedelta(hours=49)  # up to here the slider steps through moments, else through days
MOST_BARS = 100
CELL_PX = 8  # of heat, on a map whose tile of 512 pixels is 360°/2^zoom wide
MOST_CELLS_ACROSS = 256
HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)
# The widths of bars, as (name, length); months and DST days are counted as they are.
STEPS = (
    ("5min", dt.timedelta(minutes=5)), ("10min", dt.timedelta(minutes=10)),
    ("15min", dt.timedelta(minutes=15)), ("30min", dt.timedelta(minutes=30)),
    ("1h", HOUR), ("2h", 2 * HOUR), ("3h", 3 * HOUR), ("6h", 6 * HOUR), ("12h", 12 * HOUR),
    ("1d", DAY), ("2d", 2 * DAY), ("1w", 7 * DAY), ("1mo", 30 * DAY),
)  # fmt: skip
NAMED = 5  # kinds that a bar shows by themselves
# Drawn with the colour of their kind; when two share one, the second takes another.
COLOURS = (
    "red", "orange", "blue", "teal", "violet", "green", "amber", "brown", "yellow", "grey",
)  # fmt: skip

_BAD_DAY = lazy_gettext("Choose a day of the calendar, such as 2026-11-24.")
_BAD_TIMES = lazy_gettext("Choose a first and a last day; the last may not be before the first.")
_TOO_LONG = lazy_gettext("Choose at most eight years at once.")


@dataclass(frozen=True)
class Span:
    """[`start`, `end`) of the zone's own days; `code` is one of SPANS."""

    code: str
    start: dt.datetime
    end: dt.datetime
    zone: ZoneInfo

    @property
    def length(self) -> dt.timedelta:
        return self.end - self.start

    @property
    def by_moment(self) -> bool:
        return self.length <= MOMENTS

    @property
    def first_day(self) -> dt.date:
        return self.start.astimezone(self.zone).date()

    @property
    def last_day(self) -> dt.date:
        return (self.end - dt.timedelta(seconds=1)).astimezone(self.zone).date()

    @property
    def step(self) -> tuple[str, dt.timedelta]:
        """The narrowest bar of which at most MOST_BARS fill the span."""
        fitting = (step for step in STEPS if self.length <= step[1] * MOST_BARS)
        return next(fitting, STEPS[-1])


def known_zone(*names: str | None) -> ZoneInfo:
    """The first that is an IANA zone, else UTC."""
    return ZoneInfo(next((name for name in names if name and zones.is_zone(name)), "UTC"))


def midnight(day: dt.date, zone: ZoneInfo) -> dt.datetime:
    """The first moment of a day, in UTC."""
    return wall.midnight(day, zone)


def _days(code: str, first: dt.date, last: dt.date, zone: ZoneInfo) -> Span:
    return Span(code, midnight(first, zone), midnight(last + DAY, zone), zone)


def _day(text: str | None) -> dt.date | None:
    try:
        day = dt.date.fromisoformat((text or "").strip())
    except ValueError:
        return None
    return day if FIRST_DAY <= day <= dt.date(9990, 12, 31) else None


def _moment(text: str | None) -> dt.datetime | None:
    """An instant; one without an offset is in UTC."""
    try:
        moment = dt.datetime.fromisoformat((text or "").strip().replace(" ", "+"))
    except ValueError:
        return None
    moment = moment if moment.tzinfo else wall.instant(moment, dt.UTC)
    if not FIRST_DAY.year <= moment.year <= 9990:
        return None
    return moment.astimezone(dt.UTC)


def chosen(asked: Mapping[str, str], zone: ZoneInfo, now: dt.datetime) -> Span:
    """The span of an address: `span` (one of SPANS), with `day`, `first` and `last` (days of the
    zone, the last included) or `from` and `to` (instants). Raises Invalid."""
    code = asked.get("span") or ("part" if asked.get("from") or asked.get("to") else "today")
    today = now.astimezone(zone).date()
    if code == "yesterday":
        return _days(code, today - DAY, today - DAY, zone)
    if code in ("week", "month"):
        return _days(code, today - (6 if code == "week" else 29) * DAY, today, zone)
    if code == "day":
        day = _day(asked.get("day"))
        if day is None:
            raise Invalid(fields={"day": [_BAD_DAY]})
        return _days(code, day, day, zone)
    if code == "between":
        first, last = _day(asked.get("first")), _day(asked.get("last"))
        if first is None or last is None or last < first:
            raise Invalid(fields={"first": [_BAD_TIMES]})
        return _checked(_days(code, first, last, zone), "first")
    if code == "part":
        start, end = _moment(asked.get("from")), _moment(asked.get("to"))
        if start is None or end is None or end - start < SHORTEST:
            raise Invalid(fields={"from": [_BAD_TIMES]})
        return _checked(Span(code, start, end, zone), "from")
    return _days("today", today, today, zone)


def _checked(span: Span, field: str) -> Span:
    if span.length > LONGEST:
        raise Invalid(fields={field: [_TOO_LONG]})
    return span


def edges(span: Span) -> list[dt.datetime]:
    """Where the bars begin, and where the last one ends; UTC, rising. Hours and less are counted
    from the zone's midnight, so that a day of 25 hours has more bars; longer steps keep to its
    clock and calendar, so that such a day has a longer bar."""
    name, step = span.step
    local = span.start.astimezone(span.zone)
    day = local.date()
    found = {span.start, span.end}
    if name == "1mo":
        day = day.replace(day=1)
    elif name == "1w":
        day -= day.weekday() * DAY
    while (at := midnight(day, span.zone)) < span.end:
        found.add(at)
        after = day + DAY
        if name == "1mo":
            after = (day.replace(day=28) + 4 * DAY).replace(day=1)
        elif step >= DAY:
            after = day + step
        elif step <= HOUR:
            until = midnight(after, span.zone)
            while (at := at + step) < until:
                found.add(at)
        else:
            clock = dt.datetime.combine(day, dt.time())
            for number in range(1, DAY // step):
                found.add(wall.instant(clock + number * step, span.zone))
        day = after
    return sorted(at for at in found if span.start <= at <= span.end)


def day_edges(span: Span) -> list[dt.datetime]:
    """Where the days of a span begin, and its end: what the slider of a long span steps through."""
    found = [span.start]
    day = span.first_day + DAY
    while (at := midnight(day, span.zone)) < span.end:
        found.append(at)
        day += DAY
    return [*found, span.end]


def bar_of(edges: Sequence[dt.datetime], at: dt.datetime) -> int:
    """The index of the bar that holds `at`; -1 before the first."""
    return bisect_right(edges, at) - 1


def cell_degrees(bounds: Bounds, zoom: float | None) -> float:
    """The side of a cell of heat, in degrees; without a zoom, as for the whole box on a screen."""
    width = sum(east - west for west, _, east, _ in bounds.parts)
    least = max(width, bounds.north - bounds.south, 1e-4) / MOST_CELLS_ACROSS
    if zoom is None:
        return least
    return max(least, 360 / 2 ** int(min(max(zoom, 0), 22)) / (512 / CELL_PX))


def rounded(bounds: Bounds, size: float) -> Bounds:
    """The box, out to the cells that it touches: views that differ by less share an answer."""
    west, east = bounds.west // size * size, -(-bounds.east // size) * size
    south, north = bounds.south // size * size, -(-bounds.north // size) * size
    return Bounds(max(west, -180.0), max(south, -90.0), min(east, 180.0), min(north, 90.0))


@dataclass(frozen=True)
class Series:
    """One colour of the bars: `kind` is '' for all the others together."""

    kind: str
    colour: str
    counts: list[int]

    @property
    def total(self) -> int:
        return sum(self.counts)


def series(
    counts: Mapping[str, Sequence[int]], colours: Mapping[str, str], bars: int
) -> list[Series]:
    """The most frequent kinds by themselves, the rest together, and no colour twice."""
    order = sorted((k for k in counts if sum(counts[k])), key=lambda k: (-sum(counts[k]), k))
    named, others = order[:NAMED], order[NAMED:]
    if len(others) == 1:
        named, others = order, []
    free = [colour for colour in COLOURS if colour not in {colours[k] for k in named}]
    found: list[Series] = []
    for kind in named:
        colour = colours[kind]
        if any(each.colour == colour for each in found):
            colour = free.pop(0)
        found.append(Series(kind, colour, list(counts[kind])))
    if others:
        together = [sum(counts[kind][bar] for kind in others) for bar in range(bars)]
        taken = any(each.colour == "grey" for each in found)
        found.append(Series("", free.pop(0) if taken else "grey", together))
    return found


def tally(
    rows: Iterable[tuple[str, dt.datetime]], edges: Sequence[dt.datetime]
) -> tuple[dict[str, list[int]], int]:
    """(counts by kind and bar, how many had begun before the first) of (kind, began)."""
    counts: dict[str, list[int]] = {}
    before = 0
    for kind, began in rows:
        bar = bar_of(edges, began)
        if bar < 0:
            before += 1
            continue
        counts.setdefault(kind, [0] * (len(edges) - 1))[bar] += 1
    return counts, before
