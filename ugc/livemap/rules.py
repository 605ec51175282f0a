"""What a stream of the live map is told, and from where it goes on. Pure."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field
from typing import Any

import orjson

from ugc.core.geo import Bounds

MOST_AT_ONCE = 2000  # changes read at once; beyond that, whoever follows looks at everything anew
MOST_PER_STREAM = 250  # changes told to one stream at once; beyond that it looks anew
OLDEST = dt.timedelta(minutes=15)  # a cursor older than this looks anew

_CURSOR = re.compile(r"([0-9a-f]{1,16})\.(\d{1,20}:\d{1,20}:[\d,]{0,2000})\.(\d{1,16})")
LONGEST_LIST = 12  # running transactions that a cursor names; with more it begins at the oldest


@dataclass(frozen=True)
class Snapshot:
    """Which transactions are seen: all below `xmin`, none from `xmax` on, and between them those
    that are not `running`. The text is PostgreSQL's `pg_snapshot`."""

    xmin: int
    xmax: int
    running: frozenset[int] = frozenset()

    @classmethod
    def parsed(cls, text: str) -> Snapshot:
        """Raises ValueError."""
        low, high, between = text.split(":")
        running = frozenset(int(each) for each in between.split(",")) if between else frozenset()
        made = cls(int(low), int(high), running)
        if not 0 < made.xmin <= made.xmax or any(
            not made.xmin <= each < made.xmax for each in running
        ):
            raise ValueError(text)
        return made

    def __str__(self) -> str:
        return f"{self.xmin}:{self.xmax}:{','.join(map(str, sorted(self.running)))}"

    def sees(self, txid: int) -> bool:
        return txid < self.xmin or (txid < self.xmax and txid not in self.running)

    @property
    def floor(self) -> Snapshot:
        """One that sees less: nothing from the oldest running transaction on."""
        return Snapshot(self.xmin, self.xmin)


@dataclass(frozen=True)
class Cursor:
    """Everything up to here was told: what `snapshot` sees, and what had expired `at` that time.
    `system` names the database cluster, whose transaction ids these are."""

    system: int
    snapshot: Snapshot
    at: dt.datetime

    @classmethod
    def parsed(cls, text: str | None) -> Cursor | None:
        """None for what is no cursor of ours."""
        match = _CURSOR.fullmatch(text or "")
        if match is None:
            return None
        try:
            at = dt.datetime.fromtimestamp(int(match[3]) / 1000, dt.UTC)
            return cls(int(match[1], 16), Snapshot.parsed(match[2]), at)
        except (ValueError, OverflowError, OSError):
            return None

    def __str__(self) -> str:
        snapshot = self.snapshot
        if len(snapshot.running) > LONGEST_LIST:
            snapshot = snapshot.floor
        # Rounded down: what expired in that millisecond is told again rather than never.
        return f"{self.system:x}.{snapshot}.{int(self.at.timestamp() * 1000)}"

    def goes_on(self, now: Cursor) -> bool:
        """Whether a reader can go on from here, when it is `now`; else it looks at everything
        anew: after a restored dump, or when too much happened meanwhile."""
        return (
            self.system == now.system
            and self.snapshot.xmax <= now.snapshot.xmax
            and now.at - self.at <= OLDEST
        )


@dataclass(frozen=True)
class Change:
    """A report as it is now; `shown` is whether the public sees it alive. Degrees, WGS 84;
    `reliability` 0 to 10; `moved` when its place or kind ever changed."""

    id: int
    public_id: str
    txid: int
    kind: str
    lon: float
    lat: float
    shown: bool
    held: bool
    moved: bool
    reliability: int
    expires_at: dt.datetime


def feature(change: Change) -> dict[str, Any]:
    """What the public may see of a living report: kind, place, whether it is held and how far it is
    believed. Never a text or an author: what is held could travel with them."""
    return {
        "type": "Feature",
        "id": change.id,
        "geometry": {"type": "Point", "coordinates": [change.lon, change.lat]},
        "properties": {
            "id": change.public_id,
            "held": change.held,
            "layer": "report",
            "mark": f"report-{change.kind}",
            "reliability": change.reliability,
            "version": str(change.txid),
        },
    }


# As Server-sent events: a name, a line of JSON, an empty line.
RESYNC = b"event: resync\ndata: {}\n\n"
ENDED = b"event: ended\ndata: {}\n\n"


def events(change: Change) -> tuple[bytes, bytes]:
    """(the event that puts a report on the map, the one that takes it away)."""
    mark = orjson.dumps({"id": change.public_id, "version": str(change.txid)})
    told = orjson.dumps(feature(change)) if change.shown else b"{}"
    return (
        b"event: upsert\ndata: " + told + b"\n\n",
        b"event: gone\ndata: " + mark + b"\n\n",
    )


def cursor_event(cursor: Cursor) -> bytes:
    """Everything up to `cursor` was told: a reader who is cut off goes on from there."""
    return f"id: {cursor}\nevent: cursor\ndata: {cursor}\n\n".encode()


def is_news(change: Change, since: Cursor, at: dt.datetime) -> bool:
    """Whether a reader who stands at `since` has not been told: it was changed by a transaction
    that was not seen there, or its time ran out since then."""
    return not since.snapshot.sees(change.txid) or since.at < change.expires_at <= at


@dataclass(frozen=True)
class View:
    """What one stream looks at; no kinds means every kind."""

    bounds: Bounds
    kinds: frozenset[str] = frozenset()
    parts: list[tuple[float, float, float, float]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "parts", self.bounds.parts)

    def holds(self, change: Change) -> bool:
        if self.kinds and change.kind not in self.kinds:
            return False
        lon, lat = change.lon, change.lat
        return any(w <= lon <= e and s <= lat <= n for w, s, e, n in self.parts)

    def is_told(self, change: Change) -> bool | None:
        """True: the report, to be put on the map. False: that it is gone. None: nothing. Where
        something that moved was before is not known: everybody else hears that it is gone."""
        if self.holds(change):
            return change.shown
        return False if change.moved else None
