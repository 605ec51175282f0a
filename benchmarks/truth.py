"""Does the published formula track the truth? Real road events with known lives are replayed
through the real HTTP API at accelerated time; simulated members of stated skill see, confirm, deny
or lie. On the same visits: our rule, a fixed life of 60 minutes that each thumbs-up begins again,
and reports that never expire.

Data (BENCH_DATA): the Bay Area's incidents (511.org / MTC), polled every 15 minutes, so that a life
is known to the interval; and the United Kingdom's unplanned events (Highways Agency, OGL). The
half-lives were tuned on the even days of the former; here only odd days are used."""

from __future__ import annotations

import datetime as dt
import gzip
import http.client
import json
import logging
import os
import random
import secrets
import statistics
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import sqlalchemy as sa
from werkzeug.serving import make_server

from benchmarks import common
from benchmarks.posting import cookies
from ugc.config import ROOT
from ugc.core import limits
from ugc.core.db import db
from ugc.reports.rules import belief

DATA = Path(os.environ.get("BENCH_DATA", ROOT.parent / "shared" / "data")) / "reports"
EVENTS = int(os.environ.get("BENCH_EVENTS", "250"))
SEEDS = [int(seed) for seed in os.environ.get("BENCH_SEEDS", "11,12").split(",")]
LIARS = (0.1, 0.3)
PEOPLE = 300
SKILL = 0.92  # how often an honest member sees right
EVERY = 8.0  # minutes between visitors of a place, on average
AFTER = 180  # minutes that people still pass by after the end
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
    at: dt.datetime
    who: int
    says: bool


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
    track: list[tuple[dt.datetime, dt.datetime, belief.Belief]] = field(default_factory=list)
    address: str = ""

    @property
    def horizon(self) -> dt.datetime:
        return self.ended + AFTER * MINUTE


def real_events(name: str) -> Iterator[tuple[dt.datetime, dt.datetime, str, float, float]]:
    """Those that were seen more than once: their life is known to the interval."""
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
            if name == BAY and first.toordinal() % 2 == 0:
                continue
            what = str(row.get("event_subtype") or row.get("record_type"))
            kind = next((code for word, code in KINDS if word in what), "hazard_road")
            yield first, last, kind, row["lon"], row["lat"]


def world(name: str, liars: float, seed: int) -> list[Event]:
    """Reports and visits. Liars report what is not there and say the opposite of what they see."""
    chance = random.Random(seed)
    rows = list(real_events(name))
    chance.shuffle(rows)
    events = []
    for first, last, kind, lon, lat in sorted(rows[:EVENTS]):
        who = chance.randrange(PEOPLE)
        false = who < PEOPLE * liars
        posted = first + chance.uniform(0, 3) * MINUTE
        ended = posted if false else max(posted, last + POLL / 2)
        event = Event(kind, lon, lat, posted, ended, who)
        at = posted
        while (at := at + chance.expovariate(1 / EVERY) * MINUTE) < event.horizon:
            visitor = chance.randrange(PEOPLE)
            there = at < ended
            right = visitor >= PEOPLE * liars and chance.random() < SKILL
            if visitor != who and all(visit.who != visitor for visit in event.visits):
                event.visits.append(Visit(at, visitor, there if right else not there))
        events.append(event)
    return events


class Clock:
    """The simulated time; the server's transactions begin at it."""

    now = dt.datetime.now(dt.UTC)

    def offset(self) -> str:
        return f"{(self.now - dt.datetime.now(dt.UTC)).total_seconds()} seconds"


