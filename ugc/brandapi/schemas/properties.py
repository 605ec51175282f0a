"""The properties of things that the API answers, as OpenAPI schemas: by the name of a field, and
codes by kind."""

from __future__ import annotations

from typing import Any

from ugc.brandapi.schemas import addresses, parameters
from ugc.places.rules.categories import CATEGORIES
from ugc.reports.rules.kinds import KINDS

_TEXT, _TEXT_OR_NULL = {"type": "string"}, {"type": ["string", "null"]}
URI, URI_OR_NULL = {**_TEXT, "format": "uri"}, {**_TEXT_OR_NULL, "format": "uri"}
PAIR = {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2}
_BELIEF = {"type": "number", "minimum": 0, "maximum": 1}
_OF_TEN = {"type": "integer", "minimum": 0, "maximum": 10}
TYPES: dict[str, Any] = {
    "unconfirmed": {"type": "boolean"},
    "accuracy_m": {
        "type": ["integer", "null"],
        "description": "Of a report whose author shows only an area: its radius in metres round the"
        " point. null when the point is where it is.",
    },
    "author": {
        "type": ["object", "null"],
        "description": "null for imported content, when the person erased the account, and where"
        " the author of a report on a road does not show the name.",
        # `picture`: a square photo, WebP; null where initials stand for the person.
        "properties": {"handle": _TEXT, "name": _TEXT_OR_NULL, "picture": URI_OR_NULL},
    },
    **addresses.TYPES,
    "subratings": {"type": "object", "additionalProperties": {"type": "integer"}},
    "rating_mean": {"type": ["number", "null"]},
    "closed_at": {
        "type": ["string", "null"],
        "format": "date-time",
        "description": "Since when the place is known to be closed for good; null while it is not.",
    },
    "photos": {"type": "array", "items": URI},
    "url": {**URI, "description": "Its page on the site."},
    "self": {**URI, "description": "This resource."},
    "claimed": {"type": "boolean", "description": "Whether a team speaks for the brand."},
    "state": {"type": "string", "enum": list(parameters.STATES)},
    "rating": {"type": "integer", "minimum": 1, "maximum": 5},
    "belief": {
        **_BELIEF,
        "description": "How far it was believed at `believed_at`. It halves every `half_life_s`.",
    },
    "reaction": {**_BELIEF, "description": "As `belief`, by what people said of it alone."},
    "believed_at": {"type": "string", "format": "date-time"},
    "half_life_s": {"type": "number", "exclusiveMinimum": 0},
    "as_of": {
        "type": "string",
        "format": "date-time",
        "description": "When `reliability` and `confidence` were computed.",
    },
    "reliability": {
        **_OF_TEN,
        "description": "At a time t: min(10, or 5 while `unconfirmed`; floor(10 · `belief` · 2^-h"
        " + 0.5)) where h is (t - `believed_at`) / `half_life_s`, from 0 to 60.",
    },
    "confidence": {**_OF_TEN, "description": "As `reliability` by `reaction`, without the cap."},
}
CODES = {
    "report": {
        "kind": {"type": "string", "enum": list(KINDS)},
        "subkind": {
            "type": ["string", "null"],
            "description": "One of `subkinds` of its kind (see `/kinds`); null when none was said.",
        },
    },
    "place": {"category": {"type": "string", "enum": list(CATEGORIES)}},
    "review": {"category": {"type": "string", "enum": list(CATEGORIES)}},
    "brand": {},
}
