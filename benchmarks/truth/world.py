"""Real events, and the simulated people who report them, pass by and speak."""

from __future__ import annotations

import datetime as dt
import gzip
import json
import math
import os
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ugc.config import ROOT
from ugc.reports.rules import belief as reports_belief

DATA = Path(os.environ.get("BENCH_DATA", ROOT.parent / "shared" / "data")) / "reports"
EVENTS = int(os.environ.get("BENCH_EVENTS", "250"))
PEOPLE = 300
SKILL = 0.92  # how often an honest member sees right
EVERY = 8.0  # minutes between visitors of a place, on average
AFTER = 180  # minutes that people still pass by after the end
ROAD_KMH = 100.0  # who passes by has driven there from where they spoke last
POLL = dt.timedelta(minutes=15)
MINUTE = dt.timedelta(minutes=1)
BAY, UK = "Bay Area incidents", "UK unplanned events"
FILES = {
    BAY: "bayarea_open511_2021-09-25_2021-11-07.ndjson.gz",
    UK: "uk_datex2_unplanned_2013-04_20-23.ndjson.gz",
}
KINDS = (
    ("Collision", "accident"), ("Accident", "accident"), ("Vehicle fire", "accident"),
    ("Residual", "jam"), ("AbnormalTraffic", "jam"), ("wind", "weather"), ("Flood", "weather"),
)  # fmt: skip


@dataclass
class Visit:
    """One who passes by; `sends` says whether their browser tells where they are."""

    at: dt.datetime
    who: int
    says: bool
    sends: bool = False


@dataclass
class Event:
    """One thing on a road: shown from `posted`, truly there until `ended`."""

    kind: str
    lon: float
    lat: float
    posted: dt.datetime
    ended: dt.datetime
    who: int
    visits: list[Visit] = field(default_factory=list)
    # What the database said after each change: (from, until, Belief).
    track: list[tuple[dt.datetime, dt.datetime, reports_belief.Belief]] = field(
        default_factory=list
    )
    address: str = ""

    @property
    def horizon(self) -> dt.datetime:
        return self.ended + AFTER * MINUTE


def real_events(name: str, *, odd_days: bool = True) -> Iterator[Event]:
    """Those that were seen more than once: their life is known to the interval. `posted` and
    `ended` are when the feed first and last had it."""
    with gzip.open(DATA / FILES[name], "rt", encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            if name == BAY and row["event_type"] != "INCIDENT":
                continue
            if row["feed_snapshots"] < 2 or row["lat"] is None:
                continue
            first, last = (
                dt.datetime.fromisoformat(row[key].replace("Z", "+00:00"))
                for key in ("feed_first_seen", "feed_last_seen")
            )
            if name == BAY and (first.toordinal() % 2 == 1) is not odd_days:
                continue
            what = str(row.get("event_subtype") or row.get("record_type"))
            kind = next((code for word, code in KINDS if word in what), "hazard_road")
            yield Event(kind, row["lon"], row["lat"], first, last, 0)


class Traffic:
    """Where each of the people last was, so that none is in two places at once."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.last: dict[int, tuple[dt.datetime, float, float]] = {}

    def passer_by(self, event: Event, at: dt.datetime) -> int | None:
        """One who can be there by then and has not spoken of it; None when none was found."""
        been = {event.who, *(visit.who for visit in event.visits)}
        for _ in range(100):
            who = self.chance.randrange(PEOPLE)
            if who not in been and self._can_come(who, event, at):
                self.last[who] = (at, event.lon, event.lat)
                return who
        return None

    def _can_come(self, who: int, event: Event, at: dt.datetime) -> bool:
        if who not in self.last:
            return True
        then, lon, lat = self.last[who]
        east = (event.lon - lon) * math.cos(math.radians(lat))
        hours = (at - then) / dt.timedelta(hours=1)
        return 111.2 * math.hypot(east, event.lat - lat) <= ROAD_KMH * hours


def world(
    name: str, liars: float, seed: int, positions: float, *, odd_days: bool = True
) -> list[Event]:
    """Reports and visits. Liars report what is not there and say the opposite of what they see,
    from where it is said to be. A share `positions` of the people send where they are."""
    chance = random.Random(seed)
    traffic = Traffic(chance)
    rows = list(real_events(name, odd_days=odd_days))
    chance.shuffle(rows)
    events = sorted(rows[:EVENTS], key=lambda event: (event.posted, event.lon, event.lat))
    passing: list[tuple[dt.datetime, int]] = []
    for number, event in enumerate(events):
        event.who = chance.randrange(PEOPLE)
        false = event.who < PEOPLE * liars
        last, event.posted = event.ended, event.posted + chance.uniform(0, 3) * MINUTE
        event.ended = event.posted if false else max(event.posted, last + POLL / 2)
        at = event.posted
        while (at := at + chance.expovariate(1 / EVERY) * MINUTE) < event.horizon:
            passing.append((at, number))
    # Of every five people as many as the share says, honest ones and liars alike.
    senders = {who for who in range(PEOPLE) if who % 5 < round(5 * positions)}
    for at, number in sorted(passing):
        event = events[number]
        who = traffic.passer_by(event, at)
        right = chance.random() < SKILL
        if who is not None:
            there = at < event.ended
            says = there if right and who >= PEOPLE * liars else not there
            event.visits.append(Visit(at, who, says, who in senders))
    return events
