"""The kinds of report and the categories of place, as the API names them."""

from __future__ import annotations

from typing import Any

from ugc.places.rules import CATEGORIES
from ugc.reports.rules import KINDS

_NAME = {
    "type": "object",
    "required": ["en", "es"],
    "properties": {"en": {"type": "string"}, "es": {"type": "string"}},
}
_WAZE = {
    "type": ["object", "null"],
    "description": "Type and subtype of Waze's feed; null where it has none.",
    "required": ["type", "subtype"],
    "properties": {"type": {"type": "string"}, "subtype": {"type": ["string", "null"]}},
}
_SECONDS = {"type": "integer", "minimum": 1}
KIND_SCHEMA = {
    "type": "object",
    "required": [
        "code", "name", "waze", "half_life_s", "least_life_s", "longest_life_s", "on_road",
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


def kinds() -> list[dict[str, Any]]:
    """The kinds of report, in the order of the form."""
    return [
        {
            "code": kind.code,
            "name": {"en": kind.en, "es": kind.es},
            "waze": {"type": kind.waze[0], "subtype": kind.waze[1] or None}
            if kind.waze[0]
            else None,
            "half_life_s": round(kind.span.half_life.total_seconds()),
            "least_life_s": round(kind.span.floor.total_seconds()),
            "longest_life_s": round(kind.span.ceiling.total_seconds()),
            "on_road": kind.on_road,
        }
        for kind in KINDS.values()
    ]


def categories() -> list[dict[str, Any]]:
    """The categories of place, in the order of the form."""
    return [
        {
            "code": category.code,
            "name": {"en": category.en, "es": category.es},
            "osm": category.osm or None,
            "aspects": [
                {"code": aspect.code, "name": {"en": aspect.en, "es": aspect.es}}
                for aspect in category.aspects
            ],
        }
        for category in CATEGORIES.values()
    ]
