"""What a brand's spread room says: put together from told figures, and as JSON and CSV. Pure."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ugc.spread.rules import disclosure, growth, shape, weeks
from ugc.spread.rules.growth import Curve, Growth
from ugc.spread.rules.weeks import Span

SUPPRESSED = "suppressed"  # of an answer to a program: fewer than ten
STARTING_WEEKS = 4  # the curve starts from those who came in the last so many weeks
SUBJECTS_SHOWN = 20


@dataclass(frozen=True)
class Week:
    monday: dt.date
    people: dict[str, int]
    visits: int

    @property
    def name(self) -> str:
        return weeks.iso_week(self.monday)

    @property
    def total(self) -> int:
        return sum(self.people.values())


@dataclass(frozen=True)
class City:
    """Degrees, WGS 84."""

    id: int
    name: str
    lon: float
    lat: float
    people: int


@dataclass(frozen=True)
class Shared:
    """Something of the brand that was shared; None where it is gone."""

    public_id: str | None
    kind: str | None
    title: str | None
    url: str | None
    people: int
    named: str | None = None  # with where it is


@dataclass(frozen=True)
class Room:
    """People are members who came by a link for the first time, each once; visits are people-days:
    one person on one day through one link. All are full tens."""

    span: weeks.Span
    weeks: list[Week]
    people: dict[str, int]
    visits: dict[str, int]
    channels: dict[str, int]
    cities: list[City]
    subjects: list[Shared]
    steps: dict[str, int]
    growth: Growth | None
    cycle_days: float | None
    curve: Curve | None
    cascades: list[shape.Told]
    names: dict[int, str] = field(default_factory=dict)

    @property
    def total(self) -> int:
        return sum(self.people.values())

    @property
    def rest(self) -> dict[str, int]:
        """What each breakdown lacks to the total: members elsewhere, or whose cell waits for its
        ten. Below zero where the span tells members who came before it."""
        parts = {
            "degree": self.total,
            "channel": sum(self.channels.values()),
            "city": sum(city.people for city in self.cities),
            "subject": sum(shared.people for shared in self.subjects),
            "joined": self.steps["joined"],
        }
        return {series: self.total - people for series, people in parts.items()}

    @property
    def cohorts(self) -> Span:
        """The weeks of the cohorts that K is told of."""
        return cohorts(self.span)

    @property
    def generations(self) -> list[tuple[str, str, float]]:
        """(degree, the next, how many of the next one each brought) where both were told."""
        return [
            (one, other, self.people[other] / self.people[one])
            for one, other in zip(disclosure.DEGREES, disclosure.DEGREES[1:-1], strict=False)
            if self.people[one] and self.people[other]
        ]


Cells = Mapping[disclosure.Cell, int]
ByWeek = Mapping[tuple[dt.date, disclosure.Cell], int]


def keyed(cells: Cells, series: str, keys: Sequence[str]) -> dict[str, int]:
    return {key: cells.get((series, key), 0) for key in keys}


def cohorts(span: weeks.Span) -> weeks.Span:
    """The cohorts of K: members whose time to bring others is over within the span."""
    back = weeks.WEEK * growth.WAIT_WEEKS
    return weeks.Span(span.code, span.first - back, span.last - back)


def k_of(span: weeks.Span, told: ByWeek) -> growth.Growth | None:
    """K of the span's cohorts; the week in which it was told what a cohort brought is `WAIT_WEEKS`
    after the cohort's. `told` reaches back that far."""
    later = weeks.WEEK * growth.WAIT_WEEKS
    rows = []
    for monday in cohorts(span).weeks:
        members = sum(told.get((monday, ("degree", degree)), 0) for degree in disclosure.DEGREES)
        rows.append((members, told.get((monday + later, ("brought", "")), 0)))
    visits = sum(
        told.get((monday, (disclosure.VISITS, degree)), 0)
        for monday in cohorts(span).weeks
        for degree in disclosure.BROUGHT
    )
    return growth.k_factor(rows, visits)


