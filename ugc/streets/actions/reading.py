"""Reading an extract: one pass over the file, rows by COPY, in one transaction."""

from __future__ import annotations

import datetime as dt
import json
import os
import struct
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import osmium
import shapely
import sqlalchemy as sa
from osmium.filter import EmptyTagFilter, KeyFilter

from ugc.core import names
from ugc.core.db import Session
from ugc.streets.queries import loads
from ugc.streets.rules import tags
from ugc.streets.rules.boxes import Box
from ugc.streets.rules.things import Thing, thing_of

# Square degrees; a file whose header says more was cut out of a larger one that left its own box.
LARGEST_BOX = 600.0
ROWS = 2_000  # sent at once
TOLD_EVERY = 5_000  # objects between two calls of `on_progress`

COLUMNS = {
    "raw": "layer, zoom, properties, geom",
    "nodes": "way, node, geom",
    "roads": "extract_id, way, kind, name, ref, names, oneway, geom",
    "addresses": "extract_id, osm, number, street, postcode, city, geom",
    "localities": "extract_id, osm, kind, level, name, names, population, geom",
    "extract_places": (
        "extract_id, osm, kinds, name, names, street, number, postcode, city, phone, website,"
        " opening_hours, content_hash, geom"
    ),
}


class NotAnExtract(Exception):
    """The file cannot be read as OpenStreetMap data; the text says why."""


@dataclass(frozen=True)
class Header:
    box: Box
    data_at: dt.datetime | None


def header_of(file: Path) -> Header:
    """The box and the age of a file. A file whose header has no box, or one as large as half a
    continent, is asked for that of its nodes; one without replication timestamp for its newest
    object. Raises NotAnExtract."""
    try:
        with osmium.io.Reader(str(file)) as reader:
            header = reader.header()
            box = header.box()
            stamp = header.get("osmosis_replication_timestamp")
        data_at = dt.datetime.fromisoformat(stamp) if stamp else None
        if box.valid() and 0 < box.size() <= LARGEST_BOX:
            low, high = box.bottom_left, box.top_right
            bounds = (low.lon, low.lat, high.lon, high.lat)
            if data_at is not None:
                return Header(bounds, data_at)
            return Header(bounds, _scanned(file).data_at)
        found = _scanned(file)
        return Header(found.box, data_at or found.data_at)
    except (RuntimeError, ValueError) as error:
        raise NotAnExtract(f"it cannot be read ({error})") from None


def _scanned(file: Path) -> Header:
    west, south, east, north = 181.0, 91.0, -181.0, -91.0
    newest: dt.datetime | None = None
    objects: Iterable[Any] = osmium.FileProcessor(str(file))
    for each in objects:
        if each.is_node() and each.location.valid():
            lon, lat = each.location.lon, each.location.lat
            west, east = min(west, lon), max(east, lon)
            south, north = min(south, lat), max(north, lat)
        # Objects without metadata say 1970.
        if each.timestamp and each.timestamp.year > 2000:
            newest = max(newest or each.timestamp, each.timestamp)
    if west > east:
        raise NotAnExtract("it has no point with a position")
    return Header((west, south, east, north), newest)


@dataclass
class _Rows:
    """Rows by table, sent by COPY some thousands at a time: memory stays flat."""

    session: Session
    extract_id: int
    waiting: dict[str, list[tuple[Any, ...]]] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)

    def put(self, table: str, *values: Any) -> None:
        rows = self.waiting.setdefault(table, [])
        rows.append(values)
        if len(rows) >= ROWS:
            self.send(table)

    def send(self, table: str) -> None:
        rows = self.waiting.pop(table, [])
        if not rows:
            return
        name = table if "extract_id" in COLUMNS[table] else loads.staged(table, self.extract_id)
        driver: Any = self.session.connection().connection.driver_connection
        with (
            driver.cursor() as cursor,
            cursor.copy(f"COPY {name} ({COLUMNS[table]}) FROM STDIN") as copy,
        ):
            for row in rows:
                copy.write_row(row)
        self.counts[table] += len(rows)

    def end(self) -> None:
        for table in list(self.waiting):
            self.send(table)


def _point(lon: float, lat: float) -> str:
    return struct.pack("<BIdd", 1, 1, lon, lat).hex()


def _line(positions: list[tuple[float, float]]) -> str:
    """Well-known binary of a line: the factory of pyosmium takes no rings of areas."""
    flat = [number for position in positions for number in position]
    return struct.pack(f"<BII{len(flat)}d", 1, 2, len(positions), *flat).hex()


def _said(each: Any) -> dict[str, str]:
    """The tags of an object without marks that are not seen and turn or hide what stands beside
    them (core.names): its words stand in titles and mails."""
    return {
        key: value
        for key, said in dict(each.tags).items()
        if (value := said if said.isprintable() else names.cleaned_name(said))
    }