class Site:
    """The real application behind a real socket, at the simulated time."""

    def __init__(self, name: str) -> None:
        self.url = common.database(name)
        self.port = common.free_port()
        members, self.token = cookies(self.url, self.port, PEOPLE)
        self.members = members
        self.clock = Clock()
        app = common.application(self.url, self.port)
        app.extensions[limits.EXTENSION].rates = dict.fromkeys(
            [*limits.LIMITS, "api"], "1000000 per second"
        )
        self.app = app
        with app.app_context():
            self.engine = db.engine
            self._establish()

        @sa.event.listens_for(self.engine, "begin")
        def set_clock(connection: Any) -> None:
            connection.exec_driver_sql(
                "SELECT set_config('boca.clock_offset', %s, true)", (self.clock.offset(),)
            )

        self.server = make_server("127.0.0.1", self.port, app, threaded=False)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

    def _establish(self) -> None:
        """Members of long standing, whose contributions need no approval."""
        with self.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE members SET joined_at = '2010-01-01'")
            connection.exec_driver_sql(
                "WITH made AS (INSERT INTO subjects (kind, public_id)"
                " SELECT 'report', 'old' || m.id || '-' || n FROM members m,"
                " generate_series(1, 3) n RETURNING id, public_id)"
                " INSERT INTO reports (id, author_id, kind, geom, state, expires_at, created_at)"
                " SELECT id, substring(public_id FROM 'old(.*)-')::bigint, 'other',"
                " ST_SetSRID(ST_MakePoint(0, 0), 4326), 'expired', '2010-01-02', '2010-01-01'"
                " FROM made"
            )

    def close(self) -> None:
        self.connection.close()
        self.server.shutdown()
        self.engine.dispose()

    def ask(self, method: str, path: str, who: int | None = None, **form: str) -> tuple[int, Any]:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        body = None
        if method == "POST":
            body = urlencode(
                {"csrf_token": self.token, "idempotency_key": secrets.token_hex(12), **form}
            )
        if who is not None:
            headers["Cookie"] = self.members[who]
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        text = answer.read()
        return answer.status, answer.getheader("Location") or text

    def state(self, event: Event) -> None:
        """Keeps what the database says of the event's report from now on."""
        query = (
            "SELECT r.state, r.expires_at, r.believed, r.believed_at, r.half_life_s FROM reports r"
            " JOIN subjects s ON s.id = r.id WHERE s.public_id = %s"
        )
        with self.engine.begin() as connection:
            row = connection.exec_driver_sql(query, (event.address.rsplit("/", 1)[-1],)).one()
        until = row.expires_at if row.state == "open" else self.clock.now
        believed = belief.Belief(
            row.believed, 0.0, row.believed_at, dt.timedelta(seconds=row.half_life_s)
        )
        event.track.append((self.clock.now, until, believed))


def replay(site: Site, events: list[Event]) -> tuple[int, int]:
    """Posts and votes in the order of time; returns requests made, and maps that were compared."""
    steps: list[tuple[dt.datetime, int, Visit | None]] = []
    for number, event in enumerate(events):
        steps.append((event.posted, number, None))
        steps += [(visit.at, number, visit) for visit in event.visits]
    steps.sort(key=lambda step: (step[0], step[1]))
    asked = compared = 0
    for count, (at, number, visit) in enumerate(steps):
        event = events[number]
        site.clock.now = at
        if visit is None:
            status, event.address = site.ask(
                "POST", "/reports", event.who, kind=event.kind, lat=str(event.lat),
                lon=str(event.lon), text="", anyway="yes",
            )  # fmt: skip
            assert status == 303, (status, event.address)
        elif at < event.track[-1][1]:
            answer = "yes" if visit.says else "no"
            status, _ = site.ask("POST", f"{event.address}/vote", visit.who, still_there=answer)
            assert status == 303, status
        else:
            continue  # it is not on the map: nobody is asked
        asked += 1
        site.state(event)
        if count % 200 == 0:
            compare(site, events)
            compared += 1
    return asked, compared