def room(
    span: weeks.Span,
    cells: Cells,
    told: ByWeek,
    cities: list[City],
    subjects: list[Shared],
    cascades: list[shape.Told],
    names: Mapping[int, str],
) -> Room:
    """`cells` are the sums of the span, `told` the weeks of it and of its cohorts."""
    found = [
        Week(
            monday,
            {degree: told.get((monday, ("degree", degree)), 0) for degree in disclosure.DEGREES},
            sum(
                told.get((monday, (disclosure.VISITS, degree)), 0) for degree in disclosure.DEGREES
            ),
        )
        for monday in span.weeks
    ]
    people = keyed(cells, "degree", disclosure.DEGREES)
    visits = keyed(cells, disclosure.VISITS, disclosure.DEGREES)
    k = k_of(span, told)
    cycle = growth.cycle_days(
        {key: count for (name, key), count in cells.items() if name == "cycle"}
    )
    starting = sum(week.total for week in found[:STARTING_WEEKS])
    return Room(
        span,
        found,
        people,
        visits,
        {
            key: count
            for key, count in keyed(cells, "channel", disclosure.CHANNELS).items()
            if count
        },
        cities,
        subjects,
        {
            "shared": cells.get((disclosure.SHARED, ""), 0),
            "visited": sum(visits.values()),
            "came": sum(people.values()),
            "joined": cells.get(("joined", ""), 0),
            "contributed": cells.get(("contributed", ""), 0),
            "fans": cells.get(("fan", ""), 0),
        },
        k,
        cycle,
        growth.curve(starting, k, cycle) if k and k.brought and cycle and starting else None,
        cascades,
        dict(names),
    )


# Drawings -----------------------------------------------------------------------------------


def scale(most: float) -> tuple[float, float]:
    """(the top of an axis, the step of its marks): round numbers, three to six marks."""
    if most <= 0:
        return 10.0, 5.0
    step = 10 ** math.floor(math.log10(most))
    for part in (0.2, 0.5, 1.0, 2.0):
        if most / (step * part) <= 5:
            step = step * part
            break
    return math.ceil(most / step - 1e-9) * step, step


@dataclass(frozen=True)
class Piece:
    """A part of a bar, in percent of the drawing."""

    key: str
    x: float
    y: float
    width: float
    height: float


def bars(found: Sequence[Week]) -> tuple[list[Piece], list[tuple[float, int]]]:
    """One stacked bar a week, the oldest on the left, and (y in percent, value) of the marks."""
    top, step = scale(max((week.total for week in found), default=0))
    slot = 100 / max(1, len(found))
    pieces = []
    for number, week in enumerate(reversed(found)):
        base = 100.0
        for degree in disclosure.DEGREES:
            height = 100 * week.people[degree] / top
            if height:
                base -= height
                pieces.append(
                    Piece(degree, round(number * slot + slot * 0.12, 3), round(base, 3),
                          round(slot * 0.76, 3), round(height, 3))
                )  # fmt: skip
    marks = [
        (round(100 - 100 * n * step / top, 3), round(n * step))
        for n in range(1, round(top / step) + 1)
    ]
    return pieces, marks


CURVE_WIDTH, CURVE_HEIGHT = 600, 220


@dataclass(frozen=True)
class CurveDrawing:
    """Paths in a box of `CURVE_WIDTH` by `CURVE_HEIGHT`; marks are (position, value)."""

    band: str
    line: str
    ceiling: float | None
    ups: list[tuple[float, int]]
    days: list[tuple[float, int]]


def curve_drawing(curve: growth.Curve) -> CurveDrawing:
    """The band between the ends of the interval, and the line between. What grows past four times
    the line is cut at the top."""
    most = min(max(curve.high), 4 * max(curve.middle))
    top, step = scale(most)

    def x(day: float) -> float:
        return round(CURVE_WIDTH * day / growth.HORIZON_DAYS, 1)

    def y(value: float) -> float:
        return round(CURVE_HEIGHT * (1 - min(value, top) / top), 1)

    upper = [f"{x(day)} {y(value)}" for day, value in zip(curve.days, curve.high, strict=True)]
    lower = [f"{x(day)} {y(value)}" for day, value in zip(curve.days, curve.low, strict=True)]
    middle = [f"{x(day)} {y(value)}" for day, value in zip(curve.days, curve.middle, strict=True)]
    ceiling = y(curve.ceiling) if curve.ceiling is not None and curve.ceiling <= top else None
    return CurveDrawing(
        f"M{'L'.join(upper)}L{'L'.join(reversed(lower))}Z",
        f"M{'L'.join(middle)}",
        ceiling,
        [(y(n * step), round(n * step)) for n in range(1, round(top / step) + 1)],
        [(x(day), day) for day in (0, 30, 60, 90)],
    )


