"""Which archives of tiles that an operator brings can be shown, and what they say of themselves.
Pure. Archives are PMTiles (github.com/protomaps/PMTiles, spec version 3); tiles follow the
OpenMapTiles schema (openmaptiles.org/schema)."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any

from pmtiles.tile import Compression, TileType

from ugc.core import names
from ugc.streets.rules.boxes import Box

OPENMAPTILES = "openmaptiles"
LAYER = "transportation"  # no other schema calls its roads so
STREETS_AT = 12  # zoom at which an archive must have tiles
NORTHMOST = 85.06  # degrees; Web Mercator shows no more
CREDIT_MAX = 80
_READ_MAX = 4_000
_LAYERS_TOLD, _NAME_TOLD = 12, 40
# Written by planetiler (README of github.com/onthegomap/planetiler); other tools write no age.
DATA_AT = "planetiler:osm:osmosisreplicationtime"


class NotAMap(Exception):
    """The archive cannot be shown; the text says what it is instead."""


@dataclass(frozen=True)
class Archive:
    """What an archive says of itself: its box, its zooms, how many tiles it has (0: it does not
    say), when its data were true, and which source its map names beside OpenStreetMap."""

    box: Box
    shallowest: int
    deepest: int
    tiles: int
    data_at: dt.datetime | None
    credit: str


def check(header: Mapping[str, Any], size: int) -> None:
    """Raises NotAMap where the header of a file of `size` bytes tells of what cannot be shown."""
    _check_whole(header, size)
    _check_kind(header)


def archive_of(header: Mapping[str, Any], metadata: Any) -> Archive:
    """Reads a checked header and the metadata. Raises NotAMap."""
    _check_schema(metadata)
    return Archive(
        _box(header), header["min_zoom"], header["max_zoom"],
        header["addressed_tiles_count"], _data_at(metadata), credit_of(metadata),
    )  # fmt: skip


def _check_whole(header: Mapping[str, Any], size: int) -> None:
    parts = ("root", "metadata", "leaf_directory", "tile_data")
    end = max(header[f"{part}_offset"] + header[f"{part}_length"] for part in parts)
    if end > size:
        raise NotAMap(f"it is cut short: its header tells of {end:,} bytes, and there are {size:,}")
    if not header["root_length"] or not header["tile_data_length"]:
        raise NotAMap("it has no tiles")


def _check_kind(header: Mapping[str, Any]) -> None:
    kind = header["tile_type"]
    if kind is not TileType.MVT:
        said = "of an unknown kind" if kind is TileType.UNKNOWN else kind.name
        raise NotAMap(f"its tiles are {said}, not vector tiles (MVT)")
    packing = header["internal_compression"], header["tile_compression"]
    if packing[0] is not Compression.GZIP or packing[1] not in (Compression.GZIP, Compression.NONE):
        raise NotAMap(
            f"it is packed with {packing[0].name.lower()} and its tiles with"
            f" {packing[1].name.lower()}; browsers read gzip"
        )
    shallowest, deepest = header["min_zoom"], header["max_zoom"]
    if not shallowest <= STREETS_AT <= deepest:
        raise NotAMap(
            f"it has the zooms {shallowest} to {deepest}; a map of streets has {STREETS_AT} and"
            " more, best 14"
        )


def _check_schema(metadata: Any) -> None:
    said = metadata.get("vector_layers") if isinstance(metadata, dict) else None
    layers = [
        str(each["id"])
        for each in (said if isinstance(said, list) else [])
        if isinstance(each, dict) and "id" in each
    ]
    if LAYER in layers:
        return
    if not layers:
        raise NotAMap("its metadata name no layers (vector_layers), so its schema is not known")
    schema = "Protomaps (" if {"roads", "earth"} <= set(layers) else "another one ("
    told = ", ".join(_short(each, _NAME_TOLD) for each in layers[:_LAYERS_TOLD])
    more = ", …" if len(layers) > _LAYERS_TOLD else ""
    raise NotAMap(f"its schema is not OpenMapTiles but {schema}layers: {told}{more})")


def _box(header: Mapping[str, Any]) -> Box:
    west, south, east, north = (
        header[f"{side}_e7"] / 1e7 for side in ("min_lon", "min_lat", "max_lon", "max_lat")
    )
    if not (west < east and south < north) or east - west >= 359 or north - south >= 169:
        raise NotAMap(
            "its header does not say which part of the world it covers; `pmtiles edit` writes the"
            " bounds"
        )
    if west < -180 or east > 180 or south < -NORTHMOST or north > NORTHMOST:
        raise NotAMap("the bounds in its header lie outside of the world")
    return west, south, east, north


def _data_at(metadata: Mapping[str, Any]) -> dt.datetime | None:
    try:
        found = dt.datetime.fromisoformat(str(metadata.get(DATA_AT)))
    except ValueError:
        return None
    return found if found.tzinfo else None


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []

    def handle_data(self, data: str) -> None:
        self.said.append(data)


# Maps name it anyway.
_OSM = re.compile(r"((©|\(c\)|copyright|data)\s*)*OpenStreetMap(\s+contributors)?", re.IGNORECASE)


def credit_of(metadata: Mapping[str, Any]) -> str:
    """The source that the map names beside OpenStreetMap's contributors: the archive's
    `attribution` as plain text of at most `CREDIT_MAX` characters, "" for none."""
    said = metadata.get("attribution")
    reader = _Text()
    reader.feed(said[:_READ_MAX] if isinstance(said, str) else "")
    reader.close()
    text = _OSM.sub("|", names.cleaned_name(" ".join(reader.said)))
    parts = (part.strip(" ,;.·-") for part in text.split("|"))
    return _short(" · ".join(part for part in parts if part), CREDIT_MAX)


def _short(text: str, most: int) -> str:
    text = names.cleaned_name(text[:_READ_MAX])
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"
