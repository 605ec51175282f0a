"""What OpenStreetMap's tags mean here: which layer of the map draws a thing, from which zoom, and
which streets, addresses and towns it makes. Pure.

Tags are those of the OpenStreetMap wiki ("Map features"). A layer's `kind` is what the style of the
map asks for (static/js/city-style.mjs)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ugc import languages

Tags = Mapping[str, str]
DEEPEST = 14  # zoom of the last tiles; a browser enlarges them

# highway=* -> (kind, zoom from which it is drawn)
_ROADS = {
    "motorway": ("motorway", 6),
    "trunk": ("trunk", 7),
    "primary": ("primary", 8),
    "secondary": ("secondary", 10),
    "tertiary": ("tertiary", 11),
    "unclassified": ("minor", 12),
    "residential": ("minor", 12),
    "living_street": ("minor", 12),
    "road": ("minor", 12),
    "busway": ("service", 13),
    "service": ("service", 13),
    "raceway": ("service", 13),
    "pedestrian": ("pedestrian", 13),
    "track": ("track", 13),
    "path": ("path", 13),
    "bridleway": ("path", 14),
    "footway": ("path", 14),
    "cycleway": ("cycleway", 13),
    "steps": ("steps", 14),
    "construction": ("construction", 13),
}
# From the widest; a street takes the first that one of its ways is.
ROAD_KINDS = (
    "motorway", "trunk", "primary", "secondary", "tertiary", "minor", "pedestrian", "service",
    "track", "path", "steps", "cycleway", "construction",
)  # fmt: skip
# Kinds whose crossings are corners: where a car, a bus or a market can be.
CORNER_KINDS = frozenset(ROAD_KINDS[:8])
_ASIDE = {"parking_aisle", "driveway", "drive-through"}
_LINK_ZOOM = 11

# (key, value or None for any, layer, kind, zoom); the first that fits draws an area.
_AREAS: tuple[tuple[str, str | None, str, str, int], ...] = (
    ("building", None, "building", "building", 13),
    ("natural", "water", "water", "lake", 8),
    ("waterway", "riverbank", "water", "river", 8),
    ("landuse", "reservoir", "water", "lake", 8),
    ("landuse", "basin", "water", "lake", 10),
    ("leisure", "swimming_pool", "water", "pool", 14),
    ("amenity", "fountain", "water", "pool", 14),
    ("natural", "wood", "cover", "wood", 8),
    ("landuse", "forest", "cover", "wood", 8),
    ("natural", "glacier", "cover", "ice", 8),
    ("natural", "bare_rock", "cover", "rock", 9),
    ("natural", "scree", "cover", "rock", 9),
    ("natural", "scrub", "cover", "scrub", 9),
    ("natural", "heath", "cover", "scrub", 9),
    ("natural", "wetland", "cover", "scrub", 10),
    ("natural", "grassland", "cover", "grass", 9),
    ("landuse", "meadow", "cover", "grass", 9),
    ("natural", "beach", "cover", "sand", 11),
    ("natural", "sand", "cover", "sand", 11),
    ("landuse", "farmland", "cover", "farm", 9),
    ("landuse", "orchard", "cover", "farm", 10),
    ("landuse", "vineyard", "cover", "farm", 10),
    ("landuse", "allotments", "cover", "farm", 12),
    ("landuse", "residential", "use", "residential", 9),
    ("landuse", "industrial", "use", "industrial", 10),
    ("landuse", "commercial", "use", "commercial", 10),
    ("landuse", "retail", "use", "commercial", 10),
    ("landuse", "quarry", "use", "industrial", 11),
    ("landuse", "military", "use", "industrial", 11),
    ("landuse", "railway", "use", "industrial", 12),
    ("aeroway", "aerodrome", "use", "industrial", 10),
    ("amenity", "university", "use", "school", 11),
    ("amenity", "school", "use", "school", 12),
    ("amenity", "college", "use", "school", 12),
    ("amenity", "kindergarten", "use", "school", 13),
    ("amenity", "hospital", "use", "hospital", 12),
    ("amenity", "parking", "use", "parking", 14),
    ("leisure", "park", "green", "park", 10),
    ("landuse", "cemetery", "green", "cemetery", 11),
    ("leisure", "golf_course", "green", "park", 11),
    ("landuse", "recreation_ground", "green", "park", 12),
    ("landuse", "village_green", "green", "park", 12),
    ("leisure", "stadium", "green", "play", 12),
    ("leisure", "garden", "green", "garden", 13),
    ("leisure", "sports_centre", "green", "play", 13),
    ("landuse", "grass", "green", "grass", 13),
    ("leisure", "pitch", "green", "pitch", 14),
    ("leisure", "track", "green", "pitch", 14),
    ("leisure", "playground", "green", "play", 14),
    ("leisure", "dog_park", "green", "park", 14),
    ("landuse", "flowerbed", "green", "garden", 14),
    ("man_made", "pier", "paved", "pier", 12),
    ("place", "square", "paved", "square", 13),
    ("man_made", "bridge", "paved", "bridge", 14),
)
_LINES = {
    ("waterway", "river"): ("waterway", "river", 8),
    ("waterway", "canal"): ("waterway", "river", 9),
    ("waterway", "stream"): ("waterway", "stream", 12),
    ("waterway", "ditch"): ("waterway", "stream", 14),
    ("railway", "rail"): ("rail", "rail", 9),
    ("railway", "narrow_gauge"): ("rail", "rail", 10),
    ("railway", "light_rail"): ("rail", "rail", 11),
    ("railway", "tram"): ("rail", "tram", 13),
    ("railway", "funicular"): ("rail", "tram", 13),
    ("route", "ferry"): ("rail", "ferry", 9),
    ("man_made", "pier"): ("paved", "pierline", 13),
    ("natural", "cliff"): ("cliff", "cliff", 14),
}
_LIFTS = {"gondola", "cable_car", "chair_lift", "mixed_lift", "drag_lift", "t-bar", "platter"}
_TOWNS = {
    "city": 7, "town": 8, "village": 10, "island": 10, "suburb": 11, "quarter": 12, "hamlet": 12,
    "neighbourhood": 13, "isolated_dwelling": 14, "locality": 14, "square": 14,
}  # fmt: skip
_POINTS = {
    ("natural", "peak"): ("peak", 11),
    ("mountain_pass", "yes"): ("saddle", 12),
    ("natural", "saddle"): ("saddle", 14),
    ("railway", "station"): ("station", 12),
    ("amenity", "bus_station"): ("station", 13),
    ("railway", "subway_entrance"): ("station", 14),
    ("aeroway", "helipad"): ("station", 14),
    ("highway", "bus_stop"): ("stop", 14),
    ("natural", "tree"): ("tree", 14),
}
_NAMELESS = {"tree"}  # kinds of points that are drawn without a name
_NAME_KEYS = (
    "name", "alt_name", "official_name", "old_name", "short_name", "loc_name", "int_name",
)  # fmt: skip

# What is read at all, and of what areas are put together.
KEYS = (
    "highway", "building", "natural", "landuse", "leisure", "amenity", "waterway", "railway",
    "aerialway", "route", "aeroway", "man_made", "place", "boundary", "addr:housenumber",
    "mountain_pass", "shop", "tourism", "historic", "office", "healthcare", "craft",
    "public_transport",
)  # fmt: skip
AREA_KEYS = (
    "building", "natural", "landuse", "leisure", "amenity", "waterway", "aeroway", "man_made",
    "place", "boundary", "highway", "addr:housenumber", "shop", "tourism", "historic", "office",
    "healthcare", "craft", "public_transport", "railway",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Drawn:
    """One feature of the map: its layer, the zoom from which it is drawn, and its properties."""

    layer: str
    zoom: int
    properties: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Road:
    """What a way is to traffic: `oneway` is 1 along its points, -1 against them, 0 both ways;
    `is_street` whether it is one that addresses and searches know."""

    kind: str
    zoom: int
    oneway: int
    is_street: bool


@dataclass(frozen=True, slots=True)
class Address:
    number: str
    street: str
    postcode: str | None
    city: str | None


@dataclass(frozen=True, slots=True)
class Locality:
    """A town, a part of one, or what a state is divided into; `level` is its admin_level."""

    kind: str
    name: str
    level: int | None
    population: int | None


def whole(text: str | None) -> int | None:
    """A whole number of up to nine digits, else None."""
    return int(text) if text and text.isdecimal() and len(text) < 10 else None


def all_names(tags: Tags) -> list[str]:
    """Every name of a thing, in any language, each once."""
    found = {
        part.strip()
        for key, value in tags.items()
        if key in _NAME_KEYS or key.startswith(("name:", "alt_name:", "official_name:"))
        for part in value.split(";")
    }
    return sorted(found - {""})


def labelled(tags: Tags, **more: Any) -> dict[str, Any]:
    """Properties of a label: `more`, the local name, and the names in languages of the site
    that differ."""
    found = {key: value for key, value in more.items() if value is not None}
    if name := tags.get("name"):
        found["name"] = name
        for language in languages.CODES:
            other = tags.get(f"name:{language}")
            if other and other != name:
                found[f"name_{language}"] = other
    return found


def _level_of(text: str | None) -> int | None:
    """`layer` of a way, -9 to 9; the first of several, None for what is no number."""
    first = (text or "").split(";")[0].strip()
    digits = first.removeprefix("-")
    return int(first) if len(digits) == 1 and digits.isdecimal() else None


def _oneway(tags: Tags, highway: str) -> int:
    said = tags.get("oneway", "")
    if said in ("yes", "1", "true"):
        return 1
    if said in ("-1", "reverse"):
        return -1
    is_implied = tags.get("junction") == "roundabout" or highway in ("motorway", "motorway_link")
    return 1 if is_implied and said != "no" else 0


def road_of(tags: Tags, *, is_closed: bool) -> Road | None:
    """The road that a way is; None for what is none, and for areas of pedestrians."""
    highway = tags.get("highway")
    if highway is None or (is_closed and tags.get("area") == "yes"):
        return None
    found = _ROADS.get(highway.removesuffix("_link"))
    if found is None:
        return None
    kind, zoom = found
    is_link = highway.endswith("_link")
    is_pavement = highway == "footway" and tags.get("footway") in ("sidewalk", "crossing")
    is_aside = highway == "service" and tags.get("service") in _ASIDE
    if is_pavement or is_aside:
        zoom = DEEPEST
    elif is_link:
        zoom = max(zoom, _LINK_ZOOM)
    return Road(
        kind="aisle" if is_aside else kind,
        zoom=zoom,
        oneway=_oneway(tags, highway),
        is_street=not (is_pavement or is_aside),
    )


def drawn_road(road: Road, tags: Tags) -> Drawn:
    highway = tags["highway"]
    return Drawn(
        "road",
        road.zoom,
        labelled(
            tags,
            kind=road.kind,
            ref=(tags.get("ref") or "").split(";")[0].strip() or None,
            oneway=road.oneway or None,
            link=1 if highway.endswith("_link") else None,
            bridge=1 if tags.get("bridge", "no") != "no" else None,
            tunnel=1 if tags.get("tunnel", "no") != "no" else None,
            layer=_level_of(tags.get("layer")),
        ),
    )


def drawn_line(tags: Tags, *, is_closed: bool) -> Drawn | None:
    """What a way that is no road is drawn as: rivers, rails, lifts, piers, cliffs."""
    if tags.get("aerialway") in _LIFTS:
        return Drawn("rail", 13, labelled(tags, kind="lift"))
    for key in ("waterway", "railway", "route", "man_made", "natural"):
        found = _LINES.get((key, tags.get(key, "")))
        if found and not (key == "man_made" and is_closed):
            layer, kind, zoom = found
            tunnel = 1 if tags.get("tunnel", "no") != "no" else None
            return Drawn(layer, zoom, labelled(tags, kind=kind, tunnel=tunnel))
    return None


def drawn_area(tags: Tags) -> Drawn | None:
    """What an area is drawn as. A square that is a street, too, is `paved`."""
    if tags.get("highway") in ("pedestrian", "footway"):
        return Drawn("paved", 13, labelled(tags, kind="square"))
    for key, value, layer, kind, zoom in _AREAS:
        said = tags.get(key)
        if said is None or said == "no" or (value is not None and said != value):
            continue
        if layer == "building":
            return Drawn(layer, zoom, {"kind": kind})
        return Drawn(layer, zoom, labelled(tags, kind=kind))
    return None


def drawn_point(tags: Tags) -> Drawn | None:
    """What a node is drawn as beside what is named on it: peaks, stations, stops, trees."""
    for (key, value), (kind, zoom) in _POINTS.items():
        if tags.get(key) == value:
            properties = labelled(tags, kind=kind, ele=whole(tags.get("ele")))
            if kind in _NAMELESS or "name" in properties:
                return Drawn("poi", zoom, properties)
            return None
    return None


def is_square(tags: Tags) -> bool:
    """Whether an area is found like a street."""
    return "name" in tags and (tags.get("highway") == "pedestrian" or tags.get("place") == "square")


def address_of(tags: Tags) -> Address | None:
    number = tags.get("addr:housenumber")
    street = tags.get("addr:street") or tags.get("addr:place")
    if not number or not street:
        return None
    return Address(number, street, tags.get("addr:postcode"), tags.get("addr:city"))


def locality_of(tags: Tags, *, is_area: bool) -> Locality | None:
    """The town or part of one that a node or an area is; areas of administration too."""
    name = tags.get("name")
    if name is None:
        return None
    population = whole(tags.get("population"))
    level = whole(tags.get("admin_level"))
    if is_area and tags.get("boundary") == "administrative" and level is not None and level < 12:
        return Locality("admin", name, level, population)
    kind = tags.get("place", "")
    return Locality(kind, name, None, population) if kind in _TOWNS else None


def drawn_town(tags: Tags) -> Drawn | None:
    """The label of a node's town or part of one."""
    kind = tags.get("place", "")
    if kind not in _TOWNS or "name" not in tags:
        return None
    population = whole(tags.get("population"))
    return Drawn("place", _TOWNS[kind], labelled(tags, kind=kind, population=population))


def layers() -> Iterable[str]:
    """Every layer of an archive, from below."""
    return (
        "ground", "use", "cover", "green", "paved", "water", "cliff", "waterway", "building",
        "road", "rail", "boundary", "address", "label", "poi", "place",
    )  # fmt: skip