# For programs -------------------------------------------------------------------------------


def _told(count: int) -> int | str:
    return count or SUPPRESSED


def _tolds(counts: Mapping[str, int]) -> dict[str, int | str]:
    return {key: _told(count) for key, count in counts.items()}


def document(found: Room, brand: str) -> dict[str, Any]:
    """The room as JSON: of the export and of the API alike. `suppressed` is fewer than ten."""
    k = found.growth
    return {
        "brand": brand,
        "span": {"from": found.span.first, "to": found.span.end, "weeks": len(found.weeks)},
        "weeks": [
            {
                "week": week.name,
                "starts_on": week.monday,
                "complete": True,
                "people_by_degree": _tolds(week.people),
                "visits": _told(week.visits),
            }
            for week in found.weeks
        ],
        "shown_total": found.total,
        "shown_total_by_degree": found.people,
        "visits_by_degree": _tolds(found.visits),
        "people_by_channel": found.channels,
        "people_by_city": [
            {"geoname_id": c.id, "name": c.name, "lon": c.lon, "lat": c.lat, "people": c.people}
            for c in found.cities
        ],
        "people_by_subject": [
            {"id": s.public_id, "kind": s.kind, "title": s.title, "people": s.people}
            for s in found.subjects
        ],
        "rest": found.rest,
        "funnel": _tolds(found.steps),
        "k_factor": None
        if k is None
        else {
            "cohorts": {"from": found.cohorts.first, "to": found.cohorts.end},
            "k": round(k.k, 3),
            "low": round(k.low, 3),
            "high": round(k.high, 3),
            "members": k.members,
            "brought": _told(k.brought),
            "invitations": None if k.invitations is None else round(k.invitations, 3),
            "conversion": None if k.conversion is None else round(k.conversion, 3),
        },
        "cycle_days": None if found.cycle_days is None else round(found.cycle_days, 1),
        "curve": None
        if found.curve is None
        else {
            "start": found.curve.start,
            "days": found.curve.days,
            "people": [round(value) for value in found.curve.middle],
            "low": [round(value) for value in found.curve.low],
            "high": [round(value) for value in found.curve.high],
            "ceiling": None if found.curve.ceiling is None else round(found.curve.ceiling),
        },
        "branching": [
            {"from": one, "to": other, "each_brought": round(value, 3)}
            for one, other, value in found.generations
        ],
        "cascades": [
            {
                "people": cascade.people,
                "depth": cascade.depth if cascade.depth <= shape.DEPTH_TOLD else None,
                "structural_virality": cascade.virality,
                "days_to_half": cascade.half_days,
                "members_who_brought_ten": len(cascade.hubs) - 1,
            }
            for cascade in found.cascades
        ],
    }


CSV_HEAD = ("week", "starts_on", "series", "key", "people")
REST = "rest"  # the key of what a breakdown lacks to the members of its week
PARTS = ("channel", "city", "subject", "joined")


def _rests(told: ByWeek) -> dict[tuple[dt.date, disclosure.Cell], int]:
    """What each breakdown of each week lacks to its members by degree, where it lacks any."""
    found = {}
    for monday in {monday for monday, _ in told}:
        cells = {cell: people for (week, cell), people in told.items() if week == monday}
        for series in PARTS:
            lacking = disclosure.total(cells, "degree") - disclosure.total(cells, series)
            if lacking:
                found[monday, (series, REST)] = lacking
    return found


def csv_rows(told: ByWeek) -> list[tuple[str, str, str, str, int]]:
    """Every told figure of a span: a row for each week, series and key, oldest first. The rows of
    a breakdown of a week, with its `rest`, sum to the week's members."""
    return [
        (weeks.iso_week(monday), monday.isoformat(), series, key, people)
        for (monday, (series, key)), people in sorted({**told, **_rests(told)}.items())
    ]
