"""How the description tells where something is."""

from __future__ import annotations

from typing import Any

_PARTS = ("street", "number", "corner", "before", "after", "quarter", "town")
_TEXT, _TEXT_OR_NULL = {"type": "string"}, {"type": ["string", "null"]}
TYPES: dict[str, Any] = {
    "street": {
        **_TEXT_OR_NULL,
        "description": "The street where it is, by the OpenStreetMap extract that the site loaded;"
        " null outside of one, and where only an area is shown.",
    },
    "address_parts": {
        "type": ["object", "null"],
        "description": "Where it is, made of its public point; null as `street`. Data of"
        " OpenStreetMap (ODbL 1.0): say © OpenStreetMap contributors where you show it.",
        "required": [*_PARTS, "is_exact", "side", "extract", "data_at"],
        "properties": {
            **dict.fromkeys(_PARTS, _TEXT_OR_NULL),
            "number": {
                **_TEXT_OR_NULL,
                "description": "Of a house within 25 m on that side of that street.",
            },
            "is_exact": {"type": "boolean", "description": "Whether the number is known there."},
            "side": {
                "type": ["string", "null"],
                "enum": ["left", "right", None],
                "description": "Of the street, in the order of its points.",
            },
            "corner": {**_TEXT_OR_NULL, "description": "A street that crosses within 20 m."},
            "before": {**_TEXT_OR_NULL, "description": "The street that crosses before it."},
            "after": {**_TEXT_OR_NULL, "description": "The street that crosses after it."},
            "extract": {**_TEXT, "description": "Code of the loaded city."},
            "data_at": {
                "type": ["string", "null"],
                "format": "date-time",
                "description": "When the data of the extract were true.",
            },
        },
    },
}