def compare(site: Site, events: list[Event]) -> None:
    """The map that people see is what is scored here. Raises AssertionError."""
    status, text = site.ask("GET", "/map/features?show=reports&bbox=-180,-85,180,85")
    assert status == 200
    shown = {
        feature["properties"]["id"]: feature["properties"]["reliability"]
        for feature in json.loads(text)["features"]
    }
    now = site.clock.now
    expected = {
        event.address.rsplit("/", 1)[-1]: belief.out_of_ten(event.track[-1][2].at(now))
        for event in events
        if event.track and now < event.track[-1][1]
    }
    assert shown.keys() == expected.keys(), "the map shows other reports than are scored"
    # A tie of rounding may fall either way within the millisecond of a request.
    assert all(abs(shown[key] - expected[key]) <= 1 for key in shown)


@dataclass
class Score:
    """Counts of minutes, and the sum of squared errors of reliability/10."""

    shown: int = 0
    true: int = 0
    both: int = 0
    minutes: int = 0
    squares: float = 0.0

    def add(self, shown: bool, true: bool, share: float) -> None:
        self.shown += shown
        self.true += true
        self.both += shown and true
        self.minutes += 1
        self.squares += ((share if shown else 0.0) - true) ** 2

    @property
    def figures(self) -> tuple[float, float, float]:
        return self.both / self.shown, self.both / self.true, self.squares / self.minutes


def minutes_of(event: Event) -> Iterator[dt.datetime]:
    at = event.posted
    while at < event.horizon:
        yield at
        at += MINUTE


def ours(events: list[Event]) -> Score:
    score = Score()
    for event in events:
        step = 0
        for at in minutes_of(event):
            while step + 1 < len(event.track) and event.track[step + 1][0] <= at:
                step += 1
            _, until, believed = event.track[step]
            share = belief.out_of_ten(believed.at(at)) / 10
            score.add(at < until, at < event.ended, share)
    return score


def thumbs(events: list[Event], life: int | None) -> Score:
    """The other two: `life` in minutes from the last thumbs-up, or None for ever. Their number is
    the share of thumbs-ups with a flat prior, (r + 1) / (r + s + 2)."""
    score = Score()
    for event in events:
        until = event.posted + life * MINUTE if life else event.horizon
        up = down = step = 0
        for at in minutes_of(event):
            while step < len(event.visits) and event.visits[step].at <= at:
                visit = event.visits[step]
                step += 1
                if visit.at < until:
                    up, down = up + visit.says, down + (not visit.says)
                    if visit.says and life:
                        until = visit.at + life * MINUTE
            score.add(at < until, at < event.ended, (up + 1) / (up + down + 2))
    return score


NAMES = ("our rule", "60 minutes, begun again by thumbs-ups", "never expires")


def main() -> None:
    if not DATA.is_dir():
        print(f"Truth: the real events are not in {DATA}; set BENCH_DATA to where they are")
        return
    # The server would tell of each request.
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    print(f"Truth: {EVENTS} events, {PEOPLE} members, skill {SKILL}, runs {SEEDS}", flush=True)
    for name in (BAY, UK):
        for liars in LIARS:
            found: dict[str, list[tuple[float, float, float]]] = {each: [] for each in NAMES}
            asked = compared = number = 0
            for seed in SEEDS:
                events = world(name, liars, seed)
                number = len(events)
                site = Site("bench_truth")
                try:
                    more, maps = replay(site, events)
                finally:
                    site.close()
                asked, compared = asked + more, compared + maps
                for each, score in zip(
                    NAMES, (ours(events), thumbs(events, 60), thumbs(events, None)), strict=True
                ):
                    found[each].append(score.figures)
            print(
                f"  {name}, {number} events, {liars:.0%} liars"
                f" ({asked} requests, {compared} maps compared)"
            )
            for each, runs in found.items():
                shown_true, true_shown, brier = (
                    statistics.mean(c) for c in zip(*runs, strict=True)
                )
                spread = max(max(column) - min(column) for column in zip(*runs, strict=True))
                print(
                    f"    {each:<38} shown minutes that were true {shown_true:.3f}"
                    f"   true minutes shown {true_shown:.3f}   Brier {brier:.3f}"
                    f"   (runs differ by {spread:.3f} at most)",
                    flush=True,
                )


if __name__ == "__main__":
    main()
