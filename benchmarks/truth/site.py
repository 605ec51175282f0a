"""The real application behind a real socket, at a simulated time."""

from __future__ import annotations

import datetime as dt
import http.client
import json
import secrets
import threading
from typing import Any
from urllib.parse import urlencode

import sqlalchemy as sa
from werkzeug.serving import make_server

from benchmarks import common
from benchmarks.posting import cookies
from benchmarks.truth.world import PEOPLE, Event, Visit
from ugc.core import limits
from ugc.core.db import db
from ugc.reports.rules import belief as reports_belief


class Clock:
    """The simulated time; the server's transactions begin at it."""

    now = dt.datetime.now(dt.UTC)

    def offset(self) -> str:
        return f"{(self.now - dt.datetime.now(dt.UTC)).total_seconds()} seconds"


class Site:
    """The real application behind a real socket, at the simulated time."""

    def __init__(self, name: str, people: int = PEOPLE, strangers: int = 0) -> None:
        """`people` members, the last `strangers` of which joined a day ago and did nothing yet."""
        self.url = common.database(name)
        self.port = common.free_port()
        members, self.token = cookies(self.url, self.port, people)
        self.members = members
        self.clock = Clock()
        app = common.application(self.url, self.port)
        app.extensions[limits.EXTENSION].rates = dict.fromkeys(
            [*limits.LIMITS, "api"], "1000000 per second"
        )
        self.app = app
        with app.app_context():
            self.engine = db.engine
            self._establish(people - strangers)

        @sa.event.listens_for(self.engine, "begin")
        def set_clock(connection: Any) -> None:
            connection.exec_driver_sql(
                "SELECT set_config('boca.clock_offset', %s, true)", (self.clock.offset(),)
            )

        self.server = make_server("127.0.0.1", self.port, app, threaded=False)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

    def _establish(self, how_many: int) -> None:
        """Makes the first members ones of long standing, whose contributions need no approval."""
        with self.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE members SET joined_at = '2010-01-01'")
            connection.exec_driver_sql(
                "WITH made AS (INSERT INTO subjects (kind, public_id)"
                " SELECT 'report', 'old' || m.id || '-' || n FROM"
                " (SELECT id FROM members ORDER BY id LIMIT %s) m,"
                " generate_series(1, 3) n RETURNING id, public_id)"
                " INSERT INTO reports (id, author_id, kind, geom, state, expires_at, created_at)"
                " SELECT id, substring(public_id FROM 'old(.*)-')::bigint, 'other',"
                " ST_SetSRID(ST_MakePoint(0, 0), 4326), 'expired', '2010-01-02', '2010-01-01'"
                " FROM made",
                (how_many,),
            )
            connection.exec_driver_sql(
                "UPDATE members SET joined_at = %s WHERE id IN"
                " (SELECT id FROM members ORDER BY id OFFSET %s)",
                (self.clock.now - dt.timedelta(hours=25), how_many),
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

    def post(self, event: Event, who: int) -> None:
        """Reports the event and keeps its address. Raises AssertionError."""
        status, event.address = self.ask(
            "POST", "/reports", who, kind=event.kind, lat=str(event.lat), lon=str(event.lon),
            text="", anyway="yes",
        )  # fmt: skip
        assert status == 303, (status, event.address)

    def vote(self, event: Event, who: int, says: bool, *, sends: bool) -> int:
        """Says what is seen there, from there; the status of the answer."""
        here = {"lat": f"{event.lat:.1f}", "lon": f"{event.lon:.1f}"} if sends else {}
        answer = "yes" if says else "no"
        return self.ask("POST", f"{event.address}/vote", who, still_there=answer, **here)[0]

    def state(self, event: Event) -> None:
        """Keeps what the database says of the event's report from now on."""
        query = (
            "SELECT r.state, r.expires_at, r.believed, r.believed_at, r.half_life_s FROM reports r"
            " JOIN subjects s ON s.id = r.id WHERE s.public_id = %s"
        )
        with self.engine.begin() as connection:
            row = connection.exec_driver_sql(query, (event.address.rsplit("/", 1)[-1],)).one()
        until = row.expires_at if row.state == "open" else self.clock.now
        believed = reports_belief.Belief(
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
            site.post(event, event.who)
        elif at < event.track[-1][1]:
            status = site.vote(event, visit.who, visit.says, sends=visit.sends)
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
        event.address.rsplit("/", 1)[-1]: reports_belief.out_of_ten(event.track[-1][2].at(now))
        for event in events
        if event.track and now < event.track[-1][1]
    }
    assert shown.keys() == expected.keys(), "the map shows other reports than are scored"
    # A tie of rounding may fall either way within the millisecond of a request.
    assert all(abs(shown[key] - expected[key]) <= 1 for key in shown)
