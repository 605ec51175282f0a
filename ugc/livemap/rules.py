"""What a stream of the live map is told, and from where it goes on; tiles and cells. Pure."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson

from ugc.geography.geo import Bounds

MOST_AT_ONCE = 2000  # changes read at once; beyond that, followers fetch all again
MOST_PER_STREAM = 250  # changes told to one stream at once; beyond that it fetches all again
OLDEST = dt.timedelta(minutes=15)  # a cursor older than this fetches all again

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

    @classmethod
    def common(cls, snapshots: Iterable[Snapshot]) -> Snapshot:
        """What each of `snapshots` (at least one) sees, and no more. One long transaction among the
        running costs its own changes only, not those of all that ended since it began."""
        every = list(snapshots)
        xmax = min(each.xmax for each in every)
        running = {txid for each in every for txid in each.running if txid < xmax}
        return cls(min(running, default=xmax), xmax, frozenset(running))


@dataclass(frozen=True)
class Cursor:
    """Everything up to here was told: what `snapshot` sees, and what had expired `at` that time.
    `system` names the database's generation, whose transaction ids these are (core.generation)."""

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

    def precedes(self, now: Cursor) -> bool:
        """Whether this was earlier in the same database; not after a restored dump or a
        crash."""
        return self.system == now.system and self.snapshot.xmax <= now.snapshot.xmax

    def goes_on(self, now: Cursor) -> bool:
        """Whether a reader can go on from here, when it is `now`; else it looks at everything
        again: after a restored dump or a crash, or when too much happened meanwhile."""
        return self.precedes(now) and now.at - self.at <= OLDEST


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
    occurred_at: dt.datetime
    expires_at: dt.datetime
    area_m: float | None = None


def spread(accuracy_m: float, lat: float) -> float:
    """The radius of an area in pixels at zoom 0 of the Web Mercator map (tiles of 512 pixels): it
    doubles with each zoom. `accuracy_m` in metres, `lat` in degrees."""
    return accuracy_m / (78271.516964 * math.cos(math.radians(lat)))


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
            "at": int(change.occurred_at.timestamp()),
            "version": str(change.txid),
            **({} if change.area_m is None else {"spread": spread(change.area_m, change.lat)}),
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
        something that moved was before is not known: all other views hear that it is gone."""
        if self.holds(change):
            return change.shown
        return False if change.moved else None


# Tiles -----------------------------------------------------------------------------------------

LAYERS = ("reports", "places")
DEEPEST = 14  # the map draws closer views from these
CLUSTERED_BELOW = 10  # above it there is a point for each thing
CELLS_PER_TILE = 3  # levels below a tile: 8 by 8 cells, of 64 pixels
FINEST_CELL = CLUSTERED_BELOW - 1 + CELLS_PER_TILE
COARSEST_CELL = CELLS_PER_TILE
POINT_LEVEL = 20
SURE = 5  # of 10: the one reliability that cells count apart
MOST_HOURS = 8760
PIXELS = 512  # of a tile, as the map draws it
SCREEN = 1000  # pixels that a view without a zoom is taken to have


@dataclass(frozen=True)
class Tile:
    """A Web Mercator tile, y from the north; `quad` is x and y with interleaved bits."""

    z: int
    x: int
    y: int

    @classmethod
    def checked(cls, z: int, x: int, y: int) -> Tile | None:
        return cls(z, x, y) if 0 <= z <= DEEPEST and 0 <= x < 1 << z and 0 <= y < 1 << z else None

    @classmethod
    def of_quad(cls, z: int, quad: int) -> Tile:
        x = y = 0
        for bit in range(z):
            x |= (quad >> 2 * bit & 1) << bit
            y |= (quad >> 2 * bit + 1 & 1) << bit
        return cls(z, x, y)

    @property
    def quad(self) -> int:
        found = 0
        for bit in range(self.z):
            found |= (self.x >> bit & 1) << 2 * bit | (self.y >> bit & 1) << 2 * bit + 1
        return found

    def quads(self, level: int) -> tuple[int, int]:
        """The quads of a deeper level in this tile: from the first up to, without, the second."""
        shift = 2 * (level - self.z)
        return self.quad << shift, self.quad + 1 << shift

    @property
    def bounds(self) -> Bounds:
        side = 1 << self.z

        def lat(row: int) -> float:
            return math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * row / side))))

        west, east = self.x / side * 360 - 180, (self.x + 1) / side * 360 - 180
        return Bounds(west, lat(self.y + 1), east, lat(self.y))


def tiles_over(quads: Iterable[int]) -> Iterator[tuple[int, int]]:
    """(z, quad) of every tile in which one of these quads of `POINT_LEVEL` lies."""
    here = {quad >> 2 * (POINT_LEVEL - DEEPEST) for quad in quads}
    for z in range(DEEPEST, -1, -1):
        yield from ((z, quad) for quad in here)
        here = {quad >> 2 for quad in here}


def tiles_within(bounds: Bounds, z: int) -> Iterator[Tile]:
    """The tiles of a zoom that the bounds touch."""
    side = 1 << z

    def column(lon: float) -> int:
        return min(side - 1, max(0, math.floor((lon + 180) / 360 * side)))

    def row(lat: float) -> int:
        up = math.asinh(math.tan(math.radians(min(85.0511, max(-85.0511, lat)))))
        return min(side - 1, max(0, math.floor((1 - up / math.pi) / 2 * side)))

    for west, south, east, north in bounds.parts:
        for x in range(column(west), column(east) + 1):
            for y in range(row(north), row(south) + 1):
                yield Tile(z, x, y)


@dataclass(frozen=True)
class Only:
    """What of a layer is shown: kinds (none named: all), seen within so many hours, believed at
    least so far (0 to 10), of or near the places of a brand (the id of its subject)."""

    kinds: tuple[str, ...] = ()
    hours: int | None = None
    least: int = 0
    brand_id: int | None = None

    @property
    def is_counted(self) -> bool:
        """Whether the cells know it; else the things themselves are counted."""
        return self.hours is None and self.brand_id is None and self.least in (0, SURE)

    @property
    def key(self) -> str:
        return (
            f"{','.join(sorted(self.kinds))};{self.hours or ''};{self.least};{self.brand_id or ''}"
        )


def zoom_of(bounds: Bounds) -> int:
    """The tile zoom at which a view of `SCREEN` pixels shows these bounds."""
    width = sum(east - west for west, _, east, _ in bounds.parts)
    if width <= 0:
        return DEEPEST
    zoom = math.log2(360 / width * SCREEN / PIXELS)
    return min(DEEPEST, max(0, math.floor(zoom)))
