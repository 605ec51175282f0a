"""Tiles in the OpenMapTiles schema (openmaptiles.org/schema), read as those of our own archives.
Pure. The browser does the same to the style (static/js/openmaptiles.mjs); a test compares the
tables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

EXTENT = 4096

_ROADS = {
    "motorway": "motorway", "trunk": "trunk", "primary": "primary", "secondary": "secondary",
    "tertiary": "tertiary", "minor": "minor", "service": "service", "busway": "service",
    "bus_guideway": "service", "raceway": "service", "track": "track", "path": "path",
    "path/pedestrian": "pedestrian", "path/steps": "steps", "path/cycleway": "cycleway",
    "service/parking_aisle": "aisle", "service/driveway": "aisle", "service/drive-through": "aisle",
    "motorway_construction": "construction", "trunk_construction": "construction",
    "primary_construction": "construction", "secondary_construction": "construction",
    "tertiary_construction": "construction", "minor_construction": "construction",
}  # fmt: skip
# Our layer -> [(theirs, {class or class/subclass: our kind})]. None takes all as they are; what a
# table does not name is left out.
LAYERS: dict[str, list[tuple[str, dict[str, str] | None]]] = {
    "use": [("landuse", {
        "residential": "residential", "suburb": "residential", "quarter": "residential",
        "neighbourhood": "residential", "industrial": "industrial", "quarry": "industrial",
        "military": "industrial", "railway": "industrial", "commercial": "commercial",
        "retail": "commercial", "school": "school", "university": "school", "college": "school",
        "kindergarten": "school", "hospital": "hospital",
    })],
    "cover": [("landcover", {
        "wood": "wood", "rock": "rock", "ice": "ice", "sand": "sand", "farmland": "farm",
        "wetland": "scrub", "grass/scrub": "scrub", "grass/heath": "scrub",
        "grass/meadow": "grass", "grass/grassland": "grass",
    })],
    "green": [("landcover", {
        "grass": "grass", "grass/park": "park", "grass/golf_course": "park",
        "grass/recreation_ground": "park", "grass/village_green": "park",
        "grass/garden": "garden", "grass/scrub": "", "grass/heath": "", "grass/meadow": "",
        "grass/grassland": "",
    }), ("landuse", {
        "cemetery": "cemetery", "pitch": "pitch", "track": "pitch", "playground": "play",
        "stadium": "play", "zoo": "park", "theme_park": "park",
    })],
    "water": [("water", None)],
    "waterway": [("waterway", {
        "river": "river", "canal": "river", "stream": "stream", "drain": "stream",
        "ditch": "stream",
    })],
    "building": [("building", None)],
    "road": [("transportation", _ROADS)],
    "road_name": [("transportation_name", _ROADS)],
    "rail": [("transportation", {
        "rail": "rail", "rail/funicular": "tram", "transit": "tram", "transit/light_rail": "rail",
        "transit/subway": "rail", "aerialway": "lift", "cable_car": "lift", "gondola": "lift",
        "ferry": "ferry",
    })],
    "paved": [("transportation", {"pier": "pierline"})],
    "boundary": [("boundary", None)],
    "place": [("place", {
        "city": "city", "town": "town", "village": "village", "hamlet": "hamlet",
        "borough": "suburb", "suburb": "suburb", "quarter": "quarter",
        "neighbourhood": "neighbourhood", "isolated_dwelling": "isolated_dwelling",
        "island": "island",
    })],
    "label": [("water_name", {"lake": "lake", "bay": "lake"})],
    "poi": [("mountain_peak", {"peak": "peak", "volcano": "peak", "saddle": "saddle"}), ("poi", {
        "bus": "stop", "bus/bus_station": "station", "railway": "station",
        "railway/tram_stop": "stop", "railway/subway_entrance": "stop",
    })],
    "address": [("housenumber", None)],
}  # fmt: skip
NAMES = {"level": "admin_level", "number": "housenumber"}  # ours -> theirs


def kind_of(table: dict[str, str], said: dict[str, Any]) -> str:
    """Our kind of a feature, "" for what is not drawn."""
    group = said.get("class", "")
    finer = said.get("subclass") or said.get("service") or ""
    found = table.get(f"{group}/{finer}")
    return table.get(group, "") if found is None else found


def as_ours(tile: dict[str, Any]) -> dict[str, Any]:
    """A decoded tile with our layers, kinds and names of properties, in units of `EXTENT`."""
    made: dict[str, Any] = {}
    for layer, sources in LAYERS.items():
        features = [
            feature for theirs, table in sources for feature in _features(tile, theirs, table)
        ]
        if features:
            made[layer] = {"features": features}
    return made


def _features(
    tile: dict[str, Any], layer: str, table: dict[str, str] | None
) -> Iterator[dict[str, Any]]:
    found = tile.get(layer, {})
    scale = EXTENT / found.get("extent", EXTENT)
    for feature in found.get("features", []):
        said = feature["properties"]
        kind = said.get("class", "") if table is None else kind_of(table, said)
        if table is not None and not kind:
            continue
        properties = {**said, "kind": kind}
        properties |= {ours: said[theirs] for ours, theirs in NAMES.items() if theirs in said}
        if said.get("brunnel") in ("bridge", "tunnel"):
            properties[said["brunnel"]] = True
        geometry = feature["geometry"]
        if scale != 1:
            geometry = {**geometry, "coordinates": _scaled(geometry["coordinates"], scale)}
        yield {"properties": properties, "geometry": geometry}


def _scaled(coordinates: Any, scale: float) -> Any:
    if isinstance(coordinates, int | float):
        return coordinates * scale
    return [_scaled(each, scale) for each in coordinates]
