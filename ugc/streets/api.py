"""Where a thing is, by the extract that the site loaded: fields of the API."""

from __future__ import annotations

from ugc.core.resources import TEXT, TEXT_OR_NULL, Field

_PARTS = ("street", "number", "corner", "before", "after", "quarter", "town")
# Where it is by a loaded extract. A coarse report has none.
LOCATED = (
    Field(
        "street",
        "nullif(a.street, '')",
        "text",
        {
            **TEXT_OR_NULL,
            "description": "The street where it is, by the OpenStreetMap extract that the site"
            " loaded;"
            " null outside of one, and where only an area is shown.",
        },
    ),
    Field(
        "address_parts",
        "CASE WHEN a.subject_id IS NOT NULL THEN json_build_object('street', nullif(a.street, ''),"
        " 'number', nullif(a.number, ''), 'is_exact', a.is_exact, 'side', CASE a.side"
        " WHEN 1 THEN 'right' WHEN -1 THEN 'left' END, 'corner', nullif(a.corner, ''),"
        " 'before', nullif(a.before, ''), 'after', nullif(a.after, ''),"
        " 'quarter', nullif(a.quarter, ''), 'town', nullif(a.town, ''),"
        " 'extract', a.extract_code, 'data_at',"
        """ to_char(a.data_at, 'YYYY-MM-DD"T"HH24:MI:SS"Z"')) END""",
        "raw",
        {
            "type": ["object", "null"],
            "description": "Where it is, made of its public point; null as `street`. Data of"
            " OpenStreetMap (ODbL 1.0): say © OpenStreetMap contributors where you show it.",
            "required": [*_PARTS, "is_exact", "side", "extract", "data_at"],
            "properties": {
                **dict.fromkeys(_PARTS, TEXT_OR_NULL),
                "number": {
                    **TEXT_OR_NULL,
                    "description": "Of a house within 25 m on that side of that street.",
                },
                "is_exact": {
                    "type": "boolean",
                    "description": "Whether the number is known there.",
                },
                "side": {
                    "type": ["string", "null"],
                    "enum": ["left", "right", None],
                    "description": "Of the street, in the order of its points.",
                },
                "corner": {**TEXT_OR_NULL, "description": "A street that crosses within 20 m."},
                "before": {**TEXT_OR_NULL, "description": "The street that crosses before it."},
                "after": {**TEXT_OR_NULL, "description": "The street that crosses after it."},
                "extract": {**TEXT, "description": "Code of the loaded city."},
                "data_at": {
                    "type": ["string", "null"],
                    "format": "date-time",
                    "description": "When the data of the extract were true.",
                },
            },
        },
    ),
)
