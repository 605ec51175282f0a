"""The kinds of report and the categories of place, as the API names them."""

from __future__ import annotations

from typing import Any

from ugc import languages
from ugc.places.rules.categories import CATEGORIES
from ugc.reports.rules.kinds import KINDS

_NAME = {
    "type": "object",
    "required": sorted(languages.CODES),
    "properties": {code: {"type": "string"} for code in sorted(languages.CODES)},
}
_WAZE = {
    "type": ["object", "null"],
    "description": "Type and subtype of Waze's feed; null where it has none.",
    "required": ["type", "subtype"],
    "properties": {"type": {"type": "string"}, "subtype": {"type": ["string", "null"]}},
}
_SUBKIND = {
    "type": "object",
    "required": ["code", "name", "waze"],
    "properties": {"code": {"type": "string"}, "name": _NAME, "waze": _WAZE},
}
_SECONDS = {"type": "integer", "minimum": 1}
KIND_SCHEMA = {
    "type": "object",
    "required": [
        "code", "name", "waze", "half_life_s", "least_life_s", "longest_life_s", "on_road",
        "subkinds",
    ],
    "properties": {
        "code": {"type": "string", "enum": list(KINDS)},
        "name": _NAME,
        "waze": _WAZE,
        "half_life_s": {
            **_SECONDS,
            "description": "Without a word the belief in a report halves in so many seconds.",
        },
        "least_life_s": {**_SECONDS, "description": "It stays at least so long after it was seen."},
        "longest_life_s": {**_SECONDS, "description": "And at most so long."},
        "on_road": {"type": "boolean"},
        "subkinds": {
            "type": "array",
            "description": "What `subkind` of its reports may be.",
            "items": _SUBKIND,
        },
    },
}  # fmt: skip
CATEGORY_SCHEMA = {
    "type": "object",
    "required": ["code", "name", "osm", "aspects"],
    "properties": {
        "code": {"type": "string", "enum": list(CATEGORIES)},
        "name": _NAME,
        "osm": {"type": ["string", "null"], "description": "The tag of OpenStreetMap."},
        "aspects": {
            "type": "array",
            "description": "What `subratings` of its reviews may hold.",
            "items": {
                "type": "object",
                "required": ["code", "name"],
                "properties": {"code": {"type": "string"}, "name": _NAME},
            },
        },
    },
}


def _waze(pair: tuple[str, str]) -> dict[str, str | None] | None:
    return {"type": pair[0], "subtype": pair[1] or None} if pair[0] else None


def kinds() -> list[dict[str, Any]]:
    """The kinds of report, in the order of the form."""
    return [
        {
            "code": kind.code,
            "name": kind.names(),
            "waze": _waze(kind.waze),
            "half_life_s": round(kind.span.half_life.total_seconds()),
            "least_life_s": round(kind.span.floor.total_seconds()),
            "longest_life_s": round(kind.span.ceiling.total_seconds()),
            "on_road": kind.on_road,
            "subkinds": [
                {
                    "code": each.code,
                    "name": each.names(),
                    "waze": _waze(each.waze),
                }
                for each in kind.subkinds
            ],
        }
        for kind in KINDS.values()
    ]


def categories() -> list[dict[str, Any]]:
    """The categories of place, in the order of the form."""
    return [
        {
            "code": category.code,
            "name": category.names(),
            "osm": category.osm or None,
            "aspects": [
                {"code": aspect.code, "name": aspect.names()} for aspect in category.aspects
            ],
        }
        for category in CATEGORIES.values()
    ]