class _Reader:
    """Takes objects of a file and puts the rows that they make."""

    def __init__(self, rows: _Rows) -> None:
        self.rows = rows
        self.extract_id = rows.extract_id
        self.wkb = osmium.geom.WKBFactory()

    def take(self, each: Any) -> None:
        if each.is_node():
            self.node(each)
        elif each.is_way():
            self.way(each)
        elif each.is_area():
            self.area(each)

    def draw(self, drawn: tags.Drawn | None, geom: str) -> None:
        if drawn is not None:
            properties = json.dumps(drawn.properties, ensure_ascii=False)
            self.rows.put("raw", drawn.layer, drawn.zoom, properties, geom)

    def node(self, each: Any) -> None:
        said = _said(each)
        geom = self.wkb.create_point(each)
        self.draw(tags.drawn_point(said), geom)
        self.draw(tags.drawn_town(said), geom)
        self.named(said, f"n{each.id}", geom, is_area=False)
        self.addressed(said, f"n{each.id}", geom)
        self.thing(thing_of(said), f"n{each.id}", each.location.lon, each.location.lat)

    def way(self, each: Any) -> None:
        said = _said(each)
        is_closed = each.is_closed()
        road = tags.road_of(said, is_closed=is_closed)
        if road is not None:
            geom = self.wkb.create_linestring(each)
            self.draw(tags.drawn_road(road, said), geom)
            if road.is_street:
                self.street(each.id, said, road.kind, road.oneway, geom)
                if road.kind in tags.CORNER_KINDS and said.get("name"):
                    for node in each.nodes:
                        self.rows.put("nodes", each.id, node.ref, _point(node.lon, node.lat))
        elif said.get("natural") == "coastline":
            self.rows.put("raw", "coast", 0, "{}", self.wkb.create_linestring(each))
        else:
            drawn = tags.drawn_line(said, is_closed=is_closed)
            if drawn is not None:
                self.draw(drawn, self.wkb.create_linestring(each))

    def area(self, each: Any) -> None:
        said = _said(each)
        osm = f"{'w' if each.from_way() else 'r'}{each.orig_id()}"
        drawn = tags.drawn_area(said)
        # A closed way with highway=* is an area only when it says so.
        if said.get("highway") and each.from_way() and said.get("area") != "yes":
            drawn = None
        is_named = tags.locality_of(said, is_area=True) is not None
        thing = thing_of(said)
        is_addressed = tags.address_of(said) is not None
        if drawn is None and thing is None and not is_named and not is_addressed:
            return
        geom = self.wkb.create_multipolygon(each)
        self.draw(drawn, geom)
        self.named(said, osm, geom, is_area=True)
        if is_addressed or thing is not None:
            inside = shapely.point_on_surface(shapely.from_wkb(geom))
            self.addressed(said, osm, _point(inside.x, inside.y))
            self.thing(thing, osm, inside.x, inside.y)
        if tags.is_square(said) and drawn is not None:
            for ring in each.outer_rings():
                line = _line([(node.lon, node.lat) for node in ring])
                self.street(-each.orig_id(), said, "pedestrian", 0, line)

    def street(self, way: int, said: tags.Tags, kind: str, oneway: int, geom: str) -> None:
        self.rows.put(
            "roads", self.extract_id, way, kind, said.get("name"), said.get("ref"),
            tags.all_names(said), oneway, geom,
        )  # fmt: skip

    def named(self, said: tags.Tags, osm: str, geom: str, *, is_area: bool) -> None:
        found = tags.locality_of(said, is_area=is_area)
        if found is not None:
            self.rows.put(
                "localities", self.extract_id, osm, found.kind, found.level, found.name,
                tags.all_names(said), found.population, geom,
            )  # fmt: skip

    def addressed(self, said: tags.Tags, osm: str, geom: str) -> None:
        found = tags.address_of(said)
        if found is not None:
            self.rows.put(
                "addresses", self.extract_id, osm, found.number, found.street, found.postcode,
                found.city, geom,
            )  # fmt: skip

    def thing(self, found: Thing | None, osm: str, lon: float, lat: float) -> None:
        if found is not None:
            self.rows.put(
                "extract_places", self.extract_id, osm, list(found.kinds), found.name,
                list(found.names), found.street, found.number, found.postcode, found.city,
                found.phone, found.website, found.opening_hours, found.digest(lon, lat),
                _point(lon, lat),
            )  # fmt: skip


def read(
    session: Session,
    extract_id: int,
    file: Path,
    nodes_file: Path | None,
    on_progress: Callable[[int], None],
) -> Counter[str]:
    """Puts what the file holds into the tables of a load; returns rows by table, and `broken`
    objects that have no valid shape (mostly cut by the edge of the extract). `nodes_file` keeps
    positions of nodes on disk instead of in memory. Raises NotAnExtract."""
    for statement in loads.MAKE_STAGED:
        session.execute(sa.text(statement.format(id=extract_id)))
    rows = _Rows(session, extract_id)
    reader = _Reader(rows)
    index = f"sparse_file_array,{nodes_file}" if nodes_file else "flex_mem"
    if nodes_file:
        # Blocks that are read ahead; libosmium's own bounds let hundreds of megabytes wait.
        for queue in ("INPUT", "OSMDATA"):
            os.environ.setdefault(f"OSMIUM_MAX_{queue}_QUEUE_SIZE", "4")
    objects = (
        osmium.FileProcessor(str(file))
        .with_locations(index)
        .with_areas(KeyFilter(*tags.AREA_KEYS))
        .with_filter(EmptyTagFilter())
        .with_filter(KeyFilter(*tags.KEYS))
    )
    seen = 0
    try:
        for each in objects:
            seen += 1
            if seen % TOLD_EVERY == 0:
                on_progress(seen)
            try:
                reader.take(each)
            except osmium.InvalidLocationError:
                rows.counts["broken"] += 1
            except RuntimeError as error:
                # pyosmium's name for lines of one point and areas whose rings do not close.
                if type(error) is not RuntimeError:
                    raise
                rows.counts["broken"] += 1
    except RuntimeError as error:
        raise NotAnExtract(f"it breaks off after {seen:,} objects ({error})") from None
    rows.end()
    return rows.counts
